//! A copy of the sources, to be built elsewhere, or broken.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use devkit::workspace;

/// A folder with a copy of the workspace.
pub(crate) struct Copy {
    folder: PathBuf,
}

impl Copy {
    /// Copies the workspace, committed or not, without files that git ignores.
    pub(crate) fn new(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let copy = Self { folder };
        copy.refresh()?;
        Ok(copy)
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the copy equal to the workspace again. Equal files are not touched, so that they are
    /// not rebuilt.
    pub(crate) fn refresh(&self) -> Result<()> {
        let files = sources()?;
        for file in &files {
            let (from, to) = (workspace::root().join(file), self.folder.join(file));
            renew(&from, &to).with_context(|| format!("cannot copy {}", file.display()))?;
        }
        remove_others(&self.folder, &self.folder, &files)
    }
}

fn sources() -> Result<BTreeSet<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.current_dir(workspace::root()).output().context("cannot run git")?;
    let failure = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git does not list the sources: {failure}");
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

/// Files that a mutant added, or that the workspace no longer has.
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
