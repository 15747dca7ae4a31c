//! Every event in `events/` through its binary, as `cargo lambda invoke` hands it over.

use serde_json::{Value, json};
use tests::operations;

use crate::service::{base_url, send, unique, user};

/// Hands an event to a function over the Lambda API that `cargo lambda watch` serves.
async fn invoke(function: &str, event: &Value) -> Value {
    let url = format!("{}/2015-03-31/functions/{function}/invocations", base_url());
    let answer = reqwest::Client::new().post(url).body(event.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{function}");
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn every_event_as_it_is_in_its_file_is_refused_by_its_function_for_its_placeholder_token() {
    for operation in operations() {
        let answer = invoke(operation.binary(), &operation.event).await;

        assert_eq!(
            answer["statusCode"],
            if operation.is_public() { 404 } else { 401 },
            "{operation}"
        );
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let refusal =
            if operation.is_public() { "path not found" } else { "the credential is not valid" };
        assert_eq!(body, operation.error(refusal), "{operation}: {answer}");
        assert_eq!(answer["headers"]["cache-control"], "no-store", "{operation}: {answer}");
    }
}

#[tokio::test]
async fn every_event_with_a_token_succeeds_in_its_function() {
    for operation in operations().iter().filter(|operation| !operation.is_public()) {
        let headers = [("authorization", user(0, "token")), ("content-type", "application/json")];
        let body = json!({ "name": unique("event") }).to_string();
        let account = send("POST", "/api/public/v1/account", &headers, Some(body)).await;
        // One of its own, which the operation may revoke.
        let wish = json!({ "name": unique("event"), "kind": "user" }).to_string();
        let token = send("POST", "/rollcall/v1/tokens", &headers, Some(wish)).await;
        let mut event = operation.of(account.text("accountId"), token.text("token"));
        if let Some(body) = event["body"]
            .as_str()
            .and_then(|body| serde_json::from_str::<Value>(body).ok())
            .filter(|body| body["email"].is_string())
        {
            let mut body = body;
            body["email"] = json!(unique("event") + "@example.com");
            event["body"] = json!(body.to_string());
        }

        let answer = invoke(operation.binary(), &event).await;

        assert_eq!(answer["statusCode"], operation.success(), "{operation}: {answer}");
    }
}
