//! `ETag`, `If-Match` and `If-None-Match`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::model::Role;
use testkit::{ApiResponse, Operation, Person, TestApp, operations, user_operations};

/// Single resources, by the operation that shows one.
const RESOURCES: [&str; 8] = [
    "e24-get-account",
    "golem-get-account",
    "golem-get-account-plan",
    "hub-get-user",
    "quave-get-account",
    "quave-get-current-account",
    "rollcall-get-own-token",
    "rollcall-get-token",
];

/// The writes to a single resource, with the operation that shows it.
const WRITES: [(&str, &str); 13] = [
    ("e24-add-ssh-key", "e24-get-account"),
    ("e24-create-api-key", "e24-get-account"),
    ("e24-delete-api-key", "e24-get-account"),
    ("e24-delete-ssh-key", "e24-get-account"),
    ("e24-renew-api-secret", "e24-get-account"),
    ("e24-update-account-data", "e24-get-account"),
    ("golem-delete-account", "golem-get-account"),
    ("golem-update-account", "golem-get-account"),
    ("hub-update-user", "hub-get-user"),
    ("quave-delete-account", "quave-get-account"),
    ("quave-set-current-account", "quave-get-current-account"),
    ("rollcall-revoke-token", "rollcall-get-token"),
    ("rollcall-rotate-token", "rollcall-get-token"),
];

fn operation(name: &str) -> Operation {
    operations().into_iter().find(|operation| operation.name == name).unwrap()
}

fn with(event: &Value, header: &str, value: &str) -> Value {
    let mut event = event.clone();
    event["headers"][header] = json!(value);
    event
}

/// A write and the tag of what it writes to, as it is now.
async fn tagged(app: &TestApp, write: &str, shows: &str, person: &Person<'_>) -> (Value, String) {
    let basic = person.basic();
    let authorization =
        if write == "rollcall-rotate-token" { basic.as_str() } else { person.token() };
    let event = operation(write).prepared(app, &person.who(), authorization).await;
    let answer = app.send_event(&showing(shows, &event, person)).await;
    let tag = answer.header("etag").unwrap_or_else(|| panic!("{shows}: {answer:?}"));
    (event, tag.to_owned())
}

/// The event that shows what another one writes to.
fn showing(shows: &str, write: &Value, person: &Person<'_>) -> Value {
    let mut event = operation(shows).of(&person.account(), person.token());
    if shows == "rollcall-get-token" {
        let path = write["rawPath"].as_str().unwrap();
        event["rawPath"] = json!(path.trim_end_matches('/').trim_end_matches("/rotate"));
    }
    event
}

/// All items, but for the attempts to sign in.
async fn sorted(app: &TestApp) -> BTreeSet<String> {
    let items = app.items().await.into_iter().filter(|item| item["sk"]["S"] != "LOCKOUT");
    items.map(|item| item.to_string()).collect()
}

#[tokio::test]
async fn single_resources_have_a_strong_tag_and_nothing_else_has() {
    for operation in user_operations().filter(|operation| operation.method() == "GET") {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;

        let (one, two) = (app.send_event(&event).await, app.send_event(&event).await);

        let tag = one.header("etag");
        assert_eq!(tag.is_some(), RESOURCES.contains(&operation.name.as_str()), "{operation}");
        assert_eq!(tag, two.header("etag"), "{operation}");
        assert!(tag.is_none_or(|tag| tag.starts_with('"') && tag.len() == 24), "{tag:?}");
    }
}

#[tokio::test]
async fn a_resource_that_the_client_has_already_is_304_without_a_body() {
    for name in RESOURCES {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation(name), &jane).await;
        let shown = app.send_event(&event).await;
        let tag = shown.header("etag").unwrap();

        for known in [tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
            let answer = app.send_event(&with(&event, "if-none-match", known)).await;

            assert_eq!(answer.parts(), (304, &Value::Null), "{name}: {known}");
            assert_eq!(answer.header("etag"), Some(tag), "{name}");
            assert_eq!(answer.header("content-type"), None, "{name}");
        }
        let other = app.send_event(&with(&event, "if-none-match", "\"other\"")).await;
        assert_eq!(other, shown, "{name}");
    }
}

