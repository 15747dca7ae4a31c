//! IAM allows each function exactly its calls to the table, and alarms watch exactly these.

use std::collections::{BTreeMap, BTreeSet};

use devkit::template::Template;
use serde_json::{Value, json};
use shared::mail::seal_link;
use shared::model::{MailToken, MailTokenSubject, Role};
use shared::service_key::SECRET_VARIABLE;
use shared::table::Actor;
use testkit::{Call, CredentialKind, Fault, PASSWORD, Person, Service, TestApp, operations};
use tokio::sync::OnceCell;

use crate::mail::{change_password, set_link};
use crate::mail_feedback::bounce;
use crate::pages::{mailed_path, post_form};

const SECRET_READ: &str = "secretsmanager:GetSecretValue";

/// What functions may do besides: call SES, and what Lambda does in their name.
fn besides(function: &str) -> &'static [&'static str] {
    match function {
        "mailer" => &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "ses:SendEmail",
            "ses:SendRawEmail",
            "sqs:SendMessage",
        ],
        "mail-feedback" => &["sqs:SendMessage"],
        "pre-traffic" => {
            &["codedeploy:PutLifecycleEventHookExecutionStatus", "lambda:InvokeFunction"]
        }
        _ => &[],
    }
}

/// The calls of each function to the table and Secrets Manager over everything that it can do;
/// recorded once.
async fn recorded_calls() -> &'static BTreeMap<&'static str, Vec<Call>> {
    static CALLS: OnceCell<BTreeMap<&'static str, Vec<Call>>> = OnceCell::const_new();
    CALLS.get_or_init(record_calls).await
}

async fn record_calls() -> BTreeMap<&'static str, Vec<Call>> {
    let mut recorded_calls = BTreeMap::<_, Vec<Call>>::new();
    for operation in operations() {
        let takes_basic = operation.takes(CredentialKind::Basic)
            && operation.success_by(CredentialKind::Basic) < 400;
        for by_password in [false, true].into_iter().take(1 + usize::from(takes_basic)) {
            let app = TestApp::start().await;
            let (jane, _) = app.owner_and(Role::Admin).await;
            let fresh = fresh(&jane).await;
            let authorization = if by_password { jane.basic() } else { fresh.token().to_owned() };
            let mut event = operation.prepared(&app, &jane.credentials(), &authorization).await;
            event["headers"]["idempotency-key"] = json!("a-key");
            app.proxy().record();
            let response = app.send_event(&event).await;
            assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
            let calls = recorded_calls.entry(operation.binary()).or_default();
            calls.extend(app.proxy().calls());
            calls.extend(app.has_read_service_key(operation.binary()).then(reading_the_secret));
        }
    }
    let e24 = ("POST", "/v2/account/data", 200);
    recorded_calls.entry("e24-account").or_default().extend(calls_of_a_new_password(e24).await);
    let own = ("PUT", "/rollcall/v1/users/self/password", 204);
    recorded_calls.entry("rollcall-users").or_default().extend(calls_of_a_new_password(own).await);
    recorded_calls.entry("hub-users").or_default().extend(calls_of_a_verification().await);
    recorded_calls.entry("rollcall-tokens").or_default().extend(calls_of_a_revocation().await);
    recorded_calls.entry("pages").or_default().extend(calls_of_the_pages().await);
    recorded_calls.entry("sweep").or_default().extend(calls_of_the_sweep().await);
    recorded_calls.entry("mailer").or_default().extend(calls_of_the_mailer().await);
    recorded_calls.entry("mail-feedback").or_default().extend(calls_of_a_bounce().await);
    recorded_calls.entry("pre-traffic").or_default();
    recorded_calls
}

fn reading_the_secret() -> Call {
    Call {
        operation: "GetSecretValue".to_owned(),
        keys: 0,
        parts: 0,
        actions: BTreeSet::from([SECRET_READ.to_owned()]),
        is_beside_another: false,
    }
}

