//! The pages of tokens: `/account/tokens…`.

use serde_json::{Value, json};
use shared::lifetimes::{FORM_REPLAY_TTL, IDEMPOTENCY_TTL};
use shared::model::{Scope, SessionCredential, TokenKind};
use testkit::{Browser, PASSWORD, Page, Person, TestApp, token_id};

use crate::mail::set;

const PAGE: &str = "/account/tokens";
const OWN: &str = "/rollcall/v1/tokens/self";

/// A browser in which Jane is signed in.
pub(crate) async fn as_jane(app: &TestApp) -> Browser<'_> {
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;
    browser
}

/// The credential with this prefix that a page shows, which can be copied.
pub(crate) fn shown(page: &Page, prefix: &str) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    let found = text.split(' ').find(|word| word.starts_with(prefix)).map(str::to_owned);
    found.unwrap_or_else(|| panic!("no {prefix} in {text}"))
}

/// The path of what is done to a token.
fn path(token: &str, verb: &str) -> String {
    format!("{PAGE}/{}/{verb}", token_id(token).unwrap())
}

async fn status(jane: &Person<'_>, token: &str) -> u16 {
    jane.with_token(token.to_owned()).send("GET", OWN).await.status
}

async fn count(jane: &Person<'_>) -> usize {
    let list = jane.send("GET", "/rollcall/v1/tokens?limit=100").await;
    list.body["tokens"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_token_is_made_with_what_was_chosen_and_shown_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;

    let page = browser.open(PAGE).await;
    let chosen = [
        ("name", "deploy"),
        ("scope_account_read", "true"),
        ("scope_tokens_read", "true"),
        ("last_day", "2099-12-31"),
    ];
    let made = browser.submit(&page, PAGE, &chosen).await;

    let token = shown(&made, "rcu_");
    let own = jane.with_token(token.clone()).send("GET", OWN).await.body;
    assert_eq!(own["name"], "deploy");
    assert_eq!(own["scopes"], json!(["account_read", "tokens_read"]));
    assert_eq!(own["expiresAt"], "2099-12-31T23:59:59.000Z");
    assert_eq!(own["madeBy"], Value::Null);
    let list = browser.open(PAGE).await;
    for expected in ["deploy", "see your accounts", "31 December 2099, 23:59 UTC"] {
        assert!(list.has(expected), "{expected}: {}", list.text());
    }
    assert!(!list.has(&token) && !list.path.contains("rcu_"));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_page_that_made_a_token_and_is_loaded_again_after_a_minute_does_not_show_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(PAGE).await;
    let fields = [("name", "deploy"), ("scope_everything", "true")];
    let token = shown(&browser.submit(&page, PAGE, &fields).await, "rcu_");
    let let_it_age = async |seconds: i64| {
        let end = TestApp::in_seconds(IDEMPOTENCY_TTL - seconds).as_second();
        set(&app, "response", "ttl", json!({ "N": end.to_string() })).await;
    };

    let_it_age(FORM_REPLAY_TTL - 30).await;
    assert_eq!(shown(&browser.submit(&page, PAGE, &fields).await, "rcu_"), token);
    let_it_age(FORM_REPLAY_TTL + 1).await;
    let later = browser.submit(&page, PAGE, &fields).await;

    assert_eq!((later.status, later.heading().as_str()), (409, "This was done already"));
    assert!(!later.response.body.to_string().contains("rcu_"));
    assert!(later.links().contains(&PAGE), "{:?}", later.links());
    assert_eq!(count(&jane).await, 2);
}

#[tokio::test]
async fn that_a_token_may_do_everything_is_chosen_and_does_not_come_of_choosing_nothing() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(PAGE).await;

    let refused = browser.submit(&page, PAGE, &[("name", "deploy")]).await;

    assert_eq!(refused.status, 400);
    assert!(refused.has("What it may do must have at least one tick."), "{}", refused.text());
    assert_eq!((refused.value("name"), count(&jane).await), ("deploy".to_owned(), 1));
    let made = browser.submit(&refused, PAGE, &[("scope_everything", "true")]).await;
    let own = jane.with_token(shown(&made, "rcu_")).send("GET", OWN).await.body;
    assert_eq!((&own["scopes"], &own["expiresAt"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_box_that_is_sent_as_false_gives_a_token_no_scope() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;

    for (text, is_ticked) in [
        ("true", true),
        ("True", true),
        ("1", true),
        ("on", true),
        ("false", false),
        ("False", false),
        ("0", false),
        ("off", false),
    ] {
        let page = browser.open(PAGE).await;
        let fields =
            [("name", "deploy"), ("scope_account_write", text), ("scope_tokens_read", "true")];
        let made = browser.submit(&page, PAGE, &fields).await;
        let own = jane.with_token(shown(&made, "rcu_")).send("GET", OWN).await.body;
        let scopes =
            if is_ticked { &["account_write", "tokens_read"][..] } else { &["tokens_read"] };
        assert_eq!(own["scopes"], json!(scopes), "{text}");
    }
}

#[tokio::test]
async fn what_was_entered_for_a_token_is_kept_when_something_is_wrong_with_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(PAGE).await;

    let fields = [
        ("name", "\u{202e}deploy"),
        ("kind", "environment"),
        ("scope_audit_read", "true"),
        ("last_day", "2020-01-01"),
    ];
    let refused = browser.submit(&page, PAGE, &fields).await;

    assert_eq!(refused.status, 400);
    assert!(refused.has("Last day must not be over."), "{}", refused.text());
    assert!(refused.has("Name must not contain invisible characters"), "{}", refused.text());
    for (field, text) in fields {
        assert_eq!(refused.value(field), text);
    }
    assert_eq!(refused.value("scope_everything"), "");
    let refused = browser.submit(&refused, PAGE, &[("name", "x"), ("last_day", "tomorrow")]).await;
    assert!(refused.has("Last day must be a day, as 2027-01-31."), "{}", refused.text());
    assert_eq!(count(&jane).await, 1);
    let ok = [("name", "x"), ("last_day", "")];
    shown(&browser.submit(&refused, PAGE, &ok).await, "rce_");
}

#[tokio::test]
async fn a_token_is_rotated_and_revoked_with_what_it_made() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let old = jane.new_token(TokenKind::User, None, None).await;
    let new = json!({ "name": "made by it", "kind": "user" });
    let made = jane.with_token(old.clone()).send_json("POST", "/rollcall/v1/tokens", &new).await;
    let made = made.text("token").to_owned();
    let mut browser = as_jane(&app).await;
    let page = browser.open(PAGE).await;
    let by = format!("by token {}", token_id(&old).unwrap());
    assert!(page.has(&by), "{}", page.text());
    let other = browser.open(PAGE).await;

    let rotated = browser.submit(&page, &path(&old, "rotate"), &[("overlap", "3600")]).await;

    let new = shown(&rotated, "rcu_");
    assert_eq!((status(&jane, &old).await, status(&jane, &new).await), (200, 200));
    let again = browser.submit(&other, &path(&old, "rotate"), &[]).await;
    assert_eq!(again.status, 409);
    assert!(again.has("rotated already") && again.has("Replaced"), "{}", again.text());
    let all = [("descendants", "true")];
    let revoked = browser.submit(&again, &path(&new, "revoke"), &all).await;
    assert!(revoked.has("The token is revoked, and what it made."), "{}", revoked.text());
    for token in [&old, &new, &made] {
        assert_eq!(status(&jane, token).await, 401);
    }
    let gone = browser.submit(&again, &path(&new, "revoke"), &[]).await;
    assert_eq!(gone.status, 404);
    assert!(gone.has("does not work any more"), "{}", gone.text());
    let last = browser.submit(&gone, &path(jane.token(), "revoke"), &[]).await;
    assert!(last.has("The token is revoked.") && last.has("There are no tokens."));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_second_click_shows_the_token_that_the_first_one_made_and_makes_no_other() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(PAGE).await;

    // Both are sent before one is answered.
    app.proxy().count();
    let fields = [("name", "deploy"), ("scope_everything", "true")];
    let mut same = browser.clone();
    let clicks =
        tokio::join!(browser.submit(&page, PAGE, &fields), same.submit(&page, PAGE, &fields));
    let token = shown(&clicks.0, "rcu_");
    assert_eq!((shown(&clicks.1, "rcu_"), count(&jane).await), (token.clone(), 2));
    let again = browser.submit(&page, PAGE, &fields).await;
    assert_eq!((shown(&again, "rcu_"), count(&jane).await), (token.clone(), 2));
    assert_eq!(again.response.header("idempotency-replayed"), Some("true"));

    // Neither what is entered after going back, nor the form of a page that is opened again, is the
    // same one.
    let other = browser.submit(&page, PAGE, &[("name", "other"), fields[1]]).await;
    let page = browser.open(PAGE).await;
    let new = browser.submit(&page, PAGE, &fields).await;
    let tokens = [token, shown(&other, "rcu_"), shown(&new, "rcu_")];
    assert!(tokens[0] != tokens[1] && tokens[0] != tokens[2] && tokens[1] != tokens[2]);
    assert_eq!(count(&jane).await, 4);

    let rotate = path(&tokens[0], "rotate");
    let page = browser.open(PAGE).await;
    let first = browser.submit(&page, &rotate, &[]).await;
    let second = browser.submit(&page, &rotate, &[]).await;
    assert_eq!(shown(&first, "rcu_"), shown(&second, "rcu_"));
    assert_eq!(count(&jane).await, 5);
    let stored = serde_json::to_string(&app.items().await).unwrap();
    for token in tokens {
        assert!(!stored.contains(&token), "only encrypted");
    }
    // It takes what the first one took.
    set(&app, "session", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    let asks = browser.submit(&page, &rotate, &[]).await;
    assert_eq!((asks.status, asks.heading().as_str()), (403, "Enter your password"));
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_a_form_made_is_shown_again_in_its_own_session_alone_and_not_after_its_end() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (mut browser, mut other) = (as_jane(&app).await, as_jane(&app).await);
    let page = browser.open(PAGE).await;
    let fields = [("name", "deploy"), ("scope_everything", "true")];
    let token = shown(&browser.submit(&page, PAGE, &fields).await, "rcu_");
    let mut kept = browser.clone();

    let elsewhere = other.submit(&page, PAGE, &fields).await;
    let out = browser.submit(&page, "/account/sign-out", &[]).await;
    let late = kept.submit(&page, PAGE, &fields).await;

    assert_eq!((elsewhere.status, out.status, late.status), (403, 200, 403));
    assert!(!elsewhere.has(&token) && !late.has(&token), "{} {}", elsewhere.text(), late.text());
    assert_eq!(count(&jane).await, 2);
}

#[tokio::test]
async fn nobody_does_anything_to_the_token_of_somebody_else() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let mut browser = as_jane(&app).await;
    let session: SessionCredential = browser.session().unwrap().parse().unwrap();

    for verb in ["rotate", "revoke"] {
        let path = path(john.token(), verb);
        let token = session.form_token(&path);
        let fields = [("form_token", token.as_str()), ("overlap", "0")];
        let refused = browser.post(&path, &fields).await;
        assert_eq!(refused.status, 404, "{}", refused.text());
        assert!(!refused.has(&token_id(john.token()).unwrap()), "{}", refused.text());
    }

    assert_eq!((status(&john, john.token()).await, count(&jane).await), (200, 1));
}

#[tokio::test]
async fn a_token_that_may_do_more_than_the_session_takes_the_password_again() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut browser = as_jane(&app).await;
    let page = browser.open(PAGE).await;
    set(&app, "session", "provedAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;

    let fields = [("name", "deploy"), ("scope_everything", "true")];
    let asks = browser.submit(&page, PAGE, &fields).await;

    assert_eq!((asks.status, count(&jane).await), (403, 1), "{}", asks.text());
    let confirmed = browser.submit(&asks, "/account/confirm", &[("password", PASSWORD)]).await;
    let made = browser.submit(&confirmed, PAGE, &[]).await;
    let own = jane.with_token(shown(&made, "rcu_")).send("GET", OWN).await.body;
    assert_eq!((&own["name"], &own["scopes"]), (&json!("deploy"), &Value::Null));
}

#[tokio::test]
async fn as_many_tokens_as_there_can_be_are_listed_in_pages_of_a_bearable_size() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for _ in count(&jane).await..100 {
        jane.new_token(TokenKind::User, Some(&Scope::ALL), None).await;
    }
    let mut browser = as_jane(&app).await;

    let mut page = browser.open(PAGE).await;
    let full = browser.submit(&page, PAGE, &[("name", "more"), ("scope_everything", "true")]).await;
    let mut listed = Vec::new();
    loop {
        let forms = page.forms().into_iter().map(|form| form.action);
        listed.extend(forms.filter(|action| action.contains("/revoke")));
        let links = page.links();
        let next = links.into_iter().find(|link| link.starts_with("/account/tokens?cursor="));
        let Some(next) = next.map(str::to_owned) else { break };
        page = browser.open(&next).await;
    }

    assert_eq!(listed.len(), 100);
    listed.dedup();
    assert_eq!(listed.len(), 100);
    assert_eq!((full.status, full.value("name")), (409, "more".to_owned()));
    assert!(full.has("You have 100 tokens, and cannot have more."), "{}", full.text());
    // What is done on a page leads back to it, until it has none.
    for action in &listed[96..] {
        assert!(page.path.contains("cursor="), "{}", page.path);
        page = browser.submit(&page, action, &[]).await;
        assert!(page.has("The token is revoked.") && page.has("First page"), "{}", page.text());
    }
    assert!(page.has("There is nothing on this page any more."), "{}", page.text());
}
