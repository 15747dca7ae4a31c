//! What IAM allows each function, and what alarms watch, is what it really asks of the table.

use std::collections::{BTreeMap, BTreeSet};

use devkit::template::Template;
use serde_json::{Value, json};
use shared::model::Role;
use shared::service_key::SECRET_VARIABLE;
use testkit::{Call, Credential, Fault, Person, TestApp, operations};
use tokio::sync::OnceCell;

const SECRET_READ: &str = "secretsmanager:GetSecretValue";

/// What each function asks of the table and of Secrets Manager when everything is done that it can do; found out once.
async fn asked() -> &'static BTreeMap<&'static str, Vec<Call>> {
    static ASKED: OnceCell<BTreeMap<&'static str, Vec<Call>>> = OnceCell::const_new();
    ASKED.get_or_init(ask).await
}

async fn ask() -> BTreeMap<&'static str, Vec<Call>> {
    let mut asked = BTreeMap::<_, Vec<Call>>::new();
    for operation in operations() {
        let app = TestApp::start().await;
        let (jane, _) = app.owner_and(Role::Admin).await;
        let fresh = fresh(&jane).await;
        let takes_basic =
            operation.takes(Credential::Basic) && operation.success_by(Credential::Basic) < 400;
        let basic = Some(jane.basic()).filter(|_| takes_basic);
        for authorization in [fresh.token().to_owned()].into_iter().chain(basic) {
            let mut event = operation.prepared(&app, &jane.who(), &authorization).await;
            event["headers"]["idempotency-key"] = json!("a-key");
            app.proxy().count();
            let answer = app.send_event(&event).await;
            assert_eq!(answer.status, operation.success(), "{operation}: {answer:?}");
            let calls = asked.entry(operation.binary()).or_default();
            calls.extend(app.proxy().calls());
            calls.extend(app.has_read_service_key(operation.binary()).then(reading_the_secret));
        }
    }
    asked.entry("e24-account").or_default().extend(asked_by_a_new_password().await);
    asked.entry("hub-users").or_default().extend(asked_by_a_verification().await);
    asked.entry("sweep").or_default().extend(asked_by_the_sweep().await);
    asked
}

fn reading_the_secret() -> Call {
    Call {
        operation: "GetSecretValue".to_owned(),
        keys: 0,
        actions: BTreeSet::from([SECRET_READ.to_owned()]),
        is_beside_another: false,
    }
}

/// What the sweep asks for when a deletion and a change of a password were left half done.
async fn asked_by_the_sweep() -> Vec<Call> {
    let app = TestApp::start().await;
    let (jane, _) = app.owner_and(Role::Admin).await;
    fresh(&jane).await;
    app.proxy().disturb_all_of("BatchWriteItem", Some(Fault::Rejected("ValidationException")));
    let path = format!("/v1/accounts/{}", jane.account());
    assert_eq!(jane.send("DELETE", &path).await.status, 200);
    let body = json!({ "password": "another horse battery" });
    assert_eq!(jane.send_json("POST", "/v2/account/data", &body).await.status, 200);
    app.proxy().disturb_all_of("BatchWriteItem", None);
    app.proxy().count();
    assert_eq!(app.sweep().await.unwrap().finished, 2);
    app.proxy().calls()
}

/// What it asks for to verify an address and leave the user alone.
async fn asked_by_a_verification() -> Vec<Call> {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = "/api/v1.1/users/janedoe/emails/";
    let address = json!({ "email": "second@example.com", "verified": true });
    assert_eq!(jane.send_json("POST", path, &address).await.status, 201);
    app.proxy().count();
    assert_eq!(jane.send_json("PATCH", path, &address).await.status, 200);
    app.proxy().calls()
}

/// What a changed password asks for: other tokens are cleared up.
async fn asked_by_a_new_password() -> Vec<Call> {
    let app = TestApp::start().await;
    let jane = fresh(&app.person("janedoe").await).await;
    app.proxy().count();
    let body = json!({ "password": "another horse battery" });
    let answer = jane.send_json("POST", "/v2/account/data", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    app.proxy().calls()
}

/// The same person with a token whose first use is yet to be noted.
async fn fresh<'a>(person: &Person<'a>) -> Person<'a> {
    person.with_token(person.new_token(shared::model::TokenKind::User, None, None).await)
}

#[tokio::test]
async fn every_function_may_do_what_it_does_and_nothing_else() {
    let asked: BTreeMap<_, BTreeSet<_>> = asked()
        .await
        .iter()
        .map(|(function, calls)| {
            (*function, calls.iter().flat_map(|call| call.actions.clone()).collect())
        })
        .collect();

    for function in Template::load().unwrap().functions() {
        let name = function.binary.as_str();
        assert_eq!(Some(&function.actions), asked.get(name), "{name}");
        let is_told_the_secret = function.environment.contains(SECRET_VARIABLE);
        assert_eq!(function.actions.contains(SECRET_READ), is_told_the_secret, "{name}");
    }
    assert_eq!(asked["not-found"], BTreeSet::new());
    assert!(asked["quave-accounts"].contains("dynamodb:BatchWriteItem"), "{}", json!(asked));
}

/// `DynamoDB` counts its errors per operation, so whatever is not named is not watched, and what is named in vain is paid
/// for.
#[tokio::test]
async fn alarms_and_dashboard_watch_every_operation_that_functions_call_and_no_other() {
    let called =
        asked().await.values().flatten().filter(|call| !call.actions.contains(SECRET_READ));
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

/// The values of the dimension `Operation`, in an alarm or in the text of a dashboard.
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
