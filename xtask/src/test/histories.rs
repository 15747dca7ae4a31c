//! The runs of many clients at once, and the service for them, whose calls to the table come
//! through the tests.

use std::process::Command;

use anyhow::Result;

use super::Outcome;
use super::count::Count;
use super::service::{DEV_JSON, Service};
use super::steps;
use devkit::leaks::{is_logged, leaks};
use devkit::ports;
use devkit::{out, workspace};

/// The seed of everything random, for the tests.
pub(crate) const SEED: &str = "ROLLCALL_SEED";
/// The port on which the functions look for the table, for the tests.
const TABLE_PORT: &str = "ROLLCALL_TABLE_PORT";
/// The test target.
pub(super) const HISTORIES: &str = "histories";
/// Processes per function: requests to one function race.
const CONCURRENCY: &str = "2";

/// A service whose table is reached through its tests, and those tests.
pub(crate) struct Stage {
    service: Service,
    through: u16,
}

/// Runs the tests with a random seed. Three more checks: the log reveals no secret, the service shows
/// JSON as it is told, and ends on a signal.
pub(super) async fn run() -> Result<Outcome> {
    let seed = random_seed()?;
    out::line(format!(
        "    seed {seed}; `cargo xtask soak --minutes 0 --seed {seed}` does the same again"
    ))?;
    let stage = Stage::start("target/test-histories").await?;
    let mut tests = stage.tests(seed)?;
    tests.args(["--", "--nocapture"]);
    let Outcome { mut count, output } = steps::tests(tests).await?;
    let log = stage.service.log()?;
    let leaks = leaks(&log, stage.service.dev_json())?;
    count += Count::one(leaks.is_empty() && is_logged(&log));
    let shown = stage.service.output()?;
    let is_json = shows_json(&shown);
    count += Count::one(is_json);
    let readable = if is_json { String::new() } else { format!("error: not JSON: {shown}\n") };
    let leaks = leaks.iter().map(|line| format!("error: this tells a secret: {line}\n"));
    let leaks: String = leaks.collect();
    let ended = stage.end().await;
    count += Count::one(ended.is_ok());
    let failure = ended.err().map(|error| format!("error: {error:#}\n")).unwrap_or_default();
    Ok(Outcome { count, output: format!("{output}{leaks}{readable}{failure}") })
}

/// Whether the service has shown the functions' log lines in place of a readable line per request.
fn shows_json(shown: &str) -> bool {
    let is_request = |line: &str| line.starts_with('{') && line.contains(r#""Route":"#);
    let is_readable = |line: &str| !line.starts_with('{') && line.contains(" ms ");
    shown.lines().any(is_request) && !shown.lines().any(is_readable)
}

/// A random seed, short enough to type.
pub(crate) fn random_seed() -> Result<u64> {
    Ok(u64::from(getrandom::u32()?))
}

impl Stage {
    /// Starts the service with what it leaves behind in a folder of the workspace.
    pub(crate) async fn start(folder: &str) -> Result<Self> {
        let (through, _) = ports::two_free()?;
        let through_text = through.to_string();
        let options = ["--json", "--dynamodb-through", &through_text, "--concurrency", CONCURRENCY];
        let mut service =
            Service::start(&workspace::root().join(folder), &options.map(str::to_owned))?;
        match service.ready().await {
            Ok(()) => Ok(Self { service, through }),
            Err(error) => Err(error.context(service.output()?)),
        }
    }

    /// The tests, as a command to which arguments may be added.
    pub(crate) fn tests(&self, seed: u64) -> Result<Command> {
        let mut tests = steps::tests_of(HISTORIES)?;
        tests.env(DEV_JSON, self.service.dev_json());
        tests.env(TABLE_PORT, self.through.to_string());
        tests.env(SEED, seed.to_string());
        Ok(tests)
    }

    /// Ends the service.
    pub(crate) async fn end(self) -> Result<()> {
        self.service.end().await
    }
}
