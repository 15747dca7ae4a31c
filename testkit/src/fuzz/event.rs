//! Whole events of API Gateway.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::shape::Sent;
use super::shared_state::SharedState;
use crate::log;

/// The time limit for the responses of all functions to one event.
const TIME: Duration = Duration::from_secs(30);

/// The service is recreated after this time: a sign-in form is valid for half an hour only.
const AGE: Duration = Duration::from_mins(10);

/// The service, and its runtime.
struct Stage {
    runtime: Runtime,
    shared: SharedState,
    since: Instant,
}

static STAGE: LazyLock<Mutex<Option<Stage>>> = LazyLock::new(Mutex::default);

/// An event, with names in place of credentials, gets a response in time, without a 5xx, in the
/// format of its path's dialect. Every function that does not serve it responds 404, and the log
/// reveals no secret.
pub fn event(input: &[u8]) {
    answered(input);
}

/// The same; returns the status. None if the input is no event.
pub fn answered(input: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(input).ok()?;
    let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = stage.take().filter(|stage| stage.since.elapsed() < AGE);
    let Stage { runtime, shared, since } = fresh.unwrap_or_else(Stage::new);
    let status = runtime.block_on(async {
        let status = timeout(TIME, response(&shared, text)).await.expect("a response in time");
        shared.put_back().await;
        status
    });
    assert_eq!(log::leaks(), Vec::<String>::new(), "the log tells secrets");
    log::forget_requests();
    *stage = Some(Stage { runtime, shared, since });
    status
}

impl Stage {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let shared = runtime.block_on(SharedState::create());
        Self { runtime, shared, since: Instant::now() }
    }
}

/// Sends the event and checks every response; returns the first status.
async fn response(shared: &SharedState, text: &str) -> Option<u16> {
    let event = shared.event(text)?;
    let responses = shared.responses(&event).await?;
    // The two names that the field has.
    let path = event["rawPath"].as_str().or(event["path"].as_str());
    let path = path.filter(|path| !path.is_empty()).unwrap_or("/");
    let mut statuses = responses.iter().map(|response| check(path, text.len(), response));
    let own = statuses.next()?;
    assert!(statuses.all(|status| status == 404), "another function serves {path}");
    Some(own)
}

fn check(path: &str, request_bytes: usize, response: &ApiGatewayV2httpResponse) -> u16 {
    serde_json::to_vec(response).expect("a response that can be sent");
    let status = u16::try_from(response.status_code).expect("a status");
    let body = match &response.body {
        None | Some(Body::Empty) => "",
        Some(Body::Text(text)) => text,
        Some(_) => panic!("a response that is no text"),
    };
    Sent { path, status, headers: &response.headers, body }.check(request_bytes);
    status
}
