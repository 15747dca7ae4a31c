//! Measures each documented operation: calls to the table, capacity units, log line and response.

#![expect(clippy::expect_used, reason = "what cannot be measured ends the measurement")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::auth::FORM_ONCE;
use shared::http::Access;
use shared::model::{Timestamp, TokenKind};

use super::facts::{Facts, Measured, Stack};
use testkit::{
    ApiResponse, Call, Conditions, DocumentedOperation, TestApp, last_request_line, operation,
    operations, read_units, sign, source, translate, write_units,
};

/// The stacks whose bills are compared; the first one is a stack as it comes.
const STACKS: [(&str, &[(&str, &str)]); 6] = [
    ("`dev`", &[]),
    ("`dev`, `MailFrom`", &[("MailFrom", "accounts@example.com")]),
    ("`prod`", &[("Stage", "prod")]),
    ("`prod`, `CustomerKey=create`", &[("Stage", "prod"), ("CustomerKey", "create")]),
    ("`prod`, `MailFrom`", &[("Stage", "prod"), ("MailFrom", "accounts@example.com")]),
    (
        "`prod` with a domain",
        &[
            ("Stage", "prod"),
            ("DomainName", "api.example.com"),
            ("CertificateArn", "arn:aws:acm:us-east-1:111111111111:certificate/x"),
            ("HostedZoneId", "Z1"),
        ],
    ),
];

/// The forms that make a secret. In a page they have a field that their events lack, by which the
/// page that they show is stored.
const MAKES_A_SECRET: [&str; 8] = [
    "pages-create-api-key",
    "pages-create-token",
    "pages-renew-api-key",
    "pages-renew-recovery-codes",
    "pages-renew-s3-key",
    "pages-rotate-token",
    "pages-send-invitation",
    "pages-turn-on-second-factor",
];

/// Measures everything. A credential counts as used this hour, so measuring starts again if an hour
/// ends meanwhile. Only one measurement may run in a process, since all share a log.
pub(crate) async fn facts() -> Facts {
    loop {
        let hour = || Timestamp::now().as_second() / 3600;
        let started = hour();
        let (operations, credentials) = (by_operation().await, by_credential().await);
        if hour() == started {
            return Facts { operations, credentials, stacks: stacks() };
        }
    }
}

fn stacks() -> Vec<Stack> {
    let template = translate(&source(), &[]);
    let stack = |(name, parameters): (&str, &[(&str, &str)])| Stack {
        name: name.to_owned(),
        resources: Conditions::new(&template, parameters).resources(),
    };
    STACKS.map(stack).into()
}

/// Every operation with what its event carries: a token, or the client's secret. Forms are as a page
/// sends them.
async fn by_operation() -> Vec<Measured> {
    let mut all = Vec::new();
    for operation in operations() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let mut event = app.event(&operation, &jane).await;
        if MAKES_A_SECRET.contains(&operation.name) {
            let form = event["body"].as_str().expect("a form");
            event["body"] = json!(format!("{form}&{FORM_ONCE}=0123456789abcdef"));
        }
        let hashes = u32::from(sends_a_password(&operation, &event));
        let rounds = operation.facts.rounds;
        let request =
            MeasuredRequest { name: operation.name, operation: &operation, event, rounds, hashes };
        all.push(request.measured(&app).await);
    }
    all
}

/// Whether a password comes with the request, which is then hashed.
fn sends_a_password(operation: &DocumentedOperation, event: &Value) -> bool {
    let body = event["body"].as_str().unwrap_or_default();
    let is_form = form_urlencoded::parse(body.as_bytes()).any(|(name, _)| name == "password");
    let in_json =
        serde_json::from_str::<Value>(body).is_ok_and(|body| body["password"].is_string());
    operation.access() != Access::Client && (is_form || in_json)
}

async fn by_credential() -> Vec<Measured> {
    let profile = operation("hub-get-user");
    let mut measured = by_token_and_password(&profile).await;
    measured.push(by_oauth_token(&profile).await);
    measured.push(by_signature(&operation("e24-get-account")).await);
    measured.extend(under_a_key(&operation("golem-update-account")).await);
    measured
}

