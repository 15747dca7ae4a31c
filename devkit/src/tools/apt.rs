//! Debian's packages.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::out;

/// Installs packages, as root. Without root or apt the error names what to install.
pub(super) fn install(needed: &str, packages: &[&str]) -> Result<()> {
    let packages_text = packages.join(" and ");
    if !is_on_path("apt-get") || !rustix::process::geteuid().is_root() {
        bail!("this takes {needed}: install the packages {packages_text}");
    }
    out::line(format!(
        "Installing Debian's packages {packages_text}, which takes a minute or two"
    ))?;
    apt(&["update", "--quiet=2"])?;
    apt(&[&["install", "--quiet=2", "--yes", "--no-install-recommends"], packages].concat())
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    let status = command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        bail!("apt-get {} failed ({status})", arguments[0]);
    }
    Ok(())
}

pub(super) fn is_on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| Path::new(&folder).join(program).is_file())
}
