//! The whole OAuth flow: in a real browser, and with client programs that know nothing of Rollcall.

use std::ffi::OsString;
use std::process::Command;

use serde_json::{Value, json};
use testkit::{OAuthClient, TestCredentials, parameter};

use crate::account::{DARK_PHONE, LIGHT_PHONE, shows_in};
use crate::browser::Browser;
use crate::service::{Running, base_url, dev_json, new_user, oauth_client, tool};

/// Waits for the page that asks for a client.
async fn shows_consent(browser: &Browser, username: &str) {
    browser.shows("bdi", username).await;
    assert!(browser.text("h1").await.starts_with("Allow "));
}

#[tokio::test]
async fn a_user_mistypes_once_signs_in_sees_the_scopes_allows_them_and_is_not_asked_again() {
    let (client, jane) = (oauth_client(), new_user().await);
    let browser = Browser::start().await;
    browser.open(&client.authorize_path("profile_read email_read")).await;

    browser.shows("h1", "Sign in").await;
    browser.sign_in(&jane.username, "a wrong password").await;
    browser.shows("p[@class='wrong']", "Password is not right, or nobody has this name.").await;
    browser.sign_in(&jane.username, &jane.password).await;
    shows_consent(&browser, &jane.username).await;
    assert_eq!(
        browser.text("ul").await,
        "see your profile and your primary e-mail address\nsee your e-mail addresses"
    );
    browser.press("allow").await;
    browser.shows("h1", "Back with a code").await;

    let url = browser.url().await;
    assert!(url.starts_with(&format!("{}?code=rco_", client.redirect_uri)), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("af0ifjsldkj"));
    let tokens = client.redeem(&Running, &parameter(&url, "code").unwrap()).await;
    assert_eq!(tokens.text("username"), jane.username);
    // Signed in, and from the forms that sign in and confirm, the browser goes on to the client.
    let path = client.authorize_path("profile_read");
    for more in ["", "&prompt=login", "&max_age=1"] {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        browser.open("/account/sessions").await;
        browser.open(&format!("{path}{more}")).await;
        match more {
            "" => {}
            "&prompt=login" => browser.sign_in(&jane.username, &jane.password).await,
            _ => {
                shows_in(&browser, "confirm", "Enter your password", &LIGHT_PHONE).await;
                let password = fantoccini::Locator::Css("#password");
                let password = browser.client.wait().for_element(password).await.unwrap();
                password.send_keys(&jane.password).await.unwrap();
                browser.click_button("Go on").await;
            }
        }
        browser.shows("h1", "Back with a code").await;
    }
    browser.end().await;
}

#[tokio::test]
async fn a_user_denies_it_in_a_browser() {
    let (client, jane) = (oauth_client(), new_user().await);
    let browser = Browser::start().await;
    browser.open(&client.authorize_path("profile_read email_write")).await;
    browser.sign_in(&jane.username, &jane.password).await;
    shows_consent(&browser, &jane.username).await;
    let heading = browser.text("h1").await;
    shows_in(&browser, "consent", &heading, &[LIGHT_PHONE, DARK_PHONE].concat()).await;

    browser.press("deny").await;

    browser.shows("h1", "Back without a code").await;
    let url = browser.url().await;
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"), "{url}");
    assert_eq!(parameter(&url, "code"), None);
    browser.end().await;
}

#[tokio::test]
async fn the_policy_lets_the_pages_own_style_in() {
    let browser = Browser::start().await;
    browser.open(&oauth_client().authorize_path("profile_read")).await;

    let styled =
        browser.evaluate("return getComputedStyle(document.querySelector('main')).maxWidth").await;

    assert_ne!(styled, json!("none"));
    browser.end().await;
}

/// What a program prints, run with a new user's name and password.
async fn printed(mut program: Command, client: OAuthClient) -> (Value, TestCredentials) {
    let (OAuthClient { id, secret, redirect_uri }, jane) = (client, new_user().await);
    program.args([base_url(), &id, &secret, &redirect_uri, &jane.username, &jane.password]);

    let ran = program.output().unwrap();

    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    (serde_json::from_slice(&ran.stdout).unwrap(), jane)
}

/// A client with a redirect URI such as Auth.js makes.
fn registered_client() -> OAuthClient {
    let redirect_uri = "http://127.0.0.1:9010/auth/callback/rollcall".to_owned();
    let mut local = OsString::from("--local=");
    local.push(dev_json().parent().unwrap());
    let mut register = Command::new(tool("ROLLCALL_COMMAND"));
    register.arg(local).args(["register-client", "--name=npm", "--redirect-uri", &redirect_uri]);
    let ran = register.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let shown: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let [id, secret] =
        ["client_id", "client_secret"].map(|field| shown[field].as_str().unwrap().to_owned());
    OAuthClient { id, secret, redirect_uri }
}

/// What a client got that found all endpoints by itself, and revoked its grant in the end.
fn discovered(jane: &TestCredentials) -> Value {
    json!({
        "scope": "profile_read email_read",
        "status": 200,
        "token_type": "Bearer",
        "username": jane.username,
        "active": [true, false],
    })
}

#[tokio::test]
async fn social_auth_core_written_for_docker_hub_and_authlib_sign_a_user_in() {
    let mut python = Command::new(tool("ROLLCALL_PYTHON"));
    python.arg(testkit::root().join("tests/e2e/oauth_clients.py"));

    let (seen, jane) = printed(python, oauth_client()).await;

    assert_eq!(
        seen["social-auth-core"],
        json!({
            "uid": seen["social-auth-core"]["uid"].as_u64().unwrap(),
            "details": {
                "username": jane.username, "fullname": "Mary Major", "first_name": "", "last_name": "",
                "email": format!("{}@example.com", jane.username),
            },
            "token_type": "Bearer",
            "url": format!("{}/api/v1.1/users/{}/", base_url(), jane.username),
            "same_after_refresh": true,
            "is_another_token": true,
        })
    );
    assert_eq!(seen["authlib"], json!(vec![discovered(&jane); 2]));
}

#[tokio::test]
async fn oauth4webapi_openid_client_simple_oauth2_passport_and_auth_js_sign_a_user_in() {
    let script = std::fs::File::open(testkit::root().join("tests/e2e/oauth_clients.mjs")).unwrap();
    let mut node = Command::new("node");
    // From standard input, it finds the packages of the folder that it runs in.
    node.args(["--input-type=module", "-"]).stdin(script).current_dir(tool("ROLLCALL_NODE"));

    let (seen, jane) = printed(node, registered_client()).await;

    let simple = json!({ "scope": "profile_read email_read", "statuses": [200, 401] });
    let email = format!("{}@example.com", jane.username);
    assert_eq!(
        seen,
        json!({
            "discovered": vec![discovered(&jane); 4],
            "simple-oauth2": vec![simple; 2],
            "passport": { "username": jane.username },
            "Auth.js": { "username": jane.username, "email": email },
        })
    );
}
