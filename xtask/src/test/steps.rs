//! The steps and the commands they run.

use std::fmt;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use super::Outcome;
use super::capture::{Captured, capture};
use super::count::Count;
use super::{end_to_end, histories};
use crate::{guard, tools, workspace};

/// The test target that needs the running service; `test = false` in its manifest keeps it out of plain `cargo test`.
const END_TO_END: &str = "e2e";

/// A part of the check, independent of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    Fmt,
    Clippy,
    Doc,
    Template,
    Test,
    E2e,
    Histories,
}

impl Step {
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Fmt => "all sources are formatted",
            Self::Clippy => "no lint complains",
            Self::Doc => "the documentation builds without a warning",
            Self::Template => "the deployment template is valid",
            Self::Test => "unit tests, and tests over the functions with the embedded engine",
            Self::E2e => "end-to-end tests over HTTP against a running service",
            Self::Histories => {
                "what many clients see at once, while the database is in trouble, can be explained"
            }
        }
    }

    pub(super) async fn run(self) -> Result<Outcome> {
        match self {
            Self::Fmt => check([cargo(&["fmt", "--all", "--check"])?]).await,
            Self::Clippy => check(clippy()?).await,
            Self::Doc => check([doc()?]).await,
            Self::Template => template().await,
            Self::Test => Ok(tested(capture(tests()?).await?)),
            Self::E2e => end_to_end::run().await,
            Self::Histories => histories::run().await,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

fn tests() -> Result<Command> {
    cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])
}

/// The end-to-end tests against the service that a `dev.json` describes.
pub(super) fn end_to_end_tests() -> Result<Command> {
    tests_of(END_TO_END)
}

/// The tests of one target. Built with the features of the whole workspace, as all else, so that nothing is built twice.
pub(super) fn tests_of(target: &str) -> Result<Command> {
    cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--test", target])
}

pub(super) fn tested(ran: Captured) -> Outcome {
    Outcome { count: Count::of_tests(ran.success, &ran.output), output: ran.output }
}

/// One check, passed if all of its commands succeed.
async fn check(commands: impl IntoIterator<Item = Command>) -> Result<Outcome> {
    let mut output = String::new();
    let mut success = true;
    for command in commands {
        let ran = capture(command).await?;
        output += &ran.output;
        success &= ran.success;
    }
    Ok(Outcome { count: Count::of(success), output })
}

/// `--all-targets` leaves out what `test = false` takes out of plain `cargo test`.
fn clippy() -> Result<[Command; 2]> {
    let run = |targets: &[&str]| {
        let mut command = cargo(&["clippy", "--workspace", "--locked"])?;
        command.args(targets).args(["--", "-D", "warnings"]);
        anyhow::Ok(command)
    };
    Ok([run(&["--all-targets"])?, run(&["--test", END_TO_END, "--test", "histories"])?])
}

fn doc() -> Result<Command> {
    let mut command =
        cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"])?;
    command.env("RUSTDOCFLAGS", "-D warnings");
    Ok(command)
}

/// One of the tools; a failure is the step's.
pub(super) async fn installed(tool: &str) -> Result<Outcome> {
    check([tools::installation(tool)?]).await
}

async fn template() -> Result<Outcome> {
    let installed = installed("python").await?;
    if installed.count.failed > 0 {
        return Ok(installed);
    }
    let mut sam = guard::command(tools::python_tools()?.join("sam"))?;
    sam.args(["validate", "--lint", "--template", "template.yaml"]);
    sam.envs([("SAM_CLI_TELEMETRY", "0"), ("AWS_DEFAULT_REGION", "us-east-1")]);
    sam.current_dir(workspace::root());
    check([sam]).await
}

fn cargo(arguments: &[&str]) -> Result<Command> {
    let mut command = workspace::cargo()?;
    command.args(arguments);
    Ok(command)
}
