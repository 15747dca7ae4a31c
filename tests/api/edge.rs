//! Handlers that panic, never end or keep losing races.

use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use shared::http::ApiRequest;
use shared::{Error, Settings};

fn call(path: &str) -> ApiRequest {
    let event = json!({
        "version": "2.0",
        "rawPath": path,
        "requestContext": { "http": { "method": "GET" } },
    });
    let event = serde_json::from_value(event).unwrap();
    ApiRequest::new(shared::http::from_event(event), &Settings::default())
}

fn parts(response: &Response<Body>) -> (u16, Value) {
    let Body::Text(text) = response.body() else { panic!("{response:?}") };
    (response.status().as_u16(), serde_json::from_str(text).unwrap())
}

fn default_request() -> ApiRequest {
    ApiRequest::new(Request::default(), &Settings::default())
}

#[tokio::test]
async fn a_handler_that_panics_is_500_in_the_dialect_without_internals() {
    for (path, body) in [
        ("/v1/accounts", json!({ "error": "something went wrong on our side" })),
        ("/api/v1.1/users/x/", json!({ "detail": "something went wrong on our side" })),
        ("/v2/accounts", json!({ "success": false, "error": "something went wrong on our side" })),
    ] {
        let response = call(path).respond(&[], || async { panic!("a secret") }).await;

        assert_eq!(parts(&response), (500, body));
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn a_handler_that_does_not_end_is_503_within_10_seconds() {
    let start = std::time::Instant::now();

    let response = default_request().respond(&[], std::future::pending).await;

    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(start.elapsed().as_secs() < 10);
}

#[tokio::test]
async fn a_request_that_keeps_losing_races_is_503_and_one_that_wins_in_time_succeeds() {
    let always = default_request().respond(&[], async || Err(Error::WriteConflict)).await;
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let request = default_request();
    let for_a_while = request.respond(&[], async || {
        let lost = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 5;
        if lost { Err(Error::WriteConflict) } else { shared::http::ok(&json!({})) }
    });

    assert_eq!(always.status(), 503);
    assert_eq!(for_a_while.await.status(), 200);
}
