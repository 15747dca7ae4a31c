//! A stand-in for Secrets Manager on a loopback port, so that the functions read the service key locally as they do in
//! the cloud.

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The name of the only secret.
pub const SECRET: &str = "rollcall/service-key";

/// A running stand-in; dropping it stops it.
pub struct SecretsManager {
    endpoint: String,
    server: JoinHandle<std::io::Result<()>>,
}

impl SecretsManager {
    /// Serves the secret on 127.0.0.1 and a free port.
    pub async fn start(service_key: &Value) -> Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("cannot serve the service key")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(answer).with_state(service_key.to_string());
        Ok(Self { endpoint, server: tokio::spawn(axum::serve(listener, router).into_future()) })
    }

    /// Answers nobody any more.
    pub fn stop(&self) {
        self.server.abort();
    }

    /// The base URL, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for SecretsManager {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(secret): State<String>, headers: HeaderMap) -> Response {
    let asked = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    if asked != Some("secretsmanager.GetSecretValue") {
        return (
            StatusCode::BAD_REQUEST,
            json!({ "__type": "UnknownOperationException" }).to_string(),
        )
            .into_response();
    }
    json!({ "Name": SECRET, "SecretString": secret }).to_string().into_response()
}
