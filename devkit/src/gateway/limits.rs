//! What is too large for the gateway or for Lambda.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use futures_util::StreamExt;
use serde_json::Value;

use super::response::message;

/// API Gateway's quota for a body.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// Lambda's quota for the event of a synchronous invocation.
const MAX_EVENT_BYTES: usize = 6 * 1024 * 1024;
/// API Gateway's quota for the request line and all headers.
const MAX_HEAD_BYTES: usize = 10_240;

/// The body of a request, unless the request is too large.
pub(super) async fn read(parts: &Parts, body: Body) -> Result<Bytes, Response<Bytes>> {
    let body = collect(body).await?;
    if head_bytes(parts) > MAX_HEAD_BYTES {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(message(status, "Request Header Fields Too Large"));
    }
    Ok(body)
}

/// Reads a body that is too large to its end: clients that still send do not see the response.
async fn collect(body: Body) -> Result<Bytes, Response<Bytes>> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut is_too_long = false;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| message(StatusCode::BAD_REQUEST, "Bad Request"))?;
        is_too_long |= bytes.len() + chunk.len() > MAX_BODY_BYTES;
        if !is_too_long {
            bytes.extend_from_slice(&chunk);
        }
    }
    if is_too_long { Err(too_long()) } else { Ok(bytes.into()) }
}

fn head_bytes(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(1, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + " HTTP/1.1 ".len();
    line + parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum::<usize>()
}

/// Whether Lambda would not take the event.
pub(super) fn is_too_long(event: &Value) -> bool {
    event["body"].as_str().is_some_and(|body| body.len() > MAX_EVENT_BYTES)
}

/// The response to a body that is too large.
pub(super) fn too_long() -> Response<Bytes> {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long")
}
