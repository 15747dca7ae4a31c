//! Chromium and its driver, in which the tests open the pages that people see.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::ToolsFolder;
use crate::out;

const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Installs Chromium and its driver from Debian's packages, unless they are on the `PATH`. Debian keeps one version of
/// each at a time, the two of which belong together.
pub fn chromium() -> Result<()> {
    let _alone = ToolsFolder::open("chromium")?;
    if PROGRAMS.into_iter().all(is_on_path) {
        return Ok(());
    }
    if !is_on_path("apt-get") || !rustix::process::geteuid().is_root() {
        bail!(
            "the tests need `chromium` and `chromedriver` on the PATH: install the packages {}",
            PACKAGES.join(" and ")
        );
    }
    out::line("Installing Chromium from Debian's packages, which takes a minute or two")?;
    apt(&["update", "--quiet=2"])?;
    apt(&["install", "--quiet=2", "--yes", "--no-install-recommends", PACKAGES[0], PACKAGES[1]])
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    let status = command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        bail!("apt-get {} failed ({status})", arguments[0]);
    }
    Ok(())
}

fn is_on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| Path::new(&folder).join(program).is_file())
}
