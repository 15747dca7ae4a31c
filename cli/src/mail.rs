//! `mail retry`.

use anyhow::Result;
use clap::Subcommand;
use serde::Serialize;
use shared::table::Table;

use super::print_json;

/// What can be done with the outbox.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Send again what waits in the outbox, and what SES rejected for good, while it is in time
    Retry,
}

#[derive(Serialize)]
struct Retried {
    retried: u32,
}

pub(super) async fn run(table: &Table, command: Command) -> Result<()> {
    match command {
        Command::Retry => print_json(&Retried { retried: table.retry_all_mail().await? }),
    }
}
