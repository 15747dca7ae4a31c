//! `cargo xtask test`: everything that holds this repository together.

pub(crate) mod capture;
mod count;
mod end_to_end;
pub(crate) mod histories;
mod over_table;
mod package;
mod service;
mod steps;
mod supply_chain;

use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use tokio::time::timeout;

use count::Count;
use devkit::engine::Kind;
use devkit::out;
use devkit::shutdown::ShutdownSignals;
use steps::Step;

/// So long a step may take: a connection that stalls must not keep it for ever.
const MAX_STEP_TIME: Duration = Duration::from_mins(50);

/// Check format, lints, documentation and template, and run all tests
#[derive(Args)]
pub struct Options {
    /// Only this step; may be given more than once
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// DynamoDB engine of the tests over a table
    #[arg(long, value_enum, default_value_t)]
    engine: Kind,
    /// Instead the steps that take long: end-to-end tests over Amazon's engine, the supply chain, the package for arm64,
    /// that sam build makes the same, the package emulated, and that nothing has grown
    #[arg(long, conflicts_with = "only")]
    long: bool,
}

impl Options {
    fn want(&self, step: Step) -> bool {
        if self.only.is_empty() { step.is_long() == self.long } else { self.only.contains(&step) }
    }
}

/// A step as it went; what it printed is told only if it failed.
#[derive(Default)]
struct Outcome {
    count: Count,
    output: String,
}

impl Outcome {
    fn failed(&self) -> bool {
        self.count.failed > 0
    }
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.output += &other.output;
    }
}

/// Runs the steps in their order, the rest too when one fails. Its last line counts what passed and what failed.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        count = run_steps(&options) => finish(count?),
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn run_steps(options: &Options) -> Result<Count> {
    let mut total = Count::default();
    for step in Step::value_variants() {
        if options.want(*step) {
            total += run_step(*step, options.engine).await?;
        }
    }
    Ok(total)
}

async fn run_step(step: Step, engine: Kind) -> Result<Count> {
    out::line(format!("==> {step}: {}", step.description()))?;
    let start = Instant::now();
    let ran = timeout(MAX_STEP_TIME, step.run(engine)).await;
    let ran = ran
        .unwrap_or_else(|_| bail!("it was ended after {} minutes", MAX_STEP_TIME.as_secs() / 60));
    let Outcome { count, output } = ran.unwrap_or_else(Outcome::from);
    if count.failed > 0 {
        out::line(output.trim_end())?;
    }
    let verdict = if count.failed > 0 { "FAILED" } else { "ok" };
    out::line(format!("    {verdict}, {count}, {:.1} s", start.elapsed().as_secs_f32()))?;
    Ok(count)
}

fn finish(count: Count) -> Result<ExitCode> {
    out::line(count)?;
    Ok(if count.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl From<anyhow::Error> for Outcome {
    fn from(error: anyhow::Error) -> Self {
        Self { count: Count::of(false), output: format!("error: {error:#}") }
    }
}
