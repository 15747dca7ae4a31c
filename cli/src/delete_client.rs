//! `delete-client`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::ClientId;
use shared::table::{Actor, Table};

use super::print_json;

/// Delete an OAuth client: everything that users granted to it ends at once
#[derive(Args)]
pub(super) struct Options {
    /// Which client
    #[arg(long, value_name = "ID")]
    client: ClientId,
}

#[derive(Serialize)]
struct DeletedClient {
    client_id: ClientId,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    table.delete_client(&Actor::operator(), options.client).await?;
    print_json(&DeletedClient { client_id: options.client })
}
