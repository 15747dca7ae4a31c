//! Lints, found by the build that the tests run.
//!
//! `cargo clippy` checks every dependency once more, for minutes, and keeps nothing that a build
//! could use. Clippy compiles as well as rustc does, so here it builds what the tests run: that is
//! done once, and by all steps alike.

use std::process::Command;

use anyhow::Result;

use super::Outcome;
use super::capture::capture;
use super::count::Count;
use super::histories::HISTORIES;
use super::steps::{self, EMULATION, END_TO_END, TIMING};

/// The variable that names what cargo runs in place of rustc for the workspace's crates only.
const WRAPPER: &str = "RUSTC_WORKSPACE_WRAPPER";
const CLIPPY: &str = "clippy-driver";

/// Builds everything; each warning is a failure. Cargo shows the warnings of what it built earlier
/// too.
pub(super) async fn run() -> Result<Outcome> {
    // `--all-targets` leaves out what `test = false` takes out of plain `cargo test`.
    let others = [END_TO_END, HISTORIES, EMULATION, TIMING];
    let others: Vec<&str> = others.into_iter().flat_map(|target| ["--test", target]).collect();
    let mut outcome = Outcome::default();
    for targets in [&["--all-targets"][..], &others] {
        let mut build = steps::cargo(&["build", "--workspace", "--locked"])?;
        build.args(targets);
        share_build(&mut build);
        let ran = capture(build).await?;
        let is_clean = ran.success && !ran.output.lines().any(is_warning);
        outcome += Outcome { count: Count::one(is_clean), output: ran.output };
    }
    Ok(outcome)
}

/// Lets a cargo command find what this step has built.
pub(super) fn share_build(command: &mut Command) {
    command.env(WRAPPER, CLIPPY);
}

pub(super) fn is_warning(line: &str) -> bool {
    line.starts_with("warning:")
}
