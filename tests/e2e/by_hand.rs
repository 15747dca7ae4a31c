//! `cargo lambda watch` and `cargo lambda invoke`, started by hand as `docs/local.md` says.

use std::fs::File;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use devkit::{ports, tools, workspace};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::service::{dev_json, user};

/// The commands of the page.
const ENVIRONMENT: &str = ". target/dev/env.sh";
const WATCH: &str =
    "cargo lambda watch --invoke-address 127.0.0.1 --invoke-port 9001 --disable-cors";
const INVOKE: &str =
    "cargo lambda invoke golem-accounts --invoke-address 127.0.0.1 --invoke-port 9001";
const WITH_FILE: &str = "--data-file events/golem-find-accounts.json";
const WITH_TOKEN: &str =
    r#"--data-ascii "$(sed "s/rcu_YOUR_TOKEN/$TOKEN/" events/golem-find-accounts.json)""#;
/// A build of nothing, and the start of a function.
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// `cargo lambda watch`, until it is dropped.
struct Watch {
    process: Child,
    port: u16,
    output: tempfile::NamedTempFile,
}

impl Watch {
    /// Starts it after these commands.
    fn start(environment: &str) -> Self {
        let (port, _) = ports::two_free().unwrap();
        let output = tempfile::NamedTempFile::new().unwrap();
        let file = || File::options().append(true).open(output.path()).unwrap();
        let mut shell = shell(&format!("{environment}exec {WATCH}"), port);
        let process = shell.stdout(file()).stderr(file()).spawn().unwrap();
        Self { process, port, output }
    }

    /// What a request gets, and what the command says of it.
    fn invoke(&self, input: &str) -> (bool, String) {
        // A request that is kept waiting fails the test.
        let line = format!("{ENVIRONMENT}\ntimeout 60 {INVOKE} {input}");
        let start = Instant::now();
        loop {
            let ran = shell(&line, self.port).output().unwrap();
            let [stdout, stderr] =
                [ran.stdout, ran.stderr].map(|own| String::from_utf8(own).unwrap());
            // It does not listen yet.
            if stderr.contains("error sending request") && start.elapsed() < START_TIMEOUT {
                std::thread::sleep(Duration::from_millis(100));
                continue;
            }
            return (ran.status.success(), stdout + &stderr);
        }
    }

    fn output(&self) -> String {
        std::fs::read_to_string(self.output.path()).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.process), Signal::INT);
        for _ in 0..100 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A shell in the root, with the commands of the page.
fn shell(commands: &str, port: u16) -> Command {
    let program = tools::cargo_lambda().unwrap();
    let commands = commands
        .replace("cargo lambda", &format!("{} lambda", program.display()))
        .replace("target/dev/env.sh", dev_json().with_file_name("env.sh").to_str().unwrap())
        .replace("9001", &port.to_string());
    let mut shell = Command::new("sh");
    workspace::forget_own_package(&mut shell);
    // Of a shell that has read env.sh.
    shell.env_remove("TABLE_NAME");
    shell.arg("-c").arg(commands).current_dir(workspace::root());
    shell
}

#[test]
fn the_page_has_the_commands_that_these_tests_run() {
    let page = std::fs::read_to_string(workspace::root().join("docs/local.md")).unwrap();
    let page = page.replace(" \\\n    ", " ");
    for command in [ENVIRONMENT, WATCH, INVOKE, WITH_FILE, WITH_TOKEN] {
        assert!(page.contains(command), "{command}");
    }
}

#[test]
fn functions_that_are_watched_by_hand_respond_to_events() {
    let watch = Watch::start(&format!("{ENVIRONMENT}\n"));

    for (input, status) in [(WITH_FILE, 401), (WITH_TOKEN, 200)] {
        let (is_success, output) = watch.invoke(input);

        assert!(is_success, "{output}{}", watch.output());
        let response: Value = serde_json::from_str(output.trim()).unwrap();
        assert_eq!(response["statusCode"], status, "{response}");
        let is_own = response["body"].as_str().unwrap().contains(user(0, "account_id"));
        assert_eq!(is_own, status == 200, "{response}");
    }
}

#[test]
fn a_function_without_its_environment_says_what_is_missing_and_ends_every_request() {
    let watch = Watch::start("");

    for _ in 0..2 {
        let (is_success, output) = watch.invoke(WITH_FILE);

        assert!(!is_success, "{output}");
        assert!(output.contains("TABLE_NAME is not set"), "{output}{}", watch.output());
    }
    let output = watch.output();
    let line = output.lines().find(|line| line.contains("TABLE_NAME is not set")).unwrap();
    assert!(
        line.contains("`. target/dev/env.sh` sets") && line.contains("template.yaml"),
        "{line}"
    );
}
