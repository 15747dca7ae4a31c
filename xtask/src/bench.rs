//! `cargo xtask bench`, `baseline` and `costs`: the crate `bench`, built as each needs it.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use clap::Args;
use devkit::arch::Arch;
use devkit::profile::Profile;
use devkit::shutdown::ShutdownSignals;
use devkit::supervise::{self, Supervised};
use devkit::{tools, workspace};

use crate::package;

/// The arguments of the crate `bench`; `--help` is its own
#[derive(Args)]
#[command(disable_help_flag = true)]
pub struct Options {
    /// Options of the crate `bench`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// A command of the crate `bench`.
#[derive(Debug, Clone, Copy)]
pub enum Measurement {
    /// Times, memory, size and instructions against floors; or costs at scale.
    Bench,
    /// Sizes and instructions against those accepted last.
    Baseline,
    /// Dollars per request and of an idle stack.
    Costs,
}

/// Builds what is needed and runs it; ends early on a signal.
pub async fn run(measurement: Measurement, options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        ended = measure(measurement, options) => ended,
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn measure(measurement: Measurement, options: Options) -> Result<ExitCode> {
    let is_given = |option: &str| options.arguments.iter().any(|argument| argument == option);
    let wants_help = is_given("--help") || is_given("-h");
    let mut command = match measurement {
        Measurement::Bench if wants_help => cargo_run(&[], "bench")?,
        Measurement::Baseline if wants_help => cargo_run(&[], "baseline")?,
        Measurement::Bench => {
            tools::install("valgrind").await?;
            if !["--no-peers", "--scale"].iter().any(|without| is_given(without)) {
                tools::install("peers").await?;
            }
            cargo_run(&["--profile", "measuring"], "bench")?
        }
        Measurement::Baseline => baseline().await?,
        Measurement::Costs => {
            let mut command = cargo_run(&[], "costs")?;
            // With several threads the count of round trips was sometimes one too low.
            command.env("TOKIO_WORKER_THREADS", "1");
            command
        }
    };
    let status = Supervised::spawn({
        command.args(options.arguments);
        command
    })?;
    let success = { status }.wait().await?.success();
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cargo_run(how: &[&str], name: &str) -> Result<Command> {
    let mut command = workspace::cargo()?;
    command.args(["run", "--quiet", "--locked"]).args(how);
    command.args(["--package", "bench", "--", name]);
    Ok(command)
}

/// With the package whose sizes are read, and built with the features of the whole workspace, as
/// the tests have built it already.
async fn baseline() -> Result<Command> {
    package::package(&[Arch::Arm64], Profile::Release).await?;
    tools::install("valgrind").await?;
    let mut build = workspace::cargo()?;
    build.args(["build", "--quiet", "--workspace", "--locked", "--bin", "bench"]);
    let status = Supervised::spawn(build)?.wait().await?;
    ensure!(status.success(), "the crate `bench` cannot be built, see above");
    let mut command = supervise::command(workspace::target_dir()?.join("debug/bench"))?;
    command.arg("baseline");
    Ok(command)
}
