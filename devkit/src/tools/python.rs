//! Virtual environments with exactly the packages of a pinned list.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};

use super::ToolsFolder;
use crate::{out, private_file};

const REQUIREMENTS: &str = include_str!("../../requirements.txt");
const AUTHENTICATOR: &str = include_str!("../../authenticator/requirements.txt");
const SCANNERS: &str = include_str!("../../scanners/requirements.txt");
const PEER: &str = include_str!("../../../bench/peers/python/requirements.txt");

/// The `bin` folder of the tests' Python tools, installed if need be.
pub fn python_tools() -> Result<PathBuf> {
    tools("python", REQUIREMENTS)
}

/// The `bin` folder of the device that tries passkeys, installed if need be.
pub fn authenticator() -> Result<PathBuf> {
    tools("authenticator", AUTHENTICATOR)
}

/// The `bin` folder of the scanners of templates and workflows, installed if need be.
pub fn scanners() -> Result<PathBuf> {
    tools("scanners", SCANNERS)
}

/// The Python that has the packages of the bench's peer, installed if need be.
pub fn peer_python() -> Result<PathBuf> {
    Ok(tools("peer-python", PEER)?.join("python3"))
}

fn tools(name: &str, requirements: &str) -> Result<PathBuf> {
    let tools = ToolsFolder::open(name)?;
    let environment = tools.path.join(name);
    if !is_installed(&environment, requirements) {
        let python =
            interpreter().context("the tests' tools need Python 3.11 or later on the PATH")?;
        out::line(format!("Installing the Python tools `{name}`, which takes a minute or two"))?;
        install(&python, &environment, requirements)?;
    }
    Ok(environment.join("bin"))
}

/// What the list says of one package, with its hashes.
pub(super) fn requirement(package: &str) -> Option<String> {
    let pin = format!("{package}==");
    let lines = REQUIREMENTS.lines().skip_while(|line| !line.starts_with(&pin));
    let (mut text, mut goes_on) = (String::new(), true);
    for line in lines.take_while(|line| std::mem::replace(&mut goes_on, line.ends_with('\\'))) {
        text += line;
        text.push('\n');
    }
    (!text.is_empty()).then_some(text)
}

/// A Python that can make virtual environments.
pub(super) fn interpreter() -> Option<PathBuf> {
    let program = Path::new("python3");
    let check = "import sys, venv; sys.exit(sys.version_info < (3, 11))";
    let response = Command::new(program).args(["-c", check]).output();
    response.is_ok_and(|response| response.status.success()).then(|| program.to_owned())
}

/// Whether an earlier [`install`] of the same list went through to its end, and its Python still
/// finds what it installed: a newer one in the system's place would not.
pub(super) fn is_installed(environment: &Path, requirements: &str) -> bool {
    let stamp = fs::read_to_string(stamp_of(environment));
    let finds =
        "import sys, sysconfig, os; sys.exit(not os.listdir(sysconfig.get_path('purelib')))";
    let python = Command::new(python_of(environment)).args(["-c", finds]).output();
    stamp.is_ok_and(|stamp| stamp == stamp_text(environment, requirements))
        && python.is_ok_and(|output| output.status.success())
}

/// Recreates the environment with its packages. The stamp is written last, so that an interrupted
/// installation is never taken for a complete one.
pub(super) fn install(python: &Path, environment: &Path, requirements: &str) -> Result<()> {
    private_file::remove(&stamp_of(environment))?;
    if environment.exists() {
        fs::remove_dir_all(environment)?;
    }
    run(Command::new(python).args(["-m", "venv", "--without-pip"]).arg(environment))?;
    let list = environment.join("requirements.txt");
    fs::write(&list, requirements)?;
    let mut pip = pip(python, environment)?;
    pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]);
    run(pip.arg("--require-hashes").arg("--requirement").arg(list))?;
    private_file::write(&stamp_of(environment), stamp_text(environment, requirements).as_bytes())?;
    Ok(())
}

/// The environment's own pip, else the system's working on the environment: Debian splits pip's
/// wheel off Python.
fn pip(python: &Path, environment: &Path) -> Result<Command> {
    let own_python = python_of(environment);
    if run(Command::new(&own_python).args(["-m", "ensurepip", "--default-pip"])).is_ok() {
        let mut own = Command::new(&own_python);
        own.args(["-m", "pip"]);
        return Ok(own);
    }
    let system = || {
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "--python"]).arg(&own_python);
        pip
    };
    run(system().arg("--version")).context(
        "this Python 3 has neither ensurepip nor pip 22.3 or later (Debian: install python3-venv)",
    )?;
    Ok(system())
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_os_string();
    let output = command.output().with_context(|| format!("cannot run {}", program.display()))?;
    if output.status.success() {
        Ok(())
    } else {
        bail!("{}", last_lines(&program.display().to_string(), &output))
    }
}

fn last_lines(program: &str, output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    let lines: Vec<&str> = lines.into_iter().rev().collect();
    format!("{program} ended with {}: {}", output.status, lines.join(" / "))
}

fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin/python3")
}

fn stamp_of(environment: &Path) -> PathBuf {
    environment.with_extension("installed")
}

/// Holds the list itself, and the place, which the environment's programs have built in.
fn stamp_text(environment: &Path, requirements: &str) -> String {
    format!("{}\n{requirements}", environment.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_by_hash_and_from_no_place_by_name() {
        for list in [REQUIREMENTS, AUTHENTICATOR, SCANNERS, PEER] {
            let text = list.replace("\\\n", " ");
            for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
                assert!(line.contains("==") && line.contains(" --hash=sha256:"), "{line}");
            }
            assert!(!list.contains("://") && !list.contains("--find-links"));
        }
    }

    #[test]
    fn a_requirement_is_read_with_all_of_its_hashes() {
        let six = requirement("six").unwrap();

        assert!(six.starts_with("six==1.17.0 \\\n"), "{six}");
        assert!(six.lines().skip(1).all(|line| line.trim_start().starts_with("--hash=")), "{six}");
        assert_eq!(six.lines().count(), 3);
        assert_eq!(requirement("no-such-package"), None);
    }

    #[test]
    fn an_environment_without_its_stamp_is_not_installed() {
        let environment = tempfile::tempdir().unwrap();

        assert!(!is_installed(environment.path(), "six==1.17.0\n"));
    }
}
