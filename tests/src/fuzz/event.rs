//! Whole events of API Gateway.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::shape::Sent;
use super::world::World;
use crate::log;

/// In this time an event must be answered, by ten functions.
const TIME: Duration = Duration::from_secs(30);

/// After this time a world is made anew: nobody can use a sign-in form for more than half an hour.
const AGE: Duration = Duration::from_mins(10);

/// The world, and what drives it.
struct Stage {
    runtime: Runtime,
    world: World,
    since: Instant,
}

static STAGE: LazyLock<Mutex<Option<Stage>>> = LazyLock::new(Mutex::default);

/// An event, in which credentials may stand by their names, is answered in time, without a fault of ours, in the shape
/// that the documentation has for the dialect of its path; every function to which it does not belong answers 404; and
/// the log tells no secret.
pub fn event(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let Stage { runtime, world, since } =
        stage.take_if(|stage| stage.since.elapsed() < AGE).unwrap_or_else(Stage::new);
    runtime.block_on(async {
        let answered = timeout(TIME, answer(&world, text)).await;
        answered.expect("an answer in time");
        world.put_back().await;
    });
    assert_eq!(log::leaks(), Vec::<String>::new(), "the log tells secrets");
    log::forget_requests();
    *stage = Some(Stage { runtime, world, since });
}

impl Stage {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let world = runtime.block_on(World::create());
        Self { runtime, world, since: Instant::now() }
    }
}

/// Sends the event and looks at every answer.
async fn answer(world: &World, text: &str) {
    let Some(event) = world.event(text) else { return };
    let Some(answers) = world.answers(&event).await else { return };
    let path = event["rawPath"].as_str().or(event["path"].as_str()).unwrap_or_default();
    let path = if path.is_empty() { "/" } else { path };
    for (place, answer) in answers.iter().enumerate() {
        serde_json::to_vec(answer).expect("an answer that can be sent");
        let status = u16::try_from(answer.status_code).expect("a status");
        assert!(place == 0 || status == 404, "another function answers {path} with {status}");
        let body = text_of(answer);
        Sent { path, status, headers: &answer.headers, body }.check(text.len());
    }
}

fn text_of(answer: &ApiGatewayV2httpResponse) -> &str {
    match &answer.body {
        None | Some(Body::Empty) => "",
        Some(Body::Text(text)) => text,
        Some(_) => panic!("an answer that is no text"),
    }
}
