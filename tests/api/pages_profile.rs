//! The pages of the profile, of e-mail addresses and of the password.

use serde_json::{Value, json};
use testkit::{Browser, PASSWORD, Page, Person, TestApp};

use crate::mail::{add_email, set};
use crate::mail_feedback::bounce;
use crate::pages::mailed_path;

const PROFILE: &str = "/account";
const EMAILS: &str = "/account/emails";
const PASSWORDS: &str = "/account/password";
const NEW: &str = "another horse battery";

/// Jane, and a browser in which she is signed in.
async fn jane(app: &TestApp) -> (Person<'_>, Browser<'_>) {
    let jane = app.person("janedoe").await;
    (jane, signed_in(app, PASSWORD).await)
}

async fn signed_in<'a>(app: &'a TestApp, password: &str) -> Browser<'a> {
    let mut browser = app.browser();
    browser.sign_in("janedoe", password).await;
    browser
}

/// Presses the button that does this to an address, which a path says as `segment`.
async fn press(browser: &mut Browser<'_>, page: &Page, segment: &str, verb: &str) -> Page {
    let action = format!("{EMAILS}/{segment}/{verb}");
    // Browsers take dots out of a path, and the form would act on another address.
    let sent = url::Url::parse("https://api.example.com").unwrap().join(&action).unwrap();
    assert_eq!(sent.path(), action);
    browser.submit(page, &action, &[]).await
}

/// Whether the page offers to do this to an address.
fn offers(page: &Page, address: &str, verb: &str) -> bool {
    let action = format!("{EMAILS}/{address}/{verb}");
    page.forms().iter().any(|form| form.action == action)
}

/// How many changes of her profile Jane's log has, and what the newest one changed.
async fn updates(jane: &Person<'_>) -> (usize, Value) {
    let log = jane.send("GET", "/rollcall/v1/users/self/audit?action=user.updated").await;
    let entries = log.body["entries"].as_array().unwrap_or_else(|| panic!("{log:?}"));
    (entries.len(), entries.first().map(|entry| entry["changed"].clone()).unwrap_or_default())
}

#[tokio::test]
async fn the_profile_shows_who_one_is_and_saves_what_one_changes() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;

    let page = browser.open(PROFILE).await;
    let own = jane.user();
    for shown in ["janedoe", jane.email(), &own.id.to_string(), &own.number.to_string()] {
        assert!(page.has(shown), "{shown}: {}", page.text());
    }
    let fields = [
        ("name", " Jane Doe "),
        ("location", "Berlin"),
        ("company", "Example"),
        ("url", "https://jane.example.com"),
        ("gravatar_email", "Jane@example.com"),
        ("phone", "+49 30 123456"),
    ];
    let page = browser.submit(&page, PROFILE, &fields).await;

    assert_eq!((page.status, page.path.as_str()), (200, "/account?done=saved"));
    assert!(page.has("Your profile is saved."));
    let shown = fields.map(|(name, _)| page.value(name));
    assert_eq!(shown, fields.map(|(_, text)| text.trim().to_owned()));
    let profile = jane.send("GET", "/rollcall/v1/users/self").await;
    assert_eq!(profile.body["name"], "Jane Doe");
    assert_eq!(profile.body["profile"]["gravatarEmail"], "Jane@example.com");
    assert_eq!(profile.body["profile"]["phone"], "+49 30 123456");

    // Only what is new is written, and nothing if nothing is.
    let page = browser.submit(&page, PROFILE, &[("company", "")]).await;
    assert_eq!(page.value("company"), "");
    assert_eq!(updates(&jane).await, (2, json!(["company"])));
    assert!(browser.submit(&page, PROFILE, &[]).await.has("Your profile is saved."));
    assert_eq!(updates(&jane).await.0, 2);
}

#[tokio::test]
async fn an_invalid_profile_is_shown_again_with_each_error_and_not_saved() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;
    let page = browser.open(PROFILE).await;

    let (long, typed) = ("x".repeat(256), ("location", "Berlin"));
    let fields = [("company", long.as_str()), ("url", "ftp://x"), ("gravatar_email", "x"), typed];
    let page = browser.submit(&page, PROFILE, &fields).await;

    assert_eq!(page.status, 400);
    for error in [
        "Company must be at most 255 characters long.",
        "Website must be an http or https URL, or empty.",
        "Gravatar address must be an e-mail address.",
    ] {
        assert!(page.has(error), "{error}: {}", page.text());
    }
    for (name, text) in fields {
        assert_eq!(page.value(name), text);
    }
    assert_eq!(updates(&jane).await.0, 0);
    let mended = [("company", "<b>"), ("url", ""), ("gravatar_email", "")];
    let page = browser.submit(&page, PROFILE, &mended).await;
    assert_eq!((page.status, page.value("company").as_str()), (200, "<b>"));
}

