//! Checks of the dependencies: `deny.toml`, and the advisory database where it can be reached.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::time::timeout;

use super::Outcome;
use super::capture::capture;
use super::steps;
use devkit::{out, supervise, tools, workspace};

/// The checks that need only the sources of the dependencies.
const CHECKS: [&str; 3] = [BANS, "licenses", "sources"];
const ADVISORIES: &str = "advisories";
const BANS: &str = "bans";
/// Separate workspaces, of which nothing is deployed, and what is checked of them.
const OTHERS: [(&str, &[&str]); 3] = [
    ("fuzz/Cargo.toml", &[ADVISORIES, "licenses", "sources"]),
    ("bench/floors/Cargo.toml", &[ADVISORIES, "licenses", "sources"]),
    // Golem's client holds versions that cannot be updated here, whatever becomes known of them.
    ("tests/clients/golem/Cargo.toml", &["licenses", "sources"]),
];
const REACHED_WITHIN: Duration = Duration::from_mins(1);

/// Each check counts as one. If the database is unreachable, advisories are not checked, which is
/// reported and is no failure; any error of a reachable database is one.
pub(super) async fn run() -> Result<Outcome> {
    let installed = steps::installed("cargo-deny").await?;
    if installed.failed() {
        return Ok(installed);
    }
    let mut outcome = Outcome::default();
    let mut checks = CHECKS.to_vec();
    match obstacle(&database()?).await? {
        None => checks.push(ADVISORIES),
        Some(obstacle) => out::line(format!(
            "    advisories: not checked, the database cannot be reached: {obstacle}"
        ))?,
    }
    for check in checks {
        outcome += steps::check([deny("Cargo.toml", check)?]).await?;
        for (other, _) in OTHERS.iter().filter(|(_, checks)| checks.contains(&check)) {
            outcome += steps::check([deny(other, check)?]).await?;
        }
    }
    Ok(outcome)
}

fn deny(manifest: &str, check: &str) -> Result<Command> {
    let mut command = supervise::command(tools::cargo_deny()?)?;
    command.args(["--locked", "--manifest-path", manifest, "--config"]);
    command.arg(workspace::root().join("deny.toml")).args(["check", check]);
    command.current_dir(workspace::root());
    workspace::forget_own_package(&mut command);
    Ok(command)
}

/// The address in `deny.toml`.
fn database() -> Result<String> {
    #[derive(Deserialize)]
    struct Deny {
        advisories: Advisories,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Advisories {
        db_urls: [String; 1],
    }
    let text = fs::read_to_string(workspace::root().join("deny.toml"))?;
    let deny: Deny = toml::from_str(&text).context("cannot read deny.toml")?;
    let [url] = deny.advisories.db_urls;
    Ok(url)
}

/// Git's error, if it cannot reach the repository: the same git that is to fetch it.
async fn obstacle(url: &str) -> Result<Option<String>> {
    let mut git = supervise::command("git")?;
    git.args(["ls-remote", "--quiet", "--exit-code", url, "HEAD"]);
    git.env("GIT_TERMINAL_PROMPT", "0");
    let Ok(asked) = timeout(REACHED_WITHIN, capture(git)).await else {
        return Ok(Some(format!("no response within {} s", REACHED_WITHIN.as_secs())));
    };
    let asked = asked?;
    if asked.success {
        return Ok(None);
    }
    let obstacle = unreachable(&asked.output);
    let obstacle = obstacle.with_context(|| format!("git cannot ask {url}:\n{}", asked.output));
    obstacle.map(|line| Some(line.to_owned()))
}

/// The line that says that the host is unreachable. Any other error of git is a failure, and no
/// reason to skip a check.
fn unreachable(output: &str) -> Option<&str> {
    const NO_WAY: [&str; 6] = [
        "CONNECT tunnel failed",
        "Could not resolve host",
        "Could not resolve proxy",
        "Failed to connect",
        "Couldn't connect",
        "Connection timed out",
    ];
    output.lines().find(|line| NO_WAY.iter().any(|reason| line.contains(reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_skipped_only_if_its_source_is_unreachable() {
        let offline = "fatal: unable to access 'https://x/': Could not resolve host: x\n";
        assert_eq!(unreachable(offline), Some(offline.trim_end()));
        for output in ["fatal: repository 'https://x/' not found", "error: cannot run git", ""] {
            assert_eq!(unreachable(output), None, "{output}");
        }
    }

    #[test]
    fn the_advisory_database_is_rustsecs() {
        assert_eq!(database().unwrap(), "https://github.com/RustSec/advisory-db");
    }
}
