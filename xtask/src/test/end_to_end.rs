//! The tests that need the running service, and the service for them.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Outcome;
use super::count::Count;
use super::histories::{SEED, random_seed};
use super::service::{DEV_JSON, Service};
use super::steps;
use devkit::engine::Kind;
use devkit::leaks::{is_logged, leaks};
use devkit::{out, supervise, tools, workspace};

/// The Python that has the client programs of the tests.
const PYTHON: &str = "ROLLCALL_PYTHON";
/// The folder that has those of node.
const NODE: &str = "ROLLCALL_NODE";
/// The Python that has the device for passkeys.
const AUTHENTICATOR: &str = "ROLLCALL_AUTHENTICATOR";
/// The folder that has what the documentation is checked with.
const DOCS: &str = "ROLLCALL_DOCS_BROWSER";
/// The folder that has what checks the HTML of mails.
const MAIL_CHECKER: &str = "ROLLCALL_MAIL_CHECKER";
/// The folder that has what makes clients in TypeScript.
const TYPESCRIPT: &str = "ROLLCALL_TYPESCRIPT";
/// The operator's command.
const COMMAND: &str = "ROLLCALL_COMMAND";
/// Where it is built, below the target folder.
const PROGRAM: &str = "debug/rollcall";
/// The program that uses golem's client.
const GOLEM: &str = "ROLLCALL_GOLEM";
/// Golem's OpenAPI document.
const GOLEM_DOCUMENT: &str = "ROLLCALL_GOLEM_DOCUMENT";
/// Where the package of golem's client has it.
const DOCUMENT: &str = "openapi/golem-cloud-service.yaml";
/// The tests of golem's clients.
const CLIENTS: &str = "clients::";

/// Runs all tests but those of golem's clients.
pub(super) async fn run(engine: Kind) -> Result<Outcome> {
    let amazons = (engine == Kind::DynamodbLocal).then_some("dynamodb-local");
    let tools = [
        "authenticator",
        "chromium",
        "python",
        "docs-browser",
        "mail-checker",
        "oauth-clients",
        "typescript-clients",
    ];
    for tool in tools.into_iter().chain(amazons) {
        let installed = steps::installed(tool).await?;
        if installed.failed() {
            return Ok(installed);
        }
    }
    let built = steps::check([steps::operators_command()?]).await?;
    if built.failed() {
        return Ok(built);
    }
    let environment = [
        (PYTHON, tools::python_tools()?.join("python")),
        (AUTHENTICATOR, tools::authenticator()?.join("python")),
        (NODE, tools::oauth_clients()?),
        (TYPESCRIPT, tools::typescript_clients()?),
        (DOCS, tools::docs_browser()?),
        (MAIL_CHECKER, tools::mail_checker()?),
        (COMMAND, workspace::target_dir()?.join(PROGRAM)),
    ];
    // The pages' commands first and alone: they are written for an unused service.
    let mut others = vec!["--skip", "pages::", "--skip", CLIENTS];
    // The documentation has no table, and generated clients see none.
    others.extend(amazons.iter().flat_map(|_| ["--skip", "docs::", "--skip", "generated::"]));
    run_tests(engine, &[&["pages::"], &others], &environment).await
}

/// Builds golem's clients and runs their tests.
pub(super) async fn run_clients() -> Result<Outcome> {
    for tool in ["python", "golem-compilers"] {
        let installed = steps::installed(tool).await?;
        if installed.failed() {
            return Ok(installed);
        }
    }
    let folder = workspace::root().join("tests/clients/golem");
    let target = workspace::target_dir()?.join("golem-client");
    let mut cargo = steps::cargo(&["build", "--locked", "--target-dir"])?;
    cargo.arg(&target).current_dir(&folder);
    let built = steps::check([cargo]).await?;
    if built.failed() {
        return Ok(built);
    }
    let environment = [
        (PYTHON, tools::python_tools()?.join("python")),
        (GOLEM, target.join("debug/golem")),
        (GOLEM_DOCUMENT, workspace::dependency(&folder, "golem-cloud-client")?.join(DOCUMENT)),
    ];
    run_tests(Kind::default(), &[&[CLIENTS]], &environment).await
}

/// How many requests schemathesis sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Requests {
    Few,
    /// So many that each exception must be needed.
    Many,
}

/// From what the few requests are drawn: those of two runs differ only if the documents do, so that
/// what fails comes from the change.
const FEW_SEED: &str = "1";

/// Sends requests that schemathesis makes of the OpenAPI documents, from `ROLLCALL_SEED`; without
/// it many of them from a random seed.
pub(super) async fn run_schemathesis(requests: Requests) -> Result<Outcome> {
    for installed in
        [steps::installed("python").await?, steps::check([steps::operators_command()?]).await?]
    {
        if installed.failed() {
            return Ok(installed);
        }
    }
    let seed = match (std::env::var(SEED), requests) {
        (Ok(seed), _) => seed,
        (Err(_), Requests::Few) => FEW_SEED.to_owned(),
        (Err(_), Requests::Many) => random_seed()?.to_string(),
    };
    let (step, options) = match requests {
        Requests::Few => ("schemathesis", &["2000"][..]),
        Requests::Many => ("schemathesis-long", &["50000", "--each-exception"][..]),
    };
    out::line(format!(
        "    `{SEED}={seed} cargo xtask test --only {step}` draws the same requests"
    ))?;
    run_against_service(Kind::default(), async |dev_json| {
        let mut python = supervise::command(tools::python_tools()?.join("python"))?;
        python.arg(workspace::root().join("tests/schemathesis/run.py")).arg(seed).args(options);
        python.env(DEV_JSON, dev_json).env(COMMAND, workspace::target_dir()?.join(PROGRAM));
        steps::check([python]).await
    })
    .await
}

/// Runs tests of the end-to-end target, each choice on its own.
async fn run_tests(
    engine: Kind,
    choices: &[&[&str]],
    environment: &[(&str, PathBuf)],
) -> Result<Outcome> {
    run_against_service(engine, async |dev_json| {
        let mut outcome = Outcome::default();
        for choice in choices {
            let mut tests = steps::end_to_end_tests()?;
            tests.arg("--").args(*choice);
            tests.env(DEV_JSON, dev_json).envs(environment.iter().cloned());
            outcome += steps::tests(tests).await?;
        }
        Ok(outcome)
    })
    .await
}

/// Runs something against a fresh service. Two more checks: its log reveals no secret, and it ends
/// on a signal.
async fn run_against_service(
    engine: Kind,
    run: impl AsyncFnOnce(&Path) -> Result<Outcome>,
) -> Result<Outcome> {
    let options = ["--engine".to_owned(), engine.to_string()];
    let mut service = Service::start(&workspace::root().join("target/test-dev"), &options)?;
    if let Err(error) = service.ready().await {
        let output = format!("{}error: {error:#}", service.output()?);
        return Ok(Outcome { count: Count::one(false), output });
    }
    let Outcome { mut count, output } = run(service.dev_json()).await?;
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
        output: format!("The service's own output:\n{own_output}\n{output}{leaks}{failure}"),
    })
}
