//! The tests over a table, on one engine or the other.

use std::process::Command;

use anyhow::Result;

use super::Outcome;
use super::capture::capture;
use super::steps::{installed, tested};
use crate::engine::{Engine, Kind, RUNNING};

/// Runs them: each with an embedded engine of its own, or all on one DynamoDB Local.
pub(super) async fn run(mut tests: Command, engine: Kind) -> Result<Outcome> {
    if engine == Kind::Embedded {
        return Ok(tested(capture(tests).await?));
    }
    let installed = installed("dynamodb-local").await?;
    if installed.count.failed > 0 {
        return Ok(installed);
    }
    let engine = Engine::start(engine, 0, None).await?;
    tests.env(RUNNING, engine.endpoint());
    let outcome = tested(capture(tests).await?);
    engine.stop().await?;
    Ok(outcome)
}
