//! Chromium and its driver, in which the tests open the pages that people see.

use anyhow::Result;

use super::{ToolsFolder, apt};

const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Installs Chromium and its driver from Debian's packages, unless they are on the `PATH`. Debian
/// keeps one version of each at a time, the two of which belong together.
pub fn chromium() -> Result<()> {
    let _alone = ToolsFolder::open("chromium")?;
    if PROGRAMS.into_iter().all(apt::is_on_path) {
        return Ok(());
    }
    apt::install("`chromium` and `chromedriver` on the PATH", &PACKAGES)
}
