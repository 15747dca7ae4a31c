//! The pages below `/account` in real browsers, with the links of the mails that the service sends.

use fantoccini::Locator;
use serde_json::{Value, json};
use testkit::{basic, unique};

use crate::browser::Browser;
use crate::docs::{faults, look, photograph};
use crate::service::{linked_token, oauth_client, send};

const PASSWORD: &str = "correct horse battery staple";
const NEW: &str = "another horse battery";

/// Fills fields by their ids, and sends the form.
async fn submit(browser: &Browser, fields: &[(&str, &str)]) {
    for (id, text) in fields {
        let selector = format!("#{id}");
        let field = browser.client.wait().for_element(Locator::Css(&selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }
    browser.click("button.first").await;
}

/// Waits for the page with this heading, and holds what it shows against WCAG at 320 and 1280
/// pixels, in the light and in the dark.
async fn shows(browser: &Browser, name: &str, heading: &str) {
    browser.shows("h1", heading).await;
    for scheme in ["light", "dark"] {
        for (width, height) in [(320, 720), (1280, 800)] {
            look(browser, scheme, width, height).await;
            let needed = browser.evaluate("return document.documentElement.scrollWidth").await;
            assert_eq!(needed, json!(width), "{name} at {width}");
            assert_eq!(faults(browser).await, json!([]), "{name} at {width}, {scheme}");
            photograph(browser, "account", &format!("{name}-{width}-{scheme}")).await;
        }
    }
    let cookies = browser.client.get_all_cookies().await.unwrap();
    assert!(cookies.is_empty(), "{name}: {cookies:?}");
    let console = browser.console().await;
    let is_of_policy = |line: &String| line.contains("Content Security Policy");
    assert!(!console.iter().any(is_of_policy), "{name}: {console:?}");
}

/// The `id` of the element that has the focus.
async fn focus(browser: &Browser) -> Value {
    browser.evaluate("return document.activeElement.id").await
}

/// The user's addresses, with whether each is proved.
async fn emails(username: &str, password: &str) -> Vec<(String, bool)> {
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
    submit(&browser, &[("email", "ma..ry@example.com")]).await;
    shows(&browser, "sign-up-wrong", "Sign up").await;
    assert_eq!(focus(&browser).await, "email");
    submit(&browser, &[("email", &first)]).await;
    shows(&browser, "sign-up-sent", "Check your mail").await;

    let link = format!("/account/sign-up/{}", linked_token("sign-up", &first).await);
    browser.open(&link).await;
    shows(&browser, "sign-up-link", "Finish signing up").await;
    let wrong = [("username", "m m"), ("name", "Mary Major"), ("password", "password1")];
    submit(&browser, &wrong).await;
    shows(&browser, "sign-up-link-wrong", "Finish signing up").await;
    assert_eq!(focus(&browser).await, "username");
    browser.click("[role=alert] a[href='#password']").await;
    assert_eq!(focus(&browser).await, "password");
    submit(&browser, &[("username", &username), ("password", PASSWORD)]).await;
    shows(&browser, "sign-up-done", "You are signed up").await;
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
    browser.click("button.first").await;
    shows(&browser, "proof-done", "The address is confirmed").await;
    assert_eq!(emails(&username, PASSWORD).await, [(first.clone(), true), (second, true)]);

    browser.open(&oauth_client().authorize_path("profile_read")).await;
    look(&browser, "light", 320, 720).await;
    photograph(&browser, "account", "sign-in-320-light").await;
    browser.client.find(Locator::LinkText("Sign up")).await.unwrap();
    let forgot = browser.client.find(Locator::LinkText("Forgot your password?")).await.unwrap();
    forgot.click().await.unwrap();
    browser.client.delete_all_cookies().await.unwrap();
    shows(&browser, "reset", "Reset your password").await;
    submit(&browser, &[("name", &username)]).await;
    shows(&browser, "reset-sent", "Check your mail").await;
    let link = format!("/account/reset/{}", linked_token("reset", &first).await);
    browser.open(&link).await;
    shows(&browser, "reset-link", "Choose a new password").await;
    submit(&browser, &[("password", &username)]).await;
    shows(&browser, "reset-link-wrong", "Choose a new password").await;
    submit(&browser, &[("password", NEW)]).await;
    shows(&browser, "reset-done", "Your password is changed").await;
    assert_eq!(emails(&username, NEW).await.len(), 2);
    browser.open(&link).await;
    shows(&browser, "reset-ended", "This link has ended").await;

    browser.open("/account/nothing").await;
    shows(&browser, "nothing", "There is no such page").await;
    browser.end().await;
}

/// Sends a JSON body as somebody with a password, and returns the body of the response.
async fn call(who: &str, method: &str, path: &str, body: Option<Value>, status: u16) -> Value {
    let authorization = basic(who, PASSWORD);
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(body.is_some().then_some(("content-type", "application/json")));
    let response = send(method, path, &headers, body.map(|body| body.to_string())).await;
    assert_eq!(response.status, status, "{method} {path}: {response:?}");
    response.body
}

/// Signs up in a browser, and returns the username.
async fn sign_up(browser: &Browser) -> String {
    let username = unique("team");
    let address = format!("{username}@example.com");
    browser.open("/account/sign-up").await;
    submit(browser, &[("email", &address)]).await;
    let link = format!("/account/sign-up/{}", linked_token("sign-up", &address).await);
    browser.open(&link).await;
    submit(browser, &[("username", &username), ("name", "Ada"), ("password", PASSWORD)]).await;
    browser.shows("h1", "You are signed up").await;
    username
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
    let ada = sign_up(&founders).await;
    let body = Some(json!({ "name": "Blue Team" }));
    let made = call(&ada, "POST", "/rollcall/v1/accounts", body, 201).await;
    let account = format!("/rollcall/v1/accounts/{}", made["id"].as_str().unwrap());

    let mary = unique("mary");
    let link = invite(&ada, &account, &format!("{mary}@example.com")).await;
    colleagues.open(&link).await;
    shows(&colleagues, "invitation", "Join an account").await;
    submit(&colleagues, &[("username", &ada), ("name", "Mary"), ("password", PASSWORD)]).await;
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
    founders.open(&format!("{link}/sign-in")).await;
    shows(&founders, "invitation-sign-in", "Sign in and join").await;
    submit(&founders, &[("username", &ada), ("password", NEW)]).await;
    shows(&founders, "invitation-sign-in-wrong", "Sign in and join").await;
    submit(&founders, &[("username", &ada), ("password", PASSWORD)]).await;
    shows(&founders, "invitation-back", "You joined the account").await;
    assert_eq!(call(&ada, "GET", &account, None, 200).await["role"], "member");

    let third = unique("third") + "@example.com";
    let link = invite(&mary, &account, &third).await;
    founders.open(&format!("{link}/decline")).await;
    founders.click("button.first").await;
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
