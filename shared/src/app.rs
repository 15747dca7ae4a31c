//! What a function makes once, at its start, and borrows in every request.

use crate::Result;
use crate::service_key::ServiceKeys;
use crate::table::{Connection, Table};

/// What every request of a function stands on: the table, the service key, and what checking credentials takes beside
/// them.
pub struct App<Means = ()> {
    /// The single table.
    pub table: Table,
    /// The secret that lives outside the table.
    pub service_keys: ServiceKeys,
    /// What the credentials of this group take beside both.
    pub means: Means,
}

impl App {
    /// Reads the environment and opens the connection to `DynamoDB`, so that the first request finds it open. The service
    /// key is read when a request first needs it.
    ///
    /// Fails the cold start when configuration is incomplete, but not when the database does not answer: requests
    /// then get their 503 and the function recovers with the database.
    pub async fn from_env() -> Result<Self> {
        let table = Table::connect(Connection::from_env()?)?;
        let service_keys = ServiceKeys::from_env()?;
        table.warm().await;
        Ok(Self { table, service_keys, means: () })
    }

    /// The same, for a group that needs the service key in most requests: it is read beside.
    pub async fn with_service_keys() -> Result<Self> {
        let table = Table::connect(Connection::from_env()?)?;
        let service_keys = ServiceKeys::from_env()?;
        tokio::join!(table.warm(), service_keys.warm());
        Ok(Self { table, service_keys, means: () })
    }
}
