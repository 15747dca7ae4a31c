//! `cargo xtask soak`: many clients for a long time.

mod held;

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::test::histories::{Stage, random_seed};
use devkit::out;
use devkit::shutdown::ShutdownSignals;
use devkit::supervise::Supervised;
use held::Held;

/// The duration, for the tests.
const MINUTES: &str = "ROLLCALL_SOAK_MINUTES";

/// Let many clients work at once for a long time, under database faults, and check what they see,
/// and that neither memory nor descriptors of the functions grow
#[derive(Args)]
pub struct Options {
    /// Duration in minutes; a started round is finished, and there are at least as many as `cargo
    /// xtask test` has
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Seed of everything random; the same seed makes the same plans and the same faults
    #[arg(long)]
    seed: Option<u64>,
}

/// Fails if anything was wrong; the service has ended when it returns.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        outcome = soak(options) => outcome,
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn soak(options: Options) -> Result<ExitCode> {
    let seed = options.seed.map_or_else(random_seed, Ok)?;
    out::line(format!("Seed {seed}"))?;
    let stage = Stage::start("target/soak").await?;
    let mut tests = stage.tests(seed)?;
    tests.args(["--", "--ignored", "--exact", "soak", "--nocapture"]);
    tests.env(MINUTES, options.minutes.to_string());
    let (mut tests, mut held) = (Supervised::spawn(tests)?, Held::default());
    let status = tokio::select! {
        status = tests.wait() => status?,
        ended = held.watch() => match ended? {},
    };
    stage.end().await?;
    out::line(format!("Looked at memory and descriptors of {} processes", held.judged()))?;
    let grown = held.grown();
    grown.iter().try_for_each(|what| out::line(format!("GROWN {what}")))?;
    let is_well = status.success() && grown.is_empty();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
