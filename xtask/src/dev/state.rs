//! The description of a running service, for other processes.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::TABLE_NAME;
use super::builds::SOURCES;
use crate::seed::Secrets;
use devkit::console::{SeededClient, SeededUser};
use devkit::private_file;

/// A folder that one running service has for itself.
pub(super) struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// `dev.json`: how to reach the service, and as whom.
#[derive(Serialize)]
pub(super) struct DevJson<'a> {
    base_url: &'a str,
    console_url: &'a str,
    lambda_endpoint: &'a str,
    dynamodb_endpoint: &'a str,
    table_name: &'a str,
    oauth_client: Option<&'a SeededClient>,
    users: &'a [SeededUser],
    sealing_private_key: &'a str,
}

/// `dev.json` and `env.sh` while they lie there; dropping it removes them.
pub(super) struct Published {
    folder: PathBuf,
}

const DEV_JSON: &str = "dev.json";
const ENV_SH: &str = "env.sh";

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
        let state = Self { path: path.canonicalize()?, _lock: lock };
        drop(Published { folder: state.path.clone() });
        Ok(state)
    }

    /// Opens an empty log, readable by its owner only.
    pub(super) fn log(&self) -> Result<File> {
        let path = self.path.join("dev.log");
        private_file::remove(&path)?;
        private_file::create(&path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Where the mails go; only the owner may look into it.
    pub(super) fn mail_folder(&self) -> Result<PathBuf> {
        let path = self.path.join("mail");
        let created = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        created.with_context(|| format!("cannot create {}", path.display()))?;
        Ok(path)
    }

    /// The command by which a shell reads `env.sh`.
    pub(super) fn env_command(&self) -> String {
        let path = self.path.join(ENV_SH).display().to_string();
        format!(". '{}'", path.replace('\'', r"'\''"))
    }

    /// Writes `env.sh` and then `dev.json`, whose readers may rely on both.
    pub(super) fn publish(&self, dev_json: &DevJson<'_>, env_sh: &str) -> Result<Published> {
        let published = Published { folder: self.path.clone() };
        let mut text = serde_json::to_vec_pretty(dev_json)?;
        text.push(b'\n');
        for (name, content) in [(ENV_SH, env_sh.as_bytes()), (DEV_JSON, &text)] {
            let path = self.path.join(name);
            private_file::write(&path, content)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(published)
    }

    /// Anything else in the workspace may change without a restart, a data file too.
    pub(super) fn ignore_all_but_sources(&self) -> Result<()> {
        let text = format!("/*\n!/{}\n", SOURCES.join("\n!/"));
        Ok(fs::write(self.ignore_file(), text)?)
    }

    pub(super) fn ignore_file(&self) -> PathBuf {
        self.path.join("watch-ignore")
    }
}

impl<'a> DevJson<'a> {
    pub(super) fn new(
        base_url: &'a str,
        console_url: &'a str,
        lambda_endpoint: &'a str,
        dynamodb_endpoint: &'a str,
        secrets: &'a Secrets,
    ) -> Self {
        Self {
            base_url,
            console_url,
            lambda_endpoint,
            dynamodb_endpoint,
            table_name: TABLE_NAME,
            oauth_client: secrets.oauth_client(),
            users: secrets.users(),
            sealing_private_key: secrets.sealing_private_key(),
        }
    }
}

impl Published {
    pub(super) fn dev_json(&self) -> PathBuf {
        self.folder.join(DEV_JSON)
    }

    pub(super) fn env_sh(&self) -> PathBuf {
        self.folder.join(ENV_SH)
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        for path in [self.dev_json(), self.env_sh()] {
            if let Err(error) = private_file::remove(&path) {
                eprintln!("warning: cannot remove {}: {error}", path.display());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_command_for_a_shell_reads_env_sh_wherever_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let state = StateDir::open(&parent.path().join("it's $HOME")).unwrap();
        fs::write(state.path.join(ENV_SH), "export API=here\n").unwrap();

        let script = format!("{}; echo $API", state.env_command());
        let output = Command::new("sh").arg("-c").arg(script).current_dir("/").output().unwrap();

        assert_eq!(output.stdout, b"here\n");
    }
}
