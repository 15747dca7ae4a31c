//! `cargo xtask bench`: cold starts, warm requests, memory and size of the functions, against floors in the same run; and
//! with `--scale`, what requests cost as the table and what it holds grow.

#![expect(clippy::cast_precision_loss, reason = "sizes and places are far below 2^52")]

mod chart;
mod document;
mod plan;
mod programs;
mod report;
mod scale;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use programs::Compared;
use serde::de::DeserializeOwned;

pub use plan::{Floors, Function, Measured, Plan, Results, Task};
pub use scale::{Dimension, Point, Price, Row, Scaled, Sizes};

use crate::guard::Guarded;
use crate::signals::Ends;
use crate::{out, private_file, workspace};

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
    /// Measure instead what requests cost as the table, accounts and users' lists of accounts grow
    #[arg(long, conflicts_with_all = ["rounds", "requests", "only", "compare", "no_instructions"])]
    scale: bool,
    /// With --scale, the most users in the table
    #[arg(long, requires = "scale", value_name = "N", default_value_t = 1_000_000)]
    users: u64,
    /// Write the tables, and without --scale the chart, into docs/ too
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
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    if options.scale {
        return scale::run(&folder, options.users, options.write).await;
    }
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
        folder: folder.clone(),
    };
    let over_tls = measured(&plan, &folder).await?;
    (plan.tls, plan.counted) = (false, false);
    let without_tls = measured(&plan, &folder).await?;
    report::report(&over_tls, &without_tls, options.write)
}

async fn measured(plan: &Plan, folder: &Path) -> Result<Results> {
    let transport = if plan.tls { "tls" } else { "plain" };
    out::line(format!("Measuring, {} starts of each program ({transport})", plan.rounds))?;
    done(&Task::Programs(plan.clone()), folder, transport).await
}

/// What the crate of the tests measures, which depends on this one: so it runs as a program of its own. What it is told
/// and what comes of it are kept in files of this name.
async fn done<T: DeserializeOwned>(task: &Task, folder: &Path, name: &str) -> Result<T> {
    let (plan, results) =
        (folder.join(format!("{name}-plan.json")), folder.join(format!("{name}.json")));
    private_file::remove(&results)?;
    write(&plan, &serde_json::to_vec_pretty(task)?)?;
    let mut command = workspace::cargo()?;
    command.args(["run", "--quiet", "--locked", "--profile", "measuring"]);
    command.args(["--package", "tests", "--example", "bench"]);
    command.arg("--").args([&plan, &results]);
    let status = Guarded::spawn(command)?.wait().await?;
    ensure!(status.success(), "the measurement ended with {status}");
    let text = fs::read(&results).with_context(|| format!("cannot read {}", results.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn write(file: &PathBuf, content: &[u8]) -> Result<()> {
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
