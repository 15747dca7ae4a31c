//! `ETag`, `If-Match` and `If-None-Match`.

use std::collections::HashMap;

use serde_json::{Value, json};
use shared::model::Role;
use testkit::{ApiResponse, DocumentedOperation, Person, TestApp, operation, user_operations};

fn with(event: &Value, header: &str, value: &str) -> Value {
    let mut event = event.clone();
    event["headers"][header] = json!(value);
    event
}

/// The operations that show a single resource.
fn resources() -> impl Iterator<Item = DocumentedOperation> {
    user_operations().filter(|operation| operation.facts.has_etag && !operation.is_write())
}

/// The writes to a single resource.
fn writes() -> impl Iterator<Item = DocumentedOperation> {
    user_operations().filter(|operation| operation.facts.writes_to.is_some())
}

/// A write and the tag of what it writes to, as it is now.
async fn tagged(
    app: &TestApp,
    write: &DocumentedOperation,
    person: &Person<'_>,
) -> (Value, String) {
    let event = app.repeatable_event(write, person).await;
    let response = app.send_event(&showing(write, &event, person)).await;
    let tag = response.header("etag").unwrap_or_else(|| panic!("{write}: {response:?}"));
    (event, tag.to_owned())
}

/// The event that shows what another one writes to.
fn showing(write: &DocumentedOperation, event: &Value, person: &Person<'_>) -> Value {
    let read = operation(write.facts.writes_to.unwrap());
    let mut shown = read.of(&person.account(), person.token());
    if read.name == "rollcall-get-member" {
        shown["rawPath"] = event["rawPath"].clone();
    }
    if read.name == "rollcall-get-token" {
        let path = event["rawPath"].as_str().unwrap();
        shown["rawPath"] = json!(path.trim_end_matches('/').trim_end_matches("/rotate"));
    }
    shown
}

#[tokio::test]
async fn single_resources_have_a_strong_tag_and_nothing_else_has() {
    for operation in user_operations().filter(|operation| operation.method() == "GET") {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;

        let (one, two) = (app.send_event(&event).await, app.send_event(&event).await);

        let tag = one.header("etag");
        assert_eq!(tag.is_some(), operation.facts.has_etag, "{operation}");
        assert_eq!(tag, two.header("etag"), "{operation}");
        assert!(tag.is_none_or(|tag| tag.starts_with('"') && tag.len() == 24), "{tag:?}");
    }
}

#[tokio::test]
async fn a_resource_that_the_client_has_already_is_304_without_a_body() {
    for operation in resources() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let shown = app.send_event(&event).await;
        let tag = shown.header("etag").unwrap();

        for known in [tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
            let response = app.send_event(&with(&event, "if-none-match", known)).await;

            assert_eq!(response.parts(), (304, &Value::Null), "{operation}: {known}");
            assert_eq!(response.header("etag"), Some(tag), "{operation}");
            assert_eq!(response.header("content-type"), None, "{operation}");
        }
        let other = app.send_event(&with(&event, "if-none-match", "\"other\"")).await;
        assert_eq!(other, shown, "{operation}");
    }
}

#[tokio::test]
async fn a_resource_that_is_not_as_demanded_is_412() {
    for operation in resources() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let shown = app.send_event(&event).await;
        let tag = shown.header("etag").unwrap();

        assert_eq!(app.send_event(&with(&event, "if-match", tag)).await, shown, "{operation}");
        assert_eq!(app.send_event(&with(&event, "if-match", "*")).await, shown, "{operation}");
        for other in ["\"other\"", &format!("W/{tag}")] {
            let response = app.send_event(&with(&event, "if-match", other)).await;
            assert_rejected(&response, &operation);
        }
    }
}

fn assert_rejected(response: &ApiResponse, operation: &DocumentedOperation) {
    let text = "the resource is not as `If-Match` or `If-None-Match` demands";
    let expected = operation.error(412, "precondition_failed", text);
    assert_eq!(response.parts(), (412, &expected), "{operation}");
}

