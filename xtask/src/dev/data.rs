//! `--data FILE`: the data in FILE, and in `FILE.secrets` what cannot be read back from it.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::seed::Secrets;
use devkit::private_file;

/// Where a service keeps its data.
pub(super) enum Data {
    Memory,
    File(DataFile),
}

/// A data file in the hands of this service alone.
pub(super) struct DataFile {
    path: PathBuf,
    secrets: PathBuf,
    /// Created just now, and without its secrets of no use to a later start.
    unfinished: Cell<bool>,
    _lock: File,
}

impl Data {
    /// A missing file is created, readable by its owner only.
    pub(super) fn open(file: Option<&Path>) -> Result<Self> {
        file.map_or(Ok(Self::Memory), |file| Ok(Self::File(DataFile::open(file)?)))
    }

    /// Nothing for data in memory.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::File(file) => Some(&file.path),
        }
    }

    /// The secrets of an earlier start with the same file.
    pub(super) fn secrets(&self) -> Result<Option<Secrets>> {
        match self {
            Self::File(file) if !file.unfinished.get() => file.secrets().map(Some),
            _ => Ok(None),
        }
    }

    /// Saves them for the next start, if the data is kept.
    pub(super) fn keep(&self, secrets: &Secrets) -> Result<()> {
        match self {
            Self::Memory => Ok(()),
            Self::File(file) => file.keep(secrets),
        }
    }
}

impl DataFile {
    fn open(file: &Path) -> Result<Self> {
        let path = std::path::absolute(file)?;
        let secrets = beside(&path, ".secrets");
        let unfinished = match (path.exists(), secrets.exists()) {
            (true, true) => false,
            (false, false) => true,
            (true, false) => bail!(lonely(&path, &secrets)),
            (false, true) => bail!(lonely(&secrets, &path)),
        };
        let lock = if unfinished { private_file::create(&path) } else { File::open(&path) };
        let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, secrets, unfinished: Cell::new(unfinished), _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!("another service is using {}", path.display()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }

    fn secrets(&self) -> Result<Secrets> {
        let shown = self.secrets.display();
        let text = fs::read(&self.secrets).with_context(|| format!("cannot read {shown}"))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{shown} does not hold the secrets of a service"))
    }

    fn keep(&self, secrets: &Secrets) -> Result<()> {
        private_file::write(&self.secrets, &serde_json::to_vec_pretty(secrets)?)
            .with_context(|| format!("cannot write {}", self.secrets.display()))?;
        self.unfinished.set(false);
        Ok(())
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if !self.unfinished.get() {
            return;
        }
        for suffix in ["", "-shm", "-wal", "-journal"] {
            let path = beside(&self.path, suffix);
            if let Err(error) = private_file::remove(&path) {
                eprintln!("warning: cannot remove {}: {error}", path.display());
            }
        }
    }
}

fn lonely(present: &Path, missing: &Path) -> String {
    format!(
        "{} is there without {}: remove the one or bring back the other",
        present.display(),
        missing.display()
    )
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_its_secrets_is_rejected_and_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rollcall.db");
        fs::write(&file, "data").unwrap();

        let rejection = Data::open(Some(&file)).err().unwrap().to_string();

        assert!(rejection.ends_with("rollcall.db.secrets: remove the one or bring back the other"));
        assert_eq!(fs::read_to_string(&file).unwrap(), "data");
    }

    #[test]
    fn a_start_that_saved_no_secrets_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();

        drop(Data::open(Some(&folder.path().join("rollcall.db"))).unwrap());

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_services_cannot_use_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rollcall.db");
        let first = Data::open(Some(&file)).unwrap();
        fs::write(folder.path().join("rollcall.db.secrets"), "{}").unwrap();

        let rejection = Data::open(Some(&file)).err().unwrap().to_string();

        assert!(rejection.starts_with("another service is using"), "{rejection}");
        drop(first);
    }
}