/// The calls for a notice, which becomes a mail, and for that mail, which has a link.
async fn calls_of_the_mailer() -> Vec<Call> {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let jane = app.person("janedoe").await;
    change_password(&jane).await;
    let notice = post.next_event().await.unwrap();
    app.proxy().record();
    post.invoke(&notice).await;
    let mut calls = app.proxy().calls();
    let event = post.next_event().await.unwrap();
    let token = MailToken::generate(MailTokenSubject::Reset(jane.user().id)).unwrap();
    let base = "https://accounts.example.com".to_owned();
    let link = seal_link(app.service_keys(), base, &token).await.unwrap();
    set_link(&app, "password_reset", &link).await;
    app.proxy().record();
    post.invoke(&event).await;
    assert_eq!(post.sent().len(), 1);
    calls.extend(app.proxy().calls());
    calls.extend(app.has_read_service_key("mailer").then(reading_the_secret));
    calls
}

/// The calls for a bounce of a user's address.
async fn calls_of_a_bounce() -> Vec<Call> {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.proxy().record();
    app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();
    app.proxy().calls()
}

/// The calls of the sweep after interrupted deletions of an account and of a user, and an interrupted
/// password change.
async fn calls_of_the_sweep() -> Vec<Call> {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    app.join(&jane, &john.account(), Role::Admin).await;
    fresh(&jane).await;
    let rejection = Fault::Rejected("ValidationException");
    app.proxy().disturb_from("TransactWriteItems", 1, rejection);
    let path = format!("/v1/accounts/{}", jane.account());
    assert_eq!(jane.send("DELETE", &path).await.status, 200);
    app.proxy().calm().unwrap();
    app.proxy().disturb_all_of("BatchWriteItem", Some(rejection));
    let body = json!({ "password": "another horse battery" });
    assert_eq!(jane.send_json("POST", "/v2/account/data", &body).await.status, 200);
    app.proxy().disturb_all_of("BatchWriteItem", None);
    let john = app.table().user_and(john.user().id, ()).await.unwrap().0.unwrap();
    app.table().begin_user_deletion(&Actor::operator(), &john).await.unwrap();
    app.proxy().record();
    assert_eq!(app.sweep().await.unwrap().finished, 3);
    app.proxy().calls()
}

/// The calls that verify an address and leave the user unchanged.
async fn calls_of_a_verification() -> Vec<Call> {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = "/api/v1.1/users/janedoe/emails/";
    let address = json!({ "email": "second@example.com", "verified": true });
    assert_eq!(jane.send_json("POST", path, &address).await.status, 201);
    app.proxy().record();
    assert_eq!(jane.send_json("PATCH", path, &address).await.status, 200);
    app.proxy().calls()
}

/// The calls that prove an address which the user has, and those that reset a password by it, with
/// the cleanup of tokens.
async fn calls_of_the_pages() -> Vec<Call> {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    // Whoever loses an address keeps another one.
    let emails = "/rollcall/v1/users/self/emails";
    let other = json!({ "email": "john@work.example" });
    assert_eq!(john.send_json("POST", emails, &other).await.status, 201);
    post.deliver().await;
    let path = format!("{emails}/{}/verification", john.email());
    assert_eq!(jane.send("POST", &path).await.status, 202);
    let path = mailed_path(&mut post).await;
    app.proxy().record();
    assert_eq!(post_form(&app, &path, &[]).await.status, 200);
    let mut calls = app.proxy().calls();
    post.deliver().await;
    assert_eq!(post_form(&app, "/account/reset", &[("name", "janedoe")]).await.status, 200);
    let path = mailed_path(&mut post).await;
    app.proxy().record();
    let new = [("password", "another horse battery")];
    assert_eq!(post_form(&app, &path, &new).await.status, 200);
    calls.extend(app.proxy().calls());
    calls
}

