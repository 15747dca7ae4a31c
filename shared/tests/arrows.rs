//! Which part of the product may use which, read from the `use` lines of the sources.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of a test may panic as its tests do"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room of this crate may use. A room is a file or folder of `src`; those not listed
/// here, such as the error type, are held by the test that no files import each other.
const ROOMS: &[(&str, &[&str])] = &[
    ("lifetimes", &[]),
    ("limits", &[]),
    ("timeouts", &["lifetimes"]),
    ("error", &["limits"]),
    ("random", &["error"]),
    ("text", &[]),
    ("look", &["text"]),
    ("settings", &["error", "look", "text"]),
    ("telemetry", &[]),
    ("model", &["error", "lifetimes", "limits", "random", "text"]),
    ("aws", &["error", "model", "settings", "timeouts"]),
    ("service_key", &["aws", "error", "lifetimes", "model", "timeouts"]),
    ("table", &["aws", "error", "lifetimes", "limits", "model", "random", "telemetry", "timeouts"]),
    ("mail", &["error", "model", "service_key"]),
    ("runtime", &["error"]),
    (
        "http",
        &[
            "error",
            "lifetimes",
            "limits",
            "look",
            "random",
            "runtime",
            "settings",
            "telemetry",
            "timeouts",
        ],
    ),
    ("app", &["error", "password", "service_key", "settings", "table", "timeouts"]),
    ("password", &["error", "lifetimes", "limits", "model", "random", "settings", "text"]),
    (
        "idempotency",
        &["error", "http", "lifetimes", "limits", "model", "random", "service_key", "table"],
    ),
    (
        "auth",
        &[
            "app",
            "error",
            "http",
            "idempotency",
            "lifetimes",
            "limits",
            "model",
            "password",
            "random",
            "settings",
            "table",
            "telemetry",
        ],
    ),
    (
        "self_service",
        &[
            "app",
            "auth",
            "error",
            "http",
            "limits",
            "mail",
            "model",
            "password",
            "random",
            "service_key",
            "settings",
            "table",
            "telemetry",
            "text",
        ],
    ),
];

/// What each room of the table may use of the others.
const TABLE_ROOMS: &[(&str, &[&str])] = &[
    ("engine", &[]),
    ("audit", &["engine", "pages"]),
    ("cleanup", &["engine", "mail"]),
    ("idempotency", &["engine"]),
    ("lockout", &["engine"]),
    ("items", &["cleanup", "engine", "idempotency"]),
    ("write", &["cleanup", "engine", "idempotency"]),
    ("mail", &["engine"]),
    ("credentials", &["engine", "lockout"]),
    ("pages", &["engine"]),
    ("counts", &["engine"]),
    ("grants", &["counts", "engine", "pages", "write"]),
    ("passkeys", &["counts", "engine", "write"]),
    ("second_factor", &["engine", "passkeys", "write"]),
    ("sessions", &["counts", "engine", "pages", "second_factor", "write"]),
    ("tokens", &["cleanup", "counts", "engine", "pages", "write"]),
    ("accounts", &["cleanup", "counts", "engine", "pages", "write"]),
    (
        "users",
        &["accounts", "cleanup", "counts", "engine", "lockout", "mail", "second_factor", "write"],
    ),
    ("invitations", &["accounts", "counts", "engine", "mail", "users", "write"]),
    (
        "operator",
        &["accounts", "cleanup", "counts", "engine", "grants", "lockout", "tokens", "users"],
    ),
    (
        "fetch",
        &[
            "accounts",
            "counts",
            "engine",
            "grants",
            "idempotency",
            "invitations",
            "passkeys",
            "second_factor",
            "sessions",
            "tokens",
            "users",
        ],
    ),
];

/// The only files and folders that name AWS's crates.
const NAME_AWS: [&str; 4] = ["aws", "aws.rs", "service_key.rs", "table"];

/// The only files of functions that do: each is the client of a service that one function alone uses.
const CLIENTS: [(&str, &str); 3] =
    [("mailer", "ses.rs"), ("pre-traffic", "deployment.rs"), ("pre-traffic", "version.rs")];

