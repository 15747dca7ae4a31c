//! The pages of somebody who is signed in, in real browsers.

use std::time::Duration;

use axum::Router;
use axum::response::Html;
use fantoccini::Locator;
use fantoccini::wd::WindowHandle;
use serde_json::json;
use testkit::{Service, TestCredentials, parameter, totp_code, unique, wait_for_step};
use tokio::time::sleep;
use url::Url;

use crate::account::{
    DARK_PHONE, LIGHT_PHONE, PASSWORD, View, call, emails, fill, focus, shows_in, sign_up, submit,
};
use crate::browser::Browser;
use crate::docs::{faults, look, photograph};
use crate::service::{Running, base_url, given_user, linked_token, new_user, oauth_client, send};

/// A page: what its photographs are called, its path below that of the group, and its heading.
type Seen = (&'static str, &'static str, &'static str);

/// The pages of a profile.
const PROFILE: [Seen; 10] = [
    ("profile", "", "Profile"),
    ("emails", "/emails", "E-mail addresses"),
    ("password", "/password", "Change your password"),
    ("second-factor", "/second-factor", "Second factor"),
    ("sessions", "/sessions", "Sessions"),
    ("accounts", "/accounts", "Accounts"),
    TOKENS,
    ("keys", "/keys", "Keys"),
    ("apps", "/apps", "Apps"),
    ("activity", "/activity", "Activity"),
];
const TOKENS: Seen = ("tokens", "/tokens", "Tokens");

/// The pages of an account.
const OF_ACCOUNT: [Seen; 5] = [
    ("account", "", "Overview"),
    MEMBERS,
    ("invitations", "/invitations", "Invitations"),
    ("registry", "/registry", "Registry"),
    ("account-activity", "/activity", "Activity"),
];
const MEMBERS: Seen = ("members", "/members", "Members");

/// A name that is written from right to left.
const ARABIC: &str = "أبو عبد الله محمد بن موسى الخوارزمي";

const SSH_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T";

const LEFT: &str = "\u{e012}";
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// Signs up, and then in.
async fn begin(browser: &Browser, username: &str) {
    sign_up(browser, username).await;
    browser.click("main a.button").await;
    browser.sign_in(username, PASSWORD).await;
    browser.shows("h1", "Profile").await;
}

/// Signs in by the page for that.
async fn sign_in(browser: &Browser, username: &str) {
    browser.open("/account/sign-in").await;
    browser.sign_in(username, PASSWORD).await;
    browser.shows("h1", "Profile").await;
}

/// Signs out on the page that is shown.
async fn sign_out(browser: &Browser) {
    browser.click_button("Sign out").await;
    browser.shows("h1", "You are signed out").await;
}

/// Waits until the page says what was done.
async fn says(browser: &Browser, text: &str) {
    browser.shows("p[@role='status']", text).await;
}

/// Unfolds what a button says first, and presses it: that of the first form whose target has this
/// in it.
async fn confirm(browser: &Browser, target: &str) {
    let form = format!("form[action*='{target}']");
    browser.click(&format!("details:has({form}) > summary")).await;
    browser.click(&format!("{form} button")).await;
}

/// Opens a page, unfolds all that can be, and holds it against WCAG.
async fn see(browser: &Browser, base: &str, seen: Seen, state: &str, views: &[View]) {
    let (name, below, heading) = seen;
    browser.open(&format!("{base}{below}")).await;
    browser.shows("h1", heading).await;
    browser
        .evaluate("document.querySelectorAll('details').forEach((own) => own.open = true)")
        .await;
    shows_in(browser, &format!("{name}-{state}"), heading, views).await;
}

/// Makes an account, and returns the path of its pages.
async fn make_account(browser: &Browser, name: &str) -> String {
    browser.open("/account/accounts").await;
    submit(browser, &[("name", name)]).await;
    says(browser, "The account is made. You are its owner.").await;
    Url::parse(&browser.url().await).unwrap().path().to_owned()
}

/// Allows the client to see the profile; its access token.
async fn allow_app(browser: &Browser) -> String {
    let client = oauth_client();
    browser.open(&client.authorize_path("profile_read")).await;
    browser.press("allow").await;
    browser.shows("h1", "Back with a code").await;
    let code = parameter(&browser.url().await, "code").unwrap();
    client.redeem(&Running, &code).await.text("access_token").to_owned()
}

/// Has something on every page.
async fn fill_pages(browser: &Browser, username: &str, account: &str) {
    browser.open("/account").await;
    submit(browser, &[("name", ARABIC), ("company", &"w".repeat(100))]).await;
    says(browser, "Your profile is saved.").await;
    browser.open("/account/emails").await;
    submit(browser, &[("email", &format!("{username}@mail.example.net"))]).await;
    says(browser, "The address is added. It is not confirmed yet.").await;

    let token = json!({
        "name": "w".repeat(100), "kind": "environment", "scopes": ["profile_read", "email_read"],
    });
    call(username, "POST", "/rollcall/v1/tokens", Some(token), 201).await;
    browser.open("/account/keys").await;
    confirm(browser, "/account/keys/s3").await;
    shows_in(browser, "s3-secret", "The secret of your S3 key", &LIGHT_PHONE).await;
    browser.open("/account/keys").await;
    browser.click_button("Make an API key").await;
    shows_in(browser, "api-secret", "The secret of your API key", &DARK_PHONE).await;
    browser.open("/account/keys").await;
    submit(browser, &[("name", "laptop"), ("publicKey", SSH_KEY)]).await;
    says(browser, "The SSH key is added.").await;
    allow_app(browser).await;
    let (username, password) = (username.to_owned(), PASSWORD.to_owned());
    let (token, none) = (String::new(), String::new());
    Running.session(&TestCredentials { username, password, token, account: none }).await;

    browser.open(&format!("{account}/invitations")).await;
    submit(browser, &[("email", &(unique("colleague") + "@example.com"))]).await;
    says(browser, "The invitation is on its way.").await;
    browser.open(&format!("{account}/registry")).await;
    let registry = [
        ("server", "https://registry.example.com"),
        ("email", "images@example.com"),
        ("username", "images"),
        ("password", "a password of a registry"),
    ];
    submit(browser, &registry).await;
    says(browser, "The registry is saved.").await;
}

/// Holds the page that is shown against WCAG in the colours of somebody who has chosen all of them.
async fn shows_in_forced_colors(browser: &Browser, name: &str) {
    let features = json!([{ "name": "forced-colors", "value": "active" }]);
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    let are_forced = browser.evaluate("return matchMedia('(forced-colors: active)').matches").await;
    assert_eq!(are_forced, true);
    assert_eq!(faults(browser).await, json!([]), "{name} in forced colours");
    photograph(browser, "account", &format!("{name}-forced-colors")).await;
}

#[tokio::test]
async fn every_page_is_for_everybody_empty_and_full_with_long_names_and_from_right_to_left() {
    let browser = Browser::start().await;
    let username = format!("{:0<30}", unique("mary"));
    begin(&browser, &username).await;

    for page in PROFILE {
        see(&browser, "/account", page, "empty", &LIGHT_PHONE).await;
    }
    let account = make_account(&browser, &format!("{:w<100}", unique("Team"))).await;
    for page in OF_ACCOUNT {
        see(&browser, &account, page, "empty", &LIGHT_PHONE).await;
    }

    fill_pages(&browser, &username, &account).await;
    for page in PROFILE {
        see(&browser, "/account", page, "full", &DARK_PHONE).await;
    }
    for page in OF_ACCOUNT {
        see(&browser, &account, page, "full", &DARK_PHONE).await;
    }

    // The third is a desk at 200 %.
    let others: [View; 3] = [("light", 390, 844), ("dark", 768, 1024), ("light", 640, 400)];
    for (base, page) in [("/account", TOKENS), (account.as_str(), MEMBERS)] {
        see(&browser, base, page, "full", &others).await;
        look(&browser, "light", 1280, 800).await;
        shows_in_forced_colors(&browser, page.0).await;
    }
    let direction = "return getComputedStyle(document.querySelector('td bdi')).direction";
    assert_eq!(browser.evaluate(direction).await, "rtl");
    browser.end().await;
}

#[tokio::test]
async fn what_went_wrong_later_pages_of_a_list_and_other_directions_are_for_everybody_too() {
    let (browser, ada) = (Browser::start().await, unique("ada"));
    begin(&browser, &ada).await;

    let (_, _, emails) = PROFILE[1];
    browser.open("/account/emails").await;
    submit(&browser, &[("email", &format!("{ada}@example.com"))]).await;
    browser.shows("p[@class='wrong']", "E-mail address is in your profile already.").await;
    shows_in(&browser, "emails-conflict", emails, &LIGHT_PHONE).await;
    submit(&browser, &[("email", &format!("{ada}@example.net"))]).await;
    says(&browser, "The address is added. It is not confirmed yet.").await;
    let send = "form[action*='/proof'] button";
    browser.click(send).await;
    says(&browser, "A link is on its way to the address. Open it within a day.").await;
    browser.click(send).await;
    browser.text("[role=alert]").await;
    shows_in(&browser, "emails-too-many", emails, &DARK_PHONE).await;

    let (_, path, tokens) = TOKENS;
    browser.open(&format!("/account{path}")).await;
    submit(&browser, &[("name", "nothing")]).await;
    browser.text("[role=alert]").await;
    shows_in(&browser, "tokens-wrong", tokens, &LIGHT_PHONE).await;
    for number in 0..17 {
        let token = json!({ "name": format!("token {number}"), "kind": "user" });
        call(&ada, "POST", "/rollcall/v1/tokens", Some(token), 201).await;
    }
    browser.open(&format!("/account{path}")).await;
    browser.click("a[rel=next]").await;
    browser.shows("a", "First page").await;
    shows_in(&browser, "tokens-second", tokens, &DARK_PHONE).await;

    let account = make_account(&browser, ARABIC).await;
    see(&browser, &account, OF_ACCOUNT[0], "from-right-to-left", &LIGHT_PHONE).await;
    let direction = "return getComputedStyle(document.querySelector('main > p bdi')).direction";
    assert_eq!(browser.evaluate(direction).await, "rtl");
    sign_out(&browser).await;
    shows_in(&browser, "signed-out", "You are signed out", &DARK_PHONE).await;
    browser.client.delete_all_cookies().await.unwrap();
    browser.open("/account/sign-in?signed_in=true").await;
    browser.text("p[role=status]").await;
    shows_in(&browser, "needs-cookies", "Sign in", &LIGHT_PHONE).await;
    sign_in(&browser, &given_user(PASSWORD).await).await;
    see(&browser, "/account", PROFILE[3], "given-password", &DARK_PHONE).await;
    assert!(browser.text("main").await.contains("a password of your own"));
    browser.end().await;
}

/// A session is ended from another browser, which has to sign in again, and does.
async fn look_through_sessions(desk: &Browser, phone: &Browser, username: &str) {
    sign_in(phone, username).await;
    desk.open("/account/sessions").await;
    shows_in(desk, "sessions-two", "Sessions", &LIGHT_PHONE).await;
    let end = Locator::XPath("//button[normalize-space(.)='End this session']");
    assert_eq!(desk.client.find_all(end).await.unwrap().len(), 1, "all but the own one");

    desk.click_button("End this session").await;
    says(desk, "The session has ended.").await;

    phone.open("/account/tokens").await;
    phone.shows("h1", "Sign in").await;
    phone.sign_in(username, PASSWORD).await;
    phone.shows("h1", "Tokens").await;
    sign_out(phone).await;
}

/// A token is shown once, copied, downloaded and used.
async fn make_a_token(browser: &Browser) {
    browser.open("/account/tokens").await;
    browser.click("#scope-everything").await;
    submit(browser, &[("name", "laptop")]).await;
    shows_in(browser, "token-new", "Your new token", &DARK_PHONE).await;
    let token = browser.text(".secret code").await;

    let keep = "navigator.clipboard.writeText = async (text) => { window.copied = text }";
    browser.evaluate(keep).await;
    browser.click_button("Copy").await;
    assert_eq!(browser.evaluate("return window.copied").await, json!(token));
    let said = "return [...document.querySelectorAll('[data-do=copy], .secret [role=status]')]\
                .map((own) => own.textContent)";
    assert_eq!(browser.evaluate(said).await, json!(["Copied", "Copied"]));
    let folder = tempfile::tempdir().unwrap();
    let to = json!({ "behavior": "allow", "downloadPath": folder.path().to_str() });
    browser.devtools("Browser.setDownloadBehavior", to).await;
    browser.click_button("Download").await;
    let file = folder.path().join("token.txt");
    for _ in 0..100 {
        if file.exists() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{token}\n"));

    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let used = send("GET", "/rollcall/v1/tokens/self", &headers, None).await;
    assert_eq!(used.status, 200, "{used:?}");
    browser.open("/account").await;
    browser.client.back().await.unwrap();
    assert!(!browser.client.source().await.unwrap().contains(&token), "the back button shows it");
    browser.open("/account").await;
    browser.open("/account/tokens").await;
    browser.shows("td/bdi", "laptop").await;
    assert!(!browser.client.source().await.unwrap().contains(&token));
}

/// An app is allowed to see the profile until its access is revoked.
async fn revoke_an_app(browser: &Browser, username: &str) {
    let authorization = format!("Bearer {}", allow_app(browser).await);
    let path = format!("/api/v1.1/users/{username}/");
    let headers = [("authorization", authorization.as_str())];
    assert_eq!(send("GET", &path, &headers, None).await.status, 200);

    browser.open("/account/apps").await;
    browser.shows("h1", "Apps").await;
    confirm(browser, "/revoke").await;
    says(browser, "The access of the app is revoked.").await;

    browser.shows("p", "There are no apps.").await;
    assert_eq!(send("GET", &path, &headers, None).await.status, 401);
}

/// A colleague joins by a link that was handed over, becomes an admin and then the owner, and reads
/// what was done. The founder leaves.
async fn hand_an_account_over(desk: &Browser, phone: &Browser) {
    let account = make_account(desk, "Blue Team").await;
    let mary = unique("mary");
    desk.open(&format!("{account}/invitations")).await;
    desk.click("#link").await;
    submit(desk, &[("email", &format!("{mary}@example.com"))]).await;
    says(desk, "The invitation is made. No mail was sent.").await;
    shows_in(desk, "invitation-link", "Invitations", &LIGHT_PHONE).await;
    let link = desk.text(".secret code").await;

    phone.client.goto(&link).await.unwrap();
    phone.shows("h1", "Join an account").await;
    submit(phone, &[("username", &mary), ("name", "Mary"), ("password", PASSWORD)]).await;
    phone.shows("h1", "You joined the account").await;
    phone.click("main a.button").await;
    phone.sign_in(&mary, PASSWORD).await;
    phone.shows("h1", "Overview").await;
    phone.open(&format!("{account}/activity")).await;
    let why = "Only admins of the account see this page. If you need it, ask one of them to make you \
               an admin.";
    phone.shows("p[@role='alert']", why).await;
    shows_in(phone, "admins-only", "Activity", &[("light", 390, 844)]).await;

    desk.open(&format!("{account}/members")).await;
    desk.click_button("Make admin").await;
    says(desk, "The role is changed.").await;
    see(desk, &account, MEMBERS, "two", &DARK_PHONE).await;
    desk.open(&format!("{account}/members")).await;
    confirm(desk, "/owner").await;
    says(desk, "The account has another owner.").await;
    confirm(desk, "/remove").await;
    says(desk, "You left the account.").await;

    see(phone, &account, MEMBERS, "left", &[("light", 390, 844)]).await;
    let badges =
        "return [...document.querySelectorAll('tbody .badge')].map((own) => own.innerText)";
    assert_eq!(phone.evaluate(badges).await, json!(["You", "Owner"]));
    see(phone, &account, ("account-log", "/activity", "Activity"), "left", &LIGHT_PHONE).await;
    let log = phone.text("tbody").await;
    for action in [
        "Account created",
        "Invitation sent",
        "Invitation accepted",
        "Member added",
        "Role of a member changed",
        "Account handed over",
        "Member removed, or left",
    ] {
        assert!(log.contains(action), "{action}: {log}");
    }
}

#[tokio::test]
async fn a_new_user_ends_a_session_makes_a_token_revokes_an_app_and_hands_an_account_over() {
    let (desk, phone) = (Browser::start().await, Browser::start().await);
    look(&phone, "light", 390, 844).await;
    let ada = unique("ada");
    begin(&desk, &ada).await;

    look_through_sessions(&desk, &phone, &ada).await;
    make_a_token(&desk).await;
    revoke_an_app(&desk, &ada).await;
    hand_an_account_over(&desk, &phone).await;

    for browser in [desk, phone] {
        browser.end().await;
    }
}

/// Sets a second factor up; the secret of the app, and the recovery codes.
async fn set_up_second_factor(browser: &Browser) -> (String, Vec<String>) {
    let heading = "Set up a second factor";
    browser.open("/account/second-factor").await;
    browser.click_button(heading).await;
    shows_in(browser, "second-factor-setup", heading, &[LIGHT_PHONE, DARK_PHONE].concat()).await;
    // Light and large enough for a camera, in the dark too.
    let code = "const own = document.querySelector('.qr svg'); \
                return [own.clientWidth > 200, getComputedStyle(own.querySelector('rect')).fill]";
    assert_eq!(browser.evaluate(code).await, json!([true, "rgb(255, 255, 255)"]));
    let secret = browser.text("main code").await;
    submit(browser, &[("code", "12345")]).await;
    browser.text("[role=alert]").await;
    shows_in(browser, "second-factor-setup-wrong", heading, &LIGHT_PHONE).await;
    assert_eq!(focus(browser).await, "code");
    assert!(!browser.client.source().await.unwrap().contains("<svg"));
    wait_for_step(5).await;
    submit(browser, &[("code", &totp_code(&secret, -1))]).await;

    let heading = "Your recovery codes";
    shows_in(browser, "recovery-codes", heading, &[LIGHT_PHONE, DARK_PHONE].concat()).await;
    let codes = browser.text(".secret code").await;
    browser.evaluate("window.print = () => { window.printed = true }").await;
    browser.click_button("Print").await;
    assert_eq!(browser.evaluate("return window.printed").await, true);
    let codes: Vec<_> = codes.lines().map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    (secret, codes)
}

/// Signs out, and in again up to the page that asks for a code.
async fn sign_in_up_to_code(browser: &Browser, username: &str) {
    browser.open("/account").await;
    sign_out(browser).await;
    browser.open("/account/sign-in").await;
    browser.sign_in(username, PASSWORD).await;
    browser.shows("h1", "Enter a code").await;
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_lost_and_turned_off() {
    let (browser, ada) = (Browser::start().await, unique("ada"));
    let views = [LIGHT_PHONE, DARK_PHONE].concat();
    begin(&browser, &ada).await;
    let (secret, codes) = set_up_second_factor(&browser).await;

    sign_in_up_to_code(&browser, &ada).await;
    shows_in(&browser, "sign-in-code", "Enter a code", &views).await;
    assert_eq!(focus(&browser).await, "code");
    let filled_in = "return document.querySelector('#code').autocomplete";
    assert_eq!(browser.evaluate(filled_in).await, "one-time-code");
    submit(&browser, &[("code", "000000")]).await;
    browser.text("[role=alert]").await;
    shows_in(&browser, "sign-in-code-wrong", "Enter a code", &LIGHT_PHONE).await;
    submit(&browser, &[("code", &totp_code(&secret, 0))]).await;
    browser.shows("h1", "Profile").await;
    browser.open("/account/confirm").await;
    shows_in(&browser, "confirm-code", "Enter your password or a code", &views).await;

    // The app is lost, and then the password.
    sign_in_up_to_code(&browser, &ada).await;
    submit(&browser, &[("code", &codes[0].to_uppercase())]).await;
    browser.shows("h1", "Profile").await;
    see(&browser, "/account", PROFILE[3], "on", &views).await;
    browser.open("/account/reset").await;
    submit(&browser, &[("name", &ada)]).await;
    browser.shows("h1", "Check your mail").await;
    let token = linked_token("reset", &format!("{ada}@example.com")).await;
    browser.open(&format!("/account/reset/{token}")).await;
    shows_in(&browser, "reset-link-code", "Choose a new password", &views).await;
    let new = "another horse battery";
    submit(&browser, &[("password", new), ("code", &codes[1])]).await;
    browser.shows("h1", "Your password is changed").await;
    browser.click("main a.button").await;
    browser.sign_in(&ada, new).await;
    browser.shows("h1", "Enter a code").await;
    submit(&browser, &[("code", &codes[2])]).await;
    browser.shows("h1", "Profile").await;

    browser.open("/account/second-factor").await;
    let off = "form[action='/account/second-factor/off']";
    browser.click(&format!("details:has({off}) > summary")).await;
    fill(&browser, &[("code-off", &codes[3])]).await;
    browser.click(&format!("{off} button")).await;
    says(&browser, "The second factor is off.").await;
    browser.open("/account/activity").await;
    browser.shows("h1", "Activity").await;
    let log = browser.text("tbody").await;
    for action in ["Second factor turned on", "Recovery code used", "Second factor turned off"] {
        assert!(log.contains(action), "{action}: {log}");
    }
    browser.end().await;
}

/// Presses keys where the focus is.
async fn press(browser: &Browser, keys: &str) {
    browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// Presses Tab until the focus is on what has this id or text. All that has it on the way shows it.
async fn tab_to(browser: &Browser, name: &str) {
    let has_focus = "const own = document.activeElement; \
        return [own.id || own.innerText.trim(), getComputedStyle(own).outlineStyle]";
    for _ in 0..40 {
        press(browser, TAB).await;
        let seen = browser.evaluate(has_focus).await;
        assert_eq!(seen[1], "solid", "{seen} on the way to {name}");
        if seen[0] == name {
            return;
        }
    }
    panic!("Tab does not lead to {name}");
}

/// Goes past the navigation.
async fn skip(browser: &Browser) {
    press(browser, TAB).await;
    let skip = browser.evaluate("return document.activeElement.innerText").await;
    assert_eq!(skip, "Skip to the content");
    press(browser, ENTER).await;
    assert_eq!(focus(browser).await, "content");
}

#[tokio::test]
async fn a_keyboard_alone_signs_in_adds_an_address_and_removes_it() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    let address = format!("{}@example.net", jane.username);
    browser.open("/account/sign-in").await;
    assert_eq!(focus(&browser).await, "username");
    press(&browser, &jane.username).await;
    press(&browser, TAB).await;
    assert_eq!(focus(&browser).await, "password");
    press(&browser, &format!("{}{ENTER}", jane.password)).await;
    browser.shows("h1", "Profile").await;

    tab_to(&browser, "E-mail addresses").await;
    press(&browser, ENTER).await;
    browser.shows("h1", "E-mail addresses").await;
    skip(&browser).await;
    tab_to(&browser, "email").await;
    press(&browser, &format!("{address}{ENTER}")).await;
    says(&browser, "The address is added. It is not confirmed yet.").await;

    skip(&browser).await;
    tab_to(&browser, "Remove").await;
    let is_open = "return document.querySelector('details').open";
    assert_eq!(browser.evaluate(is_open).await, false);
    press(&browser, " ").await;
    assert_eq!(browser.evaluate(is_open).await, true);
    tab_to(&browser, "Remove").await;
    assert_eq!(browser.evaluate("return document.activeElement.localName").await, "button");
    press(&browser, ENTER).await;
    says(&browser, "The address is removed.").await;
    assert_eq!(emails(&jane.username, &jane.password).await.len(), 1);
    browser.end().await;
}

#[tokio::test]
async fn a_password_is_shown_while_its_button_is_pressed_and_is_sent_unseen() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    let show = "Show password";
    let seen = "const field = document.querySelector('#password'); \
                const { id, innerText } = document.activeElement; \
                const pressed = document.querySelector('[data-show] + button').ariaPressed; \
                return [field.type, pressed, id ? field.selectionStart : innerText]";
    browser.open("/account/sign-in").await;
    press(&browser, &jane.username).await;
    press(&browser, TAB).await;
    press(&browser, &format!("{PASSWORD}{LEFT}{LEFT}")).await;
    let caret = PASSWORD.len() - 2;
    assert_eq!(browser.evaluate(seen).await, json!(["password", "false", caret]));

    browser.click_button(show).await;
    assert_eq!(browser.evaluate(seen).await, json!(["text", "true", caret]));
    shows_in(&browser, "password-shown", "Sign in", &[LIGHT_PHONE, DARK_PHONE].concat()).await;
    tab_to(&browser, show).await;
    press(&browser, " ").await;
    assert_eq!(browser.evaluate(seen).await, json!(["password", "false", show]));
    press(&browser, ENTER).await;
    assert_eq!(browser.evaluate(seen).await, json!(["text", "true", show]));

    let keep = "addEventListener('submit', () => { \
                name = document.querySelector('#password').type })";
    browser.evaluate(keep).await;
    browser.click_button("Sign in").await;
    browser.shows("h1", "Profile").await;
    assert_eq!(browser.evaluate("return name").await, "password");
    // Each of two has its own.
    browser.open("/account/password").await;
    let names = "return [...document.querySelectorAll('[data-show] + button')].map( \
                 (own) => own.ariaLabel)";
    let each = ["Current password", "New password"].map(|field| format!("{show}: {field}"));
    assert_eq!(browser.evaluate(names).await, json!(each));
    let types = "document.querySelector('#password + button').click(); \
                 return [...document.querySelectorAll('[data-show]')].map((own) => own.type)";
    assert_eq!(browser.evaluate(types).await, json!(["password", "text"]));
    shows_in(&browser, "new-password-shown", "Change your password", &DARK_PHONE).await;
    browser.end().await;
}

#[tokio::test]
async fn without_script_all_works_but_for_the_buttons_that_need_it_which_are_not_shown() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    sign_in(&browser, &jane.username).await;

    browser.open("/account/tokens").await;
    browser.click("#scope-tokens_read").await;
    fill(&browser, &[("name", "no script")]).await;
    browser.click_button("Make a token").await;
    browser.shows("h1", "Your new token").await;
    photograph(&browser, "account", "token-new-without-script").await;

    let authorization = format!("Bearer {}", browser.text(".secret code").await);
    let headers = [("authorization", authorization.as_str())];
    let used = send("GET", "/rollcall/v1/tokens/self", &headers, None).await;
    assert_eq!(used.status, 200, "{used:?}");
    for button in browser.client.find_all(Locator::Css(".secret button")).await.unwrap() {
        assert!(!button.is_displayed().await.unwrap(), "{:?}", button.text().await);
    }
    browser.open("/account/password").await;
    browser.text("#password").await;
    let shows = browser.client.find_all(Locator::Css("[aria-pressed]")).await.unwrap();
    assert_eq!(shows.len(), 0);
    browser.open("/account/tokens").await;
    confirm(&browser, "/revoke").await;
    says(&browser, "The token is revoked.").await;
    browser.end().await;
}

/// Sends what was entered before, as the page offers.
async fn send_it_now(browser: &Browser) {
    browser.shows("h1", "Go on with what you began?").await;
    browser.click_button("Go on").await;
}

#[tokio::test]
async fn what_was_entered_outlives_the_session_and_no_password_and_no_page_of_it_does() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    let address = |number: u8| format!("{}.{number}@example.net", jane.username);
    let added = "The address is added. It is not confirmed yet.";
    browser.open("/account/sign-in?return_to=https://evil.example/account").await;
    browser.sign_in(&jane.username, PASSWORD).await;
    browser.shows("h1", "Profile").await;
    assert_eq!(browser.url().await, format!("{}/account", base_url()));

    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    let tab = async |own: &WindowHandle| {
        browser.client.switch_to_window(own.clone()).await.unwrap();
    };
    tab(&first).await;
    browser.open("/account/emails").await;
    tab(&second).await;
    browser.open("/account/emails").await;
    sign_out(&browser).await;
    browser.client.back().await.unwrap();
    browser.shows("h1", "Sign in").await;
    let source = browser.client.source().await.unwrap();
    assert!(!source.contains(&jane.username), "the back button shows a page of the user");

    tab(&first).await;
    submit(&browser, &[("email", &address(1))]).await;
    shows_in(&browser, "session-ended", "Sign in", &LIGHT_PHONE).await;
    browser.sign_in(&jane.username, PASSWORD).await;
    shows_in(&browser, "send-again", "Go on with what you began?", &DARK_PHONE).await;
    send_it_now(&browser).await;
    says(&browser, added).await;

    // The form is of a session that has ended when another one has begun.
    tab(&second).await;
    browser.open("/account").await;
    sign_out(&browser).await;
    sign_in(&browser, &jane.username).await;
    tab(&first).await;
    submit(&browser, &[("email", &address(2))]).await;
    send_it_now(&browser).await;
    browser.shows("td/bdi", &address(2)).await;

    browser.open("/account/password").await;
    fill(&browser, &[("currentPassword", PASSWORD), ("password", "another horse battery")]).await;
    browser.click("#revokeKeys").await;
    tab(&second).await;
    sign_out(&browser).await;
    tab(&first).await;
    submit(&browser, &[]).await;
    browser.shows("h1", "Sign in").await;
    browser.sign_in(&jane.username, PASSWORD).await;
    browser.shows("h1", "Go on with what you began?").await;
    let source = browser.client.source().await.unwrap();
    assert!(source.contains("revokeKeys") && !source.contains("horse battery"), "{source}");
    send_it_now(&browser).await;
    browser.shows("h1", "Change your password").await;
    browser.text("[role=alert]").await;
    let is_checked = browser.evaluate("return document.querySelector('#revokeKeys').checked").await;
    assert_eq!(is_checked, true);
    browser.end().await;
}

