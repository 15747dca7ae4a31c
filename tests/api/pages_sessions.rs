//! Sessions of browsers: how they begin, what they may do, and how they end.

use serde_json::{Value, json};
use shared::Settings;
use shared::model::{SessionCredential, UserId};
use shared::table::Actor;
use testkit::{Browser, PASSWORD, Page, Person, Service, TestApp, USER_AGENT};
use url::Url;

use crate::mail::set;

const SIGN_IN: &str = "/account/sign-in";
const SIGN_OUT: &str = "/account/sign-out";
const CONFIRM: &str = "/account/confirm";
const SESSIONS: &str = "/account/sessions";
const END_OTHERS: &str = "/account/sessions/end-others";
const NEW: &str = "another horse battery";

/// A form that takes full access, and what is entered into it.
const KEYS: &str = "/account/keys";
const ADD_KEY: &str = "/account/keys/ssh";
const KEY: [(&str, &str); 2] = [
    ("name", "Jane's <laptop> & \"more\""),
    (
        "publicKey",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T jane",
    ),
];

const DAY: i64 = 24 * 60 * 60;

/// Jane, who is signed in in so many browsers.
async fn signed_in<const N: usize>(app: &TestApp) -> (Person<'_>, [Browser<'_>; N]) {
    let jane = app.person("janedoe").await;
    let mut browsers: [Browser<'_>; N] = std::array::from_fn(|_| app.browser());
    for browser in &mut browsers {
        browser.sign_in("janedoe", PASSWORD).await;
    }
    (jane, browsers)
}

/// Whether the browser is signed in.
async fn is_in(browser: &mut Browser<'_>) -> bool {
    let page = browser.open(SESSIONS).await;
    assert!(page.status == 200, "{}", page.text());
    page.heading() == "Sessions"
}

/// Sets a time of all sessions, so many seconds from now.
async fn set_time(app: &TestApp, attribute: &str, seconds: i64) {
    set(app, "session", attribute, json!({ "S": TestApp::in_seconds(seconds).to_string() })).await;
}

/// The SSH keys that Jane has.
async fn keys(jane: &Person<'_>) -> Vec<Value> {
    let keys = jane.send("GET", "/rollcall/v1/users/self/ssh-keys").await;
    keys.body["sshKeys"].as_array().unwrap().iter().map(|key| key["name"].clone()).collect()
}

/// The path of the form by which a page ends another session.
fn end_form(page: &Page) -> String {
    let mut ends = page.forms().into_iter().filter(|form| form.action.ends_with("/end"));
    ends.next().unwrap().action
}

#[tokio::test]
async fn whoever_signs_in_lands_where_they_were_going() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    let mut browser = app.browser();

    let asked = browser.open("/account/sessions?done=ended").await;
    assert_eq!(asked.heading(), "Sign in");
    let wrong = [("username", "JaneDoe"), ("password", "a wrong password")];
    let again = browser.submit(&asked, SIGN_IN, &wrong).await;
    assert_eq!((again.status, again.value("username").as_str()), (403, "JaneDoe"));
    assert_eq!((again.value("password").as_str(), browser.session()), ("", None));
    let right = [("username", "janedoe@example.com"), ("password", PASSWORD)];
    let page = browser.submit(&again, SIGN_IN, &right).await;

    assert_eq!((page.status, page.path.as_str()), (200, "/account/sessions?done=ended"));
    assert!(page.has("janedoe") && page.has("This browser"), "{}", page.text());
    // Signed in already.
    assert_eq!(browser.open(SIGN_IN).await.path, "/account");
    assert_eq!(browser.open("/account/sign-in?return_to=/account/sessions").await.path, SESSIONS);
    assert_eq!(browser.open("/account/sign-in?again=true").await.heading(), "Sign in");
}

/// The place where a browser goes that sends this `return_to` with a right password.
async fn led_to(browser: &mut Browser<'_>, form: &str, return_to: &str) -> Url {
    let page = browser.open(&format!("{form}?again=true")).await;
    let mut fields = vec![("return_to", return_to), ("password", PASSWORD)];
    let token = page.form(form, &[]).as_shown();
    let token = token.iter().find(|(name, _)| name == "form_token");
    fields.extend(token.map(|(name, value)| (name.as_str(), value.as_str())));
    fields.extend((form == SIGN_IN).then_some(("username", "janedoe")));
    let page = browser.post_without_following(form, &fields).await;
    let own = Url::parse("https://api.example.com/account/sign-in").unwrap();
    assert_eq!(page.status, 303, "{return_to}: {}", page.text());
    own.join(page.location().unwrap()).unwrap()
}

