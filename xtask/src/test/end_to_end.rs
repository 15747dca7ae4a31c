//! The tests that need the running service, and the service for them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{sleep, timeout};

use super::Outcome;
use super::count::Count;
use super::steps;
use crate::dev::ports;
use crate::engine::Kind;
use crate::guard::{self, Guarded};
use crate::leaks::{is_logged, leaks};
use crate::{private_file, tools, workspace};

/// Where the tests find the description of the service.
const DEV_JSON: &str = "ROLLCALL_DEV_JSON";
/// The Python that has the client programs of the tests.
const PYTHON: &str = "ROLLCALL_PYTHON";
/// A cold build of everything, on a slow machine.
const READY_WITHIN: Duration = Duration::from_mins(30);
/// More than the service allows its own children.
const GRACE_SECONDS: u32 = 15;

/// A service that only these tests use.
struct Service {
    process: Guarded,
    dev_json: PathBuf,
    log: PathBuf,
}

/// Runs the tests against a fresh service; that its log tells no secret counts as one more, and that it ends in good
/// order.
pub(super) async fn run(engine: Kind) -> Result<Outcome> {
    for tool in ["chromium", "python"] {
        let installed = steps::installed(tool).await?;
        if installed.failed() {
            return Ok(installed);
        }
    }
    let mut service = Service::start(&workspace::root().join("target/test-dev"), engine)?;
    if let Err(error) = service.ready().await {
        let output = format!("{}error: {error:#}", service.log()?);
        return Ok(Outcome { count: Count::of(false), output });
    }
    let mut tests = steps::end_to_end_tests()?;
    tests.env(DEV_JSON, &service.dev_json);
    tests.env(PYTHON, tools::python_tools()?.join("python"));
    let Outcome { mut count, output } = steps::tests(tests).await?;
    let log = service.log()?;
    let leaks = leaks(&log, &service.dev_json)?;
    count += Count::of(leaks.is_empty() && is_logged(&log));
    let leaks = leaks.iter().map(|line| format!("error: this tells a secret: {line}\n"));
    let leaks: String = leaks.collect();
    let ended = service.end().await;
    count += Count::of(ended.is_ok());
    let trouble = ended.err().map(|error| format!("error: {error:#}\n")).unwrap_or_default();
    Ok(Outcome {
        count,
        output: format!("{output}\nThe service's own output:\n{log}{leaks}{trouble}"),
    })
}

impl Service {
    fn start(folder: &Path, engine: Kind) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let dev_json = folder.join("dev.json");
        private_file::remove(&dev_json)?;
        let log = folder.join("service.log");
        let (port, dynamodb_port) = ports::two_free()?;

        let mut command = guard::patient_command(guard::own_executable()?, GRACE_SECONDS)?;
        command.arg("dev").arg("--state-dir").arg(folder);
        command.args(["--port", &port.to_string(), "--dynamodb-port", &dynamodb_port.to_string()]);
        command.args(["--engine", &engine.to_string()]);
        // As much as there is, so that all of it is searched for secrets.
        command.env("AWS_LAMBDA_LOG_LEVEL", "TRACE");
        let file = File::create(&log)?;
        command.stdout(file.try_clone()?).stderr(file);
        Ok(Self { process: Guarded::spawn(command)?, dev_json, log })
    }

    async fn ready(&mut self) -> Result<()> {
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

    fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    async fn end(self) -> Result<()> {
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
