//! The embedded DynamoDB engine, served on a loopback port.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::template::Template;

const STOP_WITHIN: Duration = Duration::from_secs(2);

/// A running engine; dropping it stops it.
pub struct Engine {
    endpoint: String,
    database: Database,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl Engine {
    /// Serves on 127.0.0.1 and the port, 0 for any free one; the data is in memory unless a file is named.
    pub async fn start(port: u16, data_file: Option<&Path>) -> Result<Self> {
        let database = open(data_file)?;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot serve DynamoDB on port {port}"))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database.clone(),
            async {
                drop(stopped.await);
            },
        ));
        Ok(Self { endpoint, database, stop, server })
    }

    /// The base URL, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The data behind the endpoint, for looking at it without a client.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Creates the template's table under this name unless it exists; says whether it did.
    pub fn create_table(&self, template: &Template, name: &str) -> Result<bool> {
        if self.database.get_table_metadata(name)?.is_some() {
            return Ok(false);
        }
        let request: CreateTableRequest = serde_json::from_value(template.table(name))
            .context("the template's table is not what CreateTable takes")?;
        self.database.create_table(request).context("cannot create the table")?;
        if let Some(attribute_name) = template.ttl_attribute() {
            self.expire_by(name, attribute_name)?;
        }
        Ok(true)
    }

    fn expire_by(&self, table_name: &str, attribute_name: String) -> Result<()> {
        let request = UpdateTimeToLiveRequest {
            table_name: table_name.to_owned(),
            time_to_live_specification: TimeToLiveSpecification { attribute_name, enabled: true },
        };
        self.database.update_time_to_live(request).context("cannot switch on time to live")?;
        Ok(())
    }

    /// Lets running requests finish, for a moment, and closes the data file.
    pub async fn stop(self) -> Result<()> {
        let Self { stop, server, .. } = self;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_templates_table_is_created_once() {
        let engine = Engine::start(0, None).await.unwrap();
        let template = Template::load().unwrap();

        assert!(engine.create_table(&template, "rollcall").unwrap());
        assert!(!engine.create_table(&template, "rollcall").unwrap());

        let table = engine.database().get_table_metadata("rollcall").unwrap().unwrap();
        assert_eq!(table.ttl_attribute, template.ttl_attribute());
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_data_file_keeps_the_table() {
        let file = std::env::temp_dir().join(format!("engine-{}.db", std::process::id()));
        let template = Template::load().unwrap();
        let first = Engine::start(0, Some(&file)).await.unwrap();
        assert!(first.create_table(&template, "rollcall").unwrap());
        first.stop().await.unwrap();

        let second = Engine::start(0, Some(&file)).await.unwrap();

        assert!(!second.create_table(&template, "rollcall").unwrap());
        second.stop().await.unwrap();
        std::fs::remove_file(file).unwrap();
    }
}
