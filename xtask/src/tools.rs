//! The project's pinned tools, installed below cargo's target folder on first use.

mod cargo_lambda;
mod chromium;
mod dynamodb_local;
mod python;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

pub use cargo_lambda::cargo_lambda;
pub use chromium::chromium;
pub use dynamodb_local::dynamodb_local;
pub use python::python_tools;

use crate::{guard, out, workspace};

/// Install the pinned tools into the target folder, unless they are there
#[derive(Args)]
pub struct Options {
    /// Only this one
    only: Option<Tool>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// Runs and builds Lambda functions
    CargoLambda,
    /// Opens pages in the tests; from Debian's packages, as root, unless it is there
    Chromium,
    /// Amazon's own engine for tests; takes npm
    DynamodbLocal,
    /// The tests' Python tools, `sam` among them
    Python,
}

/// Prints where each tool is.
pub fn run(options: &Options) -> Result<()> {
    let wanted = |tool| options.only.is_none_or(|only| only == tool);
    if wanted(Tool::CargoLambda) {
        out::line(format!("Using {}", cargo_lambda()?.display()))?;
    }
    if wanted(Tool::Chromium) {
        chromium()?;
        out::line("Using chromium and chromedriver of the PATH")?;
    }
    if wanted(Tool::Python) {
        out::line(format!("Using the Python tools in {}", python_tools()?.display()))?;
    }
    if wanted(Tool::DynamodbLocal) {
        out::line(format!("Using DynamoDB Local in {}", dynamodb_local()?.display()))?;
    }
    Ok(())
}

/// The installation of one tool as a guarded child, so that it ends with this process.
pub(crate) fn installation(tool: &str) -> Result<Command> {
    let mut command = guard::command(guard::own_executable()?)?;
    command.args(["tools", tool]);
    Ok(command)
}

/// Where tools are installed; whoever holds it may install that one tool, all others wait.
struct ToolsFolder {
    path: PathBuf,
    _lock: File,
}

impl ToolsFolder {
    fn open(tool: &str) -> Result<Self> {
        let path = workspace::target_dir()?.join("tools");
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        let lock = File::create(path.join(format!("{tool}.lock")))?;
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Self { path, _lock: lock })
    }
}
