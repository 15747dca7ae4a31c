//! `cargo xtask baseline`: that no function has become larger or slower unnoticed.

mod accepted;

use std::process::Command;

use accepted::{Baseline, Counts};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::performance::{self, BY_PASSWORD, Function, Measured, Plan};
use devkit::arch::Arch;
use devkit::profile::{COUNT, Profile};
use devkit::supervise::Supervised;
use devkit::template::Template;
use devkit::{out, workspace};

/// The architecture that the template deploys.
const DEPLOYED: Arch = Arch::Arm64;

/// Compare the size of every function, and the instructions of its requests, with the accepted
/// baseline
#[derive(Args)]
pub(crate) struct Options {
    /// Accept the present figures
    #[arg(long)]
    accept: bool,
}

/// Counts, and fails if something has grown by more than it may. The package for arm64, whose sizes
/// are read, is made before: `cargo xtask baseline` does both.
pub(crate) async fn run(options: Options) -> Result<()> {
    // Before minutes go into what could not be compared.
    let accepted = Baseline::read();
    if let (false, Err(_)) = (options.accept, &accepted) {
        return accepted.map(drop);
    }
    let (instructions, start) = instructions().await?;
    let now = Baseline { with: rust()?, size: sizes()?, instructions, start };
    if options.accept {
        match accepted {
            Ok(before) => now.changes_since(&before).into_iter().try_for_each(out::line)?,
            Err(unusable) => out::line(format!("Nothing to compare with: {unusable:#}"))?,
        }
        now.write()?;
        return Ok(out::line(format!("Wrote {}", accepted::FILE))?);
    }
    let accepted = accepted?;
    let grown = accepted.grown_to(&now);
    if grown.is_empty() {
        return Ok(out::line("No function is further above what was accepted than it may be.")?);
    }
    let Baseline { with, .. } = accepted;
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
    Ok(format!("{} on {}", version.trim(), Arch::host()))
}

/// Of the programs that are deployed, in bytes.
fn sizes() -> Result<Counts> {
    let template = Template::load()?;
    let folder = workspace::package_folder(DEPLOYED, Profile::Release)?;
    let mut sizes = Counts::new();
    for function in template.functions() {
        let program = folder.join(&function.binary).join("bootstrap");
        let read = program.metadata();
        let read = read.with_context(|| format!("cannot read {}", program.display()))?;
        sizes.insert(function.binary.clone(), read.len());
    }
    Ok(sizes)
}

/// Of a warm request to each function that one reaches, by the name of the request, and of a start
/// up to its first response.
async fn instructions() -> Result<(Counts, Counts)> {
    let plan = Plan {
        functions: programs().await?,
        floors: None,
        tls: false,
        rounds: 0,
        warm_requests: 0,
        counted: true,
        folder: workspace::target_dir()?.join("baseline"),
    };
    let mut measured = performance::measured(&plan, "baseline").await?.all;
    measured.retain(|one| one.operation != BY_PASSWORD);
    let count = |one: Measured| {
        let counts = one.instructions.zip(one.start_instructions);
        let (later, start) = counts.context("instructions were not counted")?;
        Ok(((one.operation.clone(), later), (one.operation, start)))
    };
    measured.into_iter().map(count).collect()
}

/// All that requests reach, built for this machine.
async fn programs() -> Result<Vec<Function>> {
    let mut all = Template::load()?.functions().to_vec();
    all.retain(|function| !function.routes.is_empty());
    let mut build = workspace::cargo()?;
    build.args(["build", "--profile", COUNT, "--locked"]);
    for function in &all {
        build.args(["--package", &function.binary]);
    }
    out::line("Building the functions whose instructions are counted")?;
    ran(build).await?;
    let folder = workspace::target_dir()?.join(COUNT);
    let program = |name: String| Function { program: folder.join(&name), label: None, name };
    Ok(all.into_iter().map(|function| program(function.binary)).collect())
}

async fn ran(command: Command) -> Result<()> {
    let status = Supervised::spawn(command)?.wait().await?;
    ensure!(status.success(), "a command ended with {status}, see above");
    Ok(())
}
