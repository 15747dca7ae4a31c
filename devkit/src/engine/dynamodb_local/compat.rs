//! A proxy that adds to this DynamoDB Local of January 2020 what DynamoDB has added since.
//!
//! - An attribute that is no key may be an empty text (May 2020): [`empty`].
//! - A transaction may have 100 actions (September 2022): [`transaction`].
//! - A single write whose condition fails can return the item that it met (June 2023). Here it is
//!   read after the failure, so that it may be younger.
//!
//! Unlike the engine itself, this listens on 127.0.0.1 alone.

mod empty;
mod transaction;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::RwLock;
use tokio::task::JoinHandle;

/// The table's key; `DynamoDB` itself would look them up.
const KEYS: [&str; 2] = ["pk", "sk"];
const TARGET: &str = "x-amz-target";

/// A running server; dropping it stops it.
pub(super) struct CompatProxy {
    server: JoinHandle<std::io::Result<()>>,
}

/// The engine behind the proxy.
#[derive(Clone)]
struct Backend {
    endpoint: String,
    client: Client,
    /// The client request tokens of completed long transactions, with their requests. The write
    /// lock excludes all other calls.
    completed: Arc<RwLock<HashMap<String, Value>>>,
}

impl CompatProxy {
    /// Serves on 127.0.0.1, and says where.
    pub(super) async fn start(port: u16, engine: String) -> Result<(Self, String)> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot serve DynamoDB on port {port}"))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let client = Client::builder().no_proxy().build()?;
        let backend = Backend { endpoint: engine, client, completed: Arc::default() };
        let router = Router::new().fallback(handle).with_state(backend);
        Ok((Self { server: tokio::spawn(axum::serve(listener, router).into_future()) }, endpoint))
    }
}

impl Drop for CompatProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A request that has begun is completed, even if its client no longer waits.
async fn handle(State(backend): State<Backend>, headers: HeaderMap, body: Bytes) -> Response {
    let task = tokio::spawn(async move { backend.call(headers, &body).await });
    let outcome = task.await.map_err(anyhow::Error::from).flatten().map(|(status, body)| {
        (status, [("content-type", "application/x-amz-json-1.0")], body).into_response()
    });
    outcome.unwrap_or_else(|error| {
        (StatusCode::BAD_GATEWAY, format!("DynamoDB Local: {error:#}")).into_response()
    })
}

impl Backend {
    async fn call(&self, mut headers: HeaderMap, body: &[u8]) -> Result<(StatusCode, String)> {
        headers.remove("content-length");
        headers.remove("host");
        let text = str::from_utf8(body)?;
        if text.contains("TransactItems") {
            let request: Value = serde_json::from_str(text)?;
            if transaction::exceeds_engine(&request) {
                return self.transact(&headers, &request).await;
            }
        }
        let _shared = self.completed.read().await;
        let (status, response) = self.forward(&headers, text.to_owned()).await?;
        if text.contains("ALL_OLD") && response.contains("#ConditionalCheckFailedException") {
            return Ok((status, self.with_item(&headers, text, &response).await?));
        }
        Ok((status, response))
    }

    /// The rejection of a single write, with the item if that is wanted.
    async fn with_item(
        &self,
        headers: &HeaderMap,
        request: &str,
        rejection: &str,
    ) -> Result<String> {
        let request: Value = serde_json::from_str(request)?;
        if request["ReturnValuesOnConditionCheckFailure"] != "ALL_OLD" {
            return Ok(rejection.to_owned());
        }
        let mut headers = headers.clone();
        headers.insert(TARGET, "DynamoDB_20120810.GetItem".parse()?);
        let read = json!({
            "TableName": request["TableName"],
            "Key": key_of(&request),
            "ConsistentRead": true,
        });
        let (_, found) = self.forward(&headers, read.to_string()).await?;
        let (mut found, mut rejection): (Value, Value) =
            (serde_json::from_str(&found)?, serde_json::from_str(rejection)?);
        rejection["Item"] = found["Item"].take();
        Ok(rejection.to_string())
    }

    async fn forward(&self, headers: &HeaderMap, request: String) -> Result<(StatusCode, String)> {
        let call = self.client.post(&self.endpoint).headers(headers.clone());
        let response = call.body(empty::hidden(request)?).send().await?;
        let status = response.status();
        Ok((status, empty::shown(response.text().await?)?))
    }
}

/// The key of the item that a write is about.
fn key_of(write: &Value) -> Value {
    let item = &write["Item"];
    write.get("Key").cloned().unwrap_or_else(|| {
        KEYS.iter().map(|name| ((*name).to_owned(), item[*name].clone())).collect()
    })
}
