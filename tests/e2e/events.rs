//! Every event in `events/` through its binary, as `cargo lambda invoke` hands it over.

use serde_json::Value;
use shared::http::Access;
use testkit::operations;

use crate::service::{DEV, Running, new_user};

/// Hands an event to a function over the Lambda API that `cargo lambda watch` serves.
async fn invoke(function: &str, event: &Value) -> Value {
    let endpoint = DEV["lambda_endpoint"].as_str().unwrap();
    let url = format!("{endpoint}/2015-03-31/functions/{function}/invocations");
    let response = reqwest::Client::new().post(url).body(event.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 200, "{function}");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn every_event_is_rejected_by_its_function_for_its_placeholders() {
    for operation in operations() {
        let response = invoke(operation.binary(), &operation.event).await;

        let status = match operation.access() {
            Access::Public
                if ["pages-complete-sign-in", "pages-sign-in"].contains(&operation.name) =>
            {
                403
            }
            Access::Public if operation.path().contains("_YOUR_TOKEN") => 410,
            Access::Public if operation.binary() == "hub-oauth" && operation.is_page() => 400,
            Access::Public if operation.name == "passkeys-sign-in" => 400,
            Access::Public => operation.success(),
            Access::Session if operation.binary() == "passkeys" => 401,
            Access::Session if operation.method() == "POST" => 403,
            Access::Session => 303,
            Access::Client | Access::Scope(_) | Access::FullAccess => 401,
        };
        assert_eq!(response["statusCode"], status, "{operation}: {response}");
        let is_cached = operation.binary() == "docs";
        let cached = &response["headers"]["cache-control"];
        assert_eq!(cached != "no-store", is_cached, "{operation}: {response}");
    }
}

#[tokio::test]
async fn every_event_with_credentials_succeeds_in_its_function() {
    for operation in operations() {
        let mary = new_user().await;
        let event = operation.prepared(&Running, &mary, &mary.token).await;

        let response = invoke(operation.binary(), &event).await;

        assert_eq!(response["statusCode"], operation.success(), "{operation}: {response}");
    }
}
