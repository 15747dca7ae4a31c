//! Every event in `events/` through its binary, as `cargo lambda invoke` hands it over.

use serde_json::Value;
use shared::http::Access;
use testkit::operations;

use crate::service::{Running, base_url, new_user};

/// Hands an event to a function over the Lambda API that `cargo lambda watch` serves.
async fn invoke(function: &str, event: &Value) -> Value {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", base_url());
    let answer = reqwest::Client::new().post(url).body(event.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{function}");
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn every_event_as_it_is_in_its_file_is_refused_by_its_function_for_its_placeholders() {
    for operation in operations() {
        let answer = invoke(operation.binary(), &operation.event).await;

        let status = match operation.access() {
            Access::Public if operation.is_page() => 400,
            Access::Public => operation.success(),
            Access::Client | Access::Scope(_) | Access::FullAccess => 401,
        };
        assert_eq!(answer["statusCode"], status, "{operation}: {answer}");
        assert_eq!(answer["headers"]["cache-control"], "no-store", "{operation}: {answer}");
    }
}

#[tokio::test]
async fn every_event_with_credentials_succeeds_in_its_function() {
    for operation in operations() {
        let mary = new_user().await;
        let event = operation.prepared(&Running, &mary, &mary.token).await;

        let answer = invoke(operation.binary(), &event).await;

        assert_eq!(answer["statusCode"], operation.success(), "{operation}: {answer}");
    }
}
