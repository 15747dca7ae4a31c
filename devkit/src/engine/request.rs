//! Requests to an engine past the SDK.

use std::fmt;

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::Value;

/// An engine checks the form of a signature and takes any.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00";

/// An error response; its name follows the `#` of `__type`.
#[derive(Debug)]
pub(super) struct EngineError {
    body: String,
}

impl EngineError {
    pub(super) fn is(&self, name: &str) -> bool {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let kind = body["__type"].as_str().unwrap_or_default();
        kind.rsplit('#').next() == Some(name)
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.body)
    }
}

impl std::error::Error for EngineError {}

/// Calls an operation of `DynamoDB`; an error of the engine is an [`EngineError`].
pub(super) async fn call(endpoint: &str, operation: &str, request: &Value) -> Result<Value> {
    let client = Client::builder().no_proxy().build()?;
    send(&client, endpoint, &format!("DynamoDB_20120810.{operation}"), request).await
}

/// Calls an operation of `DynamoDB` or of its streams, by a client that is there already.
pub(super) async fn send(
    client: &Client,
    endpoint: &str,
    target: &str,
    request: &Value,
) -> Result<Value> {
    let call = client
        .post(endpoint)
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
        .header("authorization", SIGNATURE)
        .header("x-amz-date", "20260101T000000Z")
        .body(request.to_string());
    let response = call.send().await.context("the engine cannot be reached")?;
    let (status, body) = (response.status(), response.text().await?);
    if !status.is_success() {
        return Err(EngineError { body }.into());
    }
    serde_json::from_str(&body).context("the engine's response is not JSON")
}