#[test]
fn rooms_use_only_what_stands_below_them() {
    let graph = Graph::of_this_crate();

    let wrong = forbidden(&graph, ROOMS, &[]);

    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rooms_of_the_table_use_only_what_stands_below_them() {
    let graph = Graph::of_this_crate();
    let listed: BTreeSet<&str> = TABLE_ROOMS.iter().map(|(room, _)| *room).collect();

    let wrong = forbidden(&graph, TABLE_ROOMS, &["table"]);

    assert!(wrong.is_empty(), "{wrong:#?}");
    for room in graph.modules.keys().filter_map(|module| room_in(module, &["table"])) {
        assert!(listed.contains(room), "the room `{room}` of the table is not listed here");
    }
}

#[test]
fn no_two_files_import_each_other_not_even_by_way_of_others() {
    let graph = Graph::of_this_crate();

    if let Some(circle) = graph.circle() {
        panic!("a circle of imports: {}", circle.join(" -> "));
    }
}

#[test]
fn only_the_table_names_the_sdk_and_the_model_knows_no_http() {
    let sources = sources();
    assert!(sources.keys().any(|file| file.starts_with("table")), "the table's files are found");

    for (file, source) in sources {
        let may_name_aws = NAME_AWS.iter().any(|name| file.starts_with(name));
        assert!(may_name_aws || !names(&source, "aws_"), "`{}` names the SDK", file.display());
        let knows_http = ["http", "lambda_http"].iter().any(|name| names(&source, name));
        assert!(!file.starts_with("model") || !knows_http, "`{}` names HTTP", file.display());
    }
}

#[test]
fn functions_use_neither_each_other_nor_the_sdk() {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let crates: Vec<String> = fs::read_dir(&functions)
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert!(crates.len() > 1, "the functions are found");

    for own in &crates {
        for (file, source) in sources_of(&functions.join(own).join("src")) {
            for other in crates.iter().filter(|other| *other != own) {
                let used = names(&source, &other.replace('-', "_"));
                assert!(!used, "`{}` of `{own}` names `{other}`", file.display());
            }
            let is_client = CLIENTS.iter().any(|(of, name)| own == of && file == Path::new(name));
            assert!(
                is_client || !names(&source, "aws_"),
                "`{}` of `{own}` names the SDK",
                file.display()
            );
        }
    }
}

#[test]
fn use_lines_are_read_as_the_compiler_reads_them() {
    let source = "use a::{self, b::{C, D as E}, f::*};\npub(crate) use super::g;\n\
                  // use h::i;\nmod tests {\n    use super::*;\n}\n";

    let uses = Use::all(source, &["x".to_owned(), "y".to_owned()]);
    let paths: Vec<String> = uses.iter().map(|used| used.path.join("::")).collect();

    let expected = ["a", "a::b::C", "a::b::D", "a::f::*", "crate::x::g", "crate::x::y::*"];
    assert_eq!(paths, expected);
    assert!(uses.iter().all(|used| used.is_public == (used.path.last().unwrap() == "g")));
}

/// The imports from rooms that a room's list does not name; `inside` is the module whose rooms
/// they are.
fn forbidden(graph: &Graph, rooms: &[(&str, &[&str])], inside: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (room, may_use) in rooms {
        let files = graph.modules.keys().filter(|module| room_in(module, inside) == Some(room));
        let files: Vec<_> = files.collect();
        assert!(!files.is_empty(), "there is no room `{room}`");
        for file in files {
            for target in &graph.imports[file] {
                let allowed = |used: &str| used == *room || may_use.contains(&used);
                if room_in(target, inside).is_some_and(|used| !allowed(used)) {
                    wrong.push(format!("{} uses {}", file.join("::"), target.join("::")));
                }
            }
        }
    }
    wrong
}

/// The room of a module among those of `inside`.
fn room_in<'m>(module: &'m [String], inside: &[&str]) -> Option<&'m str> {
    let rest = module.get(inside.len()..)?;
    let is_inside = module.iter().zip(inside).all(|(own, other)| own == other);
    rest.first().filter(|_| is_inside).map(String::as_str)
}

/// The modules of this crate, one for each file, and what each imports from others.
struct Graph {
    modules: BTreeMap<Vec<String>, Vec<Use>>,
    imports: BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
}

impl Graph {
    fn of_this_crate() -> Self {
        let modules = sources().into_iter().map(|(file, source)| {
            let module = module(&file);
            let uses = Use::all(&source, &module);
            (module, uses)
        });
        let mut graph = Self { modules: modules.collect(), imports: BTreeMap::new() };
        let imports = graph.modules.iter().map(|(module, uses)| {
            let targets = uses.iter().filter(|used| !graph.is_map(module, used));
            let targets = targets.filter_map(|used| graph.home(&used.path, module));
            (module.clone(), targets.filter(|target| target != module).collect())
        });
        graph.imports = imports.collect();
        graph
    }

    /// Whether a line only says in which of its submodules the names of a module are.
    fn is_map(&self, module: &[String], used: &Use) -> bool {
        used.is_public && self.home(&used.path, module).is_some_and(|home| home.starts_with(module))
    }

