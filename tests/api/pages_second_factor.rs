//! The second factor on the pages: set up, asked for, and taken back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::model::{SessionCredential, UserId};
use shared::table::Actor;
use testkit::{Browser, PASSWORD, Page, Person, Service, TestApp, totp_code, wait_for_step};

use crate::mail::set;

const PATH: &str = "/account/second-factor";
const SETUP: &str = "/account/second-factor/setup";
const CODES: &str = "/account/second-factor/recovery-codes";
const OFF: &str = "/account/second-factor/off";
const SIGN_IN: &str = "/account/sign-in";
const SIGN_IN_CODE: &str = "/account/sign-in/code";
const CONFIRM: &str = "/account/confirm";
const ADD_KEY: &str = "/account/keys/ssh";
const RESET: &str = "/account/reset";
const NEW: &str = "another horse battery";
const NAME: &str = "Jane's laptop";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T jane";

/// Jane, who is signed in, with a second factor: the secret of her app, and the recovery codes.
struct Arranged<'a> {
    jane: Person<'a>,
    browser: Browser<'a>,
    secret: String,
    codes: Vec<String>,
}

/// Jane, who has signed in in this browser.
pub(crate) async fn signed_in(app: &TestApp) -> (Person<'_>, Browser<'_>) {
    let jane = app.person("janedoe").await;
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;
    (jane, browser)
}

async fn arranged(app: &TestApp) -> Arranged<'_> {
    let (jane, mut browser) = signed_in(app).await;
    let page = begin(&mut browser).await;
    let secret = secret(&page);
    let on = browser.submit(&page, PATH, &[("code", &totp_code(&secret, -1))]).await;
    assert!(on.has("Browsers that are signed in stay so."), "{}", on.text());
    let codes = codes(&on);
    Arranged { jane, browser, secret, codes }
}

/// The page with a new secret.
async fn begin(browser: &mut Browser<'_>) -> Page {
    let page = browser.open(PATH).await;
    let page = browser.submit(&page, SETUP, &[]).await;
    assert_eq!((page.status, page.heading().as_str()), (200, "Set up a second factor"));
    // For the code of the step before.
    wait_for_step(3).await;
    page
}

fn body(page: &Page) -> &str {
    page.response.body.as_str().unwrap()
}

/// What a page shows as code.
fn shown(page: &Page) -> &str {
    let code = body(page).split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
    code.unwrap_or_else(|| panic!("{}", page.text()))
}

fn secret(page: &Page) -> String {
    let secret = shown(page).replace(' ', "");
    assert_eq!(secret.len(), 32, "{secret}");
    secret
}

/// The recovery codes on the page that shows them.
fn codes(page: &Page) -> Vec<String> {
    assert_eq!((page.status, page.heading().as_str()), (200, "Your recovery codes"));
    shown(page).lines().map(str::to_owned).collect()
}

/// Enters Jane's password, and returns what comes of it.
async fn enter_password(browser: &mut Browser<'_>) -> Page {
    let page = browser.open("/account/sign-in?again=true").await;
    browser.submit(&page, SIGN_IN, &[("username", "janedoe"), ("password", PASSWORD)]).await
}

/// The same where a code is asked for.
async fn asked(browser: &mut Browser<'_>) -> Page {
    let page = enter_password(browser).await;
    assert_eq!((page.status, page.heading().as_str()), (200, "Enter a code"), "{}", page.text());
    page
}

/// Enters a code where one is asked for.
async fn enter_code(browser: &mut Browser<'_>, page: &Page, code: &str) -> Page {
    browser.submit(page, SIGN_IN_CODE, &[("code", code)]).await
}

/// Whether a page is that of somebody who has just signed in.
fn is_in(page: &Page) -> bool {
    (page.status, page.heading().as_str()) == (200, "Profile")
}

/// Whether a page asks for the code again.
fn is_refused(page: &Page) -> bool {
    (page.status, page.heading().as_str()) == (403, "Enter a code") && page.value("code").is_empty()
}

/// Whether a page says that one has to sign in from the beginning.
fn has_ended(page: &Page) -> bool {
    (page.status, page.heading().as_str()) == (403, "Sign in")
        && page.has("You have to begin again")
}

