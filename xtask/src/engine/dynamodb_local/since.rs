//! What DynamoDB has learnt since this DynamoDB Local of January 2020, put before it.
//!
//! - Attributes that are no key may be empty strings since May 2020; to the engine they are another text.
//! - A single write whose condition fails can answer with the item as it is since June 2023; here it is read after the
//!   failure, so that it may be younger.
//!
//! Unlike the engine itself, this listens on 127.0.0.1 alone.

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Stands for the empty text; a character for private use, which no request has.
const EMPTY: &str = "\u{E000}";
/// Empty here is refused by DynamoDB to this day.
const KEYS: [&str; 2] = ["pk", "sk"];
const TARGET: &str = "x-amz-target";

/// A running server; dropping it stops it.
pub(super) struct Since {
    server: JoinHandle<std::io::Result<()>>,
}

#[derive(Clone)]
struct Behind {
    endpoint: String,
    client: Client,
}

impl Since {
    /// Serves on 127.0.0.1, and says where.
    pub(super) async fn start(port: u16, engine: String) -> Result<(Self, String)> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("cannot serve DynamoDB on port {port}"))?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let behind = Behind { endpoint: engine, client: Client::builder().no_proxy().build()? };
        let router = Router::new().fallback(answer).with_state(behind);
        Ok((Self { server: tokio::spawn(axum::serve(listener, router).into_future()) }, endpoint))
    }
}

impl Drop for Since {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(behind): State<Behind>, headers: HeaderMap, body: Bytes) -> Response {
    let answered = behind.ask(headers, &body).await;
    answered.unwrap_or_else(|error| {
        (StatusCode::BAD_GATEWAY, format!("DynamoDB Local: {error:#}")).into_response()
    })
}

impl Behind {
    async fn ask(&self, headers: HeaderMap, body: &[u8]) -> Result<Response> {
        let asked: Value = serde_json::from_slice(body)?;
        let (status, mut answer) = self.forward(headers.clone(), &asked).await?;
        if wants_item(&asked) && is_failed_condition(&answer) {
            answer["Item"] = self.item(headers, &asked).await?;
        }
        let kind = [("content-type", "application/x-amz-json-1.0")];
        Ok((status, kind, answer.to_string()).into_response())
    }

    async fn item(&self, mut headers: HeaderMap, asked: &Value) -> Result<Value> {
        headers.insert(TARGET, "DynamoDB_20120810.GetItem".parse()?);
        let key = asked.get("Key").cloned().unwrap_or_else(|| key_of(&asked["Item"]));
        let request =
            json!({ "TableName": asked["TableName"], "Key": key, "ConsistentRead": true });
        Ok(self.forward(headers, &request).await?.1["Item"].take())
    }

    async fn forward(&self, mut headers: HeaderMap, asked: &Value) -> Result<(StatusCode, Value)> {
        headers.remove("content-length");
        headers.remove("host");
        let mut asked = asked.clone();
        replace(&mut asked, "", EMPTY);
        let call = self.client.post(&self.endpoint).headers(headers).body(asked.to_string());
        let answer = call.send().await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        let mut body = serde_json::from_slice(&body)
            .with_context(|| format!("{status}: {}", String::from_utf8_lossy(&body)))?;
        replace(&mut body, EMPTY, "");
        Ok((status, body))
    }
}

/// Puts one text in the place of another wherever it is the value of an attribute that is no key.
fn replace(value: &mut Value, old: &str, new: &str) {
    match value {
        Value::Object(fields) => {
            let is_text = fields.len() == 1 && fields.get("S").is_some_and(|text| text == old);
            if is_text {
                fields.insert("S".to_owned(), new.into());
                return;
            }
            let others = fields.iter_mut().filter(|(name, _)| !KEYS.contains(&name.as_str()));
            others.for_each(|(_, value)| replace(value, old, new));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, old, new)),
        _ => {}
    }
}

fn wants_item(asked: &Value) -> bool {
    asked["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
}

fn is_failed_condition(answer: &Value) -> bool {
    let kind = answer["__type"].as_str().unwrap_or_default();
    kind.ends_with("#ConditionalCheckFailedException")
}

fn key_of(item: &Value) -> Value {
    KEYS.iter().map(|name| ((*name).to_owned(), item[name].clone())).collect()
}
