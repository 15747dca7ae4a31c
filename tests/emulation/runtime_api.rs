//! The Runtime API of Lambda, from which one function gets its events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tests::REQUEST_ID;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

/// What a function tells.
#[derive(Debug, PartialEq)]
pub(crate) enum Told {
    /// It wants an event.
    Ready,
    /// The answer to the event that it got.
    Answer(Value),
    /// It could not start, or not answer.
    Error(String),
}

/// A server on the loopback address; dropping it stops it.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    pub(crate) events: mpsc::Sender<Value>,
    pub(crate) told: mpsc::Receiver<Told>,
    server: JoinHandle<std::io::Result<()>>,
}

struct Ends {
    events: Mutex<mpsc::Receiver<Value>>,
    told: mpsc::Sender<Told>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let (events, waiting) = mpsc::channel(1);
        let (tell, told) = mpsc::channel(4);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(Arc::new(Ends { events: Mutex::new(waiting), told: tell }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        Self { address, events, told, server }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(ends): State<Arc<Ends>>) -> impl IntoResponse {
    ends.told.send(Told::Ready).await.unwrap();
    let event = ends.events.lock().await.recv().await.unwrap();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_mins(1);
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:rollcall";
    let headers = [
        ("lambda-runtime-aws-request-id", REQUEST_ID.to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", arn.to_owned()),
    ];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value));
    (headers, event.to_string())
}

async fn answer(State(ends): State<Arc<Ends>>, body: String) -> StatusCode {
    ends.told.send(Told::Answer(serde_json::from_str(&body).unwrap())).await.unwrap();
    StatusCode::ACCEPTED
}

async fn error(State(ends): State<Arc<Ends>>, body: String) -> StatusCode {
    ends.told.send(Told::Error(body)).await.unwrap();
    StatusCode::ACCEPTED
}
