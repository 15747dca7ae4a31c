//! A write without any fault, and once more: what every other run is held against.

use std::collections::HashMap;
use std::fmt;

use serde_json::{Value, json};
use testkit::{ApiResponse, State, TestApp};

use super::write::Write;

/// A write, what it starts from, and what comes of it when nothing fails.
pub(super) struct Rehearsal {
    pub(super) write: Write,
    pub(super) items: Vec<Value>,
    pub(super) event: Value,
    pub(super) places: Vec<Place>,
    pub(super) start: State,
    /// The request's outcome.
    pub(super) first: ClientStep,
    /// The outcome of the same request after that.
    pub(super) second: ClientStep,
}

/// The response to a request, and the table after it.
pub(super) struct ClientStep {
    pub(super) status: u16,
    pub(super) state: State,
}

/// One of a request's calls to the table: the one that comes after so many others of its operation.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) operation: String,
    pub(super) after: usize,
    /// Whether another call is in progress at the same time, so that their order is undefined.
    pub(super) is_beside_another: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.after + 1)
    }
}

impl ClientStep {
    async fn run(app: &TestApp, event: &Value) -> (Self, ApiResponse) {
        let response = app.send_event(event).await;
        (Self { status: response.status, state: State::from_items(&app.items().await) }, response)
    }
}

impl Rehearsal {
    /// Prepares a write and does it twice.
    pub(super) async fn new(write: Write) -> Self {
        let (items, event) = write.prepare().await;
        Self::from(write, items, event).await
    }

    /// The same write under an `Idempotency-Key`, if it takes one.
    pub(super) async fn keyed(&self) -> Option<Self> {
        if !self.write.operation.is_of_user() {
            return None;
        }
        let mut event = self.event.clone();
        event["headers"]["idempotency-key"] = json!("a-key");
        Some(Self::from(self.write.keyed(), self.items.clone(), event).await)
    }

    async fn from(write: Write, items: Vec<Value>, event: Value) -> Self {
        let app = TestApp::restored(&items).await;
        app.proxy().count();
        let (first, response) = ClientStep::run(&app, &event).await;
        assert_eq!(first.status, write.operation.success(), "{write}: {response:?}");
        let places = places(&app);
        app.proxy().record();
        let (second, _) = ClientStep::run(&app, &event).await;
        let start = State::from_items(&items);
        Self { write, items, event, places, start, first, second }
    }
}

fn places(app: &TestApp) -> Vec<Place> {
    let mut seen = HashMap::<String, usize>::new();
    let calls = app.proxy().calls().into_iter();
    calls
        .map(|call| {
            let after = seen.entry(call.operation.clone()).or_default();
            *after += 1;
            Place {
                operation: call.operation,
                after: *after - 1,
                is_beside_another: call.is_beside_another,
            }
        })
        .collect()
}
