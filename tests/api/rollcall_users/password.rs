//! `/rollcall/v1/users/self/password`.

use serde_json::{Value, json};
use shared::model::TokenKind;
use testkit::{ApiResponse, PASSWORD, Person, TestApp, basic};

use super::{errors, problem};
use crate::signatures::Signed;

const PATH: &str = "/rollcall/v1/users/self/password";
const NEW: &str = "another horse battery";

async fn set(person: &Person<'_>, body: &Value) -> ApiResponse {
    person.send_json("PUT", PATH, body).await
}

async fn change(person: &Person<'_>, current: &str, new: &str) -> ApiResponse {
    set(person, &json!({ "currentPassword": current, "password": new })).await
}

async fn signs_in(person: &Person<'_>, password: &str) -> u16 {
    let basic = basic("janedoe", password);
    person.with_token(basic).send("GET", "/rollcall/v1/users/self").await.status
}

async fn works(person: &Person<'_>, token: &str) -> bool {
    person.with_token(token.to_owned()).send("GET", "/rollcall/v1/tokens/self").await.status == 200
}

fn wrong() -> Value {
    problem(403, "Forbidden", "forbidden", "the current password is not right")
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_other_tokens_but_no_keys() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let other = jane.new_token(TokenKind::User, None, None).await;
    let environment = jane.new_token(TokenKind::Environment, None, None).await;

    assert_eq!(change(&jane, PASSWORD, NEW).await.parts(), (204, &Value::Null));

    assert_eq!((signs_in(&jane, PASSWORD).await, signs_in(&jane, NEW).await), (401, 200));
    assert!(works(&jane, jane.token()).await && !works(&jane, &other).await);
    let (key, secret) = jane.api_key();
    let signed = Signed::new("GET", "/v2/account", String::new());
    assert_eq!(signed.send(&app, &signed.with(&key, secret)).await.status, 200);
    let listed = jane.send("GET", "/rollcall/v1/tokens").await;
    let kinds = listed.body["tokens"].as_array().unwrap().iter().map(|token| token["kind"].clone());
    assert!(kinds.into_iter().any(|kind| kind == "environment"), "{environment} {listed:?}");

    let body = json!({ "currentPassword": NEW, "password": PASSWORD, "revokeKeys": true });
    assert_eq!(set(&jane, &body).await.status, 204);
    assert_eq!(signed.send(&app, &signed.with(&key, secret)).await.status, 401);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_current_password_is_required_with_every_credential() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for person in [jane.with_token(jane.token().to_owned()), jane.with_token(jane.basic())] {
        let missing = set(&person, &json!({ "password": NEW })).await;
        assert_eq!(errors(&missing), ["currentPassword: is required"]);
        assert_eq!(change(&person, "a wrong password", NEW).await.parts(), (403, &wrong()));
    }
    assert_eq!(signs_in(&jane, PASSWORD).await, 200);
    assert_eq!(change(&jane.with_token(jane.basic()), PASSWORD, NEW).await.status, 204);
    assert_eq!(signs_in(&jane, NEW).await, 200);
}

#[tokio::test]
async fn a_user_without_a_password_sets_the_first_one_without_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let change = json!({
        "Key": jane.key(),
        "UpdateExpression": "REMOVE passwordHash SET #version = #version + :one",
        "ExpressionAttributeNames": { "#version": "version" },
        "ExpressionAttributeValues": { ":one": { "N": "1" } },
    });
    app.engine("UpdateItem", change).await;

    assert_eq!(set(&jane, &json!({ "password": NEW })).await.status, 204);

    assert_eq!(signs_in(&jane, NEW).await, 200);
}

#[tokio::test]
async fn ten_wrong_current_passwords_lock_passwords_and_no_tokens() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for _ in 0..10 {
        assert_eq!(change(&jane, "a wrong password", NEW).await.parts(), (403, &wrong()));
    }

    let locked = change(&jane, PASSWORD, NEW).await;
    assert_eq!((locked.status, locked.header("retry-after")), (429, Some("900")), "{locked:?}");
    assert_eq!(signs_in(&jane, PASSWORD).await, 429);
    assert_eq!(jane.send("GET", "/rollcall/v1/users/self").await.status, 200);
}

#[tokio::test]
async fn a_right_current_password_takes_no_attempt() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for round in 0..12 {
        let (old, new) = if round % 2 == 0 { (PASSWORD, NEW) } else { (NEW, PASSWORD) };
        assert_eq!(change(&jane, old, new).await.status, 204, "{round}");
    }
}

#[tokio::test]
async fn a_password_that_others_would_guess_is_400_and_takes_no_attempt() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (password, text) in [
        ("short", "must be at least 8 characters long"),
        ("janedoe1", "must not be the username"),
        ("password1", "is one of the most common passwords"),
    ] {
        for _ in 0..10 {
            let rejected = change(&jane, "a wrong password", password).await;
            assert_eq!(errors(&rejected), [format!("password: {text}")]);
        }
    }
    let types = json!({ "currentPassword": 1, "password": null, "revokeKeys": "yes" });
    assert_eq!(
        errors(&set(&jane, &types).await),
        [
            "currentPassword: must be a string",
            "password: must be a string",
            "revokeKeys: must be true or false",
        ]
    );
    assert_eq!(change(&jane, PASSWORD, NEW).await.status, 204);
}

#[tokio::test]
async fn a_change_that_is_sent_again_under_its_key_happens_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers = [
        ("authorization", jane.token()),
        ("content-type", "application/json"),
        ("idempotency-key", "once"),
    ];
    let body = json!({ "currentPassword": PASSWORD, "password": NEW }).to_string();

    let first = app.send("PUT", PATH, &headers, Some(&body)).await;
    let again = app.send("PUT", PATH, &headers, Some(&body)).await;

    assert_eq!((first.status, again.status), (204, 204), "{again:?}");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn of_two_changes_at_once_one_finds_the_other_ones_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    // Both have read before one writes: while rounds are counted, each call takes its time.
    app.proxy().count();

    let (one, two) =
        tokio::join!(change(&jane, PASSWORD, NEW), change(&jane, PASSWORD, "one more battery"));

    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 403], "{one:?} {two:?}");
    let new = if one.status == 204 { NEW } else { "one more battery" };
    assert_eq!(signs_in(&jane, new).await, 200);
}