#[tokio::test]
async fn a_profile_that_was_changed_meanwhile_is_compared_before_it_is_saved() {
    let app = TestApp::start().await;
    let (_jane, mut browser) = jane(&app).await;
    let (one, other) = (browser.open(PROFILE).await, browser.open(PROFILE).await);
    let changed = browser.submit(&one, PROFILE, &[("location", "Berlin")]).await;
    assert_eq!(changed.status, 200);

    let fields = [("location", "Paris"), ("company", "Example")];
    let page = browser.submit(&other, PROFILE, &fields).await;

    assert_eq!(page.status, 409);
    for shown in ["Somebody else changed this meanwhile", "Stored now", "Location Berlin"] {
        assert!(page.has(shown), "{shown}: {}", page.text());
    }
    assert_eq!((page.value("location"), page.value("company")), ("Paris".into(), "Example".into()));
    assert_eq!(browser.open(PROFILE).await.value("location"), "Berlin");
    let page = browser.submit(&page, PROFILE, &[]).await;
    assert_eq!((page.status, page.value("location").as_str()), (200, "Paris"));
}

#[tokio::test]
async fn an_address_is_added_confirmed_made_primary_and_the_old_one_removed() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let (jane, mut browser) = jane(&app).await;
    let page = browser.open(EMAILS).await;
    assert!(page.has("Not confirmed, but an app has marked it as verified"), "{}", page.text());
    assert!(!offers(&page, jane.email(), "remove"));

    let page = browser.submit(&page, EMAILS, &[("email", "Jane@example.com")]).await;
    assert_eq!((page.status, page.path.as_str()), (200, "/account/emails?done=added"));
    assert!(page.has("The address is added.") && page.has("Jane@example.com Not confirmed"));
    assert!(!offers(&page, "Jane@example.com", "primary"));
    post.deliver().await;
    let page = press(&mut browser, &page, "Jane@example.com", "proof").await;
    assert!(page.has("A link is on its way to the address."), "{}", page.text());
    let link = mailed_path(&mut post).await;
    let asked = browser.open(&link).await;
    assert_eq!(browser.submit(&asked, &link, &[]).await.status, 200);

    let page = browser.open(EMAILS).await;
    assert!(page.has("Jane@example.com Confirmed on"), "{}", page.text());
    assert!(!offers(&page, "Jane@example.com", "proof"));
    let page = press(&mut browser, &page, "Jane@example.com", "primary").await;
    assert!(page.has("Jane@example.com Primary"), "{}", page.text());
    let page = press(&mut browser, &page, jane.email(), "remove").await;
    assert!(page.has("The address is removed.") && !page.has(jane.email()), "{}", page.text());
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_added_stays_in_its_field_with_the_reason() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;
    let page = browser.open(EMAILS).await;

    for (typed, status, why) in [
        ("", 400, "E-mail address is required."),
        ("jane", 400, "E-mail address must be an e-mail address."),
        ("x@users.invalid", 400, "E-mail address must be an address that mail can reach."),
        ("JaneDoe@Example.com", 409, "E-mail address is in your profile already."),
    ] {
        let page = browser.submit(&page, EMAILS, &[("email", typed)]).await;
        assert_eq!(page.status, status, "{typed}");
        assert!(page.has(why), "{why}: {}", page.text());
        assert_eq!(page.value("email"), typed);
        assert!(!offers(&page, typed, "proof"), "{typed}");
    }
    for number in 1..50 {
        add_email(&jane, &format!("jane{number}@example.com")).await;
    }
    let page = browser.submit(&page, EMAILS, &[("email", "more@example.com")]).await;
    assert_eq!((page.status, page.value("email").as_str()), (409, "more@example.com"));
    assert!(page.has("You can have at most 50 addresses."), "{}", page.text());
    let next = page.links().into_iter().find(|link| link.contains("cursor=")).map(str::to_owned);
    let next = next.unwrap();
    let rest = browser.open(&next).await;
    assert!(page.has("jane1@example.com") && !page.has("jane20@example.com"), "{}", page.text());
    assert!(rest.has("jane20@example.com") && !rest.has("jane1@example.com"), "{}", rest.text());
    let remove = format!("{EMAILS}/jane20@example.com/remove{}", &next[EMAILS.len()..]);
    let left = browser.submit(&rest, &remove, &[]).await;
    assert!(left.path.contains("cursor=") && !left.has("jane20@example.com"), "{}", left.path);
}