#[tokio::test]
async fn a_write_happens_if_the_resource_is_as_demanded_and_costs_no_more_rounds() {
    for write in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, _) = tagged(&app, &write, &jane).await;
        app.proxy().count();
        let plain = app.send_event(&event).await;
        let rounds = app.proxy().rounds();
        assert_eq!(plain.status, write.success(), "{write}: {plain:?}");

        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, &write, &jane).await;
        app.proxy().count();
        let response = app.send_event(&with(&event, "if-match", &tag)).await;

        assert_eq!(response.status, write.success(), "{write}: {response:?}");
        // Which account is the current one stands in the user, who must be read before it.
        let more = usize::from(write.name.ends_with("-set-current-account"));
        assert_eq!(app.proxy().rounds(), rounds + more, "{write}: {:?}", app.proxy().calls());
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_write_to_a_resource_that_is_not_as_demanded_is_412_and_changes_nothing() {
    for write in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, &write, &jane).await;
        let before = app.written().await;

        for (header, value) in [
            ("if-match", "\"other\""),
            ("if-match", &format!("W/{tag}")),
            ("if-none-match", "*"),
            ("if-none-match", &tag),
        ] {
            let response = app.send_event(&with(&event, header, value)).await;
            assert_rejected(&response, &write);
        }
        assert_eq!(app.written().await, before, "{write}");
    }
}

#[tokio::test]
async fn a_change_between_the_read_and_the_write_is_412() {
    for write in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, &write, &jane).await;
        let change = app.engine_later("UpdateItem", change(&write, &event, &jane));
        app.proxy().before("TransactWriteItems", change);

        let response = app.send_event(&with(&event, "if-match", &tag)).await;

        assert_rejected(&response, &write);
        assert_eq!(app.proxy().faults_left(), 0, "{write}");
    }
}

/// A change of what the resource shows, by somebody else: the key and what changes there.
fn change(write: &DocumentedOperation, event: &Value, jane: &Person<'_>) -> Value {
    let user = format!("USER#{}", jane.user().id);
    let account = format!("ACCOUNT#{}", jane.account());
    let segments: Vec<_> = event["rawPath"].as_str().unwrap().split('/').collect();
    let (pk, sk, attribute) = match write.facts.writes_to.unwrap() {
        "golem-get-account"
        | "quave-get-account"
        | "quave-get-current-account"
        | "rollcall-get-account"
        | "rollcall-get-current-account" => (account, "ACCOUNT".to_owned(), "name"),
        "rollcall-get-registry" => (account, "ACCOUNT".to_owned(), "registry.username"),
        "rollcall-get-member" => (format!("USER#{}", segments[6]), "USER".to_owned(), "fullName"),
        "rollcall-get-token" => (user, format!("TOKEN#{}", segments[4]), "name"),
        "e24-get-account" | "hub-get-user" | "rollcall-get-user" => {
            (user, "USER".to_owned(), "fullName")
        }
        other => panic!("name the item that {other} shows"),
    };
    let path: Vec<_> = attribute.split('.').map(|name| format!("#{name}")).collect();
    let names: HashMap<_, _> =
        attribute.split('.').chain(["version"]).map(|name| (format!("#{name}"), name)).collect();
    json!({
        "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
        "UpdateExpression": format!("SET {} = :new, #version = #version + :one", path.join(".")),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": { ":new": { "S": "Other" }, ":one": { "N": "1" } },
    })
}

#[tokio::test]
async fn the_owners_address_that_an_account_shows_is_part_of_what_is_demanded() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let path = format!("/v1/accounts/{}", jane.account());
    let tag = john.send("GET", &path).await.header("etag").unwrap().to_owned();
    let headers = [("authorization", john.token()), ("if-match", tag.as_str())];
    let change = json!({
        "Key": jane.key(),
        "UpdateExpression": "SET #address.typed = :new, #version = #version + :one",
        "ExpressionAttributeNames": { "#address": "primaryEmail", "#version": "version" },
        "ExpressionAttributeValues": { ":new": { "S": "JANEDOE@example.com" }, ":one": { "N": "1" } },
    });
    app.proxy().before("TransactWriteItems", app.engine_later("UpdateItem", change));

    let response = app.send("DELETE", &path, &headers, None).await;

    assert_eq!(response.status, 412, "{response:?}");
    assert_eq!(john.send("GET", &path).await.status, 200);
}

