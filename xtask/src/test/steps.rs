//! The steps and the commands they run.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use super::Outcome;
use super::capture::capture;
use super::count::Count;
use super::end_to_end::Requests;
use super::{
    end_to_end, histories, lints, openapi, over_table, package, received, scanners, supply_chain,
};
use devkit::engine::Kind;
use devkit::profile::{COUNT, Profile};
use devkit::{out, supervise, tools, workspace};

/// The test target that needs the running service; `test = false` in its manifest keeps it out of
/// plain `cargo test`.
pub(super) const END_TO_END: &str = "e2e";
/// The test target that needs the package, likewise.
pub(super) const EMULATION: &str = "emulation";
/// The test target that measures; `test = false` likewise.
pub(super) const TIMING: &str = "timing";
/// Draws the faults that the tests play; without it they play all.
const FAULTS_SEED: &str = "ROLLCALL_FAULTS_SEED";

/// A part of the check, independent of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    Fmt,
    Clippy,
    Machete,
    Template,
    Github,
    Openapi,
    Test,
    E2e,
    Histories,
    Schemathesis,
    SecondEngine,
    Deny,
    Package,
    Emulation,
    Doc,
    Faults,
    SchemathesisLong,
    Sam,
    Released,
    Timing,
    Clients,
    Scanners,
    Baseline,
}

/// The command that runs a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// `cargo xtask test`.
    WithEachChange,
    /// `cargo xtask test --long`: what it checks takes minutes, or changes with dependencies.
    InTheGate,
    /// `cargo xtask verify`: it takes the programs of a release, or longest.
    BeforeARelease,
}

impl Step {
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Fmt => "all sources are formatted",
            Self::Clippy => "no lint complains",
            Self::Machete => "every dependency is used",
            Self::Template => "the templates of the stack and of a pipeline are valid",
            Self::Github => "GitHub's workflows and Dependabot's settings fit their schemas",
            Self::Openapi => "the OpenAPI documents are valid, and no linter complains",
            Self::Test => "unit tests, and tests of the functions over an engine",
            Self::E2e => "end-to-end tests over HTTP against a running service",
            Self::Histories => {
                "what many clients see at once, under database faults, can be explained"
            }
            Self::Schemathesis => {
                "requests made of the OpenAPI documents get the responses that these describe"
            }
            Self::SecondEngine => "the end-to-end tests over Amazon's own engine",
            Self::Deny => "licences, duplicates, sources and known weaknesses of the dependencies",
            Self::Package => {
                "all functions build for arm64 from the locked dependencies and can be deployed"
            }
            Self::Emulation => "the arm64 functions respond to events from a Runtime API, emulated",
            Self::Doc => "the documentation builds without a warning",
            Self::Faults => "every write tells the truth whatever fails, every fault at every call",
            Self::SchemathesisLong => "so do 50,000 requests, and each exception is needed",
            Self::Sam => "the package of a release can be deployed, and sam build makes the same",
            Self::Released => "the functions of a release respond to events too, emulated",
            Self::Timing => "the time of a wrong password does not tell whether a name is known",
            Self::Clients => "golem's own clients can do with the service what they can with golem",
            Self::Scanners => "scanners find in templates and workflows only what is meant",
            Self::Baseline => "no function has become larger or slower unnoticed",
        }
    }

    pub(super) async fn run(self, engine: Kind) -> Result<Outcome> {
        match self {
            Self::Fmt => check([cargo(&["fmt", "--all", "--check"])?]).await,
            Self::Clippy => lints::run().await,
            Self::Machete => machete().await,
            Self::Template => template().await,
            Self::Github => github().await,
            Self::Openapi => openapi::run().await,
            Self::Test => all_tests(engine).await,
            Self::E2e => end_to_end::run(engine).await,
            Self::Histories => histories::run().await,
            Self::Schemathesis => end_to_end::run_schemathesis(Requests::Few).await,
            Self::SecondEngine => end_to_end::run(Kind::DynamodbLocal).await,
            Self::Deny => supply_chain::run().await,
            Self::Package => package::deployable(Profile::Gate).await,
            Self::Emulation => package::emulated(Profile::Gate).await,
            Self::Doc => check([doc()?]).await,
            Self::Faults => over_table::run(all_faults()?, engine).await,
            Self::SchemathesisLong => end_to_end::run_schemathesis(Requests::Many).await,
            Self::Sam => package::same_by_sam().await,
            Self::Released => package::emulated(Profile::Release).await,
            Self::Timing => tests(timing()?).await,
            Self::Clients => end_to_end::run_clients().await,
            Self::Scanners => scanners::run().await,
            Self::Baseline => package::held_to_baseline().await,
        }
    }

    /// A connection that stalls must not keep a step for ever.
    pub(super) fn time_limit(self) -> Duration {
        Duration::from_mins(if self == Self::SchemathesisLong { 100 } else { 50 })
    }

    pub(super) fn runs(self) -> Runs {
        match self {
            Self::SecondEngine | Self::Deny | Self::Package | Self::Emulation => Runs::InTheGate,
            Self::Doc
            | Self::Faults
            | Self::SchemathesisLong
            | Self::Sam
            | Self::Released
            | Self::Timing
            | Self::Clients
            | Self::Scanners
            | Self::Baseline => Runs::BeforeARelease,
            _ => Runs::WithEachChange,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// All tests, and that they received whatever the OpenAPI documents describe.
async fn all_tests(engine: Kind) -> Result<Outcome> {
    let mut tests = drawn_faults(workspace_tests()?)?;
    let notes = received::note(&mut tests)?;
    let mut outcome = over_table::run(tests, engine).await?;
    if !outcome.failed() {
        outcome += received::check(&notes)?;
    }
    Ok(outcome)
}

fn workspace_tests() -> Result<Command> {
    let mut tests = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])?;
    lints::share_build(&mut tests);
    // Many wait for most of their time: for time limits, and for answers that take their time.
    let threads = available_parallelism()?.get() * 3;
    tests.env("RUST_TEST_THREADS", threads.to_string());
    Ok(tests)
}

