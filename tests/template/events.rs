//! The events are what the deployed API would send.

use std::collections::BTreeMap;

use lambda_http::{RequestExt, request};

use crate::deployed::DEPLOYED;
use crate::gateway::{DEFAULT, EmptyRest, parameters};
use testkit::{CallerKind, operations};

#[test]
fn every_documented_operation_has_an_event_and_unknown_paths_have_one() {
    let names: Vec<_> = operations().into_iter().map(|operation| operation.name).collect();

    assert_eq!(
        names,
        [
            "e24-add-ssh-key",
            "e24-create-account",
            "e24-create-api-key",
            "e24-delete-api-key",
            "e24-delete-ssh-key",
            "e24-get-account",
            "e24-list-accounts",
            "e24-renew-api-secret",
            "e24-update-account-data",
            "golem-create-account",
            "golem-delete-account",
            "golem-find-accounts",
            "golem-get-account",
            "golem-get-account-plan",
            "golem-update-account",
            "hub-add-email",
            "hub-delete-email",
            "hub-get-user",
            "hub-list-emails",
            "hub-oauth-ask",
            "hub-oauth-decide",
            "hub-oauth-introspect",
            "hub-oauth-revoke",
            "hub-oauth-token",
            "hub-update-email",
            "hub-update-user",
            "not-found",
            "quave-create-account",
            "quave-delete-account",
            "quave-get-account",
            "quave-get-current-account",
            "quave-list-accounts",
            "quave-set-current-account",
            "rollcall-create-token",
            "rollcall-get-own-token",
            "rollcall-get-token",
            "rollcall-list-tokens",
            "rollcall-revoke-token",
            "rollcall-rotate-token",
        ]
    );
}

#[test]
fn every_event_is_a_request_with_the_placeholder_token() {
    for operation in operations() {
        let request = request::from_str(&operation.text).unwrap();
        let http = &operation.event["requestContext"]["http"];

        assert_eq!(request.method(), http["method"].as_str().unwrap(), "{}", operation.name);
        assert_eq!(request.raw_http_path(), operation.path(), "{}", operation.name);
        assert_eq!(http["path"], operation.path(), "{}", operation.name);
        let authorization = request.headers().get("authorization");
        let expected = match operation.asker() {
            CallerKind::Anybody if operation.name != "not-found" => None,
            CallerKind::Client => Some("Basic YOUR_CLIENT"),
            CallerKind::Anybody | CallerKind::User => Some("rcu_YOUR_TOKEN"),
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
