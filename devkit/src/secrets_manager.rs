//! A stand-in for Secrets Manager on a loopback port, so that the functions read the service key
//! locally as they do in the cloud.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The name of the only secret.
pub const SECRET: &str = "rollcall/service-key";

/// A running stand-in; dropping it stops it.
pub struct SecretsManager {
    endpoint: String,
    readers: Readers,
    server: JoinHandle<std::io::Result<()>>,
}

/// The paths below the endpoint at which the secret was read.
type Readers = Arc<Mutex<BTreeSet<String>>>;

impl SecretsManager {
    /// Serves the secret on 127.0.0.1 and a free port.
    pub async fn start(service_key: &Value) -> Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("cannot serve the service key")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let readers = Readers::default();
        let state = (service_key.to_string(), Arc::clone(&readers));
        let router = Router::new().fallback(handle).with_state(state);
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { endpoint, readers, server })
    }

    /// Whether the secret was read through `<endpoint>/<reader>`.
    pub fn was_read_by(&self, reader: &str) -> bool {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).contains(reader)
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

async fn handle(
    State((secret, readers)): State<(String, Readers)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    if asked != Some("secretsmanager.GetSecretValue") {
        return (
            StatusCode::BAD_REQUEST,
            json!({ "__type": "UnknownOperationException" }).to_string(),
        )
            .into_response();
    }
    let reader = uri.path().trim_matches('/').to_owned();
    readers.lock().unwrap_or_else(PoisonError::into_inner).insert(reader);
    json!({ "Name": SECRET, "SecretString": secret }).to_string().into_response()
}
