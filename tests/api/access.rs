//! Every kind of credential against every operation.

use serde_json::Value;
use shared::model::{Scope, TokenKind};
use testkit::{
    Operation, Person, TestApp, operations, operations_with_access, sign, user_operations,
};

const OAUTH_SCOPES: [Scope; 4] =
    [Scope::ProfileRead, Scope::ProfileWrite, Scope::EmailRead, Scope::EmailWrite];

/// The outcome of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Taken,
    Rejected(u16),
}

/// Calls an operation as a new user with a credential of that user.
async fn assert_outcome(
    app: &TestApp,
    operation: &Operation,
    person: &Person<'_>,
    (kind, authorization): (&str, &str),
    expected: Expected,
) {
    let mut event = operation.prepared(app, &person.who(), authorization).await;
    if kind == "key" {
        let (key, secret) = person.api_key();
        sign(&mut event, &key, secret);
    } else if kind != "client" {
        event["headers"]["authorization"] = authorization.into();
    }
    let response = app.send_event(&event).await;
    let status = match expected {
        Expected::Taken => operation.success_by(kind),
        Expected::Rejected(status) => status,
    };
    assert_eq!(response.status, status, "{operation}, {kind}: {response:?}");
}

const fn if_taken(taken: bool, otherwise: u16) -> Expected {
    if taken { Expected::Taken } else { Expected::Rejected(otherwise) }
}

#[test]
fn the_access_table_has_every_operation() {
    let named: Vec<String> = operations().into_iter().map(|operation| operation.name).collect();

    assert_eq!(operations_with_access(), named);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_accepts_exactly_the_credentials_of_the_access_table() {
    for operation in operations() {
        let app = TestApp::start().await;
        for (number, kind) in ["user", "environment", "basic", "key", "client"].iter().enumerate() {
            let jane = app.person(&format!("jane{number}")).await;
            let authorization = match *kind {
                "environment" => jane.new_token(TokenKind::Environment, None, None).await,
                "basic" => jane.basic(),
                _ => jane.token().to_owned(),
            };
            if *kind == "client" && !operation.takes("client") {
                continue;
            }
            let expected = if_taken(operation.takes(kind), 401);
            assert_outcome(&app, &operation, &jane, (kind, &authorization), expected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_with_scopes_may_do_exactly_what_they_allow() {
    for operation in user_operations() {
        let app = TestApp::start().await;
        let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
        for scope in Scope::ALL {
            let taken = operation.token_scope() == Some(scope);
            let asker = if taken { &john } else { &jane };
            let scoped = asker.new_token(TokenKind::User, Some(&[scope]), None).await;
            let named = (scope.as_str(), scoped.as_str());
            assert_outcome(&app, &operation, asker, named, if_taken(taken, 403)).await;
        }
        let none = jane.new_token(TokenKind::User, Some(&[]), None).await;
        assert_outcome(&app, &operation, &jane, ("none", &none), Expected::Rejected(403)).await;
        let others: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|scope| Some(*scope) != operation.token_scope())
            .collect();
        let others = jane.new_token(TokenKind::User, Some(&others), None).await;
        let rejected = app.ask_with(&operation, &jane, &others).await;
        assert_told(&operation, &rejected);
    }
}

/// The response names the scope that is missing, if one would help.
fn assert_told(operation: &Operation, rejected: &testkit::ApiResponse) {
    let bearer = r#"Bearer realm="rollcall", error="insufficient_scope""#;
    let (text, challenge) = match operation.token_scope().map(Scope::as_str) {
        Some(name) => {
            (format!("this token lacks the scope `{name}`"), format!(r#"{bearer}, scope="{name}""#))
        }
        None => ("a token with a list of scopes cannot do this".to_owned(), bearer.to_owned()),
    };
    let error: Value = operation.error(403, "insufficient_scope", &text);
    assert_eq!(rejected.parts(), (403, &error), "{operation}");
    assert_eq!(rejected.header("www-authenticate"), Some(challenge.as_str()), "{operation}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oauth_token_allows_what_was_granted_in_hub_and_nothing_elsewhere() {
    for operation in user_operations() {
        let app = TestApp::start().await;
        let client = app.new_client("https://client.example.com/callback", true).await;
        let jane = app.person("janedoe").await;
        for scope in OAUTH_SCOPES {
            let tokens = client.tokens(&app, &jane.who(), scope.as_str()).await;
            let bearer = format!("Bearer {}", tokens.access);
            let expected = if_taken(operation.oauth_scope() == Some(scope), 403);
            assert_outcome(&app, &operation, &jane, (scope.as_str(), &bearer), expected).await;
        }
    }
}