#[tokio::test]
async fn whoever_proves_the_address_of_another_profile_has_it() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let (_jane, mut browser) = jane(&app).await;
    let john = app.person("johnroe").await;

    let page = browser.open(EMAILS).await;
    let page = browser.submit(&page, EMAILS, &[("email", john.email())]).await;
    assert_eq!(page.status, 409);
    assert!(page.has("E-mail address is in another profile."), "{}", page.text());
    let page = press(&mut browser, &page, john.email(), "proof").await;
    assert!(page.has("A link is on its way"), "{}", page.text());
    let link = mailed_path(&mut post).await;
    let asked = browser.open(&link).await;
    assert_eq!(browser.submit(&asked, &link, &[]).await.status, 200);

    assert!(browser.open(EMAILS).await.has("johnroe@example.com Confirmed on"));
    let mut other = app.browser();
    other.sign_in("johnroe", PASSWORD).await;
    let page = other.open(EMAILS).await;
    assert!(page.has("Stands in for your last address") && !page.has(john.email()));
    let placeholder = format!("{}@users.invalid", john.user().id);
    assert!(!offers(&page, &placeholder, "proof") && !offers(&page, &placeholder, "remove"));
}

#[tokio::test]
async fn an_address_from_which_mail_comes_back_says_so_and_is_confirmed_again() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;
    set(&app, "email", "provedAt", json!({ "S": TestApp::in_seconds(-3600).to_string() })).await;
    let page = browser.open(EMAILS).await;
    assert!(page.has("Confirmed on") && !offers(&page, jane.email(), "proof"));

    app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();

    let page = browser.open(EMAILS).await;
    assert!(page.has("Confirmed on") && page.has("Mail to it came back."), "{}", page.text());
    let page = press(&mut browser, &page, jane.email(), "proof").await;
    assert!(page.has("A link is on its way"), "{}", page.text());
    let page = press(&mut browser, &page, jane.email(), "proof").await;
    assert_eq!(page.status, 429);
    assert!(page.has("A link was sent already.") && page.has("in 1 minute."), "{}", page.text());
    assert!(page.response.header("retry-after").is_some());
}

#[tokio::test]
async fn what_another_tab_did_to_an_address_is_said_and_nothing_else_done() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;
    add_email(&jane, "jane@example.com").await;
    add_email(&jane, "other@example.com").await;
    set(&app, "email", "verified", json!({ "BOOL": true })).await;
    let old = browser.open(EMAILS).await;

    press(&mut browser, &old, "jane@example.com", "primary").await;
    press(&mut browser, &old, "other@example.com", "remove").await;

    for (address, verb, status, text) in [
        ("jane@example.com", "remove", 409, "The primary address cannot be removed."),
        ("other@example.com", "primary", 404, "The address is not in your profile any more."),
        ("other@example.com", "remove", 200, "The address is removed."),
        ("jane@example.com", "primary", 200, "You have another primary address."),
    ] {
        let page = press(&mut browser, &old, address, verb).await;
        assert_eq!(page.status, status, "{address} {verb}");
        assert!(page.has(text) && page.has("jane@example.com Primary"), "{}", page.text());
    }
}

