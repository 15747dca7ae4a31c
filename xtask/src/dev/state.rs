//! The description of a running service, for other processes.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::TABLE_NAME;
use crate::seed::{Secrets, SeededClient, SeededUser};
use devkit::private_file;

/// Only what functions are built from: anything else in the workspace may change without a restart,
/// a data file too.
const IGNORE_ALL_BUT_SOURCES: &str = "\
/*
!/Cargo.toml
!/Cargo.lock
!/functions
!/shared
";

/// A folder that one running service has for itself.
pub(super) struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// `dev.json`: how to reach the service, and as whom.
#[derive(Serialize)]
pub(super) struct DevJson<'a> {
    base_url: &'a str,
    dynamodb_endpoint: &'a str,
    table_name: &'a str,
    oauth_client: Option<&'a SeededClient>,
    users: &'a [SeededUser],
    sealing_private_key: &'a str,
}

/// `dev.json` while it lies there; dropping it removes the file.
pub(super) struct Published {
    path: PathBuf,
}

impl StateDir {
    /// Removes what a service that was killed left behind.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        fs::create_dir_all(path).with_context(|| format!("cannot create {shown}"))?;
        let lock =
            File::create(path.join("lock")).with_context(|| format!("cannot write in {shown}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("a service is running with {shown}: end it, or choose another --state-dir")
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {shown}"));
            }
        }
        private_file::remove(&path.join("dev.json"))?;
        Ok(Self { path: path.canonicalize()?, _lock: lock })
    }

    pub(super) fn publish(&self, content: &DevJson<'_>) -> Result<Published> {
        let path = self.path.join("dev.json");
        let mut text = serde_json::to_vec_pretty(content)?;
        text.push(b'\n');
        private_file::write(&path, &text)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Published { path })
    }

    pub(super) fn ignore_all_but_sources(&self) -> Result<()> {
        Ok(fs::write(self.ignore_file(), IGNORE_ALL_BUT_SOURCES)?)
    }

    pub(super) fn ignore_file(&self) -> PathBuf {
        self.path.join("watch-ignore")
    }
}

impl<'a> DevJson<'a> {
    pub(super) fn new(base_url: &'a str, dynamodb_endpoint: &'a str, secrets: &'a Secrets) -> Self {
        Self {
            base_url,
            dynamodb_endpoint,
            table_name: TABLE_NAME,
            oauth_client: secrets.oauth_client(),
            users: secrets.users(),
            sealing_private_key: secrets.sealing_private_key(),
        }
    }
}

impl Published {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        if let Err(error) = private_file::remove(&self.path) {
            eprintln!("warning: cannot remove {}: {error}", self.path.display());
        }
    }
}