/// A write whose response is stored, and the same request again.
async fn under_a_key(operation: &DocumentedOperation) -> Vec<Measured> {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut event = app.event(operation, &jane).await;
    event["headers"]["idempotency-key"] = json!("a-key");
    let mut measured = Vec::new();
    for (name, rounds) in [
        ("golem-update-account, under an Idempotency-Key", 2),
        ("golem-update-account, the same request again", 1),
    ] {
        let event = event.clone();
        measured.push(
            MeasuredRequest { name, operation, event, rounds, hashes: 0 }.measured(&app).await,
        );
    }
    measured
}

async fn by_token_and_password(operation: &DocumentedOperation) -> Vec<Measured> {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let fresh = jane.new_token(TokenKind::User, None, None).await;
    let mut measured = Vec::new();
    for (name, header, rounds, hashes) in [
        ("hub-get-user, first use of a token in an hour", &fresh, 2, 0),
        ("hub-get-user, used token", &fresh, 1, 0),
        ("hub-get-user, password", &jane.basic(), 4, 1),
        ("hub-get-user, password again within a minute", &jane.basic(), 2, 0),
    ] {
        let event = operation.of(&jane.account(), header);
        measured
            .push(MeasuredRequest { name, operation, event, rounds, hashes }.measured(&app).await);
    }
    measured
}

/// A client's token that was used this hour.
async fn by_oauth_token(operation: &DocumentedOperation) -> Measured {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let token = client.tokens(&app, &jane.credentials(), "profile_read").await.access;
    let event = operation.of(&jane.account(), &format!("Bearer {token}"));
    app.send_event(&event).await;
    let name = "hub-get-user, OAuth token";
    MeasuredRequest { name, operation, event, rounds: 1, hashes: 0 }.measured(&app).await
}

/// An API key that was used this hour.
async fn by_signature(operation: &DocumentedOperation) -> Measured {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut event = app.event(operation, &jane).await;
    let (key, secret) = jane.api_key();
    sign(&mut event, &key, secret);
    app.send_event(&event).await;
    let name = "e24-get-account, signature";
    MeasuredRequest { name, operation, event, rounds: 1, hashes: 0 }.measured(&app).await
}

/// A request, with known figures that a busy machine cannot count or that are not counted.
struct MeasuredRequest<'a> {
    name: &'a str,
    operation: &'a DocumentedOperation,
    event: Value,
    rounds: u32,
    hashes: u32,
}

impl MeasuredRequest<'_> {
    async fn measured(self, app: &TestApp) -> Measured {
        let Self { name, operation, event, rounds, hashes } = self;
        app.proxy().count();
        let response = app.send_event(&event).await;
        assert_eq!(response.status, operation.success(), "{name}: {response:?}");
        let (calls, consumed) = (app.proxy().calls(), app.proxy().consumed());
        assert_eq!(calls.len(), consumed.len(), "{name}: {calls:?}");
        // Concurrent calls may come one by one on a busy machine, and never the other way round.
        assert!(app.proxy().rounds() >= rounds as usize, "{name}: {calls:?}");
        let line = last_request_line().expect("a line");
        Measured {
            name: name.to_owned(),
            function: operation.binary().to_owned(),
            hashes,
            rounds,
            calls: counted(&calls),
            reads: read_units(&consumed),
            writes: write_units(&consumed),
            log_bytes: line.to_string().len(),
            response_bytes: size(&response),
        }
    }
}

fn counted(calls: &[Call]) -> BTreeMap<String, u32> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(call.operation.clone()).or_default() += 1;
    }
    counted
}

/// Head and body as HTTP/1.1 writes them, without what the gateway adds.
fn size(response: &ApiResponse) -> usize {
    let head = "HTTP/1.1 200 OK\r\n\r\n".len();
    let headers = response.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
    let body = match &response.body {
        body if *body == json!(null) => 0,
        Value::String(page) => page.len(),
        body => body.to_string().len(),
    };
    head + headers.sum::<usize>() + body
}
