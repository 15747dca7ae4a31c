//! The client for the table.

use aws_sdk_dynamodb::Client;

use super::connection::Connection;
use super::key::Key;
use crate::Result;
use crate::model::PlanId;
use crate::timeouts;

/// The single table, with the client that the whole process shares.
#[derive(Debug, Clone)]
pub struct Table {
    pub(in crate::table) client: Client,
    pub(in crate::table) name: String,
    /// How long entries of audit logs are kept, in days.
    pub(super) audit_retention: i64,
    /// Whether writes put their notices into the outbox.
    sends_mail: bool,
}

impl Table {
    /// Creates the client, without sending anything.
    pub fn connect(connection: Connection) -> Result<Self> {
        let (name, audit_retention) = (connection.table_name.clone(), connection.audit_retention);
        Ok(Self { client: connection.client()?, name, audit_retention, sends_mail: false })
    }

    /// The same table, whose writes put their notices into the outbox if the service sends mail.
    #[must_use]
    pub fn sending_mail(self, sends_mail: bool) -> Self {
        Self { sends_mail, ..self }
    }

    /// The table's name.
    #[cfg(feature = "operator")]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Another table beside this one, reached in the same way.
    #[cfg(feature = "operator")]
    #[must_use]
    pub fn beside(&self, name: String) -> Self {
        Self { name, ..self.clone() }
    }

    /// Whether the service sends mail.
    pub(in crate::table) const fn sends_mail(&self) -> bool {
        self.sends_mail
    }

    /// Reads one small item: an error if the table cannot be read.
    pub async fn probe(&self) -> Result<()> {
        self.batch_get(vec![Key::plan(PlanId::DEFAULT)]).await.map(drop)
    }

    /// Opens the connection, including TLS, before the first request. Failures are ignored: the
    /// first request then opens the connection.
    pub async fn warm(&self) {
        let outcome = tokio::time::timeout(timeouts::WARM_UP, self.probe()).await;
        tracing::debug!(open = matches!(outcome, Ok(Ok(()))), "connection to the table");
    }
}
