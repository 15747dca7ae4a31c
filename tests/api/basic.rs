//! A name and a password as a credential, and the lock against guessing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::json;
use shared::table::{Actor, NewUser};
use testkit::{ApiResponse, PASSWORD, TestApp, basic};

const TOKENS: &str = "/rollcall/v1/tokens";
/// The `WWW-Authenticate` of a 401 for an invalid credential.
const CHALLENGE: &str =
    r#"Basic realm="rollcall", charset="UTF-8", Bearer realm="rollcall", error="invalid_token""#;
/// The hash of [`PASSWORD`] at the cost of another time.
const WEAK: &str = "$argon2id$v=19$m=8192,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$w+V5lYBgS8vr4HR+OYmUAvJ4gKro6rJQAyfJNKVl3mQ";

async fn sign_in(app: &TestApp, credential: &str) -> ApiResponse {
    app.send("GET", TOKENS, &[("authorization", credential)], None).await
}

/// Signs in with a password that is not the right one.
async fn guess(app: &TestApp, name: &str) -> ApiResponse {
    sign_in(app, &basic(name, "wrong horse")).await
}

fn assert_wrong(response: &ApiResponse, case: &str) {
    let problem = json!({
        "title": "Unauthorized",
        "status": 401,
        "detail": "the credential is not valid",
        "code": "invalid_credential",
    });
    assert_eq!(response.parts(), (401, &problem), "{case}");
    assert_eq!(response.header("www-authenticate"), Some(CHALLENGE), "{case}");
}

/// Rejected with 429; the seconds until it is worth trying again.
fn retry_after(response: &ApiResponse) -> u64 {
    let problem = json!({ "title": "Too Many Requests", "status": 429, "detail": "too many attempts to sign in; try again later", "code": "too_many_attempts" });
    assert_eq!(response.parts(), (429, &problem));
    response.header("retry-after").unwrap().parse().unwrap()
}

fn assert_locked(response: &ApiResponse) {
    assert!((880..=900).contains(&retry_after(response)), "{response:?}");
}

/// Makes a user with this password.
async fn with_password(app: &TestApp, name: &str, password: &str) {
    let email = format!("{name}@example.com").parse().unwrap();
    let password_hash = Some(shared::password::hash(password).unwrap());
    let new = NewUser { password_hash, ..NewUser::new(name.parse().unwrap(), email) };
    app.table().create_user(&Actor::operator(), new).await.unwrap();
}