#[tokio::test]
async fn a_link_leads_to_a_page_and_asks_nobody_to_send_a_form() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    let mut browser = app.browser();
    let asks = async |browser: &mut Browser<'_>, form: &str| {
        let asked = browser.open(&format!("{form}?return_to={END_OTHERS}")).await;
        assert_eq!(asked.value("return_to"), SESSIONS, "{form}");
    };

    asks(&mut browser, SIGN_IN).await;
    // What the browser remembers of it is no other.
    assert_eq!(browser.open(SIGN_IN).await.value("return_to"), SESSIONS);
    browser.sign_in("janedoe", PASSWORD).await;
    asks(&mut browser, CONFIRM).await;
    assert_eq!(browser.open(&format!("{SIGN_IN}?return_to={END_OTHERS}")).await.path, SESSIONS);
}

#[tokio::test]
async fn a_link_to_the_pages_on_the_way_leads_home_and_signing_in_works_on() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;

    for page in [SIGN_IN, CONFIRM, "/account/sign-in/", "/account/confirm%3Freturn_to=/account"] {
        for form in [SIGN_IN, CONFIRM] {
            let asked = browser.open(&format!("{form}?again=true&return_to={page}")).await;
            assert_eq!(asked.value("return_to"), "/account", "{form} {page}");
        }
        assert_eq!(browser.open(SIGN_IN).await.path, "/account", "{page}");
    }
    browser.cookies.insert("__Host-return-to".to_owned(), SIGN_IN.to_owned());
    assert_eq!(browser.open(SIGN_IN).await.path, "/account");
    // What is remembered leads there once.
    browser.open(&format!("{SIGN_IN}?again=true&return_to={SESSIONS}")).await;
    assert_eq!(browser.open(SIGN_IN).await.path, SESSIONS);
    assert_eq!(browser.open(SIGN_IN).await.path, "/account");
}

#[tokio::test]
async fn nobody_is_led_to_another_place_than_the_own_pages() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;

    for form in [SIGN_IN, CONFIRM] {
        for own in
            ["/account/sessions?done=x", "/account?a=b", "/api/v1.1/o/authorize/?client_id=x"]
        {
            let led = led_to(&mut browser, form, own).await;
            assert_eq!(led.as_str(), format!("https://api.example.com{own}"));
        }
        for other in [
            "https://evil.example.com",
            "https://api.example.com/account",
            "https:evil.example.com",
            "https:/account",
            "//evil.example.com/account",
            "///evil.example.com",
            "/\\evil.example.com",
            "\\\\evil.example.com",
            "/account\\@evil.example.com",
            "/account@evil.example.com",
            "/account.evil.example.com",
            "/accounts",
            "/ACCOUNT",
            "account",
            "@evil.example.com",
            " //evil.example.com",
            "\t//evil.example.com",
            "/\t/evil.example.com",
            "/account/\n/evil.example.com",
            "/account\r\nSet-Cookie: session=x",
            "/account\0",
            "/account/é",
            "/%2F/evil.example.com",
            "/%5Cevil.example.com",
            "javascript:alert(1)",
            "data:text/html,x",
            "/api/v1.1/users/janedoe/",
            "/api/v1.1/o/authorizer",
            "/api/v1.1/o/authorize/../../../../docs",
            "/api/v1.1/o/authorize/x",
            "/v1/accounts",
            "",
        ] {
            let led = led_to(&mut browser, form, other).await;
            assert_eq!(led.as_str(), "https://api.example.com/account", "{form} {other:?}");
        }
        // Below the own pages, whatever a browser makes of it.
        for below in ["/account/..//evil.example.com", "/account/%2e%2e//evil.example.com/"] {
            let led = led_to(&mut browser, form, below).await;
            assert_eq!(led.origin().ascii_serialization(), "https://api.example.com", "{led}");
        }
    }
}

#[tokio::test]
async fn a_session_from_before_is_replaced_when_somebody_signs_in_or_enters_the_password_again() {
    let app = TestApp::start().await;
    app.person("janedoe").await;
    app.person("marymajor").await;
    let mut attacker = app.browser();
    attacker.sign_in("marymajor", PASSWORD).await;
    let planted = attacker.session().unwrap().to_owned();
    let mut browser = app.browser();
    for cookie in [planted.as_str(), "rcx_nothing"] {
        browser.cookies.insert("__Host-session".to_owned(), cookie.to_owned());
        let page = browser.open("/account/sign-in?again=true").await;
        let fields = [("username", "janedoe"), ("password", PASSWORD)];
        browser.submit(&page, SIGN_IN, &fields).await;

        assert_ne!(browser.session(), Some(cookie));
        assert!(browser.open(SESSIONS).await.has("janedoe"));
    }
    assert!(!is_in(&mut attacker).await);

    // Signing in again in one browser adds no session.
    let (before, sessions) = (browser.clone(), app.items_of("session").await.len());
    browser.post(SIGN_IN, &[("username", "janedoe"), ("password", PASSWORD)]).await;
    assert!(is_in(&mut browser).await && !is_in(&mut before.clone()).await);
    assert_eq!(app.items_of("session").await.len(), sessions);

    let before = browser.clone();
    let asked = browser.open(CONFIRM).await;
    browser.submit(&asked, CONFIRM, &[("password", PASSWORD)]).await;
    assert_ne!(browser.session(), before.session());
    assert!(is_in(&mut browser).await && !is_in(&mut before.clone()).await);
}

