//! `cargo xtask test`: everything that holds this repository together.

mod capture;
mod count;
mod end_to_end;
pub(crate) mod histories;
mod service;
mod steps;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::out;
use crate::signals::Ends;
use count::Count;
use steps::Step;

/// Check format, lints, documentation and template, and run all tests
#[derive(Args)]
pub struct Options {
    /// Only this step; may be given more than once
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

/// A step as it went; what it printed is told only if it failed.
struct Outcome {
    count: Count,
    output: String,
}

/// Runs the steps in their order, the rest too when one fails. Its last line counts what passed and what failed.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut ends = Ends::catch()?;
    tokio::select! {
        count = run_steps(&options.only) => finish(count?),
        signal = ends.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn run_steps(only: &[Step]) -> Result<Count> {
    let mut total = Count::default();
    for step in Step::value_variants() {
        if only.is_empty() || only.contains(step) {
            total += run_step(*step).await?;
        }
    }
    Ok(total)
}

async fn run_step(step: Step) -> Result<Count> {
    out::line(format!("==> {step}: {}", step.description()))?;
    let start = Instant::now();
    let Outcome { count, output } = step.run().await.unwrap_or_else(Outcome::from);
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
