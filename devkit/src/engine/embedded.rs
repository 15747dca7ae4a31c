//! The engine in this process.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use dynoxide::{Database, ImportOptions, Item};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A running engine; dropping it stops it.
pub(super) struct Embedded {
    database: Database,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl Embedded {
    /// Serves on 127.0.0.1, and says where.
    pub(super) async fn start(port: u16, data_file: Option<&Path>) -> Result<(Self, String)> {
        let database = open(data_file)?;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot serve DynamoDB on port {port}"))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let shared = database.clone();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, shared, async {
            drop(stopped.await);
        }));
        Ok((Self { database, stop, server }, endpoint))
    }

    /// Puts items, each the JSON text of its attributes, into a table in one step.
    pub(super) async fn import(&self, table: String, items: Vec<String>) -> Result<()> {
        let database = self.database.clone();
        let import = move || {
            let items = items.iter().map(|item| serde_json::from_str(item));
            let items: Vec<Item> = items.collect::<Result<_, _>>().context("not an item")?;
            database.enable_bulk_loading()?;
            let imported = database.import_items(&table, items, ImportOptions::default());
            database.disable_bulk_loading()?;
            imported.map(drop).context("the engine does not take the items")
        };
        tokio::task::spawn_blocking(import).await?
    }

    /// Lets running requests finish, for a moment, and closes the data file.
    pub(super) async fn stop(self) -> Result<()> {
        let Self { database: _, stop, server } = self;
        drop(stop);
        match tokio::time::timeout(STOP_WITHIN, server).await {
            Ok(served) => served?.map_err(|error| anyhow!(error)),
            Err(_) => Ok(()),
        }
    }
}

fn open(data_file: Option<&Path>) -> Result<Database> {
    let Some(path) = data_file else { return Ok(Database::memory()?) };
    let text = path.to_str().context("the path of the data file is not UTF-8")?;
    Database::new(text).with_context(|| format!("cannot open the data file {text}"))
}
