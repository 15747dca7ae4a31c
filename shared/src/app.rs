//! What a function makes once, at its start, and borrows in every request.

use crate::Result;
use crate::table::{Connection, Table};

/// What every request of a function stands on: the table, and what checking credentials takes beside it.
pub struct App<Means = ()> {
    /// The single table.
    pub table: Table,
    /// What the credentials of this group take beside the table.
    pub means: Means,
}

impl App {
    /// Reads the environment and opens the connection to `DynamoDB`, so that the first request finds it open.
    ///
    /// Fails the cold start when configuration is incomplete, but not when the database does not answer: requests
    /// then get their 503 and the function recovers with the database.
    pub async fn from_env() -> Result<Self> {
        let table = Table::connect(Connection::from_env()?)?;
        table.warm().await;
        Ok(Self { table, means: () })
    }
}