/// What a hidden field says that began just now, as if it had begun so many seconds before.
async fn aged(app: &TestApp, text: &str, purpose: &str, parts: &[&[u8]], seconds: i64) -> String {
    let ((rest, sealed), key) = (text.rsplit_once('.').unwrap(), app.service_key().await);
    let sealed = URL_SAFE_NO_PAD.decode(sealed).unwrap();
    let mut opened = key.decrypt(purpose, parts, &sealed).unwrap();
    let begun = i64::from_be_bytes(opened[..8].try_into().unwrap()) - 1000 * seconds;
    opened[..8].copy_from_slice(&begun.to_be_bytes());
    let sealed = URL_SAFE_NO_PAD.encode(key.encrypt(purpose, parts, opened).unwrap());
    format!("{rest}.{sealed}")
}

/// The bytes of an id.
fn bytes(id: &str) -> Vec<u8> {
    let digits = id.replace('-', "");
    let pairs = (0..digits.len()).step_by(2).map(|place| &digits[place..place + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Whether the user's password signs in by Basic.
async fn password_alone(jane: &Person<'_>) -> u16 {
    jane.with_token(jane.basic()).send("GET", "/rollcall/v1/users/self").await.status
}

/// The actions in Jane's log, newest first, with by what she signed in.
async fn log(jane: &Person<'_>) -> Vec<(String, Value)> {
    let log = jane.send("GET", "/rollcall/v1/users/self/audit").await;
    let entries = log.body["entries"].as_array().unwrap().iter();
    let text = |entry: &Value| entry["action"].as_str().unwrap().to_owned();
    entries.map(|entry| (text(entry), entry["details"]["factors"].clone())).collect()
}

/// What counts attempts to sign in.
async fn attempts(app: &TestApp) -> Vec<Value> {
    let mut items = app.items().await;
    items.retain(|item| item["sk"]["S"] == "LOCKOUT");
    items
}

/// Has everybody have proved themselves an hour ago.
async fn let_proofs_age(app: &TestApp) {
    let time = json!({ "S": TestApp::in_seconds(-3600).to_string() });
    set(app, "session", "provedAt", time).await;
}

#[tokio::test]
async fn it_is_on_once_a_code_of_the_app_was_entered_and_not_before() {
    let app = TestApp::start().await;
    let (jane, mut browser) = signed_in(&app).await;
    let off = browser.open(PATH).await;
    let page = begin(&mut browser).await;
    let secret = secret(&page);
    assert!(body(&page).contains("<svg ") && page.forms().iter().any(|own| own.action == PATH));
    assert!(app.items_of("secondFactor").await.is_empty());

    let mut page = page;
    for (code, status) in [
        (totp_code(&secret, -120), 403),
        (totp_code(&secret, 120), 403),
        ("12345".to_owned(), 400),
        ("abcd-efgh-abcd-a".to_owned(), 400),
        (String::new(), 400),
    ] {
        page = browser.submit(&page, PATH, &[("code", &code)]).await;
        let heading = page.heading();
        assert_eq!((page.status, heading.as_str()), (status, "Set up a second factor"), "{code}");
        assert!(!body(&page).contains("<svg ") && !body(&page).contains("<code>"), "{code}");
        assert_eq!(page.value("code"), "", "{code}");
    }
    assert_eq!(password_alone(&jane).await, 200);
    let before = page;
    let on = browser.submit(&before, PATH, &[("code", &totp_code(&secret, 0))]).await;
    let codes = codes(&on);

    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 16), "{codes:?}");
    assert_eq!(password_alone(&jane).await, 401);
    let page = browser.open(PATH).await;
    assert!(page.has("Recovery codes left 10"), "{}", page.text());
    assert!(!body(&page).contains(&codes[0]) && !body(&page).contains(&secret));
    // From other tabs.
    let again = browser.submit(&before, PATH, &[("code", &totp_code(&secret, 1))]).await;
    let anew = browser.submit(&off, SETUP, &[]).await;
    for page in [again, anew] {
        assert_eq!((page.status, page.heading().as_str()), (409, "Second factor"));
        assert!(page.has("is on already"), "{}", page.text());
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn it_is_set_up_under_a_password_of_the_users_own_alone() {
    let app = TestApp::start().await;
    let (jane, mut browser) = signed_in(&app).await;
    let off = browser.open(PATH).await;
    let begun = begin(&mut browser).await;
    let code = totp_code(&secret(&begun), 0);
    // As if somebody else had given the one that she signed in with.
    app.set(&jane, "passwordIsOwn", json!({ "BOOL": false })).await;

    let shown = browser.open(PATH).await;
    let set_up = browser.submit(&off, SETUP, &[]).await;
    let turned_on = browser.submit(&begun, PATH, &[("code", &code)]).await;

    let own = r#"<a href="/account/password">a password of your own</a>"#;
    for (page, status) in [(shown, 200), (set_up, 409), (turned_on, 409)] {
        assert_eq!((page.status, page.heading().as_str()), (status, "Second factor"));
        assert!(page.has("set up a second factor after you have chosen"), "{}", page.text());
        assert!(body(&page).contains(own) && page.forms().iter().all(|form| form.action != SETUP));
        let says_why = page.has("Nothing was set up: somebody else chose your password.");
        let has_alert = body(&page).contains("role=\"alert\"");
        assert_eq!((says_why, has_alert), (status == 409, status == 409));
    }
    assert!(app.items_of("secondFactor").await.is_empty());
    let change = json!({ "currentPassword": PASSWORD, "password": NEW });
    let changed = jane.send_json("PUT", "/rollcall/v1/users/self/password", &change).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    browser.sign_in("janedoe", NEW).await;
    begin(&mut browser).await;
}

#[tokio::test]
async fn a_mail_tells_of_a_factor_that_is_on_a_used_recovery_code_and_each_passkey() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let (jane, mut browser) = signed_in(&app).await;
    let passkey = app.new_passkey(&app.session(&jane.credentials()).await).await.passkey_id();
    let passkey = format!("/rollcall/v1/users/self/second-factors/{passkey}");
    assert_eq!(jane.send("DELETE", &passkey).await.status, 204);
    let page = begin(&mut browser).await;
    let code = totp_code(&secret(&page), -1);
    let codes = codes(&browser.submit(&page, PATH, &[("code", &code)]).await);
    let page = asked(&mut browser).await;
    assert!(is_in(&enter_code(&mut browser, &page, &codes[0]).await));

    let mails = post.deliver().await;

    let mut told: Vec<_> = mails.iter().map(|mail| mail.message.subject.as_str()).collect();
    told.sort_unstable();
    let expected = [
        "A passkey was added",
        "A passkey was removed",
        "A recovery code was used",
        "A second factor was turned on",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (subject, heading) in told.iter().zip(expected) {
        assert!(subject.starts_with(heading), "{told:?}");
    }
    assert!(mails.iter().all(|mail| mail.recipients == [jane.email()]), "{mails:?}");
}

#[tokio::test]
async fn a_second_click_shows_the_recovery_codes_that_the_first_one_made() {
    let app = TestApp::start().await;
    let (_, mut browser) = signed_in(&app).await;
    let page = begin(&mut browser).await;
    let (first, second) = (totp_code(&secret(&page), -1), totp_code(&secret(&page), 0));

    let on = codes(&browser.submit(&page, PATH, &[("code", &first)]).await);
    assert_eq!(codes(&browser.submit(&page, PATH, &[("code", &first)]).await), on);
    let shown = browser.open(PATH).await;
    let renewed = codes(&browser.submit(&shown, CODES, &[("code", &second)]).await);
    assert_eq!(codes(&browser.submit(&shown, CODES, &[("code", &second)]).await), renewed);

    assert_ne!(renewed, on);
    // A page that is opened again has another form.
    let shown = browser.open(PATH).await;
    let used = browser.submit(&shown, CODES, &[("code", &second)]).await;
    assert_eq!((used.status, used.heading().as_str()), (403, "Second factor"));
}

#[tokio::test]
async fn what_is_set_up_counts_for_15_minutes_and_in_its_session_alone() {
    let app = TestApp::start().await;
    let (jane, mut browser) = signed_in(&app).await;
    let mut other = app.browser();
    other.sign_in("janedoe", PASSWORD).await;
    let page = begin(&mut browser).await;
    let (secret, setup) = (secret(&page), page.value("setup"));
    let foreign = begin(&mut other).await.value("setup");
    let session: SessionCredential = browser.session().unwrap().parse().unwrap();
    let (user, id) = (bytes(&jane.user().id.to_string()), bytes(&session.id().to_string()));
    // The credentials have not changed yet.
    let parts = [user, id, vec![0; 8]];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let aged = async |seconds| aged(&app, &setup, "TOTP setup", &parts, seconds).await;

    for setup in [aged(15 * 60 + 1).await, foreign, setup.replace('.', ".A"), String::new()] {
        let code = totp_code(&secret, 0);
        let fields = [("setup", setup.as_str()), ("code", code.as_str())];
        let ended = browser.submit(&page, PATH, &fields).await;
        assert_eq!((ended.status, ended.heading().as_str()), (410, "Second factor"), "{setup}");
    }
    assert!(app.items_of("secondFactor").await.is_empty());
    // The password entered again is no other session.
    let asked = browser.open(CONFIRM).await;
    browser.submit(&asked, CONFIRM, &[("password", PASSWORD)]).await;
    let page = begin(&mut browser).await;
    let (setup, code) = (aged(15 * 60 - 30).await, totp_code(&secret, 0));
    let fields = [("setup", setup.as_str()), ("code", code.as_str())];
    assert_eq!(codes(&browser.submit(&page, PATH, &fields).await).len(), 10);
}

#[tokio::test]
async fn a_secret_that_was_turned_off_is_not_turned_on_again_by_its_old_page() {
    let app = TestApp::start().await;
    let (_, mut browser) = signed_in(&app).await;
    let page = begin(&mut browser).await;
    let setup = page.value("setup");
    let secret = secret(&page);
    let on = browser.submit(&page, PATH, &[("code", &totp_code(&secret, -1))]).await;
    let recovery = codes(&on);
    let shown = browser.open(PATH).await;
    assert!(browser.submit(&shown, OFF, &[("code", &recovery[0])]).await.has("is off."));

    let page = begin(&mut browser).await;
    let (first, other) = (totp_code(&secret, 0), totp_code(&self::secret(&page), 0));
    let fields = [("setup", setup.as_str()), ("code", first.as_str())];
    let again = browser.submit(&page, PATH, &fields).await;

    assert_eq!((again.status, again.heading().as_str()), (410, "Second factor"));
    assert!(again.has("The key does not count any more"), "{}", again.text());
    assert!(app.items_of("secondFactor").await.is_empty());
    assert_eq!(codes(&browser.submit(&page, PATH, &[("code", &other)]).await).len(), 10);
    app.assert_consistent().await;
}

#[tokio::test]
async fn after_the_password_a_code_signs_in_and_each_code_does_so_once() {
    let app = TestApp::start().await;
    let Arranged { jane, secret, codes, .. } = arranged(&app).await;
    let mut browser = app.browser();

    let page = asked(&mut browser).await;
    assert!(page.has("Lost your app? Use a recovery code."), "{}", page.text());
    assert_eq!((browser.session(), app.items_of("session").await.len()), (None, 1));
    // That of the step before was used when it was set up.
    for wrong in [totp_code(&secret, -1), totp_code(&secret, -120), "aaaa-aaaa-aaaa-a".to_owned()] {
        assert!(is_refused(&enter_code(&mut browser, &page, &wrong).await), "{wrong}");
    }
    for (malformed, text) in [("", "Code is required."), ("12345", "Code must be the 6 digits")] {
        let again = enter_code(&mut browser, &page, malformed).await;
        assert_eq!((again.status, again.heading().as_str()), (400, "Enter a code"));
        assert!(again.has(text), "{}", again.text());
    }
    assert_eq!(browser.session(), None);
    let code = totp_code(&secret, 0);
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert!(is_in(&enter_code(&mut browser, &page, &spaced).await));

    // Nobody signs in with it once more, also by another page.
    for page in [&page, &asked(&mut app.browser()).await] {
        assert!(is_refused(&enter_code(&mut app.browser(), page, &code).await));
    }
    let typed = codes[0].replace('-', " ").to_uppercase();
    assert!(is_in(&enter_code(&mut app.browser(), &page, &typed).await));
    assert!(is_refused(&enter_code(&mut app.browser(), &page, &codes[0]).await));
    let shown = browser.open(PATH).await;
    assert!(shown.has("Recovery codes left 9"), "{}", shown.text());
    let log = log(&jane).await;
    let by: Vec<_> = log.iter().filter(|(action, _)| action == "session.created").collect();
    let by: Vec<_> = by.iter().map(|(_, factors)| factors.as_str().unwrap()).collect();
    assert_eq!(by, ["password+recovery_code", "password+totp", "password"]);
    for action in ["second_factor.on", "recovery_code.used", "sign_in.rejected"] {
        assert!(log.iter().any(|(own, _)| own == action), "{action}: {log:?}");
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_second_click_goes_on_in_the_session_of_the_first_one_and_takes_no_attempt() {
    let app = TestApp::start().await;
    let Arranged { secret, .. } = arranged(&app).await;
    let (mut browser, code) = (app.browser(), totp_code(&secret, 0));
    let page = asked(&mut browser).await;
    assert!(is_in(&enter_code(&mut browser, &page, &code).await));
    let session = browser.session().map(str::to_owned);
    let sessions = app.items_of("session").await.len();
    let before = attempts(&app).await;

    let again = enter_code(&mut browser, &page, &code).await;

    assert!(is_in(&again), "{}", again.text());
    assert_eq!(attempts(&app).await, before);
    assert_eq!(browser.session(), session.as_deref());
    assert_eq!(app.items_of("session").await.len(), sessions);
    // Whoever signs in anew beside an older session needs a new code.
    let page = asked(&mut browser).await;
    assert!(is_refused(&enter_code(&mut browser, &page, &code).await));
}

#[tokio::test]
async fn the_code_of_an_hour_ago_and_that_of_another_user_sign_nobody_in() {
    let app = TestApp::start().await;
    let Arranged { secret, .. } = arranged(&app).await;
    app.person("johnroe").await;
    let mut john = app.browser();
    john.sign_in("johnroe", PASSWORD).await;
    let page = begin(&mut john).await;
    let of_john = self::secret(&page);
    let codes = codes(&john.submit(&page, PATH, &[("code", &totp_code(&of_john, -1))]).await);
    let mut browser = app.browser();
    let page = asked(&mut browser).await;

    for wrong in [totp_code(&secret, -120), totp_code(&of_john, 0), codes[0].clone()] {
        assert!(is_refused(&enter_code(&mut browser, &page, &wrong).await), "{wrong}");
    }
    assert_eq!(browser.session(), None);
}

#[tokio::test]
async fn a_sign_in_that_waits_for_a_code_ends_after_5_minutes_and_with_what_it_rests_on() {
    let app = TestApp::start().await;
    let Arranged { jane, mut browser, codes, .. } = arranged(&app).await;
    let (operator, id): (_, UserId) = (Actor::operator(), jane.user().id);
    let mut late = app.browser();
    let page = asked(&mut late).await;
    let begun = page.value("begun");
    let user = bytes(&id.to_string());
    let aged =
        async |seconds| aged(&app, &begun, "sign-in that awaits a code", &[&user], seconds).await;
    let enter = async |begun: &str| {
        let fields = [("begun", begun), ("code", codes[0].as_str())];
        app.browser().submit(&page, SIGN_IN_CODE, &fields).await
    };

    let old = aged(5 * 60 + 1).await;
    for begun in [old, format!("{begun}A"), String::new(), "x.1.y".to_owned()] {
        assert!(has_ended(&enter(&begun).await), "{begun}");
    }
    app.table().set_disabled(&operator, id, true).await.unwrap();
    assert!(has_ended(&enter(&begun).await), "disabled");
    app.table().set_disabled(&operator, id, false).await.unwrap();
    assert_eq!(app.items_of("session").await.len(), 1);
    assert!(is_in(&enter(&aged(5 * 60 - 30).await).await), "nothing was used up");

    // Turned off in another browser: the password alone is enough, from the beginning.
    let shown = browser.open(PATH).await;
    let off = browser.submit(&shown, OFF, &[("code", &codes[1])]).await;
    assert!(off.has("The second factor is off."), "{}", off.text());
    assert!(off.has("Browsers that are signed in stay so."), "{}", off.text());
    assert!(has_ended(&enter(&begun).await), "off");
    assert!(is_in(&enter_password(&mut late).await));

    let page = begin(&mut browser).await;
    let secret = self::secret(&page);
    browser.submit(&page, PATH, &[("code", &totp_code(&secret, -1))]).await;
    let begun = asked(&mut late).await.value("begun");
    app.changing_password(&jane).await;
    assert!(has_ended(&enter(&begun).await), "another password");
}

#[tokio::test]
async fn what_was_entered_survives_both_steps_of_signing_in() {
    let app = TestApp::start().await;
    let Arranged { jane, mut browser, secret, codes, .. } = arranged(&app).await;
    let page = browser.open("/account/keys").await;
    let mut other = browser.clone();
    let shown = other.open("/account/sessions").await;
    other.submit(&shown, "/account/sign-out", &[]).await;

    let key = [("name", NAME), ("publicKey", KEY)];
    let jane_enters = [("username", "janedoe"), ("password", PASSWORD)];
    let ended = browser.submit(&page, ADD_KEY, &key).await;
    assert_eq!((ended.status, ended.heading().as_str()), (403, "Sign in"));
    let asked = browser.submit(&ended, SIGN_IN, &jane_enters).await;
    assert_eq!(asked.heading(), "Enter a code");
    assert_eq!(asked.value("return_to"), ADD_KEY);
    let again = enter_code(&mut browser, &asked, &totp_code(&secret, -120)).await;
    assert!(is_refused(&again));
    // The sign-in may end on the way, too.
    let fields = [("begun", ""), ("code", codes[0].as_str())];
    let begun_anew = browser.clone().submit(&again, SIGN_IN_CODE, &fields).await;
    assert!(has_ended(&begun_anew));
    assert_eq!(begun_anew.value("kept"), asked.value("kept"));
    let offered = enter_code(&mut browser, &again, &totp_code(&secret, 0)).await;
    assert_eq!((offered.status, offered.heading().as_str()), (200, "Go on with what you began?"));
    assert_eq!(browser.submit(&offered, ADD_KEY, &[]).await.heading(), "Keys");

    let keys = jane.send("GET", "/rollcall/v1/users/self/ssh-keys").await;
    assert_eq!(keys.body["sshKeys"][0]["name"], NAME);
    // Whoever was going to a page lands there.
    let mut browser = app.browser();
    let page = browser.open("/account/sessions").await;
    let asked = browser.submit(&page, SIGN_IN, &jane_enters).await;
    assert_eq!(enter_code(&mut browser, &asked, &codes[0]).await.path, "/account/sessions");
}

#[tokio::test]
async fn what_takes_the_password_again_takes_a_code_in_its_place_and_no_form_keeps_a_code() {
    let app = TestApp::start().await;
    let Arranged { mut browser, secret, codes, .. } = arranged(&app).await;
    let shown = browser.open(PATH).await;
    let_proofs_age(&app).await;

    let asked = browser.submit(&shown, CODES, &[("code", &codes[0])]).await;
    let heading = "Enter your password or a code";
    assert_eq!((asked.status, asked.heading().as_str()), (403, heading));
    assert!(!body(&asked).contains(&codes[0]) && !asked.value("kept").contains("code="));
    for (fields, status, text) in [
        (vec![("code", "000000")], 403, "Code is not right."),
        (vec![("code", "x")], 400, "Code must be the 6 digits"),
        (vec![("password", "a wrong password")], 403, "Password is not right."),
        (vec![], 400, "Password is required."),
        // What the browser filled in does not count beside a code.
        (vec![("password", PASSWORD), ("code", "000000")], 403, "Code is not right."),
    ] {
        let again = browser.submit(&asked, CONFIRM, &fields).await;
        assert_eq!((again.status, again.heading().as_str()), (status, heading), "{fields:?}");
        assert!(again.has(text), "{fields:?}: {}", again.text());
    }
    let code = totp_code(&secret, 0);
    let offered = browser.submit(&asked, CONFIRM, &[("code", &code)]).await;
    assert_eq!(offered.heading(), "Go on with what you began?");
    // Without the code, which is asked for once more.
    let again = browser.submit(&offered, CODES, &[]).await;
    assert_eq!((again.status, again.heading().as_str()), (400, "Second factor"));
    let used = browser.submit(&again, CODES, &[("code", &code)]).await;
    assert_eq!((used.status, used.heading().as_str()), (403, "Second factor"));
    let new = self::codes(&browser.submit(&used, CODES, &[("code", &codes[0])]).await);

    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !codes.contains(code)));
    // The password is enough as well.
    let_proofs_age(&app).await;
    let asked = browser.open(CONFIRM).await;
    let confirmed = browser.submit(&asked, CONFIRM, &[("password", PASSWORD)]).await;
    assert!(is_in(&confirmed), "{}", confirmed.text());
}

#[tokio::test]
async fn a_second_click_that_confirms_takes_both_steps_of_signing_in() {
    let app = TestApp::start().await;
    let Arranged { mut browser, codes, .. } = arranged(&app).await;
    let asked = browser.open(&format!("{CONFIRM}?return_to={PATH}")).await;
    // The response to the first one, with the new cookie, is dropped.
    let right = [("password", PASSWORD)];
    browser.clone().submit(&asked, CONFIRM, &right).await;
    let sessions = app.items_of("session").await.len();

    // A code names nobody, and is not used.
    let refused = browser.submit(&asked, CONFIRM, &[("code", &codes[0])]).await;
    assert_eq!((refused.status, refused.heading().as_str()), (403, "Sign in"));
    assert_eq!(refused.value("return_to"), PATH);
    let begun = browser.submit(&asked, CONFIRM, &right).await;
    assert_eq!((begun.status, begun.heading().as_str()), (200, "Enter a code"));
    assert_eq!(browser.open("/account/sessions").await.heading(), "Sign in");
    let signed_in = enter_code(&mut browser, &begun, &codes[0]).await;

    assert_eq!((signed_in.status, signed_in.path.as_str()), (200, PATH));
    assert_eq!(app.items_of("session").await.len(), sessions);
}

#[tokio::test]
async fn new_recovery_codes_end_the_old_ones_and_turning_it_off_ends_all() {
    let app = TestApp::start().await;
    let Arranged { jane, mut browser, secret, codes, .. } = arranged(&app).await;
    let shown = browser.open(PATH).await;

    for action in [CODES, OFF] {
        for (code, status) in [("000000", 403), ("x", 400)] {
            let again = browser.submit(&shown, action, &[("code", code)]).await;
            assert_eq!((again.status, again.heading().as_str()), (status, "Second factor"));
            assert!(body(&again).contains("<details open>"), "{action} {code}");
        }
    }
    let renewed = browser.submit(&shown, CODES, &[("code", &totp_code(&secret, 0))]).await;
    let new = self::codes(&renewed);
    let page = asked(&mut app.browser()).await;
    for old in &codes[..2] {
        assert!(is_refused(&enter_code(&mut app.browser(), &page, old).await), "{old}");
    }
    assert!(is_in(&enter_code(&mut app.browser(), &page, &new[0]).await));
    let off = browser.submit(&shown, OFF, &[("code", &new[1])]).await;

    assert_eq!((off.status, off.path.as_str()), (200, "/account/second-factor?done=off"));
    assert!(app.items_of("secondFactor").await.is_empty());
    assert_eq!(password_alone(&jane).await, 200);
    assert!(is_in(&enter_password(&mut app.browser()).await));
    for action in [CODES, OFF] {
        let gone = browser.submit(&shown, action, &[("code", &new[2])]).await;
        assert_eq!((gone.status, gone.heading().as_str()), (409, "Second factor"), "{action}");
    }
    let log = log(&jane).await;
    for action in ["recovery_codes.renewed", "second_factor.off"] {
        assert!(log.iter().any(|(own, _)| own == action), "{action}: {log:?}");
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn wrong_codes_lock_as_wrong_passwords_do_and_a_right_one_is_not_looked_at_then() {
    let app = TestApp::start().await;
    let Arranged { secret, codes, .. } = arranged(&app).await;
    let mut browser = app.browser();
    let page = asked(&mut browser).await;
    for _ in 0..10 {
        assert!(is_refused(&enter_code(&mut browser, &page, "000000").await));
    }

    for code in [totp_code(&secret, 0), codes[0].clone()] {
        let locked = enter_code(&mut browser, &page, &code).await;
        assert_eq!((locked.status, locked.heading().as_str()), (429, "Enter a code"));
        assert!(locked.response.header("retry-after").is_some());
        assert!(locked.has("Too many attempts to sign in."), "{}", locked.text());
    }
    app.let_attempts_age(15 * 60 + 1).await;
    assert!(is_in(&enter_code(&mut browser, &page, &codes[0]).await));
}

#[tokio::test]
async fn the_password_makes_no_network_known_in_a_session_either() {
    let app = TestApp::start().await;
    let Arranged { mut browser, secret, .. } = arranged(&app).await;
    for network in 1..=10 {
        browser.address = format!("198.51.{network}.1");
        let_proofs_age(&app).await;
        let asked = browser.open(CONFIRM).await;
        let confirmed = browser.submit(&asked, CONFIRM, &[("password", PASSWORD)]).await;
        assert!(is_in(&confirmed), "{}", confirmed.text());

        let shown = browser.open(PATH).await;
        let wrong = browser.submit(&shown, OFF, &[("code", "000000")]).await;
        assert_eq!(wrong.status, 403, "{network}: {}", wrong.text());
    }

    // Each network would have ten of its own.
    let shown = browser.open(PATH).await;
    let locked = browser.submit(&shown, OFF, &[("code", &totp_code(&secret, 0))]).await;
    assert_eq!(locked.status, 429, "{}", locked.text());
}

#[tokio::test]
async fn a_lost_password_is_set_anew_with_a_code() {
    let app = TestApp::start().await;
    let Arranged { jane, codes, secret, .. } = arranged(&app).await;
    jane.credentials().prove_address(&app).await;
    app.browser().post(RESET, &[("name", "janedoe")]).await;
    let tokens = app.waiting_tokens().await;
    let token = tokens.iter().find(|token| token.starts_with("rcw_")).unwrap();
    let (path, mut browser) = (format!("{RESET}/{token}"), app.browser());
    let page = browser.open(&path).await;

    let stale = totp_code(&secret, -120);
    for (password, code, status, text) in [
        (NEW, "", 400, "Code is required."),
        (NEW, "x", 400, "Code must be the 6 digits"),
        (NEW, stale.as_str(), 403, "Code is not right"),
        ("janedoe", codes[0].as_str(), 400, "New password"),
    ] {
        let fields = [("password", password), ("code", code)];
        let again = browser.submit(&page, &path, &fields).await;
        assert_eq!((again.status, again.heading().as_str()), (status, "Choose a new password"));
        assert!(again.has(text) && again.value("code").is_empty(), "{}", again.text());
    }
    // Whoever has the page from before it was on is asked for the code.
    let again = browser.post(&path, &[("password", NEW)]).await;
    assert_eq!((again.status, again.value("code").as_str()), (400, ""));
    let fields = [("password", NEW), ("code", codes[0].as_str())];
    let done = browser.submit(&page, &path, &fields).await;

    assert_eq!((done.status, done.heading().as_str()), (200, "Your password is changed"));
    let fields = [("username", "janedoe"), ("password", NEW)];
    let asked = browser.post(SIGN_IN, &fields).await;
    assert!(is_refused(&enter_code(&mut browser, &asked, &codes[0]).await));
    assert!(is_in(&enter_code(&mut browser, &asked, &codes[1]).await));
}

#[tokio::test]
async fn clients_that_want_a_new_sign_in_get_one_with_a_code() {
    let app = TestApp::start().await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let Arranged { mut browser, codes, .. } = arranged(&app).await;
    let is_consent = |page: &Page| page.heading().starts_with("Allow ");

    for (parameters, code) in [("prompt=login", &codes[0]), ("max_age=0", &codes[1])] {
        let path = format!("{}&{parameters}", client.authorize_path("profile_read"));
        let page = browser.open(&path).await;
        assert_eq!(page.heading(), "Sign in", "{parameters}");
        let fields = [("username", "janedoe"), ("password", PASSWORD)];
        let asked = browser.submit(&page, SIGN_IN, &fields).await;
        assert_eq!(asked.heading(), "Enter a code", "{parameters}");
        // Browsers apply `form-action` to what follows, which may be another site.
        let policy = asked.response.header("content-security-policy").unwrap();
        assert!(!policy.contains("form-action"), "{policy}");
        assert!(!is_consent(&browser.open(&asked.value("return_to")).await), "{parameters}");
        let page = enter_code(&mut browser, &asked, code).await;
        assert!(is_consent(&page), "{parameters}: {}", page.text());
    }
    let_proofs_age(&app).await;
    let path = format!("{}&max_age=600", client.authorize_path("profile_read"));
    let asked = browser.open(&path).await;
    let page = browser.submit(&asked, CONFIRM, &[("code", &codes[2])]).await;
    assert!(is_consent(&page), "{}", page.text());
}

#[tokio::test]
async fn neither_table_nor_log_has_a_secret_of_it() {
    let app = TestApp::start().await;
    let Arranged { jane, mut browser, secret, codes } = arranged(&app).await;
    let page = asked(&mut browser).await;
    let (begun, code) = (page.value("begun"), totp_code(&secret, 0));
    assert!(is_in(&enter_code(&mut browser, &page, &code).await));
    assert!(is_in(&enter_code(&mut app.browser(), &page, &codes[0]).await));
    enter_code(&mut app.browser(), &page, &codes[0]).await;

    let lines = testkit::request_lines("user", &jane.user().id.to_string());
    assert!(!lines.is_empty());
    let lines = lines.iter().map(ToString::to_string).collect::<String>();
    let items = app.items().await.iter().map(ToString::to_string).collect::<String>();
    for own in [&secret, &begun, &codes[0], &codes[0].replace('-', ""), &codes[1]] {
        assert!(!lines.contains(own), "the log has {own}");
        assert!(!items.contains(own), "the table has {own}");
    }
    let is_code = format!("\"{code}\"");
    assert!(!lines.contains(&is_code) && !items.contains(&is_code));
}
