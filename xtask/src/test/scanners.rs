//! Scanners of others over the templates and the workflows: what they find is meant, with a reason
//! in `tests/scanners/allowed.toml`, or a failure.

use anyhow::Result;

use super::Outcome;
use super::steps;
use devkit::{supervise, tools, workspace};

const SCANNERS: [&str; 9] = [
    "cfn-lint",
    "checkov",
    "cdk-nag",
    "guard",
    "cfripper",
    "parliament",
    "cloudsplaining",
    "zizmor",
    "rights",
];

/// Each scanner counts as one.
pub(super) async fn run() -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for tool in ["scanners", "cdk-nag"] {
        let installed = steps::installed(tool).await?;
        if installed.failed() {
            return Ok(installed);
        }
    }
    for scanner in SCANNERS {
        let mut scan = supervise::command(tools::scanners()?.join("python3"))?;
        scan.args(["tests/scanners/scan.py", scanner]).arg(tools::cdk_nag()?);
        scan.current_dir(workspace::root());
        outcome += steps::check([scan]).await?;
    }
    Ok(outcome)
}
