//! Rust's standard library for the architectures that Lambda runs.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::ToolsFolder;
use crate::arch::Arch;
use crate::{out, workspace};

/// Lets rustup add what is missing; names the targets.
pub fn targets() -> Result<String> {
    let _alone = ToolsFolder::open("targets")?;
    let targets = Arch::value_variants().iter().map(|arch| arch.target());
    for target in targets.clone() {
        if !is_there(target)? {
            add(target)?;
        }
    }
    Ok(targets.collect::<Vec<_>>().join(" and "))
}

fn is_there(target: &str) -> Result<bool> {
    let mut rustc = Command::new("rustc");
    let output = rustc.args(["--print", "target-libdir", "--target", target]).output();
    let output = output.context("cannot run rustc")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let folder = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    Ok(folder.is_dir())
}

fn add(target: &str) -> Result<()> {
    let remedy = || format!("Rust's standard library for {target} is missing");
    out::line(format!("Adding {target} to the Rust toolchain"))?;
    let mut rustup = Command::new("rustup");
    let status = rustup.args(["target", "add", target]).current_dir(workspace::root()).status();
    let status = status.context("there is no rustup to add it").with_context(remedy)?;
    ensure!(status.success(), "{}, and rustup cannot add it, see above", remedy());
    ensure!(
        is_there(target)?,
        "{}, though rustup has added it: which rustc is on the PATH?",
        remedy()
    );
    Ok(())
}
