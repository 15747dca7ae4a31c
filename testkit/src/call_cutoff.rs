//! Cuts the service off from the engine: a number of calls go through, later ones never arrive, as
//! when the caller is killed.

use std::future::pending;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The cut, as tests see it.
#[derive(Clone)]
pub struct CallCutoff {
    endpoint: String,
    transport: Transport,
}

#[derive(Clone)]
struct Transport {
    engine: String,
    client: reqwest::Client,
    calls: Arc<watch::Sender<Calls>>,
}

#[derive(Default, Clone, Copy)]
struct Calls {
    /// So many may still go through; without a number, all.
    left: Option<usize>,
    /// A call has been held.
    reached: bool,
    /// Calls that went through and have no response yet.
    under_way: usize,
    /// Went through.
    passed: usize,
}

impl CallCutoff {
    /// Listens on a free port for calls to the engine at this address; all go through at first.
    pub async fn start(engine: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let transport = Transport {
            engine: engine.to_owned(),
            client: reqwest::Client::new(),
            calls: Arc::new(watch::Sender::default()),
        };
        let router = Router::new().fallback(relay).with_state(transport.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { endpoint, transport })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Lets this many more calls through and none after them. A call that was sent may arrive long
    /// after its sender has ended.
    pub fn after(&self, calls: usize) {
        self.transport.calls.send_modify(|own| own.left = Some(calls));
    }

    /// How many calls went through.
    pub fn passed(&self) -> usize {
        self.transport.calls.borrow().passed
    }

    /// Waits until a call is held that may not go through.
    pub async fn reached(&self) {
        self.until(|calls| calls.reached).await;
    }

    /// Waits until the engine has responded to all calls that went through.
    pub async fn quiet(&self) {
        self.until(|calls| calls.under_way == 0).await;
    }

    async fn until(&self, holds: impl Fn(&Calls) -> bool) {
        let mut calls = self.transport.calls.subscribe();
        calls.wait_for(holds).await.expect("the cut outlives its tests");
    }
}

async fn relay(State(transport): State<Transport>, headers: HeaderMap, body: Bytes) -> Response {
    let mut passes = false;
    transport.calls.send_modify(|calls| passes = calls.take());
    if !passes {
        return pending().await;
    }
    // The caller may be killed meanwhile: a call that went through arrives all the same.
    let call = tokio::spawn(async move {
        let response = transport.forward(headers, body).await;
        transport.calls.send_modify(|calls| calls.under_way -= 1);
        response
    });
    let response = call.await.context("the call failed").flatten();
    response.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

impl Calls {
    /// Whether one more goes through.
    fn take(&mut self) -> bool {
        match &mut self.left {
            Some(0) => {
                self.reached = true;
                return false;
            }
            Some(left) => *left -= 1,
            None => {}
        }
        self.passed += 1;
        self.under_way += 1;
        true
    }
}

impl Transport {
    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Result<Response> {
        headers.remove("content-length");
        let response = self.client.post(&self.engine).headers(headers).body(body).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok((status, headers, response.bytes().await?).into_response())
    }
}
