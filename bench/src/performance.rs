//! `cargo xtask bench`: cold starts, warm requests, memory and size of the functions, against
//! floors in the same run; and with `--scale`, what requests cost as the table and what it holds
//! grow.

mod billed;
mod chart;
pub(crate) mod document;
mod pages;
mod passwords;
mod plan;
mod programs;
mod report;
mod throughput;

use std::fs;
use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use clap::{Args, value_parser};
use devkit::{out, workspace};
use serde::Serialize;

use crate::{measure, order, scale};
use programs::Compared;

pub(crate) use pages::{PAGE_WITH_SESSION, READ_WITH_TOKEN};
pub(crate) use passwords::{BY_PASSWORD, BY_TOKEN, SIZES, share_of_a_core};
pub(crate) use plan::{
    Floors, Function, LEAN, Loaded, Measured, Peers, Plan, Results, Round, STOCK, Throttled,
};
pub(crate) use programs::with_symbols;

/// Measure the functions' cold starts, warm requests, memory and size against floors
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    starts: Starts,
    /// Measure instead what requests cost as the table, accounts, users' lists of accounts and their
    /// audit logs grow
    #[arg(long, conflicts_with_all = ["rounds", "requests", "only", "compare", "no_instructions", "no_peers"])]
    scale: bool,
    /// Find instead what starts and requests run, and write it into functions/symbol-order.txt
    #[arg(long, conflicts_with_all = ["scale", "write", "rounds", "requests", "only", "compare", "no_instructions", "no_peers"])]
    order: bool,
    /// With --scale, the most users in the table and entries in a log
    #[arg(long, requires = "scale", value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1_001..))]
    users: u64,
    /// Write the tables into docs/ too if nothing is wrong, and of the functions the chart
    #[arg(long, conflicts_with_all = ["only", "compare", "no_instructions", "no_peers"])]
    write: bool,
}

/// How programs are measured, and which.
#[derive(Args)]
struct Starts {
    /// How often each program is started over TLS; without, a quarter as often
    #[arg(long, default_value = "240")]
    rounds: NonZeroUsize,
    /// Warm requests to each program over TLS, shared out among its starts; without, a quarter of
    /// them
    #[arg(long, default_value = "3600")]
    requests: NonZeroUsize,
    /// Measure only this function (more than once: and that one)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Measure the programs in a folder too, in the same run, under a label: for what another
    /// profile or crate would bring
    #[arg(long, value_name = "LABEL=FOLDER")]
    compare: Vec<Compared>,
    /// Leave out the instructions of a warm request, which take minutes to count
    #[arg(long)]
    no_instructions: bool,
    /// Leave out the same read in Node and Python, which takes both, and npm
    #[arg(long)]
    no_peers: bool,
}

/// Builds, measures over TLS and once more without, and reports.
pub(crate) async fn run(options: Options) -> Result<()> {
    let folder = workspace::target_dir()?.join("bench");
    if options.order {
        return order::run(&folder).await;
    }
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
        folder,
    };
    compare(&options, plan).await
}

async fn compare(options: &Options, plan: Plan) -> Result<()> {
    out::line(report::compared_with())?;
    let folder = &plan.folder;
    let peers = (!options.starts.no_peers).then(programs::peers).transpose()?;
    let mut functions = programs::functions(folder, &options.starts.only).await?;
    let mut compared = Vec::new();
    for others in &options.starts.compare {
        compared.extend(others.programs(&functions)?);
    }
    functions.extend(compared);
    let floors = programs::floors(folder, peers).await?;
    let mut plan = Plan { functions, floors: Some(floors), ..plan };
    let over_tls = measured(&plan, "tls").await?;
    (plan.tls, plan.counted) = (false, false);
    // Nothing is judged by these times.
    plan.rounds = plan.rounds.div_ceil(4);
    let without_tls = measured(&plan, "plain").await?;
    report::report(&over_tls, &without_tls, options.write)
}

/// Starts everything in the plan; the results are also stored in a file of this name.
pub(crate) async fn measured(plan: &Plan, name: &str) -> Result<Results> {
    let transport = if plan.tls { "over TLS" } else { "without TLS" };
    out::line(format!("Measuring, {} starts of each program, {transport}", plan.rounds))?;
    let results = measure::measured(plan).await?;
    keep(&results, &plan.folder, name)?;
    Ok(results)
}

/// Writes results to `<folder>/<name>.json`.
pub(crate) fn keep(results: &impl Serialize, folder: &std::path::Path, name: &str) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let file = folder.join(format!("{name}.json"));
    fs::write(&file, serde_json::to_vec_pretty(results)?)
        .with_context(|| format!("cannot write {}", file.display()))
}