#[tokio::test]
async fn a_form_takes_any_address_and_leaves_a_stored_one_as_it_was_entered() {
    let (browser, jane) = (Browser::start().await, unique("jane"));
    begin(&browser, &jane).await;
    let (own, contact) = (format!("jürgen@{jane}.example"), format!("info@bücher-{jane}.example"));
    let profile = "/rollcall/v1/users/self";

    for gravatar in [&own, &contact] {
        let change = json!({ "profile": { "gravatarEmail": gravatar } });
        call(&jane, "PATCH", profile, Some(change), 200).await;
        browser.open("/account").await;
        submit(&browser, &[("name", gravatar)]).await;
        says(&browser, "Your profile is saved.").await;
        let stored = call(&jane, "GET", profile, None, 200).await;
        assert_eq!(stored["name"], json!(gravatar));
        assert_eq!(stored["profile"]["gravatarEmail"], json!(gravatar));
    }

    let made = json!({ "name": "Books", "email": contact });
    let made = call(&jane, "POST", "/rollcall/v1/accounts", Some(made), 201).await;
    let path = format!("/accounts/{}", made["id"].as_str().unwrap());
    browser.open(&format!("/account{path}")).await;
    submit(&browser, &[("name", "Bücher")]).await;
    says(&browser, "The changes are saved.").await;
    let stored = call(&jane, "GET", &format!("/rollcall/v1{path}"), None, 200).await;
    assert_eq!([&stored["name"], &stored["email"]], [&json!("Bücher"), &json!(contact)]);

    for address in [own, contact, format!("\"a b\"@{jane}.example")] {
        browser.open("/account/emails").await;
        submit(&browser, &[("email", &address)]).await;
        says(&browser, "The address is added. It is not confirmed yet.").await;
        let stored = emails(&jane, PASSWORD).await;
        assert_eq!(stored.last(), Some(&(address, false)), "{stored:?}");
    }
    browser.end().await;
}

