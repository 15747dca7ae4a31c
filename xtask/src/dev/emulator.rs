//! The functions behind `cargo lambda watch`, called by the API that Lambda has for that.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use axum::body::Bytes;
use axum::http::Response;
use axum::http::request::Parts;
use devkit::gateway::{Failure, Integration};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::builds::Builds;
use super::exchange::Exchange;
use super::terminal::Terminal;

/// Calls the functions.
#[derive(Clone)]
pub(super) struct Emulator {
    client: Client,
    endpoint: String,
}

/// What the gateway and the stream call: the functions, as far as they are built.
#[derive(Clone)]
pub(super) struct Functions {
    pub(super) emulator: Emulator,
    pub(super) builds: Arc<Builds>,
    pub(super) terminal: Arc<Terminal>,
}

impl Emulator {
    pub(super) fn new(endpoint: &str) -> Result<Self> {
        Ok(Self { client: Client::builder().no_proxy().build()?, endpoint: endpoint.to_owned() })
    }

    /// What the function returns.
    pub(super) async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Failure> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint);
        let sent = self.client.post(url).body(event.to_string()).send().await;
        let response = sent.map_err(|_| Failure::Unavailable)?;
        if response.status() != StatusCode::OK {
            return Err(Failure::Error);
        }
        let output = response.bytes().await.map_err(|_| Failure::Error)?;
        serde_json::from_slice(&output).map_err(|_| Failure::Error)
    }
}

impl Integration for Functions {
    async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Failure> {
        let build = self.builds.subscribe(function);
        build.check()?;
        tokio::select! {
            output = self.emulator.invoke(function, event) => output,
            failure = build.given_up() => Err(failure),
        }
    }

    fn exchanged(&self, request: &Parts, response: &Response<Bytes>, started: Instant) {
        self.terminal.exchanged(Exchange::new(request, response, started.elapsed()));
    }
}
