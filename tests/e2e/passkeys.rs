//! Passkeys in a real browser, with a device that Chromium stands in for.

use crate::account::{DARK_PHONE, LIGHT_PHONE, fill, shows_in};
use crate::browser::Browser;
use crate::service::new_user;

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