/// The page of somebody who wants this address in the profile of whoever comes by.
fn trap(address: &str) -> String {
    let page = format!("{}/account/emails", base_url());
    format!(
        "<!DOCTYPE html><html lang='en'><title>You have won</title><iframe src='{page}'></iframe>\
         <form method='post' action='{page}'><input name='email' value='{address}'>\
         <button>Take it</button></form></html>"
    )
}

#[tokio::test]
async fn no_other_origin_sends_a_form_here_or_has_a_page_in_a_frame() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    let page = trap(&format!("{}@example.org", jane.username));
    // Another port is the same site, whose forms come with the cookie, and another origin.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let neighbour = format!("http://{}", listener.local_addr().unwrap());
    let elsewhere = format!("data:text/html,{page}");
    let router = Router::new().fallback(move || {
        let page = page.clone();
        async move { Html(page) }
    });
    tokio::spawn(axum::serve(listener, router).into_future());
    sign_in(&browser, &jane.username).await;

    for origin in [&neighbour, &elsewhere] {
        browser.client.goto(origin).await.unwrap();
        browser.click("button").await;
        browser.shows("h1", "This form came from another site").await;
    }
    assert_eq!(emails(&jane.username, PASSWORD).await.len(), 1);

    browser.client.goto(&neighbour).await.unwrap();
    let console = browser.console().await;
    assert!(console.iter().any(|line| line.contains("frame-ancestors")), "{console:?}");
    browser.client.enter_frame(0).await.unwrap();
    let framed = browser.evaluate("return [location.protocol, document.forms.length]").await;
    assert_eq!(framed, json!(["chrome-error:", 0]));
    browser.end().await;
}
