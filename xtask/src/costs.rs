//! `cargo xtask costs`: what requests and an idle stack cost, from measured calls and a table of prices.

mod document;
mod facts;
mod idle;
mod prices;
mod request;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Args;

pub use document::{PATH, in_document, section, sizes};
pub use facts::{Facts, Measured, Stack};
pub use prices::Prices;
pub use request::Assumptions;

use devkit::supervise::Supervised;
use devkit::{out, private_file, workspace};

/// Work out what requests and an idle stack cost, from measured calls and a table of prices
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    assumptions: Assumptions,
    /// Bring docs/costs.md up to date instead of printing
    #[arg(long, conflicts_with_all = ["round_trip_ms", "own_ms", "hash_ms", "traced_percent"])]
    write: bool,
}

/// Measures, and prints or writes what follows.
pub async fn run(options: Options) -> Result<()> {
    let section = section(&measured().await?, &options.assumptions)?;
    if !options.write {
        return Ok(out::line(section)?);
    }
    let path = workspace::root().join(PATH);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {PATH}"))?;
    std::fs::write(&path, in_document(&text, &section)?)?;
    Ok(out::line(format!("Wrote {PATH}"))?)
}

/// What the crate of the tests measures, which depends on this one: so it runs as a program of its own.
async fn measured() -> Result<Facts> {
    let file = workspace::target_dir()?.join("costs.json");
    private_file::remove(&file)?;
    let mut command = workspace::cargo()?;
    command.args(["run", "--quiet", "--locked", "--package", "tests", "--example", "measure"]);
    command.arg("--").arg(&file);
    let status = Supervised::spawn(command)?.wait().await?;
    ensure!(status.success(), "the measurement ended with {status}");
    read(&file)
}

fn read(file: &Path) -> Result<Facts> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(serde_json::from_slice(&text)?)
}
