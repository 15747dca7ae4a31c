//! The pages name existing tests, folders and files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::root;

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| API"));
    let named: Vec<&str> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();

    assert!(named.len() > 20, "{named:?}");
    assert_known(&named);
}

#[test]
fn every_requirement_of_rfc_9700_has_a_test_that_exists_or_a_reason() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let (_, section) = text.split_once("(RFC 9700)\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut named = Vec::new();
    for row in section.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, _, _, state, shown_by, _] = cells[..] else { panic!("{row}") };
        let tests = shown_by.split('`').skip(1).step_by(2).filter(|span| span.contains("::"));
        let before = named.len();
        named.extend(tests);
        assert!(["tested", "holds", "operator", "not met"].contains(&state), "{row}");
        assert!(!shown_by.is_empty() && (state != "tested" || named.len() > before), "{row}");
    }

    assert!(named.len() > 20, "{named:?}");
    assert_known(&named);
}

#[test]
fn every_test_that_a_promise_of_reliability_names_exists() {
    let text = fs::read_to_string(root().join("docs/reliability.md")).unwrap();
    let (_, promises) = text.split_once("## Promises").unwrap();
    let (promises, _) = promises.split_once("\n## ").unwrap();

    let rows = promises.lines().filter(|line| line.starts_with("| ")).skip(1);
    let shown_by = rows.filter_map(|row| row.rsplit('|').nth(1));
    let named: Vec<Vec<&str>> =
        shown_by.map(|cell| cell.split('`').skip(1).step_by(2).collect()).collect();

    assert!(named.len() > 5 && named.iter().all(|names| !names.is_empty()), "{named:?}");
    assert_known(&named.concat());
}

#[test]
fn every_test_that_the_asvs_table_names_exists_and_its_counts_are_right() {
    const STATES: [&str; 4] = ["tested", "holds", "operator", "not met"];
    let text = fs::read_to_string(root().join("docs/asvs.md")).unwrap();
    let (mut named, mut counts) = (Vec::new(), BTreeMap::<String, [usize; 4]>::new());
    let (mut last, mut counted) = ([0; 3], BTreeMap::new());
    for line in text.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let numbers: Vec<usize> = cells.iter().flat_map(|cell| cell.parse()).collect();
        if let [tested, holds, operator, not_met, _] = numbers[..] {
            counted.insert(cells[1].to_owned(), [tested, holds, operator, not_met]);
        }
        let Some(number) = cells.get(1).and_then(|cell| requirement(cell)) else { continue };
        assert!(last < number, "{line}");
        last = number;
        let state = STATES.iter().position(|state| *state == cells[3]).unwrap();
        for chapter in [format!("V{}", number[0]), "all".to_owned()] {
            counts.entry(chapter).or_default()[state] += 1;
        }
        let tests: Vec<_> = line.split('`').skip(1).step_by(2).collect();
        let tests: Vec<_> = tests.into_iter().filter(|span| span.contains("::")).collect();
        assert!(cells[3] != "tested" || !tests.is_empty(), "{line}");
        named.extend(tests);
    }

    assert_known(&named);
    for (chapter, states) in &counted {
        assert_eq!(counts.get(chapter).copied().unwrap_or_default(), *states, "{chapter}");
    }
    assert!(counts.keys().all(|chapter| counted.contains_key(chapter)), "{counts:?}");
}

/// The parts of a requirement's number.
fn requirement(text: &str) -> Option<[u32; 3]> {
    let parts: Result<Vec<_>, _> = text.split('.').map(str::parse).collect();
    parts.ok()?.try_into().ok()
}

#[test]
fn every_path_that_a_page_names_exists() {
    let mut named = 0;
    for page in devkit::documentation::pages() {
        let text = fs::read_to_string(&page).unwrap();
        // Without the blocks of commands, whose paths are mostly URLs.
        let prose = text.split("\n```").step_by(2);
        for span in prose.flat_map(|part| part.split('`').skip(1).step_by(2)) {
            let is_path = span.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b));
            // What begins with a slash is a path of the API; `target` holds what was built.
            let is_ours = |(first, _): (&str, &str)| {
                !["", "target"].contains(&first) && root().join(first).is_dir()
            };
            if is_path && span.split_once('/').is_some_and(is_ours) {
                named += 1;
                assert!(root().join(span).exists(), "{}: {span}", page.display());
            }
        }
    }
    assert!(named > 50, "{named}");
}

/// Each is the name of a function in the sources of the tests, or beside the code, with or without
/// its file's name before it.
fn assert_known(named: &[&str]) {
    let folders = ["tests", "testkit/src", "cli", "bench", "devkit", "xtask", "shared"]
        .map(|folder| names(&root().join(folder)));
    let known: BTreeSet<String> = folders.into_iter().flatten().collect();
    let missing: Vec<_> = named.iter().filter(|name| !known.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The names of all functions in the sources of a folder, alone and as `file::function`. A `mod.rs`
/// or `main.rs` is called after its folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(self::names(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let is_folders = path.ends_with("mod.rs") || path.ends_with("main.rs");
            let module = if is_folders { folder.file_name() } else { path.file_stem() };
            let module = module.unwrap().to_str().unwrap();
            for function in source.split("fn ").skip(1).filter_map(|rest| rest.split('(').next()) {
                names.extend([function.to_owned(), format!("{module}::{function}")]);
            }
        }
    }
    names
}
