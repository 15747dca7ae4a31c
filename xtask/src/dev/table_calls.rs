//! `--verbose`: the calls to DynamoDB, as they pass by.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use reqwest::Client;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::terminal::Terminal;

/// A listener between the functions and the engine; dropping it stops it.
pub(super) struct TableCalls {
    endpoint: String,
    server: JoinHandle<std::io::Result<()>>,
}

struct Shared {
    client: Client,
    engine: String,
    terminal: Arc<Terminal>,
}

impl TableCalls {
    pub(super) async fn start(engine: &str, terminal: Arc<Terminal>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot show the calls")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let client = Client::builder().no_proxy().build()?;
        let shared = Arc::new(Shared { client, engine: engine.to_owned(), terminal });
        let router = Router::new().fallback(pass_on).with_state(shared);
        Ok(Self { endpoint, server: tokio::spawn(axum::serve(listener, router).into_future()) })
    }

    /// Where the functions find the table.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for TableCalls {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let start = Instant::now();
    let response = shared.call(request).await.unwrap_or_else(|error| {
        shared.terminal.keep(&format!("a call did not reach the table: {error:#}"));
        let mut response = Response::new((String::new(), Bytes::new()));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    });
    let (parts, (call, body)) = response.into_parts();
    let outcome = match error(&body) {
        Some(error) if !parts.status.is_success() => error,
        _ => parts.status.as_u16().to_string(),
    };
    let line = format!("         {call} {outcome} {} ms", start.elapsed().as_millis());
    shared.terminal.call(&line);
    Response::from_parts(parts, Body::from(body))
}

impl Shared {
    /// The response, with what was called.
    async fn call(&self, request: Request) -> Result<Response<(String, Bytes)>> {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await?;
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        let kinds = kinds(&serde_json::from_slice(&body).unwrap_or_default());
        let words = [operation.to_owned()].into_iter().chain(counted(&kinds));
        let call = words.collect::<Vec<_>>().join(" ");
        let url = format!("{}{}", self.engine, parts.uri);
        let sent = self.client.request(parts.method, url).headers(parts.headers).body(body);
        let received = sent.send().await?;
        let mut response = Response::new((call, Bytes::new()));
        *response.status_mut() = received.status();
        *response.headers_mut() = received.headers().clone();
        response.body_mut().1 = received.bytes().await?;
        Ok(response)
    }
}

/// The kinds of the items that a call is about: what stands in their keys before an id or a name.
fn kinds(request: &Value) -> Vec<String> {
    let kind = |key: &Value| {
        let text = key["S"].as_str()?;
        text.split('#').next().map(str::to_owned)
    };
    match request {
        Value::Object(members) => {
            let own = kind(&request["pk"]).map(|partition| match kind(&request["sk"]) {
                Some(sort) => format!("{partition}/{sort}"),
                None => partition,
            });
            own.into_iter().chain(members.values().flat_map(kinds)).collect()
        }
        Value::Array(values) => values.iter().flat_map(kinds).collect(),
        _ => Vec::new(),
    }
}

/// The kinds in their order; equal ones in a row are one, with their number.
fn counted(kinds: &[String]) -> impl Iterator<Item = String> {
    kinds.chunk_by(PartialEq::eq).filter_map(|equal| match equal {
        [kind] => Some(kind.clone()),
        _ => Some(format!("{}×{}", equal.first()?, equal.len())),
    })
}

/// What the table calls its error.
fn error(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body["__type"].as_str()?.rsplit('#').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_shows_kinds_of_items_and_no_id_or_name() {
        let request = json!({ "RequestItems": { "rollcall": { "Keys": [
            { "pk": { "S": "USER#1" }, "sk": { "S": "USER" } },
            { "pk": { "S": "CLAIM#email#jane@example.com" }, "sk": { "S": "CLAIM" } },
        ] } } });

        let mut kinds = kinds(&request);
        assert_eq!(kinds, ["USER/USER", "CLAIM/CLAIM"]);
        kinds.push("CLAIM/CLAIM".to_owned());
        assert_eq!(counted(&kinds).collect::<Vec<_>>(), ["USER/USER", "CLAIM/CLAIM×2"]);
        let body = br#"{"__type":"com.amazonaws#ConditionalCheckFailedException"}"#;
        assert_eq!(error(body).as_deref(), Some("ConditionalCheckFailedException"));
    }
}
