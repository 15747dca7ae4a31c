//! The tests over a table, on one engine or the other.

use std::process::Command;

use anyhow::Result;

use super::Outcome;
use super::steps;
use devkit::engine::{Engine, Kind, RUNNING};

/// Runs them: each with an embedded engine of its own, or all on one DynamoDB Local.
pub(super) async fn run(mut tests: Command, engine: Kind) -> Result<Outcome> {
    if engine == Kind::Embedded {
        return steps::tests(tests).await;
    }
    let installed = steps::installed("dynamodb-local").await?;
    if installed.failed() {
        return Ok(installed);
    }
    let engine = Engine::start(engine, 0, None).await?;
    tests.env(RUNNING, engine.endpoint());
    let outcome = steps::tests(tests).await?;
    engine.stop().await?;
    Ok(outcome)
}
