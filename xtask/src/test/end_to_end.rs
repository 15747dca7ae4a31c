//! The tests that need the running service, and the service for them.

use anyhow::Result;

use super::Outcome;
use super::count::Count;
use super::service::{DEV_JSON, Service};
use super::steps;
use devkit::engine::Kind;
use devkit::leaks::{is_logged, leaks};
use devkit::{tools, workspace};

/// The Python that has the client programs of the tests.
const PYTHON: &str = "ROLLCALL_PYTHON";
/// The folder that has those of node.
const NODE: &str = "ROLLCALL_NODE";
/// The operator's command.
const COMMAND: &str = "ROLLCALL_COMMAND";

/// Runs the tests against a fresh service. Two more checks: its log reveals no secret, and it ends
/// on a signal.
pub(super) async fn run(engine: Kind) -> Result<Outcome> {
    let amazons = (engine == Kind::DynamodbLocal).then_some("dynamodb-local");
    for tool in ["chromium", "python", "oauth-clients"].into_iter().chain(amazons) {
        let installed = steps::installed(tool).await?;
        if installed.failed() {
            return Ok(installed);
        }
    }
    let built = steps::check([steps::operators_command()?]).await?;
    if built.failed() {
        return Ok(built);
    }
    let options = ["--engine".to_owned(), engine.to_string()];
    let mut service = Service::start(&workspace::root().join("target/test-dev"), &options)?;
    if let Err(error) = service.ready().await {
        let output = format!("{}error: {error:#}", service.output()?);
        return Ok(Outcome { count: Count::one(false), output });
    }
    // The pages' commands first and alone: they are written for an unused service.
    let mut outcome = Outcome::default();
    for choice in [&["pages::"][..], &["--skip", "pages::"]] {
        let mut tests = steps::end_to_end_tests()?;
        tests.arg("--").args(choice);
        tests.env(DEV_JSON, service.dev_json());
        tests.env(PYTHON, tools::python_tools()?.join("python"));
        tests.env(NODE, tools::oauth_clients()?);
        tests.env(COMMAND, workspace::target_dir()?.join("debug/rollcall"));
        outcome += steps::tests(tests).await?;
    }
    let Outcome { mut count, output } = outcome;
    let (log, own_output) = (service.log()?, service.output()?);
    let leaks = leaks(&log, service.dev_json())?;
    count += Count::one(leaks.is_empty() && is_logged(&log));
    let leaks = leaks.iter().map(|line| format!("error: this tells a secret: {line}\n"));
    let leaks: String = leaks.collect();
    let ended = service.end().await;
    count += Count::one(ended.is_ok());
    let failure = ended.err().map(|error| format!("error: {error:#}\n")).unwrap_or_default();
    Ok(Outcome {
        count,
        output: format!("{output}\nThe service's own output:\n{own_output}{leaks}{failure}"),
    })
}
