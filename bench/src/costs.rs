//! `cargo xtask costs`: what requests and an idle stack cost, from measured calls and a table of
//! prices.

mod document;
mod facts;
mod idle;
mod measure;
#[cfg(test)]
mod page_test;
mod request;

use anyhow::{Context, Result};
use clap::Args;
use devkit::{out, workspace};

use document::{PATH, in_document, section};
use request::Assumptions;

pub(crate) use document::wrapped;
pub(crate) use request::ROUND_TRIP_MS;

/// Held by each test that calls functions: they share the log that is measured.
#[cfg(test)]
pub(crate) static MEASURING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Work out what requests and an idle stack cost, from measured calls and a table of prices
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    assumptions: Assumptions,
    /// Bring docs/costs.md up to date instead of printing
    #[arg(long, conflicts_with_all = ["round_trip_ms", "own_ms", "hash_ms", "traced_percent"])]
    write: bool,
}

/// Measures, and prints or writes what follows.
pub(crate) async fn run(options: Options) -> Result<()> {
    let section = section(&measure::facts().await, &options.assumptions)?;
    if !options.write {
        return Ok(out::line(section)?);
    }
    let path = workspace::root().join(PATH);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {PATH}"))?;
    std::fs::write(&path, in_document(&text, &section)?)?;
    Ok(out::line(format!("Wrote {PATH}"))?)
}
