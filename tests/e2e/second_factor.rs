//! The codes of an app that others have written: it reads the QR code of the page, and its codes
//! sign in.

use std::process::Command;

use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use rqrr::{Grid, SimpleGrid};
use serde_json::{Value, json};
use shared::model::SessionCredential;
use testkit::{Service, TestCredentials, form, totp_code, wait_for_step};

use crate::account::fill;
use crate::browser::Browser;
use crate::service::{Running, new_user, send, tool};

const PATH: &str = "/account/second-factor";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Sends a form in a session; the page that comes of it.
async fn send_form(cookie: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let session: SessionCredential = cookie.split_once('=').unwrap().1.parse().unwrap();
    let token = session.form_token(path);
    let fields = [&[("form_token", token.as_str())][..], fields].concat();
    let response = send("POST", path, &[FORM, ("cookie", cookie)], Some(form(&fields))).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.body.as_str().unwrap().to_owned()
}

/// What stands between two texts on a page.
fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let found = page.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    found.unwrap_or_else(|| panic!("no {start}: {page}")).0
}

/// What the QR code on a page says, as a camera reads it.
fn read_qr_code(page: &str) -> String {
    // Rows of dark squares, with the edge that they need around them.
    let drawn = between(page, "<svg ", "</svg>");
    let width: usize = between(drawn, "viewBox=\"0 0 ", " ").parse().unwrap();
    let squares = between(drawn, " d=\"M", "\"").split('M').flat_map(|row| {
        let (place, length) = row.split_once('h').unwrap();
        let (left, top) = place.split_once(' ').unwrap();
        let (left, top): (usize, usize) = (left.parse().unwrap(), top.parse().unwrap());
        (0..length.parse().unwrap()).map(move |along| (left + along, top))
    });
    let squares: Vec<_> = squares.collect();
    let edge = squares.iter().map(|(left, top)| *left.min(top)).min().unwrap();
    assert!(edge >= 4, "the edge has {edge}");
    let code =
        SimpleGrid::from_func(width - 2 * edge, |x, y| squares.contains(&(x + edge, y + edge)));
    Grid::new(code).decode().unwrap().1
}

/// What pyotp makes of it.
fn app(uri: &str) -> Value {
    let mut python = Command::new(tool("ROLLCALL_PYTHON"));
    let ran = python.arg(testkit::root().join("tests/e2e/app_codes.py")).arg(uri).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// Signs in by password and code; the status of the second step.
async fn sign_in(jane: &TestCredentials, code: &str) -> u16 {
    let fields = form(&[("username", &jane.username), ("password", &jane.password)]);
    let asked = send("POST", "/account/sign-in", &[FORM], Some(fields)).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    let begun = between(asked.body.as_str().unwrap(), r#"name="begun" value=""#, "\"").to_owned();
    let fields = form(&[("begun", &begun), ("code", code)]);
    send("POST", "/account/sign-in/code", &[FORM], Some(fields)).await.status
}

#[tokio::test]
async fn pyotp_reads_the_qr_code_and_its_codes_sign_in_unless_its_clock_is_an_hour_off() {
    let jane = new_user().await;
    let cookie = Running.session(&jane).await;
    let page = send_form(&cookie, &format!("{PATH}/setup"), &[]).await;
    let seen = app(&read_qr_code(&page));
    let typed = between(&page, "<code>", "</code>").replace(' ', "");
    assert_eq!(
        (&seen["issuer"], &seen["name"], &seen["form"], &seen["secret"]),
        (&json!("Rollcall"), &json!(jane.username), &json!([6, 30, "sha1"]), &json!(typed))
    );

    let [slow, now, next, fast] = [0, 1, 2, 3].map(|place| seen["codes"][place].as_str().unwrap());
    let setup = between(&page, r#"name="setup" value=""#, "\"");
    let on = send_form(&cookie, PATH, &[("setup", setup), ("code", now)]).await;
    assert!(on.contains("Your recovery codes"), "{on}");

    for wrong in [slow, fast, now] {
        assert_eq!(sign_in(&jane, wrong).await, 403);
    }
    assert_eq!(sign_in(&jane, next).await, 303);
}

/// Presses the main button of a page twice, as fast as a browser takes it.
async fn double_click(browser: &Browser) {
    let button = Locator::Css("main button.first");
    let element = browser.client.wait().for_element(button).await.unwrap();
    browser.evaluate("document.querySelector('main button.first').scrollIntoView()").await;
    let (down, up) = (
        PointerAction::Down { button: MOUSE_BUTTON_LEFT },
        PointerAction::Up { button: MOUSE_BUTTON_LEFT },
    );
    let clicks = MouseActions::new("mouse".to_owned())
        .then(PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 })
        .then(down.clone())
        .then(up.clone())
        .then(down)
        .then(up);
    browser.client.perform_actions(clicks).await.unwrap();
}

#[tokio::test]
async fn of_a_double_click_the_browser_sends_the_first_one_alone_which_signs_in() {
    let (browser, jane) = (Browser::start().await, new_user().await);
    let cookie = Running.session(&jane).await;
    let page = send_form(&cookie, &format!("{PATH}/setup"), &[]).await;
    let secret = between(&page, "<code>", "</code>").replace(' ', "");
    let setup = between(&page, r#"name="setup" value=""#, "\"");
    wait_for_step(3).await;
    let code = totp_code(&secret, -1);
    let page = send_form(&cookie, PATH, &[("setup", setup), ("code", &code)]).await;
    let recovery = between(&page, "<code>", "</code>").lines().next().unwrap();
    // What a page sends, and what it does not.
    let watch = "sessionStorage.sent = ''; addEventListener('submit', (event) => \
                 { sessionStorage.sent += event.defaultPrevented ? '-' : '+' })";

    browser.open("/account/sign-in").await;
    fill(&browser, &[("username", &jane.username), ("password", &jane.password)]).await;
    double_click(&browser).await;
    browser.shows("h1", "Enter a code").await;
    assert!(browser.client.find(Locator::Css("[role=alert]")).await.is_err());
    browser.evaluate(watch).await;
    fill(&browser, &[("code", recovery)]).await;
    double_click(&browser).await;

    browser.shows("h1", "Profile").await;
    let sent = browser.evaluate("return sessionStorage.sent").await;
    assert_eq!(sent.as_str().unwrap().matches('+').count(), 1, "{sent}");
    // Whoever comes back to a page can send it again.
    browser.open("/account/sign-in?again=true").await;
    for _ in 0..2 {
        fill(&browser, &[("username", &jane.username), ("password", "wrong horse battery")]).await;
        browser.click("main button.first").await;
        browser.text("main > [role=alert]").await;
        browser.client.back().await.unwrap();
    }
    browser.end().await;
}
