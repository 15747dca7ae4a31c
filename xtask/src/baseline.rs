//! `cargo xtask baseline`: that no function has become larger or slower unnoticed.

mod kept;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use kept::{Counts, Kept};

use crate::bench::{self, BY_PASSWORD, Function, Measured, Plan};
use crate::package::{self, BOOTSTRAP};
use devkit::arch::Arch;
use devkit::shutdown::ShutdownSignals;
use devkit::supervise::{self, Supervised};
use devkit::template::Template;
use devkit::{out, tools, workspace};

/// The profile of the programs whose instructions are counted, as `Cargo.toml` has it.
const PROFILE: &str = "counted";
/// What the template deploys.
const DEPLOYED: Arch = Arch::Arm64;

/// Hold the size of every function, and the instructions of its requests, to what was accepted last
#[derive(Args)]
pub struct Options {
    /// Accept what there is now
    #[arg(long)]
    accept: bool,
}

/// Builds and counts, and fails if something has grown by more than 5 %; ends early on a signal.
pub async fn run(options: Options) -> Result<ExitCode> {
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        done = hold(&options) => done.map(|()| ExitCode::SUCCESS),
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

async fn hold(options: &Options) -> Result<()> {
    // Before minutes go into what could not be compared.
    let accepted = Kept::read();
    if let (false, Err(_)) = (options.accept, &accepted) {
        return accepted.map(drop);
    }
    let now = Kept { with: rust()?, size: sizes().await?, instructions: instructions().await? };
    if options.accept {
        match accepted {
            Ok(before) => now.changes_since(&before).into_iter().try_for_each(out::line)?,
            Err(unusable) => out::line(format!("Nothing to compare with: {unusable:#}"))?,
        }
        now.write()?;
        return Ok(out::line(format!("Wrote {}", kept::FILE))?);
    }
    let accepted = accepted?;
    let grown = accepted.grown_to(&now);
    if grown.is_empty() {
        return Ok(out::line("No function is more than 5 % above what was accepted.")?);
    }
    let Kept { with, .. } = accepted;
    let grown = grown.join("; ");
    bail!(
        "{grown}; accepted with {with}, now it is {}; `cargo xtask baseline --accept` accepts it",
        now.with
    )
}

/// The compiler, and the machine whose instructions are counted.
fn rust() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().context("cannot run rustc")?;
    let version = String::from_utf8(output.stdout)?;
    Ok(format!("{} on {}", version.trim(), Arch::of_this_machine()))
}

/// Of the programs that are deployed, in bytes.
async fn sizes() -> Result<Counts> {
    let mut package = supervise::command(supervise::own_executable()?)?;
    package.args(["package", "--arch", &DEPLOYED.to_string()]);
    ran(package).await?;
    let (template, folder) = (Template::load()?, package::folder(DEPLOYED)?);
    let mut sizes = Counts::new();
    for function in template.functions() {
        let program = folder.join(&function.binary).join(BOOTSTRAP);
        let read = program.metadata();
        let read = read.with_context(|| format!("cannot read {}", program.display()))?;
        sizes.insert(function.binary.clone(), read.len());
    }
    Ok(sizes)
}

/// Of a warm request to each function that one reaches, by the name of the request.
async fn instructions() -> Result<Counts> {
    tools::install("valgrind").await?;
    let plan = Plan {
        functions: programs().await?,
        floors: None,
        tls: false,
        rounds: 0,
        warm_requests: 0,
        counted: true,
        folder: workspace::target_dir()?.join("baseline"),
    };
    // With the features of the whole workspace, as the tests have built it already.
    let mut build = workspace::cargo()?;
    build.args(["build", "--quiet", "--workspace", "--locked", "--example", "bench"]);
    ran(build).await?;
    let bench = supervise::command(workspace::target_dir()?.join("debug/examples/bench"))?;
    let mut measured = bench::measured(&plan, "baseline", bench).await?.all;
    measured.retain(|one| one.operation != BY_PASSWORD);
    let count = |one: Measured| {
        let instructions = one.instructions.context("instructions were not counted")?;
        Ok((one.operation, instructions))
    };
    measured.into_iter().map(count).collect()
}

/// All that requests reach, built for this machine.
async fn programs() -> Result<Vec<Function>> {
    let mut all = Template::load()?.functions().to_vec();
    all.retain(|function| !function.routes.is_empty());
    let mut build = workspace::cargo()?;
    build.args(["build", "--profile", PROFILE, "--locked"]);
    for function in &all {
        build.args(["--package", &function.binary]);
    }
    out::line("Building the functions whose instructions are counted")?;
    ran(build).await?;
    let folder = workspace::target_dir()?.join(PROFILE);
    let program = |name: String| Function { program: folder.join(&name), label: None, name };
    Ok(all.into_iter().map(|function| program(function.binary)).collect())
}

async fn ran(command: Command) -> Result<()> {
    let status = Supervised::spawn(command)?.wait().await?;
    ensure!(status.success(), "a command ended with {status}, see above");
    Ok(())
}