#[tokio::test]
async fn a_write_to_what_has_no_tag_cannot_be_conditional() {
    let has_none = |own: &DocumentedOperation| own.is_write() && own.facts.writes_to.is_none();
    for operation in user_operations().filter(has_none) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let before = app.written().await;

        let response = app.send_event(&with(&event, "if-match", "*")).await;

        assert_rejected(&response, &operation);
        assert_eq!(app.written().await, before, "{operation}");
    }
}

#[tokio::test]
async fn a_current_account_that_there_is_not_matches_no_demand() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    assert_eq!(john.send("DELETE", &format!("/v1/accounts/{}", john.account())).await.status, 200);
    let body = json!({ "accountId": jane.account() }).to_string();
    let path = "/api/public/v1/current-account";

    let headers = [("authorization", john.token()), ("if-match", "*")];
    let rejected = app.send("PUT", path, &headers, Some(&body)).await;
    let headers = [("authorization", john.token()), ("if-none-match", "*")];
    let done = app.send("PUT", path, &headers, Some(&body)).await;

    assert_eq!((rejected.status, done.status), (412, 200), "{rejected:?} {done:?}");
}

#[tokio::test]
async fn the_tag_of_a_changed_resource_comes_with_the_answer_that_shows_it() {
    for write in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, before) = tagged(&app, &write, &jane).await;

        let changed = app.send_event(&event).await;

        let tag = changed.header("etag");
        assert_eq!(tag.is_some(), write.facts.has_etag, "{write}");
        // Its event chooses the account that is the current one.
        if write.name != "rollcall-set-current-account" {
            assert_ne!(tag, Some(before.as_str()), "{write}");
        }
        if tag.is_some() {
            let shown = app.send_event(&showing(&write, &event, &jane)).await;
            assert_eq!(shown.header("etag"), tag, "{write}");
        }
    }
}

#[tokio::test]
async fn which_account_is_current_is_part_of_what_is_demanded() {
    for write in [
        "quave-delete-account",
        "quave-set-current-account",
        "rollcall-delete-account",
        "rollcall-set-current-account",
        "rollcall-update-account",
    ]
    .map(operation)
    {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, &write, &jane).await;
        let change = json!({
            "Key": jane.key(),
            "UpdateExpression": "REMOVE currentAccount SET #version = #version + :one",
            "ExpressionAttributeNames": { "#version": "version" },
            "ExpressionAttributeValues": { ":one": { "N": "1" } },
        });
        app.proxy().before("TransactWriteItems", app.engine_later("UpdateItem", change));

        let response = app.send_event(&with(&event, "if-match", &tag)).await;

        assert_rejected(&response, &write);
    }
}

#[tokio::test]
async fn of_two_who_choose_a_current_account_if_there_is_none_one_does() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.unset_current_account(&jane).await;
    let body = json!({ "accountId": jane.account() }).to_string();
    let headers = [("authorization", jane.token()), ("if-none-match", "*")];
    let choose = || app.send("PUT", "/api/public/v1/current-account", &headers, Some(&body));
    // Both have read before one writes: while rounds are counted, each call takes its time.
    app.proxy().count();

    let (one, two) = tokio::join!(choose(), choose());

    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

#[tokio::test]
async fn a_token_does_not_change_by_being_looked_at() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let fresh = jane.new_token(shared::model::TokenKind::User, None, None).await;
    let id = testkit::token_id(&fresh).unwrap();
    let jane = jane.with_token(fresh);
    let own = format!("/rollcall/v1/tokens/{id}");

    let first = jane.send("GET", "/rollcall/v1/tokens/self").await;
    let (again, by_id) =
        (jane.send("GET", "/rollcall/v1/tokens/self").await, jane.send("GET", &own).await);

    assert!(first.body["lastUsedAt"].is_string(), "{first:?}");
    assert_eq!((&again, &by_id), (&first, &first));
    let fresh = jane.with_token(jane.new_token(shared::model::TokenKind::User, None, None).await);
    let id = testkit::token_id(fresh.token()).unwrap();
    let unused = fresh.send("GET", &format!("/rollcall/v1/tokens/{id}")).await;
    assert_eq!(fresh.send("GET", "/rollcall/v1/tokens/self").await, unused);
}
