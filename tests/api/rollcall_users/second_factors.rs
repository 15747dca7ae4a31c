//! Second factors: what a user has, how it goes, and the code that a reset takes.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::PasskeyId;
use testkit::{ApiResponse, PASSWORD, Person, Post, Service, TestApp, basic, totp_code};

use super::links::{NEW, RESETS, ended, mailed_token, open, post_json};
use super::{SELF, errors, not_found, pages, problem, text};
use crate::meanwhile::with_meanwhile;

const NOTHING: &str = "000000";

fn path(id: &str) -> String {
    format!("{SELF}/second-factors/{id}")
}

/// Turns the second factor on, and gives the secret of the app with the recovery codes.
async fn turn_on(app: &TestApp, person: &Person<'_>) -> (String, Vec<String>) {
    app.turn_on_second_factor(person.user().id, 1).await.unwrap()
}

/// Adds a passkey in the session of this cookie: its id.
async fn add_passkey(app: &TestApp, cookie: &str) -> String {
    app.new_passkey(cookie).await.passkey_id().to_string()
}

/// Jane, who has proved her address.
async fn proved_jane(app: &TestApp) -> Person<'_> {
    let jane = app.person("janedoe").await;
    jane.credentials().prove_address(app).await;
    jane
}

async fn remove(person: &Person<'_>, id: &str, code: &str) -> ApiResponse {
    person.send_json("DELETE", &path(id), &json!({ "code": code })).await
}

async fn signs_in(app: &TestApp, authorization: &str) -> ApiResponse {
    app.send("GET", SELF, &[("authorization", authorization)], None).await
}

fn code_required() -> Value {
    let detail = "a second factor is on: use a token as the password";
    problem(401, "Unauthorized", "second_factor_required", detail)
}

fn wrong_code() -> Value {
    problem(403, "Forbidden", "forbidden", "the code is not right")
}

/// A code of the app that is wrong: that of an hour ago.
fn stale(secret: &str) -> String {
    totp_code(secret, -120)
}

#[tokio::test]
async fn codes_and_passkeys_are_listed_oldest_first_and_without_a_secret() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let list = format!("{SELF}/second-factors");
    let none = jane.send("GET", &list).await;
    assert_eq!(none.parts(), (200, &json!({ "secondFactors": [], "nextCursor": null })));
    let cookie = app.session(&jane.credentials()).await;
    let (secret, codes) = turn_on(&app, &jane).await;
    let ids = [add_passkey(&app, &cookie).await, add_passkey(&app, &cookie).await];

    let all = jane.send("GET", &list).await;

    let factors = all.body["secondFactors"].as_array().unwrap();
    let times: Vec<&str> = factors.iter().map(|own| text(own, "createdAt")).collect();
    let passkey = |id: &str, time: &str| {
        json!({
            "id": id, "kind": "passkey", "name": "Phone", "createdAt": time, "lastUsedAt": null,
            "recoveryCodesLeft": null,
        })
    };
    let expected = [
        json!({
            "id": "totp", "kind": "totp", "name": null, "createdAt": times[0], "lastUsedAt": null,
            "recoveryCodesLeft": 10,
        }),
        passkey(&ids[0], times[1]),
        passkey(&ids[1], times[2]),
    ];
    assert_eq!(*factors, expected);
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(pages(&jane, &list, "secondFactors", 2).await, (expected.to_vec(), 2));
    let whole = all.body.to_string();
    for secret in [secret.as_str(), codes[0].as_str(), "encrypted"] {
        assert!(!whole.contains(secret), "{whole}");
    }
}

#[tokio::test]
async fn the_second_factor_is_turned_off_by_a_code_alone_and_then_the_password_signs_in() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let nothing = not_found("second factor");
    assert_eq!(remove(&jane, "totp", NOTHING).await.parts(), (404, &nothing));
    let (secret, _) = turn_on(&app, &jane).await;
    assert_eq!(signs_in(&app, &jane.basic()).await.parts(), (401, &code_required()));

    let without = jane.send("DELETE", &path("totp")).await;
    assert_eq!(errors(&without), ["code: is required"]);
    for no_code in ["", "12345", "passwords"] {
        let told = errors(&remove(&jane, "totp", no_code).await);
        assert_eq!(told, ["code: must be the 6 digits of your app, or a recovery code"]);
    }
    assert_eq!(remove(&jane, "totp", &stale(&secret)).await.parts(), (403, &wrong_code()));
    assert_eq!(remove(&jane, "totp", &totp_code(&secret, 0)).await.status, 204);

    assert_eq!(signs_in(&app, &jane.basic()).await.status, 200);
    assert_eq!(remove(&jane, "totp", NOTHING).await.parts(), (404, &nothing));
    let log = jane.send("GET", &format!("{SELF}/audit?action=second_factor.off")).await;
    assert_eq!(log.body["entries"].as_array().unwrap().len(), 1, "{log:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_recovery_code_turns_the_second_factor_off_however_it_is_typed() {
    for is_in_capitals in [true, false] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let (_, codes) = turn_on(&app, &jane).await;
        let code = &codes[3];
        let typed = if is_in_capitals { code.to_uppercase() } else { code.replace('-', " ") };

        assert_eq!(remove(&jane, "totp", &typed).await.status, 204);

        assert_eq!(signs_in(&app, &jane.basic()).await.status, 200);
        // That of a second factor that is gone says nothing of the next one.
        turn_on(&app, &jane).await;
        assert_eq!(remove(&jane, "totp", &codes[4]).await.parts(), (403, &wrong_code()));
    }
}

