//! The client of the table.

use std::time::Duration;

use aws_sdk_dynamodb::Client;

use super::connection::Connection;
use super::key::Key;
use crate::Result;
use crate::model::PlanId;

/// The single table, and the one client of this process.
#[derive(Debug, Clone)]
pub struct Table {
    pub(in crate::table) client: Client,
    pub(in crate::table) name: String,
}

impl Table {
    /// Makes the client; nothing is sent yet.
    pub fn connect(connection: Connection) -> Result<Self> {
        let name = connection.table_name.clone();
        Ok(Self { client: connection.client()?, name })
    }

    /// Opens the connection, TLS included, with a read of one small item, so that the first request need not.
    /// Whether it succeeds matters to nobody: the first request then opens the connection itself.
    pub async fn warm(&self) {
        let read = self.batch_get(vec![Key::plan(PlanId::DEFAULT)]);
        let outcome = tokio::time::timeout(Duration::from_secs(1), read).await;
        tracing::debug!(open = matches!(outcome, Ok(Ok(_))), "connection to the table");
    }
}
