//! The second factor when two things happen at once: a code counts once whatever it is for, and no
//! session begins by less than was asked for at that time.
//!
//! Jane has signed in before: her network is known, so that the first transaction of her next sign-in
//! is the one that begins the session.

use futures_util::future::join_all;
use serde_json::json;
use shared::Error;
use testkit::{Browser, PASSWORD, Page, Person, TestApp, totp_code, wait_for_step};

use crate::meanwhile::with_meanwhile;
use crate::pages_second_factor::signed_in;

const PATH: &str = "/account/second-factor";
const SETUP: &str = "/account/second-factor/setup";
const RENEW: &str = "/account/second-factor/recovery-codes";
const OFF: &str = "/account/second-factor/off";
const SIGN_IN: &str = "/account/sign-in";
const CODE: &str = "/account/sign-in/code";

/// The secret of somebody's app, and the recovery codes.
struct Factor {
    secret: String,
    codes: Vec<String>,
}

/// Turns Jane's second factor on, of which no code was used that still counts.
async fn turn_on(app: &TestApp, jane: &Person<'_>) -> Factor {
    loop {
        match app.turn_on_second_factor(jane.user().id, 10).await {
            Ok((secret, codes)) => return Factor { secret, codes },
            // Beside what rests on the user.
            Err(Error::WriteConflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The first step of a sign-in: what the password leads to.
async fn enter_password(app: &TestApp) -> (Browser<'_>, Page) {
    let mut browser = app.browser();
    let page = browser.open(SIGN_IN).await;
    let fields = [("username", "janedoe"), ("password", PASSWORD)];
    let page = browser.submit(&page, SIGN_IN, &fields).await;
    (browser, page)
}

/// The second step; whether it signs in.
async fn enter_code((mut browser, page): (Browser<'_>, Page), code: &str) -> bool {
    let page = browser.submit(&page, CODE, &[("code", code)]).await;
    let is_in = browser.session().is_some();
    assert_eq!(page.status, if is_in { 200 } else { 403 }, "{}", page.text());
    is_in
}

async fn sign_in(app: &TestApp, code: &str) -> bool {
    enter_code(enter_password(app).await, code).await
}

/// The page on which a second factor is set up, and the present code of its app.
async fn set_up(browser: &mut Browser<'_>) -> (Page, String) {
    let page = browser.open(PATH).await;
    let page = browser.submit(&page, SETUP, &[]).await;
    let body = page.response.body.as_str().unwrap();
    let shown = body.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
    let code = totp_code(shown.unwrap(), 0);
    (page, code)
}

/// Sends a code by one of the forms of the second factor's own page; whether it was taken.
async fn enter_on_page(browser: &mut Browser<'_>, page: &Page, action: &str, code: &str) -> bool {
    let page = browser.submit(page, action, &[("code", code)]).await;
    assert!([200, 403, 409].contains(&page.status), "{}", page.text());
    page.status == 200
}

/// Turns it off by rollcall's API; whether the code was taken.
async fn turn_off_by_api(jane: &Person<'_>, code: &str) -> bool {
    let path = "/rollcall/v1/users/self/second-factors/totp";
    let response = jane.send_json("DELETE", path, &json!({ "code": code })).await;
    assert!([204, 403, 404].contains(&response.status), "{response:?}");
    response.status == 204
}

/// By what the sessions of Jane began, as her log tells, oldest first.
async fn factors(app: &TestApp) -> Vec<String> {
    let mut entries = app.items_of("audit").await;
    entries.retain(|entry| entry["action"]["S"] == "session.created");
    entries.sort_by_key(|entry| entry["sk"]["S"].as_str().unwrap().to_owned());
    let factors = entries.iter().map(|entry| &entry["details"]["M"]["factors"]["S"]);
    factors.map(|own| own.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn codes_of_one_step_before_and_after_sign_in_and_none_of_two_steps_before() {
    let app = TestApp::start().await;
    let (jane, _) = signed_in(&app).await;
    let Factor { secret, .. } = turn_on(&app, &jane).await;
    wait_for_step(8).await;

    assert!(!sign_in(&app, &totp_code(&secret, -2)).await);
    assert!(sign_in(&app, &totp_code(&secret, -1)).await);
    // Of a clock that is ahead. It ends those of the steps before, too.
    assert!(sign_in(&app, &totp_code(&secret, 1)).await);
    assert!(!sign_in(&app, &totp_code(&secret, 0)).await);
    for an_hour in [-120, 120] {
        assert!(!sign_in(&app, &totp_code(&secret, an_hour)).await);
    }
}

#[tokio::test]
async fn a_recovery_code_that_is_sent_from_two_browsers_at_once_signs_in_one() {
    let app = TestApp::start().await;
    let (jane, _) = signed_in(&app).await;
    let Factor { codes, .. } = turn_on(&app, &jane).await;
    let mut begun = Vec::new();
    for _ in 0..3 {
        begun.push(enter_password(&app).await);
    }

    let signed_in = join_all(begun.into_iter().map(|own| enter_code(own, &codes[0]))).await;

    assert_eq!(signed_in.iter().filter(|own| **own).count(), 1, "{signed_in:?}");
    assert_eq!(factors(&app).await, ["password", "password+recovery_code"]);
    let mut entries = app.items_of("audit").await;
    entries.retain(|entry| entry["action"]["S"] == "recovery_code.used");
    assert_eq!(entries.len(), 1);
    assert!(sign_in(&app, &codes[1]).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_code_counts_once_whatever_it_is_for_at_once() {
    for is_of_app in [true, false] {
        let app = TestApp::start().await;
        let (jane, mut browser) = signed_in(&app).await;
        let Factor { secret, codes } = turn_on(&app, &jane).await;
        let code = if is_of_app { totp_code(&secret, 0) } else { codes[0].clone() };
        let page = browser.open(PATH).await;
        let (mut other, begun) = (browser.clone(), enter_password(&app).await);

        let taken = tokio::join!(
            enter_code(begun, &code),
            enter_on_page(&mut browser, &page, RENEW, &code),
            enter_on_page(&mut other, &page, OFF, &code),
            turn_off_by_api(&jane, &code),
        );

        let taken = [taken.0, taken.1, taken.2, taken.3];
        assert_eq!(taken.iter().filter(|own| **own).count(), 1, "{is_of_app}: {taken:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_password_alone_begins_no_session_once_a_second_factor_is_on() {
    let app = TestApp::start().await;
    let (jane, _) = signed_in(&app).await;

    let meanwhile = async {
        turn_on(&app, &jane).await;
    };
    let (browser, asked) = Box::pin(with_meanwhile(&app, enter_password(&app), meanwhile)).await;

    assert_eq!((asked.status, asked.heading().as_str()), (200, "Enter a code"));
    assert_eq!(browser.session(), None);
    assert_eq!(factors(&app).await, ["password"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn sign_ins_beside_a_second_factor_that_is_turned_on_are_before_it_or_ask_for_a_code() {
    let app = TestApp::start().await;
    let (jane, _) = signed_in(&app).await;

    let sign_ins = join_all((0..4).map(|_| enter_password(&app)));
    let (entered, Factor { codes, .. }) = tokio::join!(sign_ins, turn_on(&app, &jane));

    let (complete, asked): (Vec<_>, Vec<_>) =
        entered.into_iter().partition(|(browser, _)| browser.session().is_some());
    assert_eq!(factors(&app).await, vec!["password"; 1 + complete.len()]);
    for (begun, code) in asked.into_iter().zip(&codes) {
        assert!(enter_code(begun, code).await);
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_code_begins_no_session_once_the_second_factor_is_off_or_is_another() {
    for is_on_again in [false, true] {
        let app = TestApp::start().await;
        let (jane, _) = signed_in(&app).await;
        let Factor { secret, codes } = turn_on(&app, &jane).await;
        let begun = enter_password(&app).await;
        let code = totp_code(&secret, 0);

        let meanwhile = async {
            assert!(turn_off_by_api(&jane, &codes[0]).await);
            if is_on_again {
                turn_on(&app, &jane).await;
            }
        };
        let signs_in = Box::pin(with_meanwhile(&app, enter_code(begun, &code), meanwhile)).await;

        assert!(!signs_in, "{is_on_again}");
        assert_eq!(factors(&app).await, ["password"], "{is_on_again}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_code_that_signs_in_meanwhile_turns_nothing_off() {
    let app = TestApp::start().await;
    let (jane, mut browser) = signed_in(&app).await;
    let Factor { secret, codes } = turn_on(&app, &jane).await;
    let page = browser.open(PATH).await;
    let (begun, code) = (enter_password(&app).await, totp_code(&secret, 0));

    let meanwhile = async { assert!(enter_code(begun, &code).await) };
    let off = enter_on_page(&mut browser, &page, OFF, &code);
    let is_off = Box::pin(with_meanwhile(&app, off, meanwhile)).await;

    assert!(!is_off);
    let asked = enter_password(&app).await;
    assert_eq!(asked.1.heading(), "Enter a code");
    // Another code does it still.
    assert!(enter_on_page(&mut browser, &page, OFF, &codes[0]).await);
    assert!(!enter_code(asked, &codes[1]).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_second_factor_that_is_set_up_twice_at_once_is_on_by_one_of_them() {
    let app = TestApp::start().await;
    let (_, mut desk) = signed_in(&app).await;
    let mut phone = app.browser();
    phone.sign_in("janedoe", PASSWORD).await;
    let mut pages = Vec::new();
    for browser in [&mut desk, &mut phone] {
        pages.push(set_up(browser).await);
    }
    let [(of_desk, first), (of_phone, second)] = &pages[..] else { unreachable!() };

    let (fields, others) = ([("code", first.as_str())], [("code", second.as_str())]);
    let both =
        tokio::join!(desk.submit(of_desk, PATH, &fields), phone.submit(of_phone, PATH, &others));

    let mut seen = [both.0, both.1].map(|page| (page.status, page.heading()));
    seen.sort();
    assert_eq!(seen, [(200, "Your recovery codes".to_owned()), (409, "Second factor".to_owned())]);
    assert_eq!(app.items_of("secondFactor").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_second_factor_stays_off_if_the_operator_gives_a_password_meanwhile() {
    let app = TestApp::start().await;
    let (jane, mut browser) = signed_in(&app).await;
    let (page, code) = set_up(&mut browser).await;

    let meanwhile = async {
        app.give_password(jane.user().id, "the operator's battery", false).await;
    };
    let fields = [("code", code.as_str())];
    let turned_on = browser.submit(&page, PATH, &fields);
    let page = Box::pin(with_meanwhile(&app, turned_on, meanwhile)).await;

    assert_eq!(page.heading(), "Sign in", "{}", page.text());
    assert!(app.items_of("secondFactor").await.is_empty());
    app.assert_consistent().await;
}