#[tokio::test]
async fn of_two_removals_by_one_code_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (secret, _) = turn_on(&app, &jane).await;
    let code = totp_code(&secret, 0);

    let both = join_all([remove(&jane, "totp", &code), remove(&jane, "totp", &code)]).await;

    let mut statuses: Vec<u16> = both.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert!(statuses[0] == 204 && [403, 404].contains(&statuses[1]), "{both:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_removal_that_is_sent_again_takes_no_further_code() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (secret, _) = turn_on(&app, &jane).await;
    let body = json!({ "code": totp_code(&secret, 0) }).to_string();
    let headers = [
        ("authorization", jane.token()),
        ("content-type", "application/json"),
        ("idempotency-key", "once"),
    ];

    let first = app.send("DELETE", &path("totp"), &headers, Some(&body)).await;
    let again = app.send("DELETE", &path("totp"), &headers, Some(&body)).await;

    assert_eq!((first.status, again.status), (204, 204));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn ten_wrong_codes_lock_codes_and_passwords_but_no_token() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (secret, codes) = turn_on(&app, &jane).await;

    for _ in 0..10 {
        assert_eq!(remove(&jane, "totp", &stale(&secret)).await.status, 403);
    }

    for right in [&totp_code(&secret, 0), &codes[0]] {
        let locked = remove(&jane, "totp", right).await;
        assert_eq!((locked.status, text(&locked.body, "code")), (429, "too_many_attempts"));
    }
    assert_eq!(signs_in(&app, &jane.basic()).await.status, 429);
    assert_eq!(jane.send("GET", SELF).await.status, 200);
}

#[tokio::test]
async fn a_passkey_is_removed_without_a_code_unless_it_is_the_last_way_in() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let cookie = app.session(&jane.credentials()).await;
    let id = add_passkey(&app, &cookie).await;
    for unknown in [&*PasskeyId::of_credential(b"other").to_string(), "nothing", "TOTP"] {
        assert_eq!(jane.send("DELETE", &path(unknown)).await.status, 404, "{unknown}");
    }
    assert_eq!(john.send("DELETE", &path(&id)).await.status, 404);

    assert_eq!(jane.send("DELETE", &path(&id)).await.status, 204);

    let shown = jane.send("GET", &format!("{SELF}/second-factors")).await;
    assert_eq!(shown.body["secondFactors"], json!([]));
    let last = add_passkey(&app, &cookie).await;
    let no_password = json!({ "Key": jane.key(), "UpdateExpression": "REMOVE passwordHash" });
    app.engine("UpdateItem", no_password).await;
    let refused = jane.send("DELETE", &path(&last)).await;
    assert_eq!((refused.status, text(&refused.body, "code")), (409, "last_way_in"));
    app.assert_consistent().await;
}

/// A link that sets another password of Jane.
async fn reset_link(app: &TestApp, post: &mut Post) -> String {
    post.deliver().await;
    let asked = post_json(app, RESETS, &json!({ "name": "janedoe" })).await;
    assert_eq!(asked.parts(), (202, &json!({})));
    format!("{RESETS}/{}", mailed_token(post).await)
}

