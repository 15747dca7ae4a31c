//! A DynamoDB engine on a loopback port: the embedded one, or Amazon's own.

mod dynamodb_local;
mod embedded;
mod request;

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use reqwest::Client;
use serde_json::{Value, json};

use crate::random;
use crate::template::Template;
use dynamodb_local::DynamodbLocal;
use embedded::Embedded;
use request::EngineError;

/// Where tests find an engine that is running; without it each starts an embedded one.
pub const RUNNING: &str = "ROLLCALL_TEST_DYNAMODB";

/// Whose engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Part of this program
    #[default]
    Embedded,
    /// Amazon's own for tests, which needs Java 17
    DynamodbLocal,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// A running engine; dropping it stops it.
pub struct Engine {
    endpoint: String,
    process: Process,
}

enum Process {
    Embedded(Embedded),
    DynamodbLocal(Box<DynamodbLocal>),
    External,
}

impl Engine {
    /// Serves on 127.0.0.1 and the port, 0 for any free one; the data is in memory unless a file is
    /// named.
    pub async fn start(kind: Kind, port: u16, data_file: Option<&Path>) -> Result<Self> {
        match kind {
            Kind::Embedded => Self::embedded(port, data_file).await,
            Kind::DynamodbLocal => {
                ensure!(data_file.is_none(), "only the embedded engine keeps its data in a file");
                let (process, endpoint) = DynamodbLocal::start(port).await?;
                Ok(Self { endpoint, process: Process::DynamodbLocal(Box::new(process)) })
            }
        }
    }

    async fn embedded(port: u16, data_file: Option<&Path>) -> Result<Self> {
        let (process, endpoint) = Embedded::start(port, data_file).await?;
        Ok(Self { endpoint, process: Process::Embedded(process) })
    }

    /// The engine that [`RUNNING`] names, which other tests use as well, else an embedded one for
    /// this test alone.
    pub async fn for_test() -> Result<Self> {
        match std::env::var(RUNNING) {
            Ok(endpoint) => Ok(Self { endpoint, process: Process::External }),
            Err(_) => Self::embedded(0, None).await,
        }
    }

    /// The base URL, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Calls an operation without an SDK.
    pub async fn call(&self, operation: &str, request: &Value) -> Result<Value> {
        call(&self.endpoint, operation, request).await
    }

    /// Creates the template's table under this name unless it exists; says whether it did.
    pub async fn create_table(&self, template: &Template, name: &str) -> Result<bool> {
        self.create(template.table(name), template).await
    }

    async fn create(&self, request: Value, template: &Template) -> Result<bool> {
        let name = request["TableName"].clone();
        let created = self.call("CreateTable", &request).await;
        if created.as_ref().err().is_some_and(|error| is_error(error, "ResourceInUseException")) {
            return Ok(false);
        }
        created.context("cannot create the table")?;
        if let Some(attribute) = template.ttl_attribute() {
            let expiry = json!({ "AttributeName": attribute, "Enabled": true });
            let request = json!({ "TableName": name, "TimeToLiveSpecification": expiry });
            let enabled = self.call("UpdateTimeToLive", &request).await;
            enabled.context("cannot switch on time to live")?;
        }
        Ok(true)
    }

    /// Creates the template's table under a name that no other has: other tests may use the engine
    /// as well. It has no stream yet: the embedded engine looks at all of a stream's records with
    /// every write.
    pub async fn new_table(&self, template: &Template) -> Result<String> {
        let name = format!("rollcall-{}", random::text()?);
        let mut request = template.table(&name);
        request.as_object_mut().and_then(|request| request.remove("StreamSpecification"));
        ensure!(self.create(request, template).await?, "there is a table {name}");
        Ok(name)
    }

    /// Switches on the stream of the template's table.
    pub async fn start_stream(&self, template: &Template, name: &str) -> Result<()> {
        let stream = template.table(name)["StreamSpecification"].take();
        let request = json!({ "TableName": name, "StreamSpecification": stream });
        self.call("UpdateTable", &request).await.context("cannot switch on the stream")?;
        Ok(())
    }

    /// Puts items, each the JSON text of its attributes, into a table in one step: millions take
    /// minutes, where requests would take hours. Only the embedded engine does it.
    pub async fn import(&self, table: &str, items: Vec<String>) -> Result<()> {
        match &self.process {
            Process::Embedded(embedded) => embedded.import(table.to_owned(), items).await,
            _ => bail!("only the embedded engine takes items past all requests"),
        }
    }

    /// Stops the engine, unless another process started it.
    pub async fn stop(self) -> Result<()> {
        match self.process {
            Process::Embedded(embedded) => embedded.stop().await,
            Process::DynamodbLocal(local) => local.stop().await,
            Process::External => Ok(()),
        }
    }
}

/// Calls an operation of the engine at this endpoint without an SDK.
pub async fn call(endpoint: &str, operation: &str, request: &Value) -> Result<Value> {
    request::call(endpoint, operation, request).await
}

/// Calls an operation of the engine's streams without an SDK.
pub(crate) async fn call_streams(
    client: &Client,
    endpoint: &str,
    operation: &str,
    request: &Value,
) -> Result<Value> {
    request::send(client, endpoint, &format!("DynamoDBStreams_20120810.{operation}"), request).await
}

fn is_error(error: &anyhow::Error, name: &str) -> bool {
    error.downcast_ref::<EngineError>().is_some_and(|error| error.is(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_templates_table_is_created_once() {
        let engine = Engine::start(Kind::Embedded, 0, None).await.unwrap();
        let template = Template::load().unwrap();

        assert!(engine.create_table(&template, "rollcall").await.unwrap());
        assert!(!engine.create_table(&template, "rollcall").await.unwrap());

        let expiry =
            engine.call("DescribeTimeToLive", &json!({ "TableName": "rollcall" })).await.unwrap();
        let expiry = &expiry["TimeToLiveDescription"];
        assert_eq!(expiry["AttributeName"], json!(template.ttl_attribute()));
        assert_eq!(expiry["TimeToLiveStatus"], "ENABLED");
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_data_file_keeps_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("engine.db");
        let template = Template::load().unwrap();
        let first = Engine::start(Kind::Embedded, 0, Some(&file)).await.unwrap();
        assert!(first.create_table(&template, "rollcall").await.unwrap());
        first.stop().await.unwrap();

        let second = Engine::start(Kind::Embedded, 0, Some(&file)).await.unwrap();

        assert!(!second.create_table(&template, "rollcall").await.unwrap());
        second.stop().await.unwrap();
    }

    #[tokio::test]
    async fn imported_items_can_be_read_like_all_others() {
        let engine = Engine::start(Kind::Embedded, 0, None).await.unwrap();
        engine.create_table(&Template::load().unwrap(), "rollcall").await.unwrap();
        let items = ["one", "two"].map(|name| json!({ "pk": { "S": name }, "sk": { "S": "x" } }));

        let texts = items.iter().map(Value::to_string).collect();
        engine.import("rollcall", texts).await.unwrap();

        let request = json!({ "TableName": "rollcall", "Key": items[1] });
        assert_eq!(engine.call("GetItem", &request).await.unwrap()["Item"], items[1]);
        assert!(engine.import("rollcall", vec!["{}".to_owned()]).await.is_err());
    }

    #[tokio::test]
    async fn an_error_of_the_engine_is_returned_as_it_is() {
        let engine = Engine::start(Kind::Embedded, 0, None).await.unwrap();

        let error = engine.call("Scan", &json!({ "TableName": "nobody" })).await.unwrap_err();

        assert!(is_error(&error, "ResourceNotFoundException"), "{error:#}");
    }
}
