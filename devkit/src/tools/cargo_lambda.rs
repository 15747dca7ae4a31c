//! `cargo-lambda`: on the PATH, from its wheel, or built.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{ToolsFolder, from_source, python};
use crate::out;

const SERIES: &str = "1.9";
const PINNED: &str = "1.9.2";
const PROGRAM: &str = "cargo-lambda";

/// The program to run, installed if the PATH has none of the right version.
pub fn cargo_lambda() -> Result<PathBuf> {
    if let Some(program) = on_path() {
        return Ok(program);
    }
    let tools = ToolsFolder::open(PROGRAM)?;
    let built = source_root(&tools).join("bin").join(PROGRAM);
    if is_suitable(&built) {
        return Ok(built);
    }
    let Some(python) = python::interpreter() else {
        return from_source(&tools, "there is no Python 3");
    };
    from_wheel(&tools, &python).or_else(|error| from_source(&tools, &format!("{error:#}")))
}

fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(PROGRAM)).find(|program| is_suitable(program))
}

fn is_suitable(program: &Path) -> bool {
    let response = Command::new(program).args(["lambda", "--version"]).output();
    response.is_ok_and(|response| response.status.success() && is_of_series(&response.stdout))
}

fn is_of_series(response: &[u8]) -> bool {
    let response = String::from_utf8_lossy(response);
    let version = response.strip_prefix(PROGRAM).unwrap_or_default().split_whitespace().next();
    version.is_some_and(|version| {
        version.strip_prefix(SERIES).is_some_and(|patch| patch.starts_with('.'))
    })
}

/// As the tests' list of Python packages pins it.
fn wheel() -> Result<String> {
    python::requirement(PROGRAM).context("the list of Python packages has no cargo-lambda")
}

/// Without its dependencies: the one it has, a C compiler, serves only to build for other machines.
fn from_wheel(tools: &ToolsFolder, python: &Path) -> Result<PathBuf> {
    let environment = tools.path.join(PROGRAM);
    let program = environment.join("bin").join(PROGRAM);
    let wheel = wheel()?;
    if !python::is_installed(&environment, &wheel) {
        out::line(format!(
            "No cargo-lambda {SERIES} on the PATH: installing the wheel of {PINNED}"
        ))?;
        python::install(python, &environment, &wheel)?;
    }
    ensure!(is_suitable(&program), "the installed cargo-lambda does not run");
    Ok(program)
}

fn from_source(tools: &ToolsFolder, reason: &str) -> Result<PathBuf> {
    out::line(format!(
        "No cargo-lambda {SERIES} on the PATH and no wheel ({reason}): building {PINNED} from source, which takes minutes"
    ))?;
    from_source::build(PROGRAM, PINNED, &source_root(tools))
}

fn source_root(tools: &ToolsFolder) -> PathBuf {
    tools.path.join("cargo-lambda-from-source")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_series_is_suitable() {
        for (response, suitable) in [
            ("cargo-lambda 1.9.2 (67129fc 2026-08-21Z)\n", true),
            ("cargo-lambda 1.9.0\n", true),
            ("cargo-lambda 1.90.0\n", false),
            ("cargo-lambda 1.8.5 (abc 2025-01-01Z)\n", false),
            ("cargo-lambda\n", false),
            ("", false),
        ] {
            assert_eq!(is_of_series(response.as_bytes()), suitable, "{response:?}");
        }
    }

    #[test]
    fn the_wheel_is_of_the_pinned_version() {
        assert!(wheel().unwrap().starts_with(&format!("{PROGRAM}=={PINNED} \\\n")));
        assert!(PINNED.starts_with(SERIES));
    }
}
