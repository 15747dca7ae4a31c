//! The running service and its clients.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::Value;
use tests::Answer;

/// What the service says of itself.
pub(crate) static DEV: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(dev_json()).unwrap();
    serde_json::from_str(&text).unwrap()
});

/// The file that the service wrote when it was ready.
pub(crate) fn dev_json() -> PathBuf {
    let file = std::env::var_os("ROLLCALL_DEV_JSON")
        .ok_or("`cargo xtask test` starts the service and names its dev.json");
    PathBuf::from(file.unwrap())
}

/// A field of one of the two seeded users.
pub(crate) fn user(number: usize, field: &str) -> &'static str {
    DEV["users"][number][field].as_str().unwrap()
}

/// Where the service listens.
pub(crate) fn base_url() -> &'static str {
    DEV["base_url"].as_str().unwrap()
}

/// A name that no other test and no earlier run has.
pub(crate) fn unique(name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("{name}{now}")
}

/// Sends a request with these headers and this body.
pub(crate) async fn send(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<String>,
) -> Answer {
    let mut request = reqwest::Client::new()
        .request(method.parse::<Method>().unwrap(), format!("{}{path}", base_url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body);
    }
    answer(request.send().await.unwrap()).await
}

/// Sends a request as a seeded user.
pub(crate) async fn get(number: usize, method: &str, path: &str) -> Answer {
    send(method, path, &[("authorization", user(number, "token"))], None).await
}

/// Sends a JSON body as a seeded user.
pub(crate) async fn json(number: usize, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("authorization", user(number, "token")), ("content-type", "application/json")];
    send(method, path, &headers, Some(body.to_string())).await
}

async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    Answer { status, headers, body }
}
