//! Where a password stands alone: a second factor that is on asks for more, and a token in place of
//! the password is enough.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::{Scope, TokenKind};
use testkit::{ApiResponse, Browser, PASSWORD, Page, Person, Service, TestApp, basic, totp_code};

use crate::meanwhile::with_meanwhile;

const TOKENS: &str = "/rollcall/v1/tokens";
const SIGN_IN: &str = "/account/sign-in";
const CODE: &str = "/account/sign-in/code";
const CHALLENGE: &str =
    r#"Basic realm="rollcall", charset="UTF-8", Bearer realm="rollcall", error="invalid_token""#;
const REQUIRED: &str = "a second factor is on: use a token as the password";

/// One path of each group that takes Basic.
const PATHS: [&str; 4] =
    [TOKENS, "/rollcall/v1/users/self", "/rollcall/v1/accounts", "/api/v1.1/users/janedoe/emails/"];

async fn get(app: &TestApp, path: &str, credential: &str) -> ApiResponse {
    app.send("GET", path, &[("authorization", credential)], None).await
}

async fn sign_in(app: &TestApp, name: &str, password: &str) -> ApiResponse {
    get(app, TOKENS, &basic(name, password)).await
}

/// Jane, whose second factor is on, and the secret of her app.
async fn with_factor(app: &TestApp) -> (Person<'_>, String) {
    let jane = app.person("janedoe").await;
    let secret = app.totp_secret(&jane.credentials()).await;
    (jane, secret)
}

/// The first step of a sign-in from this address.
async fn begin<'a>(app: &'a TestApp, address: &str) -> (Browser<'a>, Page) {
    let mut browser = app.browser();
    address.clone_into(&mut browser.address);
    let page = browser.open(SIGN_IN).await;
    let fields = [("username", "janedoe"), ("password", PASSWORD)];
    let page = browser.submit(&page, SIGN_IN, &fields).await;
    (browser, page)
}

/// Both steps; the status of what is shown in the end, and whether the browser is signed in.
async fn sign_in_by_code(app: &TestApp, address: &str, code: &str) -> (u16, bool) {
    let (mut browser, page) = begin(app, address).await;
    assert_eq!((page.status, browser.session()), (200, None), "{}", page.text());
    let page = browser.submit(&page, CODE, &[("code", code)]).await;
    (page.status, browser.session().is_some())
}

/// A code of the app that is wrong: that of an hour ago.
fn stale(secret: &str) -> String {
    totp_code(secret, -120)
}

fn invalid() -> Value {
    json!({
        "title": "Unauthorized",
        "status": 401,
        "detail": "the credential is not valid",
        "code": "invalid_credential",
    })
}

#[tokio::test]
async fn a_password_alone_is_not_enough_while_a_second_factor_is_on() {
    let app = TestApp::start().await;
    let (jane, _) = with_factor(&app).await;

    for path in PATHS {
        let response = get(&app, path, &jane.basic()).await;
        let expected = if path.starts_with("/rollcall") {
            json!({
                "title": "Unauthorized",
                "status": 401,
                "detail": REQUIRED,
                "code": "second_factor_required",
            })
        } else {
            json!({ "detail": REQUIRED })
        };
        assert_eq!(response.parts(), (401, &expected), "{path}");
        assert_eq!(response.header("www-authenticate"), Some(CHALLENGE), "{path}");
    }
    for name in ["janedoe", "JANEDOE@example.com", "johnroe"] {
        let response = sign_in(&app, name, "a wrong password").await;
        assert_eq!(response.parts(), (401, &invalid()), "{name}");
    }
}

#[tokio::test]
async fn a_right_password_takes_no_attempt_however_often_it_is_not_enough() {
    let app = TestApp::start().await;
    let (jane, _) = with_factor(&app).await;

    for _ in 0..12 {
        let response = get(&app, TOKENS, &jane.basic()).await;
        assert_eq!(response.body["code"], "second_factor_required");
    }
}

#[tokio::test]
async fn a_write_by_the_password_alone_fails_if_a_second_factor_is_turned_on_meanwhile() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let basic = jane.basic();
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let body = json!({ "name": "late", "kind": "user" }).to_string();
    // The password was verified before: its attempt is not the call that is held up.
    assert_eq!(get(&app, TOKENS, &basic).await.status, 200);

    let create = app.send("POST", TOKENS, &headers, Some(&body));
    let meanwhile = async {
        app.totp_secret(&jane.credentials()).await;
    };
    let late = Box::pin(with_meanwhile(&app, create, meanwhile)).await;

    assert_eq!(late.body["code"], "second_factor_required", "{late:?}");
}