#[tokio::test]
async fn a_username_or_an_address_signs_in_in_any_case() {
    let app = TestApp::start().await;
    app.person("janedoe").await;

    for name in ["janedoe", "JaneDoe", "janedoe@example.com", "JANEDOE@Example.COM"] {
        assert_eq!(sign_in(&app, &basic(name, PASSWORD)).await.status, 200, "{name}");
        let lower = basic(name, PASSWORD).replace("Basic", "basic ");
        assert_eq!(sign_in(&app, &lower).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn another_sites_form_does_not_act_by_the_password_that_a_browser_keeps() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let emails = "/api/v1.1/users/janedoe/emails/";
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");

    for (number, (site, content_type, status)) in [
        ("cross-site", Some(form), 403),
        ("same-site", Some(form), 403),
        ("cross-site", None, 403),
        ("same-origin", Some(form), 201),
        ("none", Some(form), 201),
        // A browser sends a preflight request before this, which allows nothing.
        ("cross-site", Some(json), 201),
    ]
    .into_iter()
    .enumerate()
    {
        let email = format!("jane{number}@example.com");
        let body = if content_type == Some(json) {
            json!({ "email": email }).to_string()
        } else {
            testkit::form(&[("email", &email)])
        };
        let basic = jane.basic();
        let mut headers = vec![("authorization", basic.as_str()), ("sec-fetch-site", site)];
        headers.extend(content_type.map(|kind| ("content-type", kind)));
        let response = app.send("POST", emails, &headers, Some(&body)).await;
        assert_eq!(response.status, status, "{site}, {content_type:?}: {response:?}");
    }
}

#[tokio::test]
async fn the_password_is_everything_after_the_first_colon_unchanged() {
    let app = TestApp::start().await;

    for (number, password) in [
        "with:colons::",
        ":",
        "con\u{0}trol\u{7}\r\n\t\u{7f}",
        " spaces count ",
        "zażółć 日本 \u{1f40e}",
        "e\u{301}t\u{e9}",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("user{number}");
        with_password(&app, &name, password).await;

        assert_eq!(sign_in(&app, &basic(&name, password)).await.status, 200, "{password:?}");
        for wrong in [
            format!("{password} "),
            password[1..].to_owned(),
            password.to_uppercase() + "x",
            String::new(),
        ] {
            assert_wrong(&sign_in(&app, &basic(&name, &wrong)).await, &wrong);
        }
    }
    assert_wrong(&sign_in(&app, &basic("user5", "\u{e9}te\u{301}")).await, "is not normalised");
}

#[tokio::test]
async fn malformed_basic_credentials_are_rejected_without_a_read() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let right = STANDARD.encode(format!("janedoe:{PASSWORD}"));
    let invalid_utf8 = STANDARD.encode(b"janedoe:\xff\xfe");
    let long = STANDARD.encode("x".repeat(20_000));
    app.proxy().record();

    for value in [
        "Basic",
        "Basic ",
        "Basic !",
        "Basic amFuZWRvZQ==",
        &format!("Basic {invalid_utf8}"),
        &format!("Basic {long}"),
        &format!("Basic {}", right.trim_end_matches('=').trim_end_matches(char::is_alphanumeric)),
        &format!("Basic {right} {right}"),
        &format!("Basic {right},Bearer {}", jane.token()),
        &format!("Basic janedoe:{PASSWORD}"),
        &format!("janedoe:{PASSWORD}"),
        &format!("Digest {right}"),
        &right,
    ] {
        assert_wrong(&sign_in(&app, value).await, value);
    }
    assert_eq!(app.proxy().calls(), []);
}

#[tokio::test]
async fn only_the_groups_that_issue_tokens_take_a_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let password = jane.with_token(jane.basic());

    for path in ["/v1/accounts", "/v2/accounts", "/api/public/v1/accounts"] {
        let rejected = password.send("GET", path).await;
        let reported = (rejected.status, rejected.header("www-authenticate"));
        let bearer = r#"Bearer realm="rollcall", error="invalid_token""#;
        assert_eq!(reported, (401, Some(bearer)), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_have_equal_responses_and_calls() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let disabled = app.person("johnroe").await;
    app.set(&disabled, "disabled", json!({ "BOOL": true })).await;
    let new = NewUser::new("nopassword".parse().unwrap(), "no@example.com".parse().unwrap());
    app.table().create_user(&Actor::operator(), new).await.unwrap();
    let calls = async |credential: String| {
        app.proxy().record();
        assert_wrong(&sign_in(&app, &credential).await, &credential);
        let calls = app.proxy().calls().into_iter();
        // Which of them are in progress at once differs from time to time.
        let mut asked: Vec<_> =
            calls.map(|call| (call.operation, call.keys, call.actions)).collect();
        asked.sort();
        asked
    };

    let wrong = calls(basic("janedoe", "wrong horse")).await;

    let operations: Vec<&str> = wrong.iter().map(|(operation, ..)| operation.as_str()).collect();
    assert_eq!(
        operations,
        ["BatchGetItem", "BatchGetItem", "TransactWriteItems", "UpdateItem", "UpdateItem"]
    );
    for name in [
        jane.email(),
        "nobody",
        "nobody@example.com",
        "no",
        "",
        "no\u{0}body",
        "nopassword",
        "johnroe",
        &"x".repeat(300),
    ] {
        assert_eq!(calls(basic(name, "wrong horse")).await, wrong, "{name:?}");
    }
    assert_eq!(calls(basic("johnroe", PASSWORD)).await, wrong, "a disabled user");
    assert_eq!(calls(basic("nopassword", "")).await, wrong, "a user without a password");
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_even_with_a_cached_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);

    app.set(&jane, "disabled", json!({ "BOOL": true })).await;

    assert_wrong(&sign_in(&app, &jane.basic()).await, "disabled");
}

#[tokio::test]
async fn a_changed_password_counts_at_once_even_if_the_old_one_is_cached() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);

    let hash = shared::password::hash("another horse").unwrap();
    app.set(&jane, "passwordHash", json!({ "S": hash })).await;

    assert_wrong(&sign_in(&app, &jane.basic()).await, "the old one");
    assert_eq!(sign_in(&app, &basic("janedoe", "another horse")).await.status, 200);
}

