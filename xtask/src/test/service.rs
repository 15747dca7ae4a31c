//! A service of its own for tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{sleep, timeout};

use super::lints;
use devkit::ports;
use devkit::private_file;
use devkit::supervise::{self, Supervised};

/// Where the tests find the description of the service.
pub(crate) const DEV_JSON: &str = "ROLLCALL_DEV_JSON";
/// A cold build of everything, on a slow machine.
const READY_WITHIN: Duration = Duration::from_mins(30);
/// More than the service allows its own children.
const GRACE_SECONDS: u32 = 15;

/// A service that only its tests use.
pub(crate) struct Service {
    process: Supervised,
    dev_json: PathBuf,
    output: PathBuf,
}

impl Service {
    /// Starts it with these options beside its own, and with what it leaves behind in a folder.
    pub(crate) fn start(folder: &Path, options: &[String]) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let dev_json = folder.join("dev.json");
        private_file::remove(&dev_json)?;
        let output = folder.join("service.log");
        let (port, dynamodb_port) = ports::two_free()?;

        let mut command =
            supervise::command_with_grace(supervise::own_executable()?, GRACE_SECONDS)?;
        command.arg("dev").arg("--state-dir").arg(folder);
        command.args(["--port", &port.to_string(), "--dynamodb-port", &dynamodb_port.to_string()]);
        command.args(options);
        lints::share_build(&mut command);
        // Everything, so that all of it is searched for secrets.
        command.env("AWS_LAMBDA_LOG_LEVEL", "TRACE");
        let file = File::create(&output)?;
        command.stdout(file.try_clone()?).stderr(file);
        Ok(Self { process: Supervised::spawn(command)?, dev_json, output })
    }

    /// Resolves when it responds.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        let file = self.dev_json.clone();
        let written = async {
            while !file.exists() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            ready = timeout(READY_WITHIN, written) => ready.context("the service does not get ready"),
            status = self.process.wait() => bail!("the service ended before it was ready ({})", status?),
        }
    }

    /// The file that describes it.
    pub(crate) fn dev_json(&self) -> &Path {
        &self.dev_json
    }

    /// Its output so far.
    pub(crate) fn output(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.output)?)
    }

    /// What it and its functions have logged so far.
    pub(crate) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.dev_json.with_file_name("dev.log"))?)
    }

    /// Ends it; it must do so in good order.
    pub(crate) async fn end(self) -> Result<()> {
        let status = self.process.end().await?;
        if !status.success() {
            bail!("the service did not end in good order ({status})");
        }
        if self.dev_json.exists() {
            bail!("the service left its dev.json behind");
        }
        Ok(())
    }
}