#[tokio::test]
async fn a_resource_that_is_not_as_demanded_is_412() {
    for name in RESOURCES {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation(name), &jane).await;
        let shown = app.send_event(&event).await;
        let tag = shown.header("etag").unwrap();

        assert_eq!(app.send_event(&with(&event, "if-match", tag)).await, shown, "{name}");
        assert_eq!(app.send_event(&with(&event, "if-match", "*")).await, shown, "{name}");
        for other in ["\"other\"", &format!("W/{tag}")] {
            let answer = app.send_event(&with(&event, "if-match", other)).await;
            assert_refused(&answer, &operation(name));
        }
    }
}

fn assert_refused(answer: &ApiResponse, operation: &Operation) {
    let text = "the resource is not as `If-Match` or `If-None-Match` demands";
    let expected = match operation.name.split('-').next() {
        Some("rollcall") => json!({
            "title": "Precondition Failed",
            "status": 412,
            "detail": text,
            "code": "precondition_failed",
        }),
        _ => operation.error(412, "precondition_failed", text),
    };
    assert_eq!(answer.parts(), (412, &expected), "{operation}");
}

#[tokio::test]
async fn a_write_happens_if_the_resource_is_as_demanded_and_costs_no_more_rounds() {
    for (write, shows) in WRITES {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, _) = tagged(&app, write, shows, &jane).await;
        app.proxy().count();
        let plain = app.send_event(&event).await;
        let rounds = app.proxy().rounds();
        assert_eq!(plain.status, operation(write).success(), "{write}: {plain:?}");

        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, write, shows, &jane).await;
        app.proxy().count();
        let answer = app.send_event(&with(&event, "if-match", &tag)).await;

        assert_eq!(answer.status, operation(write).success(), "{write}: {answer:?}");
        // Which account is the current one stands in the user, who must be read before it.
        let more = usize::from(write == "quave-set-current-account");
        assert_eq!(app.proxy().rounds(), rounds + more, "{write}: {:?}", app.proxy().calls());
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_write_to_a_resource_that_is_not_as_demanded_is_412_and_changes_nothing() {
    for (write, shows) in WRITES {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, write, shows, &jane).await;
        let before = sorted(&app).await;

        for (header, value) in [
            ("if-match", "\"other\""),
            ("if-match", &format!("W/{tag}")),
            ("if-none-match", "*"),
            ("if-none-match", &tag),
        ] {
            let answer = app.send_event(&with(&event, header, value)).await;
            assert_refused(&answer, &operation(write));
        }
        assert_eq!(sorted(&app).await, before, "{write}");
    }
}

#[tokio::test]
async fn a_change_between_the_read_and_the_write_is_412() {
    for (write, shows) in WRITES {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, write, shows, &jane).await;
        let change = app.engine_later("UpdateItem", change(write, &event, &jane));
        app.proxy().before("TransactWriteItems", change);

        let answer = app.send_event(&with(&event, "if-match", &tag)).await;

        assert_refused(&answer, &operation(write));
        assert_eq!(app.proxy().faults_left(), 0, "{write}");
    }
}

/// A change of what the resource shows, by somebody else: the key and what changes there.
fn change(write: &str, event: &Value, jane: &Person<'_>) -> Value {
    let user = format!("USER#{}", jane.user().id);
    let account = format!("ACCOUNT#{}", jane.account());
    let segments: Vec<_> = event["rawPath"].as_str().unwrap().split('/').collect();
    let (pk, sk, attribute) = match write.split('-').next() {
        Some("golem" | "quave") => (account, "ACCOUNT".to_owned(), "name"),
        Some("rollcall") => (user, format!("TOKEN#{}", segments[4]), "name"),
        _ => (user, "USER".to_owned(), "fullName"),
    };
    json!({
        "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
        "UpdateExpression": "SET #attribute = :new, #version = #version + :one",
        "ExpressionAttributeNames": { "#attribute": attribute, "#version": "version" },
        "ExpressionAttributeValues": { ":new": { "S": "Other" }, ":one": { "N": "1" } },
    })
}