/// The calls of the revocation of a token with another one that it made.
async fn calls_of_a_revocation() -> Vec<Call> {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "name": "made", "kind": "user" });
    assert_eq!(jane.send_json("POST", "/rollcall/v1/tokens", &new).await.status, 201);
    let path = format!("/rollcall/v1/tokens/{}", testkit::token_id(jane.token()).unwrap());
    app.proxy().record();
    assert_eq!(jane.send("DELETE", &format!("{path}?descendants=true")).await.status, 204);
    app.proxy().calls()
}

/// The calls of the first own password, with the cleanup of other tokens and of a passkey.
async fn calls_of_a_new_password((method, path, status): (&str, &str, u16)) -> Vec<Call> {
    let app = TestApp::start().await;
    let jane = fresh(&app.person("janedoe").await).await;
    app.new_passkey(&app.session(&jane.credentials()).await).await;
    app.set(&jane, "passwordIsOwn", json!({ "BOOL": false })).await;
    app.proxy().record();
    let body = json!({ "password": "another horse battery", "currentPassword": PASSWORD });
    let response = jane.send_json(method, path, &body).await;
    assert_eq!(response.status, status, "{response:?}");
    app.proxy().calls()
}

/// The same person with a token whose first use is yet to be noted.
async fn fresh<'a>(person: &Person<'a>) -> Person<'a> {
    person.with_token(person.new_token(shared::model::TokenKind::User, None, None).await)
}

#[tokio::test]
async fn every_function_may_do_what_it_does_and_nothing_else() {
    let recorded_calls: BTreeMap<_, BTreeSet<_>> = recorded_calls()
        .await
        .iter()
        .map(|(function, calls)| {
            (*function, calls.iter().flat_map(|call| call.actions.clone()).collect())
        })
        .collect();

    for function in Template::load().unwrap().functions() {
        let name = function.binary.as_str();
        let mut actions = function.actions.clone();
        let besides = besides(name);
        actions.retain(|action| !besides.contains(&action.as_str()));
        assert_eq!(function.actions.len(), actions.len() + besides.len(), "{name}");
        assert_eq!(Some(&actions), recorded_calls.get(name), "{name}");
        let is_told_the_secret = function.environment.contains(SECRET_VARIABLE);
        assert_eq!(function.actions.contains(SECRET_READ), is_told_the_secret, "{name}");
    }
    for name in ["docs", "not-found"] {
        assert_eq!(recorded_calls[name], BTreeSet::new(), "{name}");
    }
    assert!(
        recorded_calls["quave-accounts"].contains("dynamodb:BatchWriteItem"),
        "{}",
        json!(recorded_calls)
    );
}

/// `DynamoDB` counts its errors per operation: one that is not named is not watched, and one that
/// is never called is paid for in vain.
#[tokio::test]
async fn alarms_and_dashboard_watch_exactly_the_operations_that_functions_call() {
    let called = recorded_calls()
        .await
        .values()
        .flatten()
        .filter(|call| !call.actions.contains(SECRET_READ));
    let called: BTreeSet<_> = called.map(|call| call.operation.as_str()).collect();
    let template = Template::load().unwrap();

    let mut watching = 0;
    for (id, properties) in template.resources() {
        let watched = watched_operations(properties);
        assert!(
            watched.is_empty() || watched == called,
            "{id} watches {watched:?}, not {called:?}"
        );
        watching += usize::from(!watched.is_empty());
    }
    assert!(watching > 0);
}

/// The values of the dimension `DocumentedOperation`, in an alarm or in the text of a dashboard.
fn watched_operations(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Object(dimension) if dimension.get("Name") == Some(&json!("Operation")) => {
            dimension["Value"].as_str().into_iter().collect()
        }
        Value::Object(entries) => entries.values().flat_map(watched_operations).collect(),
        Value::Array(values) => values.iter().flat_map(watched_operations).collect(),
        Value::String(text) => {
            let after = text.split("\"Operation\"").skip(1);
            after.filter_map(|rest| rest.split('"').nth(1)).collect()
        }
        _ => BTreeSet::new(),
    }
}
