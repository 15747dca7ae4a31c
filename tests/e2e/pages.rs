//! The shell blocks of README.md and docs/tour.md, run in order as a reader would.
//!
//! The other tests of this target run after this one, against the same service: the pages leave the
//! first user's username, primary address and current account as they were.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::root;

use crate::service::{base_url, dev_json};

/// The two commands of the README: the service runs already, and this test is part of the other.
const NOT_RUN: [&str; 2] = ["cargo xtask dev", "cargo xtask test"];

/// curl prints nothing but the response, and the status on standard error.
const CURLRC: &str = "silent\nwrite-out = \"%{stderr}\\n@status %{http_code}\\n\"\n";

/// The operator's command, as the pages call it.
const ROLLCALL: &str = "rollcall() { \"$ROLLCALL_COMMAND\" \"$@\"; }\n";

/// A command of a page, with the response that the page shows below it.
struct Step {
    command: String,
    shown: String,
}

impl Step {
    fn new(command: &str) -> Self {
        Self { command: command.to_owned(), shown: String::new() }
    }

    /// The status that the page names in a comment at the end, `# 404`; without one any success.
    fn expected_status(&self) -> Option<&str> {
        let (_, comment) = self.command.trim_end().rsplit_once("# ")?;
        (comment.len() == 3 && comment.bytes().all(|byte| byte.is_ascii_digit())).then_some(comment)
    }

    fn requests(&self) -> usize {
        self.command.matches("curl ").count()
    }

    /// Describes what is wrong with the output of the command, if anything is.
    fn check(&self, stdout: &str, stderr: &str) -> Result<(), String> {
        let statuses: Vec<_> =
            stderr.lines().filter_map(|line| line.strip_prefix("@status ")).collect();
        let is_expected = |status: &&str| match self.expected_status() {
            Some(expected) => *status == expected,
            None => status.starts_with('2'),
        };
        if statuses.len() != self.requests() || !statuses.iter().all(is_expected) {
            return Err(format!("statuses {statuses:?}"));
        }
        if !stderr.lines().any(|line| line == "@exit 0") {
            return Err("it failed".to_owned());
        }
        let (shown, is_part) = (self.shown.replace(",…", ""), self.shown.contains(",…"));
        let Ok(shown) = serde_json::from_str(&shown) else {
            let is_comparable = !shown.is_empty() && !shown.contains('…');
            return if is_comparable && stdout.trim() != shown { Err(shown) } else { Ok(()) };
        };
        let answered = serde_json::from_str(stdout).map_err(|error| error.to_string())?;
        if has_shape(&answered, &shown, is_part) {
            Ok(())
        } else {
            Err(format!("the page shows {shown}"))
        }
    }
}

/// Whether a value has the fields of the one that is shown, and no others unless only part is
/// shown.
fn has_shape(value: &Value, shown: &Value, is_part: bool) -> bool {
    match (value, shown) {
        (Value::Object(value), Value::Object(shown)) => {
            (is_part || value.len() == shown.len())
                && shown.iter().all(|(name, shown)| {
                    value.get(name).is_some_and(|value| has_shape(value, shown, is_part))
                })
        }
        (Value::Array(values), Value::Array(shown)) => match shown.first() {
            Some(shown) => values.first().is_some_and(|value| has_shape(value, shown, is_part)),
            None => values.is_empty(),
        },
        _ => std::mem::discriminant(value) == std::mem::discriminant(shown),
    }
}

/// The commands of a page's blocks: all of an `sh` block at once; in a `console` block each that
/// begins with `$ `, with the indented lines that continue it.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in page.split("\n```").skip(1).step_by(2) {
        match block.split_once('\n') {
            Some(("sh", commands)) => steps.push(Step::new(commands)),
            Some(("console", lines)) => steps.extend(dialogue(lines)),
            _ => {}
        }
    }
    steps.retain(|step| !NOT_RUN.contains(&step.command.as_str()));
    steps
}

fn dialogue(lines: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in lines.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step::new(command)),
            (None, Some(step)) if step.shown.is_empty() && line.starts_with(' ') => {
                step.command.push('\n');
                step.command.push_str(line);
            }
            (None, Some(step)) => step.shown += line,
            (None, None) => {}
        }
    }
    steps
}

/// Runs the commands in one shell; what each printed, by standard output and standard error.
fn run(steps: &[Step], folder: &Path) -> Vec<(String, String)> {
    let here = |text: &str| {
        text.replace("target/dev", dev_json().parent().unwrap().to_str().unwrap())
            .replace("localhost:9000", base_url().trim_start_matches("http://"))
    };
    let commands = steps.iter().map(|step| {
        let command = here(&step.command);
        format!("echo @step; echo @step >&2\n{command}\necho \"@exit $?\" >&2\n")
    });
    fs::write(folder.join(".curlrc"), CURLRC).unwrap();
    let mut shell = Command::new("sh");
    let script = ROLLCALL.to_owned() + &commands.collect::<String>();
    shell.arg("-c").arg(script).current_dir(folder);
    let output = shell.env("CURL_HOME", folder).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| {
        let text = String::from_utf8(bytes).unwrap();
        text.split("@step\n").skip(1).map(str::to_owned).collect::<Vec<_>>()
    });
    stdout.into_iter().zip(stderr).collect()
}

#[test]
fn every_command_of_the_readme_and_the_tour_responds_as_the_page_says() {
    let mut failures = Vec::new();
    for (page, least) in [("README.md", 5), ("docs/tour.md", 40)] {
        let folder = tempfile::tempdir().unwrap();
        let steps = steps(&fs::read_to_string(root().join(page)).unwrap());
        let outputs = run(&steps, folder.path());

        assert!(steps.iter().map(Step::requests).sum::<usize>() >= least, "{page}");
        if outputs.len() < steps.len() {
            failures.push(format!("{page}: the shell ended early: {:?}", outputs.last()));
        }
        for (step, (stdout, stderr)) in steps.iter().zip(outputs) {
            if let Err(problem) = step.check(&stdout, &stderr) {
                let command = &step.command;
                failures.push(format!("{page}: {problem}\n$ {command}\n{stdout}{stderr}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
