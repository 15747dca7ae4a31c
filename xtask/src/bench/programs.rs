//! The programs: the functions as they are released, but for whom they trust, and the floors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::Floors;
use crate::guard::{self, Guarded};
use crate::template::Template;
use crate::{out, workspace};

/// Lets a function trust an authority of the bench. Nothing that is released has it.
const FEATURE: &str = "shared/other-authorities";

/// Every function that a request reaches, built by itself as a package is, so that it holds its own features alone.
pub(super) async fn functions(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut programs = BTreeMap::new();
    for function in
        Template::load()?.functions().iter().filter(|function| !function.routes.is_empty())
    {
        let name = &function.binary;
        out::line(format!("Building {name}"))?;
        let mut cargo = workspace::cargo()?;
        cargo.args(["build", "--release", "--locked", "--package", name]);
        // What has no table calls nobody.
        if function.environment.contains("TABLE_NAME") {
            cargo.args(["--features", FEATURE]);
        }
        built(cargo, folder).await?;
        programs.insert(name.clone(), folder.join("release").join(name));
    }
    Ok(programs)
}

/// Built apart from the service, with features and versions of their own.
pub(super) async fn floors(folder: &Path) -> Result<Floors> {
    out::line("Building the floors")?;
    let floors = folder.join("floors");
    let mut cargo = guard::command(workspace::cargo_program())?;
    workspace::forget_own_package(&mut cargo);
    cargo
        .args(["build", "--release", "--locked"])
        .current_dir(workspace::root().join("bench/floors"));
    built(cargo, &floors).await?;
    let program = |name: &str| floors.join("release").join(name);
    Ok(Floors { constant: program("constant"), stock: program("stock") })
}

async fn built(mut cargo: Command, target: &Path) -> Result<()> {
    cargo.arg("--target-dir").arg(target);
    let status = Guarded::spawn(cargo)?.wait().await?;
    ensure!(status.success(), "it does not build, see above");
    Ok(())
}
