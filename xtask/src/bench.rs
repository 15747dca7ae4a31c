//! `cargo xtask bench`: cold starts, warm requests, memory and size of the functions, against floors in the same run; and
//! with `--scale`, what requests cost as the table and what it holds grow.

#![expect(clippy::cast_precision_loss, reason = "sizes and places are far below 2^52")]

mod chart;
mod document;
mod levers;
mod passwords;
mod plan;
mod programs;
mod report;
mod scale;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use programs::Compared;
use serde::de::DeserializeOwned;

pub(crate) use passwords::share_of_a_core;
pub use passwords::{BY_PASSWORD, BY_TOKEN};
pub use plan::{Floors, Function, Measured, Plan, Results, Round, Task};
pub use scale::{Dimension, Point, Price, Row, Scaled, Sizes};

use devkit::shutdown::ShutdownSignals;
use devkit::supervise::Supervised;
use devkit::{out, private_file, tools, workspace};

/// Measure the functions' cold starts, warm requests, memory and size against floors
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    starts: Starts,
    /// Measure instead the stock, and the stock with one more at a time of what sets the functions apart from it
    #[arg(long, conflicts_with_all = ["only", "compare", "scale"])]
    levers: bool,
    /// Measure instead what requests cost as the table, accounts and users' lists of accounts grow
    #[arg(long, conflicts_with_all = ["rounds", "requests", "only", "compare", "no_instructions"])]
    scale: bool,
    /// With --scale, the most users in the table
    #[arg(long, requires = "scale", value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1_001..))]
    users: u64,
    /// Write the tables into docs/ too if nothing is wrong, and of the functions the chart
    #[arg(long, conflicts_with_all = ["only", "compare", "no_instructions"])]
    write: bool,
}

/// How programs are measured, and which.
#[derive(Args)]
struct Starts {
    /// How often each program is started over TLS; without, a quarter as often
    #[arg(long, default_value = "240")]
    rounds: NonZeroUsize,
    /// Warm requests to each program over TLS, shared out among its starts; without, a quarter of them
    #[arg(long, default_value = "3600")]
    requests: NonZeroUsize,
    /// Measure only this function (more than once: and that one)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measure the programs in a folder too, in the same run, under a label: for what another profile or crate would bring
    #[arg(long, value_name = "LABEL=FOLDER")]
    compare: Vec<Compared>,
    /// Leave out the instructions of a warm request, which take minutes to count
    #[arg(long)]
    no_instructions: bool,
}

/// Builds, measures over TLS and once more without, and reports; ends early on a signal.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        done = bench(&options) => done.map(|()| ExitCode::SUCCESS),
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn bench(options: &Options) -> Result<()> {
    let folder = workspace::target_dir()?.join("bench");
    if options.scale {
        return scale::run(&folder, options.users, options.write).await;
    }
    let plan = Plan {
        functions: Vec::new(),
        floors: None,
        tls: true,
        rounds: options.starts.rounds.get(),
        warm_requests: options.starts.requests.get().div_ceil(options.starts.rounds.get()),
        counted: !options.starts.no_instructions,
        folder: folder.clone(),
    };
    if plan.counted {
        tools::install("valgrind").await?;
    }
    if options.levers {
        return levers::run(folder, plan, options.write).await;
    }
    compare(options, plan).await
}

async fn compare(options: &Options, plan: Plan) -> Result<()> {
    let folder = &plan.folder;
    let mut functions = programs::functions(folder, &options.starts.only).await?;
    let mut compared = Vec::new();
    for others in &options.starts.compare {
        compared.extend(others.programs(&functions)?);
    }
    functions.extend(compared);
    let floors = programs::floors(folder).await?;
    let mut plan = Plan { functions, floors: Some(floors), ..plan };
    let over_tls = measured(&plan, "tls", measuring()?).await?;
    (plan.tls, plan.counted) = (false, false);
    // Nothing is judged by these times.
    plan.rounds = plan.rounds.div_ceil(4);
    let without_tls = measured(&plan, "plain", measuring()?).await?;
    report::report(&over_tls, &without_tls, options.write)
}

/// What runs the measuring program, built to be fast.
fn measuring() -> Result<Command> {
    let mut command = workspace::cargo()?;
    command.args(["run", "--quiet", "--locked", "--profile", "measuring"]);
    command.args(["--package", "tests", "--example", "bench", "--"]);
    Ok(command)
}

/// Starts all that is in the plan; what comes of it is also kept in a file of this name.
pub(crate) async fn measured(plan: &Plan, name: &str, program: Command) -> Result<Results> {
    let transport = if plan.tls { "over TLS" } else { "without TLS" };
    out::line(format!("Measuring, {} starts of each program, {transport}", plan.rounds))?;
    done(&Task::Programs(plan.clone()), program, &plan.folder, name).await
}

/// What the crate of the tests measures, which depends on this one: so it runs as a program of its own. What it is told
/// and what comes of it are kept in files of this name.
async fn done<T: DeserializeOwned>(
    task: &Task,
    mut program: Command,
    folder: &Path,
    name: &str,
) -> Result<T> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (plan, results) =
        (folder.join(format!("{name}-plan.json")), folder.join(format!("{name}.json")));
    private_file::remove(&results)?;
    write(&plan, &serde_json::to_vec_pretty(task)?)?;
    program.args([&plan, &results]);
    let status = Supervised::spawn(program)?.wait().await?;
    ensure!(status.success(), "the measurement ended with {status}");
    let text = fs::read(&results).with_context(|| format!("cannot read {}", results.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn write(file: &PathBuf, content: &[u8]) -> Result<()> {
    fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))
}
