//! Passkeys in a real browser, with a device that Chromium stands in for, and with one of others
//! that answers wrongly as well.

use std::process::Command;

use devkit::engine;
use serde_json::{Value, json};
use testkit::Service;

use crate::account::{DARK_PHONE, LIGHT_PHONE, fill, shows_in};
use crate::browser::Browser;
use crate::service::{DEV, Running, base_url, new_user, tool};

const PAGE: &str = "/account/passkeys";

/// Waits until the page says what was done.
async fn says(browser: &Browser, text: &str) {
    browser.shows("p[@role='status']", text).await;
}

#[tokio::test]
async fn a_passkey_is_added_signs_in_proves_a_session_and_is_removed() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    browser.keep_passkeys().await;
    browser.open("/account/sign-in").await;
    browser.sign_in(&jane.username, &jane.password).await;
    browser.shows("h1", "Profile").await;

    browser.open(PAGE).await;
    shows_in(&browser, "passkeys-none", "Passkeys", &DARK_PHONE).await;
    fill(&browser, &[("name-new", "This laptop")]).await;
    browser.click_button("Add a passkey").await;
    says(&browser, "The passkey is added. From now on you can sign in with it.").await;
    shows_in(&browser, "passkeys", "Passkeys", &LIGHT_PHONE).await;
    // The device has one of Jane's already.
    fill(&browser, &[("name-new", "Once more")]).await;
    browser.click_button("Add a passkey").await;
    assert!(browser.text("p[role=alert]:not([hidden])").await.starts_with("No passkey was added."));

    browser.click_button("Sign out").await;
    browser.shows("h1", "You are signed out").await;
    browser.open("/account/sign-in?return_to=/account/sessions").await;
    shows_in(&browser, "sign-in-passkey", "Sign in", &LIGHT_PHONE).await;
    browser.click_button("Sign in with a passkey").await;
    browser.shows("h1", "Sessions").await;

    browser.open(&format!("/account/confirm?return_to={PAGE}")).await;
    browser.click_button("Use a passkey").await;
    browser.shows("h1", "Passkeys").await;

    browser.click("details:has(form[action$='/remove']) > summary").await;
    browser.click("form[action$='/remove'] button").await;
    says(&browser, "The passkey is removed.").await;
    browser.click_button("Sign out").await;
    browser.shows("h1", "You are signed out").await;
    browser.open("/account/sign-in").await;
    // The device offers it on; the service does not take it.
    browser.click_button("Sign in with a passkey").await;
    let problem = browser.text("p[role=alert]:not([hidden])").await;
    assert!(problem.starts_with("No passkey was accepted."), "{problem}");
    browser.end().await;
}

/// A challenge to sign in that has ended: its name, and its options in JSON.
async fn ended_challenge() -> [String; 2] {
    let asked = Running.asked_passkey("sign-in", None).await;
    let key = format!("CHALLENGE#{}", asked.challenge);
    let end = json!({
        "TableName": DEV["table_name"],
        "Key": { "pk": { "S": key }, "sk": { "S": "CHALLENGE" } },
        "ConditionExpression": "attribute_exists(pk)",
        "UpdateExpression": "SET expiresAt = :end",
        "ExpressionAttributeValues": { ":end": { "S": "2026-01-01T00:00:00Z" } },
    });
    let endpoint = DEV["dynamodb_endpoint"].as_str().unwrap();
    engine::call(endpoint, "UpdateItem", &end).await.unwrap();
    [asked.challenge, asked.options.to_string()]
}

#[tokio::test]
async fn soft_webauthn_adds_and_uses_a_passkey_and_is_rejected_whatever_it_does_wrong() {
    let (jane, mary) = (new_user().await, new_user().await);
    let mut python = Command::new(tool("ROLLCALL_AUTHENTICATOR"));
    python.arg(testkit::root().join("tests/e2e/passkeys.py")).arg(base_url());
    python.args([&jane.username, &mary.username, &jane.password]).args(ended_challenge().await);

    let ran = python.output().unwrap();

    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seen: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let right = json!([200]);
    let invalid = |field: &str, detail: &str| {
        let errors = json!([{ "field": field, "detail": detail }]);
        json!([400, "invalid_request", errors])
    };
    let wrong = invalid("credential", "is not accepted");
    let not_asked = invalid("challenge", "was used, or has ended");
    let rejected = json!([401, "invalid_credential", "the credential is not valid"]);
    let unproved = json!([403, "forbidden", "the passkey is not accepted"]);
    let expected = json!({
        "added": {
            "another origin": wrong, "another challenge": wrong, "nobody verified": wrong,
            "another relying party": wrong,
            "asked in another session": not_asked, "asked for something else": not_asked,
            "twice at once": [right, not_asked], "again": not_asked,
        },
        "signed in": {
            "another origin": rejected, "another challenge": rejected, "nobody verified": rejected,
            "another relying party": rejected,
            "another user's": rejected, "as another user": rejected,
            "signed by another key": rejected, "never added": rejected,
            "asked for something else": rejected, "asked too long ago": rejected,
            "twice at once": [right, rejected], "again": rejected,
            "right": right, "a copy, used as often": rejected, "a copy, used less": rejected,
        },
        "confirmed": {
            "another origin": unproved, "another challenge": unproved, "nobody verified": unproved,
            "another user's": unproved,
            "asked in another session": unproved, "asked for something else": unproved,
            "right": right, "again": unproved,
        },
    });
    assert_eq!(seen, expected);
}