#[tokio::test]
async fn a_token_is_taken_as_the_password_with_a_second_factor_and_without() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let works = async || {
        for path in PATHS {
            for name in ["janedoe", "JaneDoe", "janedoe@example.com", "JANEDOE@Example.com"] {
                let response = get(&app, path, &basic(name, jane.token())).await;
                assert_eq!(response.status, 200, "{path}, {name}: {response:?}");
            }
        }
    };

    works().await;
    app.totp_secret(&jane.credentials()).await;
    works().await;
}

#[tokio::test]
async fn a_token_as_the_password_has_its_scopes_and_its_end() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (scopes, end) = ([Scope::TokensRead], TestApp::in_seconds(3600));
    let limited = jane.new_token(TokenKind::User, Some(&scopes), Some(end)).await;
    let expired = jane.new_token(TokenKind::User, None, Some(TestApp::in_seconds(-60))).await;

    assert_eq!(sign_in(&app, "janedoe", &limited).await.status, 200);
    let accounts = get(&app, "/rollcall/v1/accounts", &basic("janedoe", &limited)).await;
    assert_eq!((accounts.status, &accounts.body["code"]), (403, &json!("insufficient_scope")));
    assert_eq!(sign_in(&app, "janedoe", &expired).await.parts(), (401, &invalid()));
    let id = testkit::token_id(&limited).unwrap();
    assert_eq!(jane.send("DELETE", &format!("{TOKENS}/{id}")).await.status, 204);
    assert_eq!(sign_in(&app, "janedoe", &limited).await.parts(), (401, &invalid()));
}

#[tokio::test]
async fn a_token_as_the_password_is_the_one_that_comes_after_bearer() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = async |credential: String| {
        let headers = [
            ("authorization", credential.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", "same"),
        ];
        let body = json!({ "name": "once", "kind": "user" }).to_string();
        app.send("POST", TOKENS, &headers, Some(&body)).await
    };

    let first = create(format!("Bearer {}", jane.token())).await;
    let again = create(basic("janedoe", jane.token())).await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn a_token_is_the_password_of_its_owner_alone() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    for (name, token) in [
        ("janedoe", john.token()),
        ("johnroe", jane.token()),
        ("janedoe@example.com", john.token()),
        ("nobody", jane.token()),
        ("nobody@example.com", jane.token()),
        ("no name", jane.token()),
        ("", jane.token()),
    ] {
        let response = sign_in(&app, name, token).await;
        assert_eq!(response.parts(), (401, &invalid()), "{name}");
        assert_eq!(response.header("www-authenticate"), Some(CHALLENGE), "{name}");
    }
}

#[tokio::test]
async fn an_environment_token_is_no_password_either() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let token = jane.new_token(TokenKind::Environment, None, None).await;

    let response = sign_in(&app, "janedoe", &token).await;

    assert_eq!((response.status, &response.body["code"]), (401, &json!("user_token_required")));
}

#[tokio::test]
async fn a_token_as_the_password_takes_no_attempt_right_or_wrong() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let gone = jane.new_token(TokenKind::User, None, None).await;
    let id = testkit::token_id(&gone).unwrap();
    assert_eq!(jane.send("DELETE", &format!("{TOKENS}/{id}")).await.status, 204);

    for _ in 0..12 {
        assert_eq!(sign_in(&app, "janedoe", &gone).await.status, 401);
    }
    assert_eq!(sign_in(&app, "janedoe", PASSWORD).await.status, 200);
    // Nor does a lock reject it.
    for _ in 0..10 {
        assert_eq!(sign_in(&app, "janedoe", "a wrong password").await.status, 401);
    }
    assert_eq!(sign_in(&app, "janedoe", PASSWORD).await.status, 429);
    assert_eq!(sign_in(&app, "janedoe", jane.token()).await.status, 200);
}

#[tokio::test]
async fn a_token_is_no_password_on_the_pages() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = app.browser();
    let page = browser.open(SIGN_IN).await;

    let fields = [("username", "janedoe"), ("password", jane.token())];
    let page = browser.submit(&page, SIGN_IN, &fields).await;

    assert_eq!((page.status, browser.session()), (403, None));
}

#[tokio::test]
async fn a_code_after_the_password_signs_in_and_the_log_says_by_what() {
    let app = TestApp::start().await;
    let (_, secret) = with_factor(&app).await;

    assert_eq!(sign_in_by_code(&app, "127.0.0.1", &stale(&secret)).await, (403, false));
    assert_eq!(sign_in_by_code(&app, "127.0.0.1", &totp_code(&secret, 0)).await, (200, true));

    let entries = app.items_of("audit").await;
    let factors: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["action"]["S"] == "session.created")
        .filter_map(|entry| entry["details"]["M"]["factors"]["S"].as_str())
        .collect();
    assert!(factors.contains(&"password+totp"), "{factors:?}");
    let rejected = entries.iter().filter(|entry| entry["action"]["S"] == "sign_in.rejected");
    assert_eq!(rejected.count(), 1);
}