/// Lets the tests of faults play a sixteenth of their cases, another one at each run.
fn drawn_faults(mut tests: Command) -> Result<Command> {
    let seed = histories::random_seed()?;
    out::line(format!(
        "    `{FAULTS_SEED}={seed} cargo test -p tests --test api faults::` plays the same faults"
    ))?;
    tests.env(FAULTS_SEED, seed.to_string());
    Ok(tests)
}

fn all_faults() -> Result<Command> {
    let mut tests = tests_of("api")?;
    tests.args(["--", "faults::"]).env_remove(FAULTS_SEED);
    Ok(tests)
}

/// The end-to-end tests against the service that a `dev.json` describes.
pub(super) fn end_to_end_tests() -> Result<Command> {
    tests_of(END_TO_END)
}

/// Builds the operator's command, as all else is built.
pub(super) fn operators_command() -> Result<Command> {
    let mut build = cargo(&["build", "--workspace", "--locked", "--bin", "rollcall"])?;
    lints::share_build(&mut build);
    Ok(build)
}

/// The tests of one target. Built with the features of the whole workspace, as all else, so that
/// nothing is built twice.
pub(super) fn tests_of(target: &str) -> Result<Command> {
    let mut tests =
        cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--test", target])?;
    lints::share_build(&mut tests);
    Ok(tests)
}

/// The tests over the package that `ROLLCALL_PACKAGE` names.
pub(super) fn emulation_tests() -> Result<Command> {
    tests_of(EMULATION)
}

/// Over optimised code, as it is deployed except for link-time optimization: in the code of tests,
/// what takes microseconds takes milliseconds.
fn timing() -> Result<Command> {
    cargo(&[
        "test",
        "-p",
        "tests",
        "--locked",
        "--profile",
        COUNT,
        "--test",
        TIMING,
        "--",
        "--nocapture",
    ])
}

/// Runs a `cargo test`; each of its tests counts as one.
pub(super) async fn tests(command: Command) -> Result<Outcome> {
    let ran = capture(command).await?;
    Ok(Outcome { count: Count::from_tests(ran.success, &ran.output), output: ran.output })
}

/// One check, passed if all of its commands succeed.
pub(super) async fn check(commands: impl IntoIterator<Item = Command>) -> Result<Outcome> {
    let mut output = String::new();
    let mut success = true;
    for command in commands {
        let ran = capture(command).await?;
        output += &ran.output;
        success &= ran.success;
    }
    Ok(Outcome { count: Count::one(success), output })
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

/// With what cargo knows: some libraries have another name than their package.
async fn machete() -> Result<Outcome> {
    let installed = installed("cargo-machete").await?;
    if installed.failed() {
        return Ok(installed);
    }
    let mut machete = supervise::command(tools::cargo_machete()?)?;
    machete.args(["machete", "--with-metadata"]).current_dir(workspace::root());
    workspace::forget_own_package(&mut machete);
    // Below cargo it takes its first argument for its own name.
    machete.env("CARGO", workspace::cargo_program());
    check([machete]).await
}

async fn template() -> Result<Outcome> {
    let installed = installed("python").await?;
    if installed.failed() {
        return Ok(installed);
    }
    let mut sam = supervise::command(tools::python_tools()?.join("sam"))?;
    sam.args(["validate", "--lint", "--template", "template.yaml"]);
    sam.envs([("SAM_CLI_TELEMETRY", "0"), ("AWS_DEFAULT_REGION", "us-east-1")]);
    let mut lint = supervise::command(tools::python_tools()?.join("cfn-lint"))?;
    lint.arg("pipeline.yaml");
    let mut outcome = Outcome::default();
    for mut command in [sam, lint] {
        command.current_dir(workspace::root());
        outcome += check([command]).await?;
    }
    Ok(outcome)
}

/// Against the schemas that the tool brings.
async fn github() -> Result<Outcome> {
    let installed = installed("python").await?;
    if installed.failed() {
        return Ok(installed);
    }
    let files = [
        ("vendor.github-workflows", workflows()?),
        ("vendor.dependabot", vec![workspace::root().join(".github/dependabot.yml")]),
    ];
    let mut outcome = Outcome::default();
    for (schema, files) in files {
        let mut tool = supervise::command(tools::python_tools()?.join("check-jsonschema"))?;
        tool.args(["--builtin-schema", schema]).args(files).current_dir(workspace::root());
        outcome += check([tool]).await?;
    }
    Ok(outcome)
}

fn workflows() -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(workspace::root().join(".github/workflows"))?;
    Ok(files.map(|file| file.map(|file| file.path())).collect::<Result<_, _>>()?)
}

pub(super) fn cargo(arguments: &[&str]) -> Result<Command> {
    let mut command = workspace::cargo()?;
    command.args(arguments);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_a_workflow_is_pinned_by_its_commit() {
        let mut pinned = 0;
        for file in workflows().unwrap() {
            let text = fs::read_to_string(&file).unwrap();
            let uses = text
                .lines()
                .filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: "));
            for action in uses.filter(|action| !action.starts_with("./")) {
                let (_, version) = action.split_once('@').unwrap();
                let (commit, version) = version.split_once(" # v").unwrap_or((version, ""));
                let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
                assert!(is_commit && !version.is_empty(), "{}: {action}", file.display());
                pinned += 1;
            }
        }
        assert!(pinned > 5, "{pinned}");
    }
}
