//! `cargo xtask test`: everything that holds this repository together.

mod breaking;
pub(crate) mod capture;
mod count;
mod end_to_end;
pub(crate) mod histories;
mod lints;
mod openapi;
mod over_table;
mod package;
mod received;
mod scanners;
mod service;
mod steps;
mod supply_chain;

use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use tokio::time::timeout;

use count::Count;
use devkit::engine::Kind;
use devkit::out;
use devkit::shutdown::ShutdownSignals;
use steps::{Runs, Step};

/// Check format, lints and template, and run all tests
#[derive(Args)]
pub struct Options {
    /// Only this step; may be given more than once
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// DynamoDB engine of the tests over a table
    #[arg(long, value_enum, default_value_t)]
    engine: Kind,
    /// Instead the rest of the gate: end-to-end tests over Amazon's engine, the supply chain, and
    /// the functions built, packaged and emulated for arm64
    #[arg(long, conflicts_with = "only")]
    long: bool,
}

/// Check before a release what only the programs that are released can show, and what takes longest
///
/// Only this shows that the documentation builds without a warning; that every fault at every call
/// of every write comes out as docs/reliability.md says (the gate draws a sixteenth of them); that
/// 50,000 requests made of the OpenAPI documents get the responses that these describe; that
/// `sam build`, and another folder, make the same bytes as the package; that the released programs
/// themselves answer, emulated; that golem's own clients can use the service; that scanners find in
/// the templates and workflows only what is meant; and that no function has become larger or slower
/// by more than 5 %.
/// `cargo xtask test --only STEP` runs one of its steps.
#[derive(Args)]
pub struct Verify;

impl Options {
    fn want(&self, step: Step) -> bool {
        let runs = if self.long { Runs::InTheGate } else { Runs::WithEachChange };
        if self.only.is_empty() { step.runs() == runs } else { self.only.contains(&step) }
    }
}

/// The result of a step; its output is shown only if it failed.
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

/// Runs the steps in their order, the rest too when one fails. At its end it says how long each
/// took; its last line counts what passed and what failed.
pub async fn run(options: Options) -> Result<ExitCode> {
    let steps = Step::value_variants().iter().copied().filter(|step| options.want(*step));
    run_all(steps.collect(), options.engine).await
}

/// Runs the steps that a release takes besides those of the gate.
pub async fn verify(_: Verify) -> Result<ExitCode> {
    let steps = Step::value_variants().iter().copied();
    let steps = steps.filter(|step| step.runs() == Runs::BeforeARelease);
    run_all(steps.collect(), Kind::default()).await
}

async fn run_all(steps: Vec<Step>, engine: Kind) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        count = run_steps(steps, engine) => finish(count?),
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn run_steps(steps: Vec<Step>, engine: Kind) -> Result<Count> {
    let mut total = Count::default();
    let mut times = Vec::new();
    for step in steps {
        let start = Instant::now();
        total += run_step(step, engine).await?;
        times.push((step.to_string(), start.elapsed()));
    }
    times.push(("all".to_owned(), times.iter().map(|(_, time)| *time).sum()));
    out::line("")?;
    for (step, time) in times {
        out::line(format!("{step:<16} {:>8.1} s", time.as_secs_f32()))?;
    }
    Ok(total)
}

async fn run_step(step: Step, engine: Kind) -> Result<Count> {
    out::line(format!("==> {step}: {}", step.description()))?;
    let start = Instant::now();
    let limit = step.time_limit();
    let ran = timeout(limit, step.run(engine)).await;
    let ran = ran.unwrap_or_else(|_| bail!("it was ended after {} minutes", limit.as_secs() / 60));
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
        Self { count: Count::one(false), output: format!("error: {error:#}") }
    }
}
