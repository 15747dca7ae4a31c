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
    /// What the request does.
    pub(super) first: ClientStep,
    /// What the same request does after that.
    pub(super) second: ClientStep,
}

/// What a request was answered, and how the table was then.
pub(super) struct ClientStep {
    pub(super) status: u16,
    pub(super) state: State,
}

/// One of a request's calls to the table: the one that comes after so many others of its operation.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) operation: String,
    pub(super) after: usize,
    /// Whether another call is under way at the same time, so that nobody knows which comes first.
    pub(super) is_beside_another: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.operation, self.after + 1)
    }
}

impl ClientStep {
    async fn of(app: &TestApp, event: &Value) -> (Self, ApiResponse) {
        let answer = app.send_event(event).await;
        (Self { status: answer.status, state: State::of(&app.items().await) }, answer)
    }
}

impl Rehearsal {
    /// Prepares a write and does it twice.
    pub(super) async fn of(write: Write) -> Self {
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
        let (first, answer) = ClientStep::of(&app, &event).await;
        assert_eq!(first.status, write.operation.success(), "{write}: {answer:?}");
        let places = places(&app);
        let (second, _) = ClientStep::of(&app, &event).await;
        let start = State::of(&items);
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