#[tokio::test]
async fn a_reset_takes_a_code_too_and_leaves_the_second_factor_on() {
    for by_recovery_code in [false, true] {
        let (app, mut post) = open().await;
        let jane = proved_jane(&app).await;
        let (secret, codes) = turn_on(&app, &jane).await;
        let link = reset_link(&app, &mut post).await;
        let code = if by_recovery_code { codes[0].clone() } else { totp_code(&secret, 0) };
        let reset = async |password: &str, code: &str| {
            post_json(&app, &link, &json!({ "password": password, "code": code })).await
        };

        let without = post_json(&app, &link, &json!({ "password": NEW })).await;
        assert_eq!(errors(&without), ["code: is required"]);
        assert_eq!(reset(NEW, &stale(&secret)).await.parts(), (403, &wrong_code()));
        // A password that is not accepted uses no code up.
        assert_eq!(reset("short", &code).await.status, 400);
        assert_eq!(reset(NEW, &code).await.status, 204);

        assert_eq!(reset(NEW, &code).await.parts(), (410, &ended()));
        let (new, old) = (basic("janedoe", NEW), basic("janedoe", PASSWORD));
        assert_eq!(signs_in(&app, &new).await.parts(), (401, &code_required()));
        assert_eq!(text(&signs_in(&app, &old).await.body, "code"), "invalid_credential");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_code_that_a_reset_used_works_nowhere_else() {
    let (app, mut post) = open().await;
    let jane = proved_jane(&app).await;
    let (secret, _) = turn_on(&app, &jane).await;
    let link = reset_link(&app, &mut post).await;
    let code = totp_code(&secret, 0);
    let both = async |password: &str| {
        post_json(&app, &link, &json!({ "password": password, "code": code })).await.status
    };

    let mut statuses = join_all([both(NEW), both("a third horse battery")]).await;

    statuses.sort_unstable();
    assert!(statuses[0] == 204 && [403, 410].contains(&statuses[1]), "{statuses:?}");
    // Nor after it, in another link.
    let link = reset_link(&app, &mut post).await;
    let again = post_json(&app, &link, &json!({ "password": NEW, "code": code })).await;
    assert_eq!(again.parts(), (403, &wrong_code()));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_reset_asks_for_the_code_of_a_second_factor_that_was_turned_on_meanwhile() {
    let (app, mut post) = open().await;
    let jane = proved_jane(&app).await;
    let link = reset_link(&app, &mut post).await;
    let body = json!({ "password": NEW });

    let reset = with_meanwhile(&app, post_json(&app, &link, &body), async {
        app.totp_secret(&jane.credentials()).await;
    });

    assert_eq!(errors(&Box::pin(reset).await), ["code: is required"]);
}

#[tokio::test]
async fn ten_wrong_codes_lock_a_reset_too_and_its_link_works_on() {
    let (app, mut post) = open().await;
    let jane = proved_jane(&app).await;
    let (secret, codes) = turn_on(&app, &jane).await;
    let link = reset_link(&app, &mut post).await;
    let reset =
        async |code: &str| post_json(&app, &link, &json!({ "password": NEW, "code": code })).await;
    for _ in 0..10 {
        assert_eq!(reset(&stale(&secret)).await.status, 403);
    }

    let locked = reset(&codes[0]).await;

    assert_eq!((locked.status, text(&locked.body, "code")), (429, "too_many_attempts"));
    app.let_attempts_age(15 * 60 + 1).await;
    assert_eq!(reset(&codes[0]).await.status, 204);
}

#[tokio::test]
async fn a_reset_with_a_right_code_forgets_wrong_ones() {
    let (app, mut post) = open().await;
    let jane = proved_jane(&app).await;
    let (secret, codes) = turn_on(&app, &jane).await;

    for right in &codes[..2] {
        let link = reset_link(&app, &mut post).await;
        let reset = async |code: &str| {
            post_json(&app, &link, &json!({ "password": NEW, "code": code })).await.status
        };
        // One more would lock.
        for _ in 0..9 {
            assert_eq!(reset(&stale(&secret)).await, 403);
        }
        assert_eq!(reset(right).await, 204);
    }
}

#[tokio::test]
async fn a_reset_takes_a_code_though_the_operator_gave_the_password_since() {
    let (app, mut post) = open().await;
    let jane = proved_jane(&app).await;
    let (_, codes) = turn_on(&app, &jane).await;
    app.give_password(jane.user().id, "the operator's battery", false).await;
    let link = reset_link(&app, &mut post).await;

    let without = post_json(&app, &link, &json!({ "password": NEW })).await;
    assert_eq!(errors(&without), ["code: is required"]);
    let body = json!({ "password": NEW, "code": codes[0] });
    assert_eq!(post_json(&app, &link, &body).await.status, 204);

    assert_eq!(signs_in(&app, &basic("janedoe", NEW)).await.parts(), (401, &code_required()));
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_first_own_password_leaves_a_second_factor_on() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    turn_on(&app, &jane).await;
    // As if the operator had given the present one.
    app.set(&jane, "passwordIsOwn", json!({ "BOOL": false })).await;
    let change = json!({ "currentPassword": PASSWORD, "password": NEW });

    let changed = jane.send_json("PUT", &format!("{SELF}/password"), &change).await;

    assert_eq!(changed.status, 204, "{changed:?}");
    assert_eq!(signs_in(&app, &basic("janedoe", NEW)).await.parts(), (401, &code_required()));
    app.assert_consistent().await;
}