    /// The module that defines what a path names, past the modules that hand it on.
    fn home(&self, path: &[String], from: &[String]) -> Option<Vec<String>> {
        let inside = match path.split_first()? {
            (first, rest) if first == "crate" => rest.to_vec(),
            _ => [from, path].concat(),
        };
        let known = (0..=inside.len()).rev().find(|n| self.modules.contains_key(&inside[..*n]))?;
        let (module, rest) = inside.split_at(known);
        if module == from && path[0] != "crate" {
            return None;
        }
        let handed_on = rest.first().and_then(|name| {
            let mut uses = self.modules[module].iter();
            uses.find(|used| used.is_public && used.path.last() == Some(name))
        });
        match handed_on {
            Some(used) => self.home(&used.path, module),
            None => Some(module.to_vec()),
        }
    }

    /// Files that import each other, if any do.
    fn circle(&self) -> Option<Vec<String>> {
        let mut left = self.imports.clone();
        // What imports nothing that is left is in no circle.
        while let Some(done) =
            left.iter().find(|(_, uses)| uses.iter().all(|used| !left.contains_key(used)))
        {
            let done = done.0.clone();
            left.remove(&done);
        }
        let mut way = vec![left.keys().next()?];
        loop {
            let next = left[*way.last()?].iter().find(|used| left.contains_key(*used))?;
            if let Some(place) = way.iter().position(|module| *module == next) {
                way.push(next);
                return Some(way[place..].iter().map(|module| module.join("::")).collect());
            }
            way.push(next);
        }
    }
}

/// One name that a `use` line brings in.
struct Use {
    path: Vec<String>,
    is_public: bool,
}

impl Use {
    /// All of a file, those of modules inside it too.
    fn all(source: &str, module: &[String]) -> Vec<Self> {
        let mut uses = Vec::new();
        let mut inner: Vec<(usize, String)> = Vec::new();
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            let indent = line.len() - line.trim_start().len();
            inner.retain(|(of_module, _)| line.trim().is_empty() || *of_module < indent);
            let words = line.trim();
            let (is_public, words) = match words.strip_prefix("pub") {
                Some(rest) if rest.starts_with('(') => {
                    (true, rest.split_once(") ").map_or("", |(_, words)| words))
                }
                Some(rest) => (true, rest.trim_start()),
                None => (false, words),
            };
            if let Some(name) = words.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {"))
            {
                inner.push((indent, name.to_owned()));
            }
            let Some(tree) = words.strip_prefix("use ") else { continue };
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                tree.push_str(lines.next().expect("a `use` line ends").trim());
            }
            let inside = inner.iter().map(|(_, name)| name.clone());
            let inside: Vec<String> = module.iter().cloned().chain(inside).collect();
            for path in paths(tree.trim_end_matches(';')) {
                uses.push(Self { path: absolute(path, &inside), is_public });
            }
        }
        uses
    }
}

/// The paths of a tree such as `a::{b, c::d}`.
fn paths(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((path, list)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        let path = path.strip_suffix("::self").unwrap_or(path);
        return vec![path.split("::").map(str::to_owned).collect()];
    };
    let list = list.strip_suffix('}').expect("a list in a `use` line ends it");
    let (mut depth, mut branches) = (0, vec![String::new()]);
    for letter in list.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(String::new());
                continue;
            }
            _ => {}
        }
        branches.last_mut().expect("there is one").push(letter);
    }
    let branches = branches.iter().filter(|branch| !branch.trim().is_empty());
    branches.flat_map(|branch| paths(&format!("{path}{}", branch.trim()))).collect()
}

/// A path without `self` and `super`, which starts with `crate` if it had any.
fn absolute(path: Vec<String>, module: &[String]) -> Vec<String> {
    let up = path.iter().take_while(|name| *name == "super").count();
    if up == 0 && path[0] != "self" {
        return path;
    }
    let above = &module[..module.len() - up];
    let rest = path.into_iter().filter(|name| name != "super" && name != "self");
    std::iter::once("crate".to_owned()).chain(above.iter().cloned()).chain(rest).collect()
}

/// The module that a file is.
fn module(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.filter(|name| name != "mod" && name != "lib").collect()
}

/// Whether code names something that starts with this, in front of `::`.
fn names(source: &str, start: &str) -> bool {
    source.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        line.match_indices(start).any(|(place, _)| {
            let whole = |letter: char| letter.is_alphanumeric() || letter == '_';
            let before = line[..place].chars().next_back();
            let rest = line[place + start.len()..]
                .trim_start_matches(|letter| start.ends_with('_') && whole(letter));
            !before.is_some_and(|letter| whole(letter) || letter == ':') && rest.starts_with("::")
        })
    })
}

/// The files of this crate, by their paths in `src`.
fn sources() -> BTreeMap<PathBuf, String> {
    sources_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn sources_of(folder: &Path) -> BTreeMap<PathBuf, String> {
    let (mut folders, mut sources) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                sources.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    sources
}
