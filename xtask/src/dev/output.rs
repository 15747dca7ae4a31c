//! The output of `cargo lambda watch`: of the functions, of the cargo that builds them, and the
//! server's own.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::Arc;
use std::thread;

use super::builds::Builds;
use super::paint::{Colour, bare};
use super::terminal::Terminal;

/// Lines with one of these are of no use to a developer. The variable is set by the server itself;
/// the last is what functions say when the server ends before them.
const NOISE: [&str; 9] = [
    "INFO starting Runtime server",
    "INFO spawning function instance",
    "INFO starting lambda function instance",
    "INFO terminating",
    "ERROR command killed",
    "AWS_LAMBDA_MAX_CONCURRENCY is set to",
    "For more information about this error, try",
    "waiting for file lock on",
    "SendRequest, hyper::Error(IncompleteMessage)",
];
/// What cargo says of its progress, indented.
const PROGRESS: [&str; 7] =
    ["Blocking", "Compiling", "Finished", "Fresh", "Locking", "Running", "Updating"];

/// Takes the lines until the pipe closes.
pub(super) fn take(pipe: PipeReader, builds: Arc<Builds>, terminal: Arc<Terminal>) {
    let mut output = Output::new(builds, terminal);
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            output.line(&String::from_utf8_lossy(&line));
        }
    });
}

/// What a line of the output is.
#[derive(Debug, PartialEq, Eq)]
enum Kind<'a> {
    /// A function's.
    Function,
    /// Cargo compiles a package.
    Compiles(&'a str),
    /// Cargo starts a function.
    Starts(&'a str),
    /// Cargo gives up on a package.
    Fails(&'a str),
    /// A function's process, or the cargo that builds it, ended by itself.
    Ended,
    /// The first line of an error or a warning, which ends with an empty line.
    Diagnostic,
    Noise,
    Other,
}

struct Output {
    builds: Arc<Builds>,
    terminal: Arc<Terminal>,
    /// The error or warning that is being read.
    diagnostic: Vec<String>,
    /// The first error since something was built.
    first_error: Option<String>,
    /// What the terminal has shown of the present sources.
    shown: HashSet<String>,
}

impl Output {
    fn new(builds: Arc<Builds>, terminal: Arc<Terminal>) -> Self {
        let (diagnostic, shown) = (Vec::new(), HashSet::new());
        Self { builds, terminal, diagnostic, first_error: None, shown }
    }

    fn line(&mut self, line: &str) {
        let plain = bare(line);
        let kind = kind(&plain);
        if kind == Kind::Noise {
            return self.terminal.keep(&plain);
        }
        if kind == Kind::Function {
            return self.terminal.function_line(line);
        }
        let continues = !self.diagnostic.is_empty() && kind == Kind::Other && !plain.is_empty();
        if continues {
            return self.diagnostic.push(line.to_owned());
        }
        self.end_diagnostic();
        match kind {
            Kind::Compiles(package) => self.compiles(package),
            Kind::Starts(function) => self.starts(function),
            Kind::Fails(package) => self.fails(package),
            Kind::Ended if self.builds.are_broken() => {}
            Kind::Diagnostic => return self.diagnostic.push(line.to_owned()),
            Kind::Ended | Kind::Other if !plain.is_empty() => return self.terminal.show(line),
            _ => {}
        }
        self.terminal.keep(&plain);
    }

    fn compiles(&mut self, package: &str) {
        if self.builds.compiles(package) {
            self.first_error = None;
            self.shown.clear();
            self.terminal.notice(Colour::Dim, "A source has changed: building");
        }
    }

    fn starts(&mut self, function: &str) {
        if self.builds.starts(function) {
            self.terminal.notice(Colour::Green, "Built: the functions start anew");
        }
    }

    fn fails(&mut self, package: &str) {
        if self.builds.fails(package, self.first_error.take()) {
            self.terminal.notice(Colour::Red, "Requests get 503 until this is mended");
        }
    }

    /// Shows what has been read of a diagnostic, once.
    fn end_diagnostic(&mut self) {
        if self.diagnostic.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.diagnostic).join("\n");
        let plain = bare(&text);
        if plain.starts_with("error") {
            self.first_error.get_or_insert_with(|| plain.clone());
        }
        let is_cargos_own = plain.starts_with("error: failed to ");
        if self.shown.insert(plain.clone()) {
            self.terminal.show(&format!("{text}\n"));
        } else {
            self.terminal.keep(&plain);
        }
        // Of a manifest, for example: no package is named, and nothing is compiled.
        if is_cargos_own {
            self.fails("");
        }
    }
}

fn kind(line: &str) -> Kind<'_> {
    let mut words = line.split_whitespace();
    let is_indented = line.starts_with("  ");
    match words.next() {
        _ if NOISE.iter().any(|noise| line.contains(noise)) => Kind::Noise,
        _ if line.starts_with('{') => Kind::Function,
        Some("Compiling") if is_indented => Kind::Compiles(words.next().unwrap_or_default()),
        Some("Running") if is_indented => {
            let path = words.next().unwrap_or_default().trim_matches('`');
            Kind::Starts(path.rsplit('/').next().unwrap_or_default())
        }
        Some(word) if is_indented && PROGRESS.contains(&word) => Kind::Noise,
        _ if line.starts_with("error: could not compile") => {
            Kind::Fails(line.split('`').nth(1).unwrap_or_default())
        }
        _ if line.starts_with("warning: build failed") => Kind::Noise,
        _ if line.starts_with("error: process didn't exit successfully") => Kind::Other,
        _ if line.contains("ERROR command exited") => Kind::Ended,
        Some(word) if ["error", "warning"].iter().any(|own| begins(word, own)) => Kind::Diagnostic,
        _ => Kind::Other,
    }
}

/// Whether a word is `error:` or `error[E0308]:`.
fn begins(word: &str, kind: &str) -> bool {
    word.strip_prefix(kind).is_some_and(|rest| rest == ":" || rest.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_cargo_and_of_the_server_is_known() {
        for (line, expected) in [
            ("{\"level\":\"INFO\"}", Kind::Function),
            (" INFO spawning function instance function=\"not-found\"", Kind::Noise),
            ("{\"message\":\"AWS_LAMBDA_MAX_CONCURRENCY is set to '1'\"}", Kind::Noise),
            ("ERROR command killed code=ForceStop", Kind::Noise),
            ("    Blocking waiting for file lock on build directory", Kind::Noise),
            (" waiting for file lock on package cache", Kind::Noise),
            ("   Compiling hub-users v0.1.0 (/a/functions/hub-users)", Kind::Compiles("hub-users")),
            ("    Finished `dev` profile [unoptimized] target(s) in 0.3s", Kind::Noise),
            ("     Running `target/debug/hub-users`", Kind::Starts("hub-users")),
            ("error[E0425]: cannot find value `x` in this scope", Kind::Diagnostic),
            ("error: expected one of `!` or `.`", Kind::Diagnostic),
            ("warning: unused variable: `x`", Kind::Diagnostic),
            ("warning: build failed, waiting for other jobs to finish...", Kind::Noise),
            (
                "error: could not compile `shared` (lib) due to 1 previous error",
                Kind::Fails("shared"),
            ),
            ("error: process didn't exit successfully: `target/debug/sweep`", Kind::Other),
            ("ERROR command exited code=101", Kind::Ended),
            ("thread 'main' panicked", Kind::Other),
        ] {
            assert_eq!(kind(line), expected, "{line}");
        }
    }
}
