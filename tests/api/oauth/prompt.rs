//! How clients want their users to be asked: `prompt` and `max_age`.

use serde_json::json;
use testkit::{Browser, ConsentPage, PASSWORD, Page, Service, TestApp, parameter};

use super::arranged;

/// The error that a request leads to, without a page.
async fn error(app: &TestApp, path: &str, cookie: &str) -> Option<String> {
    let response = app.send("GET", path, &[("cookie", cookie)], None).await;
    let place = response.header("location").unwrap_or_else(|| panic!("{path}: {response:?}"));
    assert!(place.starts_with("https://client.example.com/callback?"), "{path}: {place}");
    assert_eq!(parameter(place, "state").as_deref(), Some("af0ifjsldkj"), "{path}");
    assert_eq!(parameter(place, "iss").as_deref(), Some("https://api.example.com"), "{path}");
    parameter(place, "error")
}

/// Sets when the user of every session entered the password.
async fn prove(app: &TestApp, seconds_ago: i64) {
    for session in app.items_of("session").await {
        let at = json!({ "S": TestApp::in_seconds(-seconds_ago).to_string() });
        let change = json!({
            "Key": { "pk": session["pk"], "sk": session["sk"] },
            "UpdateExpression": "SET provedAt = :value",
            "ExpressionAttributeValues": { ":value": at },
        });
        app.engine("UpdateItem", change).await;
    }
}

fn is_consent(page: &Page) -> bool {
    page.heading().starts_with("Allow ")
}

/// Enters what the page asks for.
async fn enter(browser: &mut Browser<'_>, page: &Page) -> Page {
    let fields = [("username", "janedoe"), ("password", PASSWORD)];
    match page.heading().as_str() {
        "Sign in" => browser.submit(page, "/account/sign-in", &fields).await,
        "Enter your password" => browser.submit(page, "/account/confirm", &fields[1..]).await,
        other => panic!("{other}: {}", page.text()),
    }
}

#[tokio::test]
async fn without_a_page_the_client_learns_what_would_be_asked() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read") + "&prompt=none";
    let cookie = app.session(&jane.credentials()).await;
    let ended = cookie.replace("rcx_", "rcx_x");

    assert_eq!(error(&app, &path, "x=y").await.as_deref(), Some("login_required"));
    assert_eq!(error(&app, &path, &ended).await.as_deref(), Some("login_required"));
    assert_eq!(error(&app, &path, &cookie).await.as_deref(), Some("consent_required"));
    let asked = client.authorize_path("profile_read");
    ConsentPage::open_in(&app, &asked, &cookie).await.decide(&app, "allow").await;
    assert_eq!(error(&app, &path, &cookie).await, None);
    prove(&app, 61).await;
    for (max_age, expected) in
        [(0, Some("login_required")), (60, Some("login_required")), (90, None)]
    {
        let path = format!("{path}&max_age={max_age}");
        assert_eq!(error(&app, &path, &cookie).await.as_deref(), expected, "{max_age}");
    }
    app.changing_password(&jane).await;
    assert_eq!(error(&app, &path, &cookie).await.as_deref(), Some("login_required"));
}

#[tokio::test]
async fn unknown_and_contradictory_values_are_reported_to_the_client() {
    arranged!(app, client, jane);
    let cookie = app.session(&jane.credentials()).await;

    for parameters in [
        "response_mode=form_post",
        "prompt=create",
        "prompt=Login",
        "prompt=login%20create",
        "prompt=none%20login",
        "max_age=-1",
        "max_age=%2B1",
        "max_age=1.5",
        "max_age=soon",
        "max_age=99999999999999999999",
    ] {
        let path = format!("{}&{parameters}", client.authorize_path("profile_read"));
        for cookie in [cookie.as_str(), "x=y"] {
            let error = error(&app, &path, cookie).await;
            assert_eq!(error.as_deref(), Some("invalid_request"), "{parameters}");
        }
    }
    for parameters in ["prompt=", "prompt=%20", "max_age=4294967295", "response_mode=query"] {
        let path = format!("{}&{parameters}", client.authorize_path("profile_read"));
        ConsentPage::open_in(&app, &path, &cookie).await;
    }
}

#[tokio::test]
async fn prompt_login_and_max_age_0_take_a_new_sign_in_once_and_not_the_session_alone() {
    for parameters in ["prompt=login", "prompt=login%20consent", "max_age=0"] {
        arranged!(app, client, _jane);
        let path = format!("{}&{parameters}", client.authorize_path("profile_read"));
        let mut browser = app.browser();
        browser.sign_in("janedoe", PASSWORD).await;

        let page = browser.open(&path).await;
        let return_to = page.value("return_to");
        // What the form leads to shows no page to the old session.
        let before = browser.open(&return_to).await;
        assert_eq!([page.heading(), before.heading()], ["Sign in", "Sign in"], "{parameters}");
        let page = enter(&mut browser, &page).await;
        assert!(is_consent(&page), "{parameters}: {}", page.text());
        assert!(is_consent(&browser.open(&return_to).await), "the page can be loaded again");
        // The client's next request is another one.
        assert_eq!(browser.open(&path).await.heading(), "Sign in", "{parameters}");
        // The proof does not count for ever.
        prove(&app, 15 * 60 + 1).await;
        let old = return_to.replace("asked_at=", "asked_at=1&x=");
        assert_eq!(browser.open(&old).await.heading(), "Sign in", "{parameters}");
    }
}

