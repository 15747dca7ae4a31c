//! The pages below `/account` in real browsers, with the links of the mails that the service sends.

use fantoccini::Locator;
use serde_json::{Value, json};
use testkit::{basic, unique};

use crate::browser::Browser;
use crate::docs::{faults, look, photograph};
use crate::service::{linked_token, oauth_client, send};

pub(crate) const PASSWORD: &str = "correct horse battery staple";
const NEW: &str = "another horse battery";

/// A scheme of colours, and the size of a window.
pub(crate) type View = (&'static str, u32, u32);
/// A phone in the light, a desk in the dark …
pub(crate) const LIGHT_PHONE: [View; 2] = [("light", 320, 720), ("dark", 1280, 800)];
/// … and the other way round.
pub(crate) const DARK_PHONE: [View; 2] = [("dark", 320, 720), ("light", 1280, 800)];

/// Fills fields by their ids.
pub(crate) async fn fill(browser: &Browser, fields: &[(&str, &str)]) {
    for (id, text) in fields {
        let selector = format!("#{id}");
        let field = browser.client.wait().for_element(Locator::Css(&selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
}

/// Fills fields by their ids, and sends the first form of the page.
pub(crate) async fn submit(browser: &Browser, fields: &[(&str, &str)]) {
    fill(browser, fields).await;
    browser.click("main button.first").await;
}

/// The same with something wrong: waits until the page says so.
async fn submit_wrong(browser: &Browser, fields: &[(&str, &str)]) {
    browser.evaluate("document.querySelector('[role=alert]')?.remove()").await;
    submit(browser, fields).await;
    browser.text("[role=alert]").await;
}

/// Waits for the page with this heading, and holds what it shows against WCAG at 320 and 1280
/// pixels, in the light and in the dark.
async fn shows(browser: &Browser, name: &str, heading: &str) {
    shows_in(browser, name, heading, &[LIGHT_PHONE, DARK_PHONE].concat()).await;
}

/// The same in these views.
pub(crate) async fn shows_in(browser: &Browser, name: &str, heading: &str, views: &[View]) {
    browser.shows("h1", heading).await;
    for &(scheme, width, height) in views {
        look(browser, scheme, width, height).await;
        let size = "const { scrollWidth, scrollHeight } = document.documentElement; \
                    return [scrollWidth, scrollHeight]";
        let needed = browser.evaluate(size).await;
        assert_eq!(needed[0], json!(width), "{name} at {width}");
        assert_eq!(faults(browser).await, json!([]), "{name} at {width}, {scheme}");
        // The whole page is on the photograph, unless it is very long.
        let whole = u32::try_from(needed[1].as_u64().unwrap()).unwrap();
        look(browser, scheme, width, whole.clamp(height, 4000)).await;
        photograph(browser, "account", &format!("{name}-{width}-{scheme}")).await;
    }
    let cookies = browser.client.get_all_cookies().await.unwrap();
    for cookie in &cookies {
        let is_known = ["session", "return-to"].contains(&cookie.name());
        assert!(is_known && cookie.http_only() == Some(true), "{name}: {}", cookie.name());
    }
    let console = browser.console().await;
    let is_of_policy = |line: &String| line.contains("Content Security Policy");
    assert!(!console.iter().any(is_of_policy), "{name}: {console:?}");
}

/// The `id` of the element that has the focus.
pub(crate) async fn focus(browser: &Browser) -> Value {
    browser.evaluate("return document.activeElement.id").await
}

/// The user's addresses, with whether each is proved.
pub(crate) async fn emails(username: &str, password: &str) -> Vec<(String, bool)> {
    let authorization = basic(username, password);
    let headers = [("authorization", authorization.as_str())];
    let list = send("GET", "/rollcall/v1/users/self/emails", &headers, None).await;
    let emails = list.body["emails"].as_array().unwrap_or_else(|| panic!("{list:?}")).iter();
    emails
        .map(|own| (own["email"].as_str().unwrap().to_owned(), !own["provedAt"].is_null()))
        .collect()
}

#[tokio::test]
async fn one_signs_up_proves_another_address_forgets_the_password_and_comes_back() {
    let username = unique("mary");
    let (first, second) = (format!("{username}@example.com"), format!("{username}@example.net"));
    let browser = Browser::start().await;

    browser.open("/account/sign-up").await;
    shows(&browser, "sign-up", "Sign up").await;
    assert_eq!(focus(&browser).await, "email");
    submit_wrong(&browser, &[("email", "ma..ry@example.com")]).await;
    shows(&browser, "sign-up-wrong", "Sign up").await;
    assert_eq!(focus(&browser).await, "email");
    submit(&browser, &[("email", &first)]).await;
    shows(&browser, "sign-up-sent", "Check your mail").await;

    let link = format!("/account/sign-up/{}", linked_token("sign-up", &first).await);
    browser.open(&link).await;
    shows(&browser, "sign-up-link", "Finish signing up").await;
    let wrong = [("username", "m m"), ("name", "Mary Major"), ("password", "password1")];
    submit_wrong(&browser, &wrong).await;
    shows(&browser, "sign-up-link-wrong", "Finish signing up").await;
    assert_eq!(focus(&browser).await, "username");
    browser.click("[role=alert] a[href='#password']").await;
    assert_eq!(focus(&browser).await, "password");
    submit(&browser, &[("username", &username), ("password", PASSWORD)]).await;
    shows(&browser, "sign-up-done", "You are signed up").await;
    browser.click("main a.button").await;
    shows(&browser, "sign-in", "Sign in").await;
    assert_eq!(focus(&browser).await, "username");
    assert_eq!(emails(&username, PASSWORD).await, [(first.clone(), true)]);
    browser.open(&link).await;
    shows(&browser, "sign-up-ended", "This link has ended").await;

    let authorization = basic(&username, PASSWORD);
    let path = format!("/rollcall/v1/users/self/emails/{second}/verification");
    let asked = send("POST", &path, &[("authorization", &authorization)], None).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let token = linked_token("emails/verify", &second).await;
    browser.open(&format!("/account/emails/verify/{token}")).await;
    shows(&browser, "proof", "Confirm your e-mail address").await;
    browser.click("main button.first").await;
    shows(&browser, "proof-done", "The address is confirmed").await;
    assert_eq!(emails(&username, PASSWORD).await, [(first.clone(), true), (second, true)]);

    browser.open(&oauth_client().authorize_path("profile_read")).await;
    browser.shows("h1", "Sign in").await;
    browser.client.find(Locator::LinkText("Sign up")).await.unwrap();
    browser.click("a[href='/account/reset']").await;
    shows(&browser, "reset", "Reset your password").await;
    submit(&browser, &[("name", &username)]).await;
    shows(&browser, "reset-sent", "Check your mail").await;
    let link = format!("/account/reset/{}", linked_token("reset", &first).await);
    browser.open(&link).await;
    shows(&browser, "reset-link", "Choose a new password").await;
    submit_wrong(&browser, &[("password", &username)]).await;
    shows(&browser, "reset-link-wrong", "Choose a new password").await;
    submit(&browser, &[("password", NEW)]).await;
    shows(&browser, "reset-done", "Your password is changed").await;
    assert_eq!(emails(&username, NEW).await.len(), 2);
    // Who signs in then goes on to where the browser was going before.
    browser.click("main a.button").await;
    browser.sign_in(&username, NEW).await;
    browser.shows("bdi", &username).await;
    assert!(browser.text("h1").await.starts_with("Allow "));
    browser.open(&link).await;
    shows(&browser, "reset-ended", "This link has ended").await;

    browser.open("/account/nothing").await;
    shows(&browser, "nothing", "There is no such page").await;
    browser.end().await;
}

/// Sends a JSON body as somebody with a password, and returns the body of the response.
pub(crate) async fn call(
    who: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
    status: u16,
) -> Value {
    let authorization = basic(who, PASSWORD);
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(body.is_some().then_some(("content-type", "application/json")));
    let response = send(method, path, &headers, body.map(|body| body.to_string())).await;
    assert_eq!(response.status, status, "{method} {path}: {response:?}");
    response.body
}

/// Signs up in a browser, with the address `<username>@example.com`.
pub(crate) async fn sign_up(browser: &Browser, username: &str) {
    let address = format!("{username}@example.com");
    browser.open("/account/sign-up").await;
    submit(browser, &[("email", &address)]).await;
    let link = format!("/account/sign-up/{}", linked_token("sign-up", &address).await);
    browser.open(&link).await;
    submit(browser, &[("username", username), ("name", "Ada"), ("password", PASSWORD)]).await;
    browser.shows("h1", "You are signed up").await;
}

/// Invites an address, and returns the page of the mail's link.
async fn invite(by: &str, account: &str, address: &str) -> String {
    let body = json!({ "email": address, "role": "member" });
    call(by, "POST", &format!("{account}/invitations"), Some(body), 201).await;
    format!("/account/invitations/{}", linked_token("invitations", address).await)
}

#[tokio::test]
async fn a_colleague_joins_by_the_mail_is_made_admin_and_the_founder_leaves() {
    let (founders, colleagues) = (Browser::start().await, Browser::start().await);
    let ada = unique("team");
    sign_up(&founders, &ada).await;
    let body = Some(json!({ "name": "Blue Team" }));
    let made = call(&ada, "POST", "/rollcall/v1/accounts", body, 201).await;
    let account = format!("/rollcall/v1/accounts/{}", made["id"].as_str().unwrap());

    let mary = unique("mary");
    let link = invite(&ada, &account, &format!("{mary}@example.com")).await;
    colleagues.open(&link).await;
    shows(&colleagues, "invitation", "Join an account").await;
    let taken = [("username", ada.as_str()), ("name", "Mary"), ("password", PASSWORD)];
    submit_wrong(&colleagues, &taken).await;
    shows(&colleagues, "invitation-wrong", "Join an account").await;
    submit(&colleagues, &[("username", &mary), ("password", PASSWORD)]).await;
    shows(&colleagues, "invitation-done", "You joined the account").await;
    colleagues.open(&link).await;
    shows(&colleagues, "invitation-used", "This invitation was used").await;

    let id = |member: &Value| member["userId"].as_str().unwrap().to_owned();
    let members = call(&mary, "GET", &format!("{account}/members"), None, 200).await;
    let members = members["members"].as_array().unwrap();
    let of = |name: &str| id(members.iter().find(|own| own["username"] == name).unwrap());
    let path = format!("{account}/members/{}", of(&mary));
    call(&ada, "PATCH", &path, Some(json!({ "role": "admin" })), 200).await;
    let owner = Some(json!({ "userId": of(&mary) }));
    call(&ada, "POST", &format!("{account}/owner"), owner, 200).await;
    call(&ada, "DELETE", &format!("{account}/members/{}", of(&ada)), None, 204).await;
    call(&ada, "GET", &account, None, 403).await;

    // Who left is invited again, and comes back with the profile.
    let address = format!("{ada}@example.com");
    let link = invite(&mary, &account, &address).await;
    founders.open(&link).await;
    founders.client.find(Locator::LinkText("Decline the invitation")).await.unwrap();
    founders.open(&format!("{link}/decline")).await;
    shows(&founders, "decline", "Decline the invitation").await;
    founders.open(&link).await;
    founders.click("a[href^='/account/sign-in']").await;
    founders.shows("h1", "Sign in").await;
    submit_wrong(&founders, &[("username", &ada), ("password", NEW)]).await;
    shows(&founders, "sign-in-wrong", "Sign in").await;
    submit(&founders, &[("username", &ada), ("password", PASSWORD)]).await;
    shows(&founders, "invitation-signed-in", "Join an account").await;
    founders.click_button("Join the account").await;
    shows(&founders, "invitation-back", "You joined the account").await;
    assert_eq!(call(&ada, "GET", &account, None, 200).await["role"], "member");

    let third = unique("third") + "@example.com";
    let link = invite(&mary, &account, &third).await;
    founders.open(&format!("{link}/decline")).await;
    founders.click("main button.first").await;
    shows(&founders, "declined", "You declined the invitation").await;

    let log = call(&mary, "GET", &format!("{account}/audit?limit=100"), None, 200).await;
    let entries = log["entries"].as_array().unwrap();
    for action in [
        "account.created",
        "invitation.sent",
        "invitation.accepted",
        "invitation.declined",
        "member.added",
        "member.role_changed",
        "account.owner_changed",
        "member.removed",
    ] {
        assert!(entries.iter().any(|entry| entry["action"] == action), "{action}: {entries:?}");
    }
    for browser in [founders, colleagues] {
        browser.end().await;
    }
}