#[tokio::test]
async fn ten_wrong_passwords_by_any_name_lock_the_user_but_not_the_tokens() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let names = ["janedoe", "JANEDOE", "janedoe@example.com", "JaneDoe@EXAMPLE.com", " janedoe "];
    // Remembered for a minute, which does not help while locked.
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);

    for name in names.into_iter().cycle().take(10) {
        assert_wrong(&guess(&app, name).await, name);
    }

    for name in names {
        assert_locked(&guess(&app, name).await);
        assert_locked(&sign_in(&app, &basic(name, PASSWORD)).await);
    }
    assert_eq!(jane.send("GET", TOKENS).await.status, 200);
    assert_eq!(sign_in(&app, &john.basic()).await.status, 200);
}

#[tokio::test]
async fn a_locked_user_may_sign_in_when_the_lock_is_over() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for _ in 0..10 {
        guess(&app, "janedoe").await;
    }
    assert_locked(&sign_in(&app, &jane.basic()).await);

    app.let_attempts_age(15 * 60).await;

    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);
    assert_wrong(&guess(&app, "janedoe").await, "counts anew");
}

#[tokio::test]
async fn a_right_password_in_between_does_not_reset_the_count() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);

    for _ in 0..9 {
        assert_wrong(&guess(&app, "janedoe").await, "wrong");
        assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);
    }
    assert_wrong(&guess(&app, "janedoe").await, "the tenth");

    assert_locked(&sign_in(&app, &jane.basic()).await);
}

#[tokio::test]
async fn an_unknown_name_is_locked_like_a_known_one_and_by_itself() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for names in [["nobody", "NoBody"], ["no@example.com", "NO@example.COM"], ["?", "?"]] {
        for name in names.into_iter().cycle().take(10) {
            assert_wrong(&guess(&app, name).await, name);
        }
        for name in names {
            assert_locked(&guess(&app, name).await);
        }
    }
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);
    let everything = serde_json::to_string(&app.items().await).unwrap();
    assert!(!everything.contains("nobody") && !everything.contains("no@example.com"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_concurrent_wrong_passwords_ten_are_checked() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let responses = join_all((0..100).map(|_| guess(&app, "janedoe"))).await;

    let (wrong, rejected): (Vec<_>, Vec<_>) =
        responses.iter().partition(|response| response.status == 401);
    assert_eq!(wrong.len(), 10);
    for response in rejected {
        let seconds = retry_after(response);
        assert!(seconds == 1 || (880..=900).contains(&seconds), "{seconds}");
    }
    assert_locked(&sign_in(&app, &jane.basic()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_right_passwords_succeed_or_get_a_short_retry_after_and_never_lock() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let credential = jane.basic();

    for _ in 0..2 {
        let responses = join_all((0..40).map(|_| sign_in(&app, &credential))).await;

        assert!(responses.iter().filter(|response| response.status == 200).count() >= 10);
        for response in responses.iter().filter(|response| response.status != 200) {
            assert_eq!(retry_after(response), 1);
        }
        assert_eq!(sign_in(&app, &credential).await.status, 200);
    }
}

#[tokio::test]
async fn a_malformed_request_counts_a_wrong_password_like_any_other() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let wrong = jane.with_token(basic("janedoe", "wrong horse"));

    for _ in 0..10 {
        assert_wrong(&wrong.send_text("POST", TOKENS, "[").await, "before 400");
    }

    assert_locked(&sign_in(&app, &jane.basic()).await);
}

#[tokio::test]
async fn a_cheaper_hash_is_replaced_at_the_next_sign_in_and_the_password_stays() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let hash = async || {
        let user = &app.items_of("user").await[0];
        user["passwordHash"]["S"].as_str().unwrap().to_owned()
    };
    app.set(&jane, "passwordHash", json!({ "S": WEAK })).await;

    assert_wrong(&guess(&app, "janedoe").await, "wrong");
    assert_eq!(hash().await, WEAK, "not by a wrong one");
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);

    let strong = hash().await;
    assert!(strong.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{strong}");
    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);
    assert_eq!(hash().await, strong);
    assert_eq!(jane.send("GET", TOKENS).await.status, 200, "no token is revoked by it");
}

#[tokio::test]
async fn a_hash_that_cannot_be_replaced_does_not_prevent_signing_in() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.set(&jane, "passwordHash", json!({ "S": WEAK })).await;
    app.proxy().disturb("TransactWriteItems", testkit::Fault::Rejected("AccessDeniedException"));

    assert_eq!(sign_in(&app, &jane.basic()).await.status, 200);

    assert_eq!(app.proxy().faults_left(), 0);
}
