//! The sources that are broken.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::mutant::Mutant;
use crate::copy::Copy;
use devkit::{supervise, workspace};

/// A copy; it is built into the workspace's own target folder, so that dependencies are built once.
pub(super) struct Breakable {
    copy: Copy,
    target: PathBuf,
}

impl Breakable {
    pub(super) fn new(target: PathBuf) -> Result<Self> {
        Ok(Self { copy: Copy::new(target.join("mutants"))?, target })
    }

    /// Whole again.
    pub(super) fn refresh(&self) -> Result<()> {
        self.copy.refresh()
    }

    pub(super) fn apply(&self, mutant: &Mutant) -> Result<()> {
        let mut git = Command::new("git");
        git.arg("apply").arg(&mutant.patch).current_dir(self.copy.folder());
        // Without a repository around it the folder is the root that the patch means.
        git.env("GIT_CEILING_DIRECTORIES", &self.target);
        let output = git.output().context("cannot run git")?;
        let failure = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} cannot be applied: {failure}", mutant.name);
        Ok(())
    }

    /// Runs these tests of `api`.
    pub(super) fn tests(&self, names: &[impl AsRef<std::ffi::OsStr>]) -> Result<Command> {
        let mut cargo = supervise::command(workspace::cargo_program())?;
        workspace::forget_own_package(&mut cargo);
        cargo.args(["test", "--workspace", "--locked", "--test", "api", "--", "--exact"]);
        cargo.args(names).current_dir(self.copy.folder()).env("CARGO_TARGET_DIR", &self.target);
        Ok(cargo)
    }
}
