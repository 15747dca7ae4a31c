//! Responses of what functions return, and the gateway's own.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// The gateway's id of the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// Why a function has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It failed.
    Error,
    /// It could not be started, or did not respond in time.
    Unavailable,
    /// It does not build; with the compiler's first error, which no gateway would know.
    Broken(String),
}

/// A function's response in payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response to a request whose function has none.
pub fn failure(failure: &Failure) -> Response<Bytes> {
    match failure {
        Failure::Error => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        Failure::Unavailable => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Failure::Broken(error) => json_response(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "message": "Service Unavailable: the function does not build", "error": error }),
        ),
    }
}

/// The response to a path that no route takes.
pub(super) fn not_found() -> Response<Bytes> {
    message(StatusCode::NOT_FOUND, "Not Found")
}

/// A response of the gateway's own.
pub(super) fn message(status: StatusCode, message: &str) -> Response<Bytes> {
    json_response(status, &json!({ "message": message }))
}

/// What a function returned, as a response. JSON without a status is the body of a 200.
pub(super) fn from_output(output: Value) -> Response<Bytes> {
    if output.get("statusCode").is_none() {
        return json_response(StatusCode::OK, &output);
    }
    let output = serde_json::from_value(output).ok();
    output.and_then(response).unwrap_or_else(|| failure(&Failure::Error))
}

/// Nothing if it is no HTTP.
fn response(output: Output) -> Option<Response<Bytes>> {
    let body = output.body.unwrap_or_default();
    let body =
        if output.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(output.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in output.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    headers.remove(CONTENT_LENGTH);
    for cookie in output.cookies {
        headers.append(SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

/// The response with the gateway's id of its request.
pub(super) fn with_request_id(mut response: Response<Bytes>, id: &str) -> Response<Bytes> {
    response.headers_mut().extend(HeaderValue::from_str(id).ok().map(|id| (REQUEST_ID, id)));
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