#[tokio::test]
async fn a_code_that_is_sent_twice_at_once_or_again_signs_in_once() {
    let app = TestApp::start().await;
    let (_, secret) = with_factor(&app).await;
    let code = totp_code(&secret, 0);
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(begin(&app, "127.0.0.1").await);
    }

    let sent = begun.into_iter().map(async |(mut browser, page)| {
        let page = browser.submit(&page, CODE, &[("code", &code)]).await;
        (page.status, browser.session().is_some())
    });
    let mut outcomes = join_all(sent).await;
    outcomes.sort_unstable();

    assert_eq!(outcomes, [(200, true), (403, false), (403, false), (403, false)]);
    assert_eq!(sign_in_by_code(&app, "127.0.0.1", &code).await, (403, false));
}

#[tokio::test]
async fn whoever_has_the_password_guesses_ten_codes_however_many_networks_they_come_from() {
    let app = TestApp::start().await;
    let (_, secret) = with_factor(&app).await;

    for network in 1..=9 {
        let address = format!("198.51.{network}.1");
        assert_eq!(sign_in_by_code(&app, &address, &stale(&secret)).await, (403, false));
    }
    // A right one gives nothing back that wrong ones took, and makes its own network known.
    let home = "203.0.113.1";
    assert_eq!(sign_in_by_code(&app, home, &totp_code(&secret, 0)).await, (200, true));
    assert_eq!(sign_in_by_code(&app, "198.51.10.1", &stale(&secret)).await, (403, false));

    assert_eq!(begin(&app, "198.51.11.1").await.1.status, 429);
    assert_eq!(begin(&app, home).await.1.status, 200);
}

#[tokio::test]
async fn a_changed_password_gives_no_more_codes_to_guess_unless_the_operator_changed_it() {
    let app = TestApp::start().await;
    let (jane, secret) = with_factor(&app).await;
    let change = async |current: &str, password: &str| {
        let body = json!({ "currentPassword": current, "password": password });
        jane.send_json("PUT", "/rollcall/v1/users/self/password", &body).await.status
    };

    for network in 1..=9 {
        let address = format!("198.51.{network}.1");
        assert_eq!(sign_in_by_code(&app, &address, &stale(&secret)).await, (403, false));
    }
    assert_eq!(change(PASSWORD, "another horse battery").await, 204);
    assert_eq!(change("another horse battery", PASSWORD).await, 204);
    assert_eq!(sign_in_by_code(&app, "198.51.10.1", &stale(&secret)).await, (403, false));
    assert_eq!(begin(&app, "198.51.11.1").await.1.status, 429);

    app.give_password(jane.user().id, PASSWORD, false).await;
    assert_eq!(begin(&app, "198.51.11.1").await.1.status, 200);
}

#[tokio::test]
async fn codes_of_before_a_rotation_of_the_service_key_work_after_it() {
    let mut app = TestApp::start().await;
    let jane = app.person("janedoe").await.user().id;
    let (secret, codes) = app.turn_on_second_factor(jane, 10).await.unwrap();

    app.rotate_service_key().await;

    for code in [codes[0].clone(), totp_code(&secret, 0), totp_code(&secret, 1)] {
        assert_eq!(sign_in_by_code(&app, "127.0.0.1", &code).await, (200, true), "{code}");
    }
    let factors = app.items_of("secondFactor").await;
    assert_eq!(factors[0]["totp"]["M"]["keyVersion"]["S"], "2");
}

#[tokio::test]
async fn the_step_after_a_password_ends_with_that_password() {
    let app = TestApp::start().await;
    let (jane, secret) = with_factor(&app).await;
    let (mut browser, page) = begin(&app, "127.0.0.1").await;
    let change = json!({ "currentPassword": PASSWORD, "password": "another horse battery" });
    let path = "/rollcall/v1/users/self/password";
    assert_eq!(jane.send_json("PUT", path, &change).await.status, 204);

    let late = browser.submit(&page, CODE, &[("code", &totp_code(&secret, 0))]).await;

    assert_eq!((late.status, browser.session()), (403, None));
    for made_up in ["", "x", "x.1.y", "AAAAAAAAAAAAAAAAAAAAAA.1.AAAA"] {
        let fields = [("begun", made_up), ("code", "123456")];
        let page = browser.post(CODE, &fields).await;
        assert_eq!((page.status, browser.session()), (403, None), "{made_up}");
    }
}
