//! The programs: the functions as they are released, but for whom they trust, and the floors.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Error, Result, ensure};

use super::{Floors, Function, Peers};
use devkit::arch::Arch;
use devkit::group_features::group_by_features;
use devkit::supervise::{self, Supervised};
use devkit::template::{self, Template};
use devkit::{out, tools, workspace};

/// Lets a function trust an authority of the bench. Nothing that is released has it.
const FEATURE: &str = "shared/custom-ca";
const WITH_SYMBOLS: &str = "profile.release.strip = false";
/// With it aws-lc is built without the source of entropy that takes most of the stock's start.
const WITHOUT_JITTER: (&str, &str) = ("AWS_LC_SYS_NO_JITTER_ENTROPY", "1");

/// Programs that were built in another way, under a label.
#[derive(Debug, Clone)]
pub(crate) struct Compared {
    label: String,
    folder: PathBuf,
}

impl FromStr for Compared {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (label, folder) = text.split_once('=').context("not LABEL=FOLDER")?;
        Ok(Self { label: label.to_owned(), folder: PathBuf::from(folder) })
    }
}

impl Compared {
    /// Those of the same functions that the folder holds.
    pub(crate) fn programs(&self, functions: &[Function]) -> Result<Vec<Function>> {
        let other = |function: &Function| Function {
            name: function.name.clone(),
            label: Some(self.label.clone()),
            program: self.folder.join(&function.name),
        };
        let others: Vec<_> =
            functions.iter().map(other).filter(|function| function.program.exists()).collect();
        ensure!(!others.is_empty(), "{} holds none of the functions", self.folder.display());
        Ok(others)
    }
}

/// Every function that a request reaches, or only these, each with its own features alone, as in a
/// package.
pub(crate) async fn functions(folder: &Path, only: &[String]) -> Result<Vec<Function>> {
    let mut all = Template::load()?.functions().to_vec();
    all.retain(|function| !function.routes.is_empty());
    for name in only {
        ensure!(all.iter().any(|one| &one.binary == name), "no request reaches `{name}`");
    }
    all.retain(|function| only.is_empty() || only.contains(&function.binary));
    // A function without a table makes no calls and trusts no authority.
    let (calling, silent): (Vec<_>, Vec<_>) = all.iter().cloned().partition(calls_table);
    release(&calling, &["--features", FEATURE], folder).await?;
    release(&silent, &[], folder).await?;
    Ok(all.into_iter().map(|one| of(folder, one.binary)).collect())
}

/// Every function that requests reach and that calls the table, with symbols.
pub(crate) async fn with_symbols(folder: &Path) -> Result<Vec<Function>> {
    let mut all = Template::load()?.functions().to_vec();
    all.retain(|one| !one.routes.is_empty() && calls_table(one));
    release(&all, &["--features", FEATURE, "--config", WITH_SYMBOLS], folder).await?;
    Ok(all.into_iter().map(|one| of(folder, one.binary)).collect())
}

fn calls_table(function: &template::Function) -> bool {
    function.environment.contains("TABLE_NAME")
}

fn of(folder: &Path, name: String) -> Function {
    Function { program: folder.join("release").join(&name), label: None, name }
}

async fn release(functions: &[template::Function], how: &[&str], folder: &Path) -> Result<()> {
    for group in group_by_features(functions, Arch::host())? {
        let names: Vec<_> = group.iter().map(|function| function.binary.as_str()).collect();
        out::line(format!("Building {}", names.join(", ")))?;
        let mut cargo = workspace::cargo()?;
        cargo.args(["build", "--release", "--locked"]).args(how);
        for name in names {
            cargo.args(["--package", name]);
        }
        built(cargo, folder).await?;
    }
    Ok(())
}

/// Built apart from the service, with features and versions of their own.
pub(crate) async fn floors(folder: &Path, peers: Option<Peers>) -> Result<Floors> {
    out::line("Building the floors")?;
    let floors = folder.join("floors");
    for (name, profile) in [("constant", "release"), ("lean", "lean"), ("stock", "release")] {
        let mut cargo = in_floors()?;
        cargo.args(["--profile", profile, "--package", name]);
        built(cargo, &floors).await?;
    }
    let without_jitter = folder.join("floors-without-jitter");
    let mut cargo = in_floors()?;
    cargo.args(["--release", "--package", "stock"]).env(WITHOUT_JITTER.0, WITHOUT_JITTER.1);
    built(cargo, &without_jitter).await?;
    let program = |profile: &str, name: &str| floors.join(profile).join(name);
    Ok(Floors {
        constant: program("release", "constant"),
        lean: program("lean", "lean"),
        stock: program("release", "stock"),
        stock_without_jitter: without_jitter.join("release/stock"),
        peers,
    })
}

/// Installed if need be.
pub(crate) fn peers() -> Result<Peers> {
    Ok(Peers { node: tools::peer_node()?, python: tools::peer_python()? })
}

fn in_floors() -> Result<Command> {
    let mut cargo = supervise::command(workspace::cargo_program())?;
    workspace::forget_own_package(&mut cargo);
    cargo.args(["build", "--locked"]).current_dir(workspace::root().join("bench/floors"));
    Ok(cargo)
}

async fn built(mut cargo: Command, target: &Path) -> Result<()> {
    cargo.arg("--target-dir").arg(target);
    let status = Supervised::spawn(cargo)?.wait().await?;
    ensure!(status.success(), "it does not build, see above");
    Ok(())
}