#[tokio::test]
async fn an_address_with_any_characters_has_its_buttons_after_a_new_sign_in_too() {
    let app = TestApp::start().await;
    let (_jane, mut browser) = jane(&app).await;
    for (address, segment) in [
        ("a+b=c@example.com", "a%2Bb%3Dc@example.com"),
        ("x@bücher.example", "x@b%C3%BCcher.example"),
        (r#""a b"@example.com"#, "%22a%20b%22@example.com"),
        ("100%25@example.com", "100%252525@example.com"),
        ("a?b@example.com", "a%253Fb@example.com"),
        ("a%3Fb?c@example.com", "a%25253Fb%253Fc@example.com"),
        ("a/b//c@example.com", "a%2Fb%2F%2Fc@example.com"),
        ("a/./b@example.com", "a%2F.%2Fb@example.com"),
    ] {
        let page = browser.open(EMAILS).await;
        let page = browser.submit(&page, EMAILS, &[("email", address)]).await;
        assert!(page.has(address), "{}", page.text());
        let old = json!({ "S": TestApp::in_seconds(-3600).to_string() });
        set(&app, "session", "provedAt", old).await;

        let asked = press(&mut browser, &page, segment, "proof").await;
        assert_eq!(asked.status, 403, "{address}");
        let kept = browser.submit(&asked, "/account/confirm", &[("password", PASSWORD)]).await;
        let sent = press(&mut browser, &kept, segment, "proof").await;
        assert!(sent.has("A link is on its way"), "{address}: {}", sent.text());
        let removed = press(&mut browser, &sent, segment, "remove").await;
        assert!(removed.has("The address is removed.") && !removed.has(address), "{address}");
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_this_one_and_keys_on_request() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;
    let mut other = signed_in(&app, PASSWORD).await;
    let keys = async || {
        let keys = jane.with_token(testkit::basic("janedoe", NEW));
        let keys = keys.send("GET", "/rollcall/v1/users/self/api-keys").await;
        keys.body["apiKeys"].as_array().unwrap_or_else(|| panic!("{keys:?}")).len()
    };

    let page = browser.open(PASSWORDS).await;
    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    let page = browser.submit(&page, PASSWORDS, &fields).await;

    assert_eq!((page.status, page.path.as_str()), (200, "/account/password?done=changed"));
    assert!(page.has("Your password is changed."), "{}", page.text());
    assert!(other.open(PROFILE).await.path.starts_with("/account/sign-in"));
    assert_eq!(keys().await, 1);
    let fields = [("currentPassword", NEW), ("password", PASSWORD), ("revokeKeys", "true")];
    assert_eq!(browser.submit(&page, PASSWORDS, &fields).await.status, 200);
    let page = browser.open(PASSWORDS).await;
    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    assert_eq!(browser.submit(&page, PASSWORDS, &fields).await.status, 200);
    assert_eq!(keys().await, 0);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_current_password_is_asked_for_however_fresh_the_session_is() {
    let app = TestApp::start().await;
    let (_jane, mut browser) = jane(&app).await;
    let page = browser.open(PASSWORDS).await;

    for (current, new, status, why) in [
        ("", NEW, 400, "Current password is required."),
        ("wrong horse", NEW, 403, "Current password is not right."),
        (PASSWORD, "short", 400, "New password must be at least 8 characters long."),
        (PASSWORD, "janedoe1", 400, "New password must not be the username."),
    ] {
        let fields = [("currentPassword", current), ("password", new), ("revokeKeys", "true")];
        let page = browser.submit(&page, PASSWORDS, &fields).await;
        assert_eq!(page.status, status, "{current} {new}");
        assert!(page.has(why), "{why}: {}", page.text());
        // The box stays ticked; what is secret is entered again.
        let shown = ["currentPassword", "password", "revokeKeys"].map(|field| page.value(field));
        assert_eq!(shown, ["", "", "true"]);
    }
    // A password that is asked for once is enough, however old the session is.
    set(&app, "session", "provedAt", json!({ "S": TestApp::in_seconds(-3600).to_string() })).await;
    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    assert_eq!(browser.submit(&page, PASSWORDS, &fields).await.status, 200);
}

#[tokio::test]
async fn password_managers_know_each_field_of_a_password_and_nothing_prevents_pasting() {
    let app = TestApp::start().await;
    let (_jane, mut browser) = jane(&app).await;
    let (sign_in, change) =
        (app.browser().open("/account/sign-in").await, browser.open(PASSWORDS).await);

    for (page, kinds) in
        [(sign_in, &["current-password"][..]), (change, &["current-password", "new-password"])]
    {
        let shown = page.response.body.as_str().unwrap();
        let tags = shown.split("<input ").skip(1).map(|rest| rest.split_once('>').unwrap().0);
        let fields: Vec<_> = tags.filter(|tag| tag.contains("type=\"password\"")).collect();
        assert_eq!(fields.len(), kinds.len(), "{shown}");
        for (field, kind) in fields.iter().zip(kinds) {
            assert!(field.contains(&format!("autocomplete=\"{kind}\"")), "{field}");
        }
        // The scripts are in the page.
        assert!(shown.contains("<script>") && !shown.contains("paste"), "{shown}");
    }
}

#[tokio::test]
async fn the_first_password_of_ones_own_ends_this_session_too() {
    let app = TestApp::start().await;
    let (jane, mut browser) = jane(&app).await;
    app.set(&jane, "passwordIsOwn", json!({ "BOOL": false })).await;
    let page = browser.open(PASSWORDS).await;
    assert!(page.has("Somebody else chose the password that you have."), "{}", page.text());

    let fields = [("currentPassword", PASSWORD), ("password", NEW)];
    let page = browser.submit(&page, PASSWORDS, &fields).await;

    assert!(page.path.starts_with("/account/sign-in"), "{}", page.path);
    let fields = [("username", "janedoe"), ("password", NEW)];
    let page = browser.submit(&page, "/account/sign-in", &fields).await;
    assert!(page.has("Your password is changed."), "{}", page.text());
}