#[tokio::test]
async fn whoever_signs_in_ends_the_session_of_somebody_else_that_the_browser_had() {
    let app = TestApp::start().await;
    let (_, [mut browser, mut other]) = signed_in(&app).await;
    app.person("johnroe").await;
    let mut before = browser.clone();

    browser.sign_in("johnroe", PASSWORD).await;

    assert!(browser.open(SESSIONS).await.has("johnroe"));
    assert!(!is_in(&mut before).await && is_in(&mut other).await);
    assert_eq!(app.items_of("session").await.len(), 2);
    app.assert_consistent().await;
    // A cookie that does not work ends nothing.
    let mut copy = other.clone();
    let asked = other.open(CONFIRM).await;
    other.submit(&asked, CONFIRM, &[("password", PASSWORD)]).await;
    copy.sign_in("johnroe", PASSWORD).await;
    assert!(is_in(&mut other).await && is_in(&mut copy).await);
    assert_eq!(app.items_of("session").await.len(), 3);
}

#[tokio::test]
async fn the_cookie_is_hidden_from_scripts_and_bound_to_https_where_there_is_https() {
    let mut app = TestApp::start().await;
    app.person("janedoe").await;
    for (public_url, name, secure, other) in [
        (None, "__Host-session", "; Secure", "session"),
        (Some("https://accounts.example.com"), "__Host-session", "; Secure", "session"),
        (Some("http://127.0.0.1:9000"), "session", "", "__Host-session"),
    ] {
        let public_url = public_url.map(|url| url.parse().unwrap());
        app.configure(Settings { public_url, ..Settings::default() });
        let mut browser = app.browser();
        let fields = [("username", "janedoe"), ("password", PASSWORD)];
        let signed_in = browser.post_without_following(SIGN_IN, &fields).await;

        let session = browser.session().unwrap().to_owned();
        assert!(session.starts_with("rcx_"), "{session}");
        let attributes = format!("Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax{secure}");
        let expected = format!("{name}={session}; {attributes}");
        assert_eq!(signed_in.response.header("set-cookie"), Some(expected.as_str()));
        assert!(is_in(&mut browser).await);
        let page = browser.open(SESSIONS).await;
        let signed_out = browser.submit(&page, SIGN_OUT, &[]).await;
        let expected = format!("{name}=; {}", attributes.replace("2592000", "0"));
        assert_eq!(signed_out.response.header("set-cookie"), Some(expected.as_str()));
        // A name without the prefix could be set by another host of the domain.
        browser.cookies = [(other.to_owned(), session)].into();
        assert!(!is_in(&mut browser).await);
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_cookie_is_worth_nothing() {
    let app = TestApp::start().await;
    let (_, [mut browser, mut other]) = signed_in(&app).await;
    let page = browser.open(SESSIONS).await;
    // The back button shows nothing of it.
    assert_eq!(page.response.header("cache-control"), Some("no-store"));
    let mut kept = browser.clone();

    let done = browser.submit(&page, SIGN_OUT, &[]).await;

    assert_eq!((done.heading().as_str(), browser.session()), ("You are signed out", None));
    assert!(!is_in(&mut browser).await && !is_in(&mut kept).await);
    assert!(is_in(&mut other).await);
    // From another tab.
    let again = browser.submit(&page, SIGN_OUT, &[]).await;
    assert_eq!((again.status, again.heading().as_str()), (403, "Sign in"));
    let again = kept.submit(&page, SIGN_OUT, &[]).await;
    assert_eq!((again.status, again.heading().as_str()), (200, "You are signed out"));
    assert_eq!(app.items_of("session").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_changed_password_ends_all_sessions_but_the_one_that_changed_it() {
    let app = TestApp::start().await;
    let (jane, [mut browser, mut other]) = signed_in(&app).await;

    let page = browser.open("/account/password").await;
    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    let changed = browser.submit(&page, "/account/password", &fields).await;

    assert_eq!(changed.status, 200, "{}", changed.text());
    assert!(is_in(&mut browser).await && !is_in(&mut other).await);
    app.assert_consistent().await;
    // It counts as one that works: the next one does not take its place.
    other.sign_in("janedoe", NEW).await;
    assert!(is_in(&mut browser).await);
    let body = json!({ "currentPassword": NEW, "password": PASSWORD });
    let changed = jane.send_json("PUT", "/rollcall/v1/users/self/password", &body).await;
    assert_eq!(changed.status, 401, "the first change ended the token");
    let by_password = jane.with_token(testkit::basic("janedoe", NEW));
    let changed = by_password.send_json("PUT", "/rollcall/v1/users/self/password", &body).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    assert!(!is_in(&mut browser).await && !is_in(&mut other).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_copied_cookie_is_worth_nothing_after_the_password_was_changed_with_it() {
    let app = TestApp::start().await;
    let (_jane, [mut browser, mut copy]) = signed_in(&app).await;
    copy.cookies.clone_from(&browser.cookies);
    assert!(is_in(&mut copy).await);

    let page = browser.open("/account/password").await;
    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    let changed = browser.submit(&page, "/account/password", &fields).await;

    assert_eq!(changed.status, 200, "{}", changed.text());
    assert!(is_in(&mut browser).await && !is_in(&mut copy).await);
}

#[tokio::test]
async fn a_reset_a_disabled_user_and_a_deletion_end_all_sessions() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    let (operator, id) = (Actor::operator(), jane.user().id);

    app.table().set_disabled(&operator, id, true).await.unwrap();
    assert!(!is_in(&mut browser).await);
    app.table().set_disabled(&operator, id, false).await.unwrap();
    assert!(is_in(&mut browser).await);

    jane.credentials().prove_address(&app).await;
    app.browser().post("/account/reset", &[("name", "janedoe")]).await;
    let tokens = app.waiting_tokens().await;
    let token = tokens.iter().find(|token| token.starts_with("rcw_")).unwrap();
    let path = format!("/account/reset/{token}");
    let reset = app.browser().post(&path, &[("password", NEW)]).await;
    assert_eq!(reset.status, 200, "{}", reset.text());
    assert!(!is_in(&mut browser).await);

    browser.sign_in("janedoe", NEW).await;
    let user = app.table().user_and(id, ()).await.unwrap().0.unwrap();
    app.table().begin_user_deletion(&operator, &user).await.unwrap();
    app.table().finish_user_deletion(&operator, id).await.unwrap();
    assert!(!is_in(&mut browser).await);
    assert!(app.items_of("session").await.is_empty());
}

#[tokio::test]
async fn a_session_ends_14_days_after_its_last_use_and_30_days_after_it_began() {
    let app = TestApp::start().await;
    let (_, [mut browser]) = signed_in(&app).await;

    set_time(&app, "createdAt", -20 * DAY).await;
    for (last_use, works) in [(-14 * DAY, true), (-14 * DAY - 3601, false)] {
        set_time(&app, "lastUsedAt", last_use).await;
        assert_eq!(is_in(&mut browser).await, works, "{last_use}");
    }
    set_time(&app, "lastUsedAt", 0).await;
    for (end, works) in [(60, true), (-1, false)] {
        set_time(&app, "expiresAt", end).await;
        assert_eq!(is_in(&mut browser).await, works, "{end}");
    }

    browser.sign_in("janedoe", PASSWORD).await;
    let items = app.items_of("session").await;
    let new = items.iter().max_by_key(|item| item["id"]["S"].as_str().unwrap().to_owned()).unwrap();
    let [end, ttl] = [&new["expiresAt"]["S"], &new["ttl"]["N"]].map(|time| time.as_str().unwrap());
    let end = end.parse::<shared::model::Timestamp>().unwrap().as_second();
    assert!((end - TestApp::in_seconds(30 * DAY).as_second()).abs() < 60, "{new}");
    assert!((ttl.parse::<i64>().unwrap() - end).abs() < 60, "{new}");
}

#[tokio::test]
async fn after_15_minutes_the_password_is_asked_for_and_what_was_entered_survives() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    set_time(&app, "provedAt", -15 * 60 + 30).await;
    let page = browser.open(KEYS).await;
    set_time(&app, "provedAt", -15 * 60 - 1).await;

    let asked = browser.submit(&page, ADD_KEY, &KEY).await;
    assert_eq!((asked.status, asked.heading().as_str()), (403, "Enter your password"));
    assert!(asked.has("You are signed in as janedoe. Not you?"), "{}", asked.text());
    assert!(asked.links().contains(&"/account/reset"), "{:?}", asked.links());
    assert_eq!(keys(&jane).await, Vec::<Value>::new());
    let wrong = browser.submit(&asked, CONFIRM, &[("password", "a wrong password")]).await;
    assert_eq!((wrong.status, wrong.heading().as_str()), (403, "Enter your password"));
    let confirmed = browser.submit(&wrong, CONFIRM, &[("password", PASSWORD)]).await;
    assert_eq!(
        (confirmed.status, confirmed.heading().as_str()),
        (200, "Go on with what you began?")
    );
    assert!(confirmed.has("You are signed in as janedoe."), "{}", confirmed.text());
    assert!(confirmed.links().contains(&KEYS), "{:?}", confirmed.links());
    let sent = browser.submit(&confirmed, ADD_KEY, &[]).await;

    assert_eq!((sent.status, sent.heading().as_str()), (200, "Keys"));
    assert_eq!(keys(&jane).await, [KEY[0].1]);
    // For another 15 minutes.
    let body = [("name", "phone"), ("publicKey", "nothing")];
    let again = browser.submit(&sent, ADD_KEY, &body).await;
    assert_eq!((again.status, again.value("name").as_str()), (400, "phone"));
}

#[tokio::test]
async fn a_form_after_the_sessions_end_keeps_what_was_entered_but_no_password() {
    let app = TestApp::start().await;
    let (jane, [mut browser, mut other]) = signed_in(&app).await;
    let (form, password) = (browser.open(KEYS).await, browser.open("/account/password").await);
    let page = other.open(SESSIONS).await;
    other.submit(&page, END_OTHERS, &[]).await;

    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    let asked = browser.submit(&password, "/account/password", &fields).await;
    assert_eq!((asked.status, asked.heading().as_str()), (403, "Sign in"));
    let text = asked.response.body.to_string();
    assert!(!text.contains("horse") && !asked.value("kept").contains("assword"), "{text}");
    let asked = browser.submit(&form, ADD_KEY, &KEY).await;
    assert_eq!((asked.status, asked.heading().as_str()), (403, "Sign in"));
    assert!(asked.has("You are not signed in any more."), "{}", asked.text());
    let wrong = [("username", "janedoe"), ("password", "a wrong password")];
    let again = browser.submit(&asked, SIGN_IN, &wrong).await;
    assert_eq!(again.status, 403);
    let right = [("username", "janedoe"), ("password", PASSWORD)];
    let signed_in = browser.submit(&again, SIGN_IN, &right).await;
    assert_eq!(
        (signed_in.status, signed_in.heading().as_str()),
        (200, "Go on with what you began?")
    );
    assert_eq!(keys(&jane).await, Vec::<Value>::new());
    let sent = browser.submit(&signed_in, ADD_KEY, &[]).await;

    assert_eq!((sent.status, sent.heading().as_str()), (200, "Keys"));
    assert_eq!(keys(&jane).await, [KEY[0].1]);
}

#[tokio::test]
async fn nothing_is_lost_when_the_session_ends_while_the_password_is_asked_for() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    let page = browser.open(KEYS).await;
    set_time(&app, "provedAt", -3600).await;
    let asked = browser.submit(&page, ADD_KEY, &KEY).await;
    let mut late = browser.clone();
    let right = [("username", "janedoe"), ("password", PASSWORD)];

    // Twice, and where the session has another secret since.
    let confirmed = browser.submit(&asked, CONFIRM, &right[1..]).await;
    let again = browser.submit(&asked, CONFIRM, &right[1..]).await;
    let wrong = [("password", "a wrong password")];
    let lost = late.submit(&asked, CONFIRM, &wrong).await;
    assert_eq!((lost.status, lost.heading().as_str()), (403, "Sign in"));
    assert_eq!(lost.value("return_to"), ADD_KEY);
    let signed_in = late.submit(&lost, SIGN_IN, &right).await;

    for (page, status) in [(&confirmed, 200), (&again, 403), (&signed_in, 200)] {
        let heading = "Go on with what you began?";
        assert_eq!((page.status, page.heading().as_str()), (status, heading));
        assert_eq!(
            (page.value("name").as_str(), page.value("publicKey").as_str()),
            (KEY[0].1, KEY[1].1)
        );
    }
    assert_eq!(late.submit(&signed_in, ADD_KEY, &[]).await.status, 200);
    assert_eq!(keys(&jane).await, [KEY[0].1]);
}

#[tokio::test]
async fn a_second_click_that_confirms_signs_in_by_its_password_and_never_by_the_old_cookie() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    let asked = browser.open(&format!("{CONFIRM}?return_to={SESSIONS}")).await;
    // The browser drops the response to the first one, and the cookie in it.
    let (mut first, mut old) = (browser.clone(), browser.clone());
    let right = [("password", PASSWORD)];
    first.submit(&asked, CONFIRM, &right).await;
    assert!(!is_in(&mut browser).await);

    let landed = browser.submit(&asked, CONFIRM, &right).await;
    assert_eq!((landed.status, landed.path.as_str()), (200, SESSIONS));
    assert_eq!(landed.heading(), "Sessions");
    assert!(browser.session() != old.session() && browser.session() != first.session());
    assert!(!is_in(&mut first).await && !is_in(&mut old).await);
    assert_eq!(app.items_of("session").await.len(), 1);
    // The browser has the new cookie, and the page is from before.
    let kept = browser.session().map(str::to_owned);
    let led = browser.submit(&asked, CONFIRM, &right).await;
    assert_eq!((led.status, led.path.as_str()), (200, SESSIONS));
    assert_eq!(browser.session(), kept.as_deref());

    // What was entered before goes on as well.
    let page = browser.open(KEYS).await;
    set_time(&app, "provedAt", -3600).await;
    let asked = browser.submit(&page, ADD_KEY, &KEY).await;
    browser.clone().submit(&asked, CONFIRM, &right).await;
    let offered = browser.submit(&asked, CONFIRM, &right).await;
    assert_eq!((offered.status, offered.heading().as_str()), (200, "Go on with what you began?"));
    assert_eq!(keys(&jane).await, Vec::<Value>::new());
    assert_eq!(browser.submit(&offered, ADD_KEY, &[]).await.status, 200);
    assert_eq!(keys(&jane).await, [KEY[0].1]);

    // A session that has ended is no other case.
    let (asked, page) = (browser.open(CONFIRM).await, browser.open(SESSIONS).await);
    let mut late = browser.clone();
    browser.submit(&page, SIGN_OUT, &[]).await;
    assert!(!is_in(&mut late).await);
    let signed_in = late.submit(&asked, CONFIRM, &right).await;
    assert_eq!((signed_in.status, signed_in.path.as_str()), (200, "/account"));
    assert!(is_in(&mut late).await && !is_in(&mut browser).await);
    assert_eq!(app.items_of("session").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_password_beside_an_old_cookie_is_one_attempt_to_sign_in_as_the_user_it_names() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    let (operator, id) = (Actor::operator(), jane.user().id);
    let asked = browser.open(CONFIRM).await;
    let mut old = browser.clone();
    let (right, wrong) = ([("password", PASSWORD)], [("password", "a wrong password")]);
    browser.submit(&asked, CONFIRM, &right).await;
    let sessions = app.items_of("session").await.len();
    let is_refused = |page: &Page| {
        assert_eq!((page.status, page.heading().as_str()), (403, "Sign in"), "{}", page.text());
        assert!(!page.has("janedoe") && page.value("password").is_empty(), "{}", page.text());
    };

    // A cookie can be made up.
    let made_up = SessionCredential::generate(UserId::generate()).unwrap();
    let mut nobody = app.browser();
    nobody.cookies.insert("__Host-session".to_owned(), made_up.reveal());
    let fields = [right[0], ("form_token", &*made_up.form_token(CONFIRM))];
    is_refused(&nobody.post(CONFIRM, &fields).await);
    let made_up = SessionCredential::generate(id).unwrap();
    nobody.cookies.insert("__Host-session".to_owned(), made_up.reveal());
    let fields = [wrong[0], ("form_token", &*made_up.form_token(CONFIRM))];
    is_refused(&nobody.post(CONFIRM, &fields).await);
    // Without its form's token it is no attempt.
    is_refused(&old.post(CONFIRM, &right).await);
    app.table().set_disabled(&operator, id, true).await.unwrap();
    is_refused(&old.submit(&asked, CONFIRM, &right).await);
    app.table().set_disabled(&operator, id, false).await.unwrap();
    for _ in 2..10 {
        is_refused(&old.submit(&asked, CONFIRM, &wrong).await);
    }

    let locked = old.submit(&asked, CONFIRM, &right).await;
    assert_eq!((locked.status, locked.heading().as_str()), (429, "Sign in"));
    assert!(locked.response.header("retry-after").is_some());
    assert!(is_in(&mut browser).await && !is_in(&mut old).await);
    assert_eq!(app.items_of("session").await.len(), sessions);
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_somebody_filled_in_is_offered_to_nobody_else() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    let john = app.person("johnroe").await;
    let page = browser.open(KEYS).await;
    let is_refused = |page: &Page, status: u16| {
        let heading = page.heading();
        assert_eq!((page.status, &*heading), (status, "Somebody else filled in this form"));
        assert!(page.has("You are signed in as johnroe."), "{}", page.text());
        assert!(page.links().contains(&KEYS) && page.forms().is_empty(), "{:?}", page.links());
        assert!(!page.response.body.to_string().contains("laptop"));
    };

    // In another tab.
    browser.sign_in("johnroe", PASSWORD).await;
    is_refused(&browser.submit(&page, ADD_KEY, &KEY).await, 403);
    // What does not say who filled it in is nobody's.
    is_refused(&browser.post(ADD_KEY, &KEY).await, 403);
    let own = browser.open(SESSIONS).await;
    browser.submit(&own, SIGN_OUT, &[]).await;
    let asked = browser.submit(&page, ADD_KEY, &KEY).await;
    let sign_in = |name| [("username", name), ("password", PASSWORD)];
    is_refused(&browser.clone().submit(&asked, SIGN_IN, &sign_in("johnroe")).await, 200);
    let signed_in = browser.submit(&asked, SIGN_IN, &sign_in("janedoe")).await;
    assert_eq!(signed_in.heading(), "Go on with what you began?");

    assert_eq!(browser.submit(&signed_in, ADD_KEY, &[]).await.status, 200);
    assert_eq!((keys(&jane).await, keys(&john).await), (vec![json!(KEY[0].1)], vec![]));
}

#[tokio::test]
async fn a_form_of_another_session_or_page_is_not_accepted_and_neither_is_one_of_another_site() {
    let app = TestApp::start().await;
    let (jane, [mut browser, mut other]) = signed_in(&app).await;
    app.person("johnroe").await;
    let mut stranger = app.browser();
    stranger.sign_in("johnroe", PASSWORD).await;
    let page = browser.open(KEYS).await;
    let token = |page: &Page, action: &str| {
        let fields = page.form(action, &[]).as_shown();
        fields.into_iter().find(|(name, _)| name == "form_token").unwrap().1
    };
    let of_others = [&mut other, &mut stranger];
    let mut tokens = vec![
        String::new(),
        "nothing".to_owned(),
        token(&page, SIGN_OUT),
        token(&page, ADD_KEY) + "A",
    ];
    for browser in of_others {
        tokens.push(token(&browser.open(KEYS).await, ADD_KEY));
    }
    let before = app.written().await;
    let user = jane.user().id.to_string();

    for token in &tokens {
        let fields = [&KEY[..], &[("form_token", token), ("form_user", &user)]].concat();
        let refused = browser.post(ADD_KEY, &fields).await;
        assert_eq!(
            (refused.status, refused.heading().as_str()),
            (403, "Go on with what you began?")
        );
        assert_eq!(testkit::own_last_request_line().unwrap()["event"], "form_rejected");
    }
    let refused = browser.post(ADD_KEY, &KEY).await;
    assert_eq!(refused.status, 403, "without a token");
    let fields = testkit::form(&[KEY[0], KEY[1], ("form_token", &token(&page, ADD_KEY))]);
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example.com"),
        ("origin", "null"),
    ] {
        let headers = [(header, value), ("content-type", "application/x-www-form-urlencoded")];
        let refused = browser.send("POST", ADD_KEY, &headers, Some(&fields)).await;
        assert_eq!(refused.heading(), "This form came from another site", "{header}: {value}");
    }
    // A query makes another form of it.
    let token_of_path = token(&page, ADD_KEY);
    let fields = [&KEY[..], &[("form_token", &*token_of_path)]].concat();
    assert_eq!(browser.post("/account/keys/ssh?a=b", &fields).await.status, 403);
    assert_eq!(app.written().await, before);
    assert_eq!(browser.post("/account/keys/ssh/", &fields).await.status, 200);
    assert_eq!(keys(&jane).await, [KEY[0].1]);
}

#[tokio::test]
async fn a_51st_session_ends_the_oldest() {
    let app = TestApp::start().await;
    let (jane, [mut first, mut second]) = signed_in(&app).await;
    for _ in 2..50 {
        app.session(&jane.credentials()).await;
    }
    assert!(is_in(&mut first).await);
    let mut last = app.browser();

    last.sign_in("janedoe", PASSWORD).await;

    assert!(!is_in(&mut first).await && is_in(&mut second).await && is_in(&mut last).await);
    assert_eq!(app.items_of("session").await.len(), 50);
    let entries = app.items_of("audit").await;
    let replacing: Vec<_> = entries
        .iter()
        .filter(|entry| entry["action"]["S"] == "session.created")
        .filter_map(|entry| entry["details"]["M"]["replaced"]["L"].as_array())
        .collect();
    assert!(replacing.len() == 1 && replacing[0].len() == 1, "{replacing:?}");
    app.assert_consistent().await;
    let page = last.open(SESSIONS).await;
    assert_eq!(page.forms().iter().filter(|form| form.action.ends_with("/end")).count(), 49);
    last.submit(&page, END_OTHERS, &[]).await;
    assert!(!is_in(&mut second).await && is_in(&mut last).await);
    assert_eq!(app.items_of("session").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn two_tabs_are_one_session_and_one_does_not_spoil_the_form_of_the_other() {
    let app = TestApp::start().await;
    let (jane, [mut browser]) = signed_in(&app).await;
    let (one, other) = (browser.open(KEYS).await, browser.open(KEYS).await);

    let fields = [("name", "phone"), KEY[1]];
    assert_eq!(browser.submit(&other, ADD_KEY, &fields).await.status, 200);
    let asked = browser.open(CONFIRM).await;
    browser.submit(&asked, CONFIRM, &[("password", PASSWORD)]).await;
    // The session has another secret since.
    let asked =
        browser.submit(&one, ADD_KEY, &[("name", "laptop"), ("publicKey", OTHER_KEY)]).await;
    assert_eq!((asked.status, asked.heading().as_str()), (403, "Go on with what you began?"));
    assert_eq!(browser.submit(&asked, ADD_KEY, &[]).await.status, 200);

    assert_eq!(keys(&jane).await, ["phone", "laptop"]);
}

const OTHER_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1vZ9oYdqhVhXk4rNqvB0m1mVYb0D7q0G3vXw0cT9yE";

#[tokio::test]
async fn a_session_and_all_others_end_with_the_next_request() {
    let app = TestApp::start().await;
    let (_, [mut first, mut second, mut third]) = signed_in(&app).await;

    let page = third.open(SESSIONS).await;
    let ended = third.submit(&page, &end_form(&page), &[]).await;
    assert_eq!((ended.status, ended.path.as_str()), (200, "/account/sessions?done=ended"));
    assert!(ended.has("The session has ended."), "{}", ended.text());
    // The newest comes first.
    assert!(is_in(&mut first).await && !is_in(&mut second).await && is_in(&mut third).await);
    // It has ended already.
    let again = third.submit(&page, &end_form(&page), &[]).await;
    assert_eq!(again.path, "/account/sessions?done=ended");
    second.sign_in("janedoe", PASSWORD).await;
    let ended = third.submit(&page, END_OTHERS, &[]).await;
    assert_eq!(ended.path, "/account/sessions?done=others-ended");
    assert!(!is_in(&mut first).await && !is_in(&mut second).await && is_in(&mut third).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_session_is_shown_with_its_browser_and_nobody_ends_one_of_others() {
    let app = TestApp::start().await;
    let (_, [mut own]) = signed_in(&app).await;
    app.person("johnroe").await;
    for (agent, shown) in [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Version/18 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari", "Chrome on Android"),
        ("curl/8.14.1", "curl"),
        ("<script>alert(1)</script>", "scriptalert1"),
        ("", "Unknown browser"),
    ] {
        let mut browser = app.browser();
        agent.clone_into(&mut browser.user_agent);
        browser.sign_in("janedoe", PASSWORD).await;
        let page = own.open(SESSIONS).await;
        assert!(page.has(shown), "{shown}: {}", page.text());
    }
    assert!(USER_AGENT.contains("Firefox") && own.open(SESSIONS).await.has("Firefox on Linux"));

    let end = end_form(&own.open(SESSIONS).await);
    let mut stranger = app.browser();
    stranger.sign_in("johnroe", PASSWORD).await;
    assert!(!stranger.open(SESSIONS).await.has("Edge"));
    let before = app.written().await;
    let session: SessionCredential = stranger.session().unwrap().parse().unwrap();
    stranger.post(&end, &[("form_token", &session.form_token(&end))]).await;
    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn ending_a_session_takes_a_fresh_password_and_signing_out_does_not() {
    let app = TestApp::start().await;
    let (_, [mut own, mut other]) = signed_in(&app).await;
    let page = own.open(SESSIONS).await;
    set_time(&app, "provedAt", -3600).await;

    for path in [end_form(&page), END_OTHERS.to_owned()] {
        let asked = own.submit(&page, &path, &[]).await;
        assert_eq!((asked.status, asked.heading().as_str()), (403, "Enter your password"));
        assert!(is_in(&mut other).await, "{path}");
    }
    let out = own.submit(&page, SIGN_OUT, &[]).await;
    assert_eq!((out.status, out.heading().as_str()), (200, "You are signed out"));
}

#[tokio::test]
async fn the_api_lists_sessions_in_pages_and_ends_one_or_all() {
    let app = TestApp::start().await;
    let (jane, [mut first, mut second, mut third]) = signed_in(&app).await;
    let john = app.person("johnroe").await;
    let path = "/rollcall/v1/users/self/sessions";
    let list = async |query: &str| {
        let page = jane.send("GET", &format!("{path}?{query}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.body
    };

    let page = list("limit=2").await;
    let [one, two] = page["sessions"].as_array().unwrap().as_slice() else { panic!("{page}") };
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = list(&format!("limit=2&cursor={cursor}")).await;
    assert_eq!((&one["browser"], &rest["nextCursor"]), (&json!("Firefox on Linux"), &Value::Null));
    assert_eq!(rest["sessions"].as_array().unwrap().len(), 1);
    assert!(one["lastUsedAt"].is_string() && one["createdAt"].as_str() < two["createdAt"].as_str());
    let id = one["id"].as_str().unwrap();
    for (person, id) in [(&john, id), (&jane, "0197a1b2c3d4e5f607182930"), (&jane, "nothing")] {
        assert_eq!(person.send("DELETE", &format!("{path}/{id}")).await.status, 404, "{id}");
    }
    assert_eq!(jane.send("DELETE", &format!("{path}/{id}")).await.status, 204);
    assert_eq!(jane.send("DELETE", &format!("{path}/{id}")).await.status, 404);
    assert!(!is_in(&mut first).await && is_in(&mut second).await);
    for _ in 0..2 {
        assert_eq!(jane.send("DELETE", path).await.status, 204);
        assert_eq!(list("").await["sessions"], json!([]));
    }
    assert!(!is_in(&mut second).await && !is_in(&mut third).await);
    app.assert_consistent().await;
}