#[tokio::test]
async fn the_owners_address_that_an_account_shows_is_part_of_what_is_demanded() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    app.join(&john, &jane.account(), Role::Admin).await;
    let path = format!("/v1/accounts/{}", jane.account());
    let tag = john.send("GET", &path).await.header("etag").unwrap().to_owned();
    let headers = [("authorization", john.token()), ("if-match", tag.as_str())];
    let change = json!({
        "Key": { "pk": { "S": format!("USER#{}", jane.user().id) }, "sk": { "S": "USER" } },
        "UpdateExpression": "SET #address.typed = :new, #version = #version + :one",
        "ExpressionAttributeNames": { "#address": "primaryEmail", "#version": "version" },
        "ExpressionAttributeValues": { ":new": { "S": "JANEDOE@example.com" }, ":one": { "N": "1" } },
    });
    app.proxy().before("TransactWriteItems", app.engine_later("UpdateItem", change));

    let answer = app.send("DELETE", &path, &headers, None).await;

    assert_eq!(answer.status, 412, "{answer:?}");
    assert_eq!(john.send("GET", &path).await.status, 200);
}

#[tokio::test]
async fn a_write_to_what_has_no_tag_cannot_be_conditional() {
    let with_tag = |name: &str| WRITES.iter().any(|(write, _)| *write == name);
    for operation in user_operations().filter(|own| own.is_write() && !with_tag(&own.name)) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let before = sorted(&app).await;

        let answer = app.send_event(&with(&event, "if-match", "*")).await;

        assert_refused(&answer, &operation);
        assert_eq!(sorted(&app).await, before, "{operation}");
    }
}

#[tokio::test]
async fn a_current_account_that_there_is_not_matches_no_demand() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    app.join(&john, &jane.account(), Role::Member).await;
    assert_eq!(john.send("DELETE", &format!("/v1/accounts/{}", john.account())).await.status, 200);
    let body = json!({ "accountId": jane.account() }).to_string();
    let path = "/api/public/v1/current-account";

    let headers = [("authorization", john.token()), ("if-match", "*")];
    let refused = app.send("PUT", path, &headers, Some(&body)).await;
    let headers = [("authorization", john.token()), ("if-none-match", "*")];
    let done = app.send("PUT", path, &headers, Some(&body)).await;

    assert_eq!((refused.status, done.status), (412, 200), "{refused:?} {done:?}");
}

#[tokio::test]
async fn the_tag_of_a_changed_resource_comes_with_the_answer_that_shows_it() {
    for write in ["hub-update-user", "golem-update-account", "e24-update-account-data"] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, before) = tagged(&app, write, shows_of(write), &jane).await;

        let changed = app.send_event(&event).await;

        let tag = changed.header("etag").unwrap();
        assert_ne!(tag, before, "{write}");
        let shown = app.send_event(&showing(shows_of(write), &event, &jane)).await;
        assert_eq!(shown.header("etag"), Some(tag), "{write}");
    }
}

#[tokio::test]
async fn which_account_is_current_is_part_of_what_is_demanded() {
    for write in ["quave-delete-account", "quave-set-current-account"] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (event, tag) = tagged(&app, write, shows_of(write), &jane).await;
        let change = json!({
            "Key": { "pk": { "S": format!("USER#{}", jane.user().id) }, "sk": { "S": "USER" } },
            "UpdateExpression": "REMOVE currentAccount SET #version = #version + :one",
            "ExpressionAttributeNames": { "#version": "version" },
            "ExpressionAttributeValues": { ":one": { "N": "1" } },
        });
        app.proxy().before("TransactWriteItems", app.engine_later("UpdateItem", change));

        let answer = app.send_event(&with(&event, "if-match", &tag)).await;

        assert_refused(&answer, &operation(write));
    }
}

fn shows_of(write: &str) -> &'static str {
    WRITES.iter().find(|(own, _)| *own == write).unwrap().1
}

#[tokio::test]
async fn of_two_who_choose_a_current_account_if_there_is_none_one_does() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let key = json!({ "pk": { "S": format!("USER#{}", jane.user().id) }, "sk": { "S": "USER" } });
    let forget = json!({ "Key": key, "UpdateExpression": "REMOVE currentAccount" });
    app.engine("UpdateItem", forget).await;
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
