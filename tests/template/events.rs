//! The events are what the deployed API would send.

use std::collections::BTreeMap;

use devkit::gateway::route::{DEFAULT, EmptyRest, parameters};
use lambda_http::{RequestExt, request};

use crate::deployed::DEPLOYED;
use shared::http::Access;
use testkit::operations;

#[test]
fn every_event_is_a_request_with_the_placeholder_token() {
    for operation in operations() {
        let request = request::from_str(&operation.text).unwrap();
        let http = &operation.event["requestContext"]["http"];

        assert_eq!(request.method(), http["method"].as_str().unwrap(), "{}", operation.name);
        assert_eq!(request.raw_http_path(), operation.path(), "{}", operation.name);
        assert_eq!(http["path"], operation.path(), "{}", operation.name);
        let authorization = request.headers().get("authorization");
        let expected = match operation.access() {
            Access::Client => Some("Basic YOUR_CLIENT"),
            Access::Session => None,
            Access::Public if operation.binary() != "not-found" => None,
            _ => Some("rcu_YOUR_TOKEN"),
        };
        assert_eq!(authorization.map(|value| value.to_str().unwrap()), expected, "{operation}");
        assert_eq!(
            request.headers()["content-length"],
            request.body().len().to_string(),
            "{}",
            operation.name
        );
    }
}

#[test]
fn every_event_names_the_route_that_api_gateway_chooses_and_its_variables() {
    for operation in operations() {
        let path = operation.path();
        let (route, _) = DEPLOYED.receiver(path, EmptyRest::Rejected);
        let key = if route == DEFAULT { DEFAULT.to_owned() } else { format!("ANY {route}") };
        let given: BTreeMap<&str, &str> = operation.event["pathParameters"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();

        assert_eq!(operation.event["routeKey"], key, "{}", operation.name);
        assert_eq!(operation.event["requestContext"]["routeKey"], key, "{}", operation.name);
        assert_eq!(given, parameters(route, path), "{}", operation.name);
    }
}
