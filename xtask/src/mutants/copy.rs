//! A copy of the sources that may be broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::mutant::Mutant;
use crate::{guard, workspace};

/// The copy; it is built into the workspace's own target folder, so that dependencies are built once.
pub(super) struct Copy {
    folder: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies what is in the workspace, committed or not, but for what git ignores.
    pub(super) fn new(target: PathBuf) -> Result<Self> {
        let folder = target.join("mutants");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let copy = Self { folder, target };
        copy.refresh()?;
        Ok(copy)
    }

    /// Makes the copy equal to the workspace again. What is equal is not touched, so that it is not built again.
    pub(super) fn refresh(&self) -> Result<()> {
        let files = sources()?;
        for file in &files {
            let (from, to) = (workspace::root().join(file), self.folder.join(file));
            renew(&from, &to).with_context(|| format!("cannot copy {}", file.display()))?;
        }
        remove_others(&self.folder, &self.folder, &files)
    }

    pub(super) fn apply(&self, mutant: &Mutant) -> Result<()> {
        let mut git = Command::new("git");
        git.arg("apply").arg(&mutant.patch).current_dir(&self.folder);
        // Without a repository around it the folder is the root that the patch means.
        git.env("GIT_CEILING_DIRECTORIES", &self.target);
        let output = git.output().context("cannot run git")?;
        let trouble = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} cannot be applied: {trouble}", mutant.name);
        Ok(())
    }

    /// Runs these tests of `api`.
    pub(super) fn tests(&self, names: &[impl AsRef<std::ffi::OsStr>]) -> Result<Command> {
        let mut cargo = guard::command(workspace::cargo_program())?;
        workspace::forget_own_package(&mut cargo);
        cargo.args(["test", "--workspace", "--locked", "--test", "api", "--", "--exact"]);
        cargo.args(names).current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        Ok(cargo)
    }
}

fn sources() -> Result<BTreeSet<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(workspace::root()).output().context("cannot run git")?;
    let trouble = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git does not list the sources: {trouble}");
    let names = String::from_utf8(output.stdout)?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    Ok(files.filter(|file| workspace::root().join(file).is_file()).collect())
}

fn renew(from: &Path, to: &Path) -> Result<()> {
    if fs::read(to).is_ok_and(|there| fs::read(from).is_ok_and(|wanted| there == wanted)) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file has no folder")?)?;
    fs::copy(from, to)?;
    Ok(())
}

/// What a mutant has added, or the workspace has no more.
fn remove_others(folder: &Path, root: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, root, files)?;
        } else if !files.contains(path.strip_prefix(root)?) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