#[tokio::test]
async fn whoever_is_not_signed_in_enters_the_password_once_whatever_is_asked() {
    for parameters in ["prompt=login", "max_age=0", "max_age=1", "max_age=900", "prompt=consent"] {
        arranged!(app, client, _jane);
        let path = format!("{}&{parameters}", client.authorize_path("profile_read"));
        let mut browser = app.browser();

        let page = browser.open(&path).await;
        let page = enter(&mut browser, &page).await;

        assert!(is_consent(&page), "{parameters}: {}", page.text());
    }
}

#[tokio::test]
async fn a_proof_older_than_max_age_takes_the_password_again() {
    arranged!(app, client, _jane);
    let path = client.authorize_path("profile_read");
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;
    prove(&app, 600).await;

    assert!(is_consent(&browser.open(&path).await));
    assert!(is_consent(&browser.open(&format!("{path}&max_age=700")).await));
    let page = browser.open(&format!("{path}&max_age=500")).await;
    assert_eq!(page.heading(), "Enter your password");
    let page = enter(&mut browser, &page).await;
    assert!(is_consent(&page), "{}", page.text());
}

#[tokio::test]
async fn allowing_takes_the_password_within_15_minutes_and_nothing_else_does() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let cookie = app.session(&jane.credentials()).await;
    let shown = ConsentPage::open_in(&app, &path, &cookie).await;
    prove(&app, 15 * 60 + 1).await;

    let opened = app.send("GET", &path, &[("cookie", &cookie)], None).await;
    let allowed = shown.decide(&app, "allow").await;

    for response in [opened, allowed] {
        let place = response.header("location").unwrap();
        assert!(response.status == 303 && place.starts_with("/account/confirm?"), "{place}");
        let return_to = path.replace("authorize/?", "authorize?");
        assert_eq!(parameter(place, "return_to"), Some(return_to));
    }
    let silent = error(&app, &format!("{path}&prompt=none"), &cookie).await;
    assert_eq!(silent.as_deref(), Some("consent_required"));
    let denied = shown.decide(&app, "deny").await;
    assert_eq!(
        parameter(denied.header("location").unwrap(), "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(app.items_of("grant").await.len(), 0);
    prove(&app, 15 * 60 - 30).await;
    let allowed = shown.decide(&app, "allow").await;
    assert!(parameter(allowed.header("location").unwrap(), "code").is_some(), "{allowed:?}");
    // What was allowed before takes none.
    prove(&app, 3600).await;
    for path in [path.clone(), format!("{path}&prompt=none")] {
        assert_eq!(error(&app, &path, &cookie).await, None, "{path}");
    }
    assert_eq!(app.items_of("grant").await.len(), 3);
}

#[tokio::test]
async fn whoever_enters_the_password_once_more_comes_back_to_the_page_and_allows_it() {
    arranged!(app, client, _jane);
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;
    prove(&app, 15 * 60 + 1).await;

    let asked = browser.open(&client.authorize_path("profile_read")).await;
    assert_eq!(asked.heading(), "Enter your password");
    let page = enter(&mut browser, &asked).await;
    assert!(is_consent(&page), "{}", page.text());
    let allowed = super::page::press(&mut browser, &page, "allow").await;

    assert!(parameter(allowed.location().unwrap(), "code").is_some(), "{}", allowed.text());
}

#[tokio::test]
async fn a_proof_that_grows_too_old_while_the_page_is_open_takes_another_one() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read") + "&max_age=600";
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    prove(&app, 601).await;

    let decided = shown.decide(&app, "allow").await;

    let place = decided.header("location").unwrap();
    assert!(place.starts_with("/account/confirm?return_to="), "{place}");
    assert_eq!(app.items_of("grant").await.len(), 0);
    let denied = shown.decide(&app, "deny").await;
    let place = denied.header("location").unwrap();
    assert_eq!(parameter(place, "error").as_deref(), Some("access_denied"), "{place}");
}

#[tokio::test]
async fn no_parameter_of_a_request_leads_the_sign_in_page_to_another_site() {
    arranged!(app, client, jane);
    let evil = "https://evil.example.com/";
    let queries = [
        format!("return_to={evil}"),
        format!("asked_at={evil}"),
        "state=%5C%5Cevil.example.com&return_to=%2F%2Fevil.example.com".to_owned(),
    ];
    for query in queries {
        let path = client.authorize_path("profile_read").replace("state=af0ifjsldkj", &query);
        let mut browser = app.browser();
        let page = browser.open(&path).await;
        assert!(page.value("return_to").starts_with("/api/v1.1/o/authorize?client_id="), "{query}");
        let page = enter(&mut browser, &page).await;
        assert!(is_consent(&page) && page.path.contains(&client.id), "{query}: {}", page.path);
        let allowed = ConsentPage::open(&app, &path, &jane.credentials()).await;
        let place = allowed.decide(&app, "allow").await.header("location").unwrap().to_owned();
        assert!(place.starts_with("https://client.example.com/callback?code="), "{place}");
        app.table()
            .revoke_grants_to(&shared::table::Actor::operator(), client.id.parse().unwrap())
            .await
            .unwrap();
    }
}
