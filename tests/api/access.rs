//! Every kind of credential against every operation.

use serde_json::{Value, json};
use shared::http::Access;
use shared::model::{Scope, TokenKind};
use testkit::{
    CredentialKind, DocumentedOperation, Person, Service, TestApp, operations, sign,
    user_operations,
};

const OAUTH_SCOPES: [Scope; 4] =
    [Scope::ProfileRead, Scope::ProfileWrite, Scope::EmailRead, Scope::EmailWrite];

/// All but OAuth tokens, whose scopes decide.
const CREDENTIALS: [CredentialKind; 7] = [
    CredentialKind::UserToken,
    CredentialKind::EndingToken,
    CredentialKind::OverlappedToken,
    CredentialKind::EnvironmentToken,
    CredentialKind::Basic,
    CredentialKind::Signature,
    CredentialKind::Client,
];

/// What becomes of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Taken,
    Rejected(u16),
}

/// Calls an operation as a new user with a credential of that user.
async fn assert_outcome(
    app: &TestApp,
    operation: &DocumentedOperation,
    person: &Person<'_>,
    (credential, scopes, authorization): (CredentialKind, &str, &str),
    expected: Expected,
) {
    let mut event = operation.prepared(app, &person.credentials(), authorization).await;
    match credential {
        CredentialKind::Signature => {
            let (key, secret) = person.api_key();
            sign(&mut event, &key, secret);
        }
        CredentialKind::Client => {}
        _ => event["headers"]["authorization"] = authorization.into(),
    }
    let response = app.send_event(&event).await;
    let status = match expected {
        Expected::Taken => operation.success_by(credential),
        Expected::Rejected(status) => status,
    };
    assert_eq!(response.status, status, "{operation}, {credential:?} {scopes}: {response:?}");
}

const fn if_taken(taken: bool, otherwise: u16) -> Expected {
    if taken { Expected::Taken } else { Expected::Rejected(otherwise) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_accepts_exactly_the_credentials_of_the_access_table() {
    for operation in operations() {
        let app = TestApp::start().await;
        for (number, credential) in CREDENTIALS.into_iter().enumerate() {
            let jane = app.person(&format!("jane{number}")).await;
            let authorization = authorization(&jane, credential).await;
            // Pages take no header: who asks for them is signed in, or need not be.
            let is_page = matches!(operation.access(), Access::Public | Access::Session);
            let is_taken = is_page || operation.takes(credential);
            if credential == CredentialKind::Client && !is_taken {
                continue;
            }
            // A token with an end is known, but has not full access.
            let is_known = has_end(credential) && operation.takes(CredentialKind::UserToken);
            let expected = if_taken(is_taken, if is_known { 403 } else { 401 });
            let presented = (credential, "", authorization.as_str());
            assert_outcome(&app, &operation, &jane, presented, expected).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_signs_in_on_pages_and_nowhere_else() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let cookie = app.session(&jane.credentials()).await;
    let session = cookie.split_once('=').unwrap().1.to_owned();

    for operation in user_operations() {
        let mut event = operation.event.clone();
        event["cookies"] = json!([cookie]);
        for header in [None, Some(session.clone()), Some(format!("Bearer {session}"))] {
            let headers = event["headers"].as_object_mut().unwrap();
            headers.remove("authorization");
            headers.extend(header.map(|own| ("authorization".to_owned(), own.into())));
            let response = app.send_event(&event).await;
            assert_eq!(response.status, 401, "{operation}: {response:?}");
        }
    }
}

/// The header with a credential of this kind.
async fn authorization(person: &Person<'_>, credential: CredentialKind) -> String {
    match credential {
        CredentialKind::EnvironmentToken => {
            person.new_token(TokenKind::Environment, None, None).await
        }
        CredentialKind::EndingToken => {
            person.new_token(TokenKind::User, None, Some(TestApp::in_seconds(3600))).await
        }
        CredentialKind::OverlappedToken => person.overlapped_token().await,
        CredentialKind::Basic => person.basic(),
        _ => person.token().to_owned(),
    }
}

const fn has_end(credential: CredentialKind) -> bool {
    matches!(credential, CredentialKind::EndingToken | CredentialKind::OverlappedToken)
}

#[tokio::test]
async fn only_a_signature_and_a_token_without_scopes_and_end_set_a_password() {
    let app = TestApp::start().await;
    let mut operation = testkit::operation("e24-update-account-data");
    operation.event["body"] = json!({ "password": "another horse battery" }).to_string().into();
    operation.text = operation.event.to_string();
    for (number, credential) in CREDENTIALS.into_iter().enumerate() {
        if credential == CredentialKind::Client {
            continue;
        }
        let jane = app.person(&format!("jane{number}")).await;
        let authorization = authorization(&jane, credential).await;
        let is_taken = !has_end(credential) && operation.takes(credential);
        let expected = if_taken(is_taken, if has_end(credential) { 403 } else { 401 });
        let presented = (credential, "", authorization.as_str());
        assert_outcome(&app, &operation, &jane, presented, expected).await;
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
            let presented = (CredentialKind::UserToken, scope.as_str(), scoped.as_str());
            assert_outcome(&app, &operation, asker, presented, if_taken(taken, 403)).await;
        }
        let none = jane.new_token(TokenKind::User, Some(&[]), None).await;
        let presented = (CredentialKind::UserToken, "no scope", none.as_str());
        assert_outcome(&app, &operation, &jane, presented, Expected::Rejected(403)).await;
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
fn assert_told(operation: &DocumentedOperation, rejected: &testkit::ApiResponse) {
    if let Some(scope) = operation.token_scope() {
        let name = scope.as_str();
        let text = format!("this token lacks the scope `{name}`");
        assert_rejected(operation, rejected, &text, &format!(r#", scope="{name}""#));
    } else {
        let text = "a token with a list of scopes or an expiry cannot do this";
        assert_rejected(operation, rejected, text, "");
    }
}

/// The response says this, and its challenge names this scope or none.
fn assert_rejected(
    operation: &DocumentedOperation,
    rejected: &testkit::ApiResponse,
    text: &str,
    scope: &str,
) {
    let error: Value = operation.error(403, "insufficient_scope", text);
    let challenge = format!(r#"Bearer realm="rollcall", error="insufficient_scope"{scope}"#);
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
            let tokens = client.tokens(&app, &jane.credentials(), scope.as_str()).await;
            let bearer = format!("Bearer {}", tokens.access);
            let presented = (CredentialKind::OAuthToken, scope.as_str(), bearer.as_str());
            let is_taken = operation.takes(CredentialKind::OAuthToken)
                && operation.token_scope() == Some(scope);
            assert_outcome(&app, &operation, &jane, presented, if_taken(is_taken, 403)).await;
            if !operation.takes(CredentialKind::OAuthToken) {
                let rejected = app.ask_with(&operation, &jane, &bearer).await;
                let text = "an OAuth access token is accepted by the hub API alone";
                assert_rejected(&operation, &rejected, text, "");
            }
        }
    }
}
