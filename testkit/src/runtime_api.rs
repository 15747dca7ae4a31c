//! The Runtime API of Lambda, from which one function gets its events.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::REQUEST_ID;

/// A call of a function to the Runtime API.
#[derive(Debug, PartialEq)]
pub enum RuntimeCall {
    /// It requests an event.
    Ready,
    /// Its response to the event.
    Response(Value),
    /// It could not start, or not respond.
    Error(String),
}

/// A server on the loopback address; dropping it stops it.
pub struct RuntimeApi {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the function is handed next.
    pub events: mpsc::Sender<Value>,
    /// The function's calls, with their times.
    pub calls: mpsc::Receiver<(RuntimeCall, Instant)>,
    server: JoinHandle<std::io::Result<()>>,
}

struct Channels {
    events: Mutex<mpsc::Receiver<Value>>,
    calls: mpsc::Sender<(RuntimeCall, Instant)>,
}

impl Channels {
    async fn send(&self, call: RuntimeCall) {
        self.send_at(call, Instant::now()).await;
    }

    async fn send_at(&self, call: RuntimeCall, at: Instant) {
        self.calls.send((call, at)).await.expect("the test listens");
    }
}

impl RuntimeApi {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let (events, waiting) = mpsc::channel(1);
        let (sender, calls) = mpsc::channel(4);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(Channels { events: Mutex::new(waiting), calls: sender }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        Self { address, events, calls, server }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(channels): State<Arc<Channels>>) -> impl IntoResponse {
    channels.send(RuntimeCall::Ready).await;
    // No more events come once the other end is gone; the function waits for one, as in the cloud.
    let event = channels.events.lock().await.recv().await;
    let Some(event) = event else { return pending().await };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is right")
        + Duration::from_mins(1);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:rollcall";
    let headers = [
        ("lambda-runtime-aws-request-id", REQUEST_ID.to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", arn.to_owned()),
    ];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
    (headers, event.to_string())
}

async fn response(State(channels): State<Arc<Channels>>, body: String) -> StatusCode {
    let at = Instant::now();
    let response = serde_json::from_str(&body).expect("a response is JSON");
    channels.send_at(RuntimeCall::Response(response), at).await;
    StatusCode::ACCEPTED
}

async fn error(State(channels): State<Arc<Channels>>, body: String) -> StatusCode {
    channels.send(RuntimeCall::Error(body)).await;
    StatusCode::ACCEPTED
}
