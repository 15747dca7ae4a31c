//! `cargo xtask openapi`: the crate `openapi`, which writes the documents beside it.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use devkit::supervise::{self, Supervised};
use devkit::workspace;

/// Writes them. Built with the features of the whole workspace, as the tests have built it already.
pub async fn run() -> Result<ExitCode> {
    let mut build = workspace::cargo()?;
    build.args(["build", "--quiet", "--workspace", "--locked", "--bin", "openapi"]);
    let status = Supervised::spawn(build)?.wait().await?;
    ensure!(status.success(), "the crate `openapi` cannot be built, see above");
    let program = supervise::command(workspace::target_dir()?.join("debug/openapi"))?;
    let success = Supervised::spawn(program)?.wait().await?.success();
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
