//! `cargo xtask bench`: cold starts, warm requests, memory and size of the functions, against floors in the same run.

#![expect(clippy::cast_precision_loss, reason = "sizes and places are far below 2^52")]

mod chart;
mod passwords;
mod plan;
mod programs;
mod report;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;
use programs::Compared;

pub use passwords::{BY_PASSWORD, BY_TOKEN};
pub use plan::{Floors, Function, Measured, Plan, Results};

use crate::guard::Guarded;
use crate::signals::Ends;
use crate::{out, tools, workspace};

/// Measure the functions' cold starts, warm requests, memory and size against floors
#[derive(Args)]
pub struct Options {
    /// How often each program is started
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Warm requests to each program, shared out among its starts
    #[arg(long, default_value_t = 600)]
    requests: usize,
    /// Measure only this function (more than once: and that one)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measure the programs in a folder too, in the same run, under a label: for what another profile or crate would bring
    #[arg(long, value_name = "LABEL=FOLDER")]
    compare: Vec<Compared>,
    /// Leave out the instructions of a warm request, which take minutes to count
    #[arg(long)]
    no_instructions: bool,
    /// Write the table and the chart into docs/ too
    #[arg(long)]
    write: bool,
}

/// Builds, measures over TLS and once more without, and reports; ends early on a signal.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut ends = Ends::catch()?;
    tokio::select! {
        done = bench(&options) => done.map(|()| ExitCode::SUCCESS),
        signal = ends.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn bench(options: &Options) -> Result<()> {
    let folder = workspace::target_dir()?.join("bench");
    let mut functions = programs::functions(&folder, &options.only).await?;
    let compared: Vec<_> =
        options.compare.iter().flat_map(|compared| compared.programs(&functions)).collect();
    functions.extend(compared);
    let floors = programs::floors(&folder).await?;
    let mut plan = Plan {
        functions,
        floors: Some(floors),
        tls: true,
        rounds: options.rounds,
        warm_requests: options.requests.div_ceil(options.rounds.max(1)),
        counted: !options.no_instructions,
        folder,
    };
    if plan.counted {
        tools::install("valgrind").await?;
    }
    let over_tls = measured(&plan, measuring()?).await?;
    (plan.tls, plan.counted) = (false, false);
    let without_tls = measured(&plan, measuring()?).await?;
    report::report(&over_tls, &without_tls, options.write)
}

/// What runs the measuring program, built to be fast.
fn measuring() -> Result<Command> {
    let mut command = workspace::cargo()?;
    command.args(["run", "--quiet", "--locked", "--profile", "measuring"]);
    command.args(["--package", "tests", "--example", "bench", "--"]);
    Ok(command)
}

/// What the crate of the tests measures, which depends on this one: so it runs as a program of its own.
pub(crate) async fn measured(plan: &Plan, mut program: Command) -> Result<Results> {
    let folder = &plan.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let transport = if plan.tls { "tls" } else { "plain" };
    let (plan_file, results) =
        (folder.join(format!("{transport}-plan.json")), folder.join(format!("{transport}.json")));
    write(&plan_file, &serde_json::to_vec_pretty(plan)?)?;
    program.args([&plan_file, &results]);
    out::line(format!("Measuring, {} starts of each program ({transport})", plan.rounds))?;
    let status = Guarded::spawn(program)?.wait().await?;
    ensure!(status.success(), "the measurement ended with {status}");
    let text = fs::read(&results).with_context(|| format!("cannot read {}", results.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn write(file: &PathBuf, content: &[u8]) -> Result<()> {
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
