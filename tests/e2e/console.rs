//! The console: who sees it, and what it shows.

use std::process::Command;

use fantoccini::Locator;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use testkit::{basic, parameter, unique};

use crate::browser::Browser;
use crate::service::{DEV, base_url, dev_json, get, send, user};

/// The address that the service has printed.
pub(crate) fn console_url() -> &'static str {
    DEV["console_url"].as_str().unwrap()
}

fn request(method: &str, path: &str) -> RequestBuilder {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    client.request(method.parse().unwrap(), format!("{}{path}", base_url()))
}

/// The cookie that the printed address gives.
async fn cookie() -> String {
    let path = console_url().strip_prefix(base_url()).unwrap();
    let response = request("GET", path).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()[LOCATION]),
        (303, &"/_dev".parse().unwrap())
    );
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/_dev; HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

/// A page for who has the cookie.
pub(crate) async fn page(path: &str) -> String {
    let response = request("GET", path).header(COOKIE, cookie().await).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.text().await.unwrap()
}

async fn assert_shows_nothing(response: Response, case: &str) {
    let status = response.status();
    let is_redirect = response.headers().contains_key(LOCATION);
    let sets_cookie = response.headers().contains_key(SET_COOKIE);
    let text = response.text().await.unwrap();
    assert_eq!(status, 403, "{case}");
    assert!(!is_redirect && !sets_cookie && text.len() < 100, "{case}: {text}");
}

#[tokio::test]
async fn no_other_origin_host_or_address_sees_the_console() {
    let (cookie, port) = (cookie().await, base_url().rsplit(':').next().unwrap());
    let token = console_url().strip_prefix(base_url()).unwrap();
    for (name, value) in [
        ("host", format!("evil.example:{port}")),
        ("host", format!("192.0.2.1:{port}")),
        ("host", "127.0.0.1".to_owned()),
        ("origin", "http://evil.example".to_owned()),
        ("origin", "http://127.0.0.1:1".to_owned()),
        ("origin", "null".to_owned()),
        ("sec-fetch-site", "cross-site".to_owned()),
        ("sec-fetch-site", "same-site".to_owned()),
    ] {
        for path in ["/_dev", "/_dev/table", "/_dev/callback?code=a", token, "/_dev/nothing"] {
            let request = request("GET", path).header(COOKIE, &cookie).header(name, &value);
            let response = request.send().await.unwrap();
            assert_shows_nothing(response, &format!("{name}: {value} {path}")).await;
        }
    }
    let form = request("POST", "/_dev/oauth").header(COOKIE, &cookie).send().await.unwrap();
    assert_shows_nothing(form, "a form from no page").await;
}

#[tokio::test]
async fn without_the_cookie_no_page_is_shown_and_another_token_gives_none() {
    let own = cookie().await;
    let (name, value) = own.split_once('=').unwrap();
    let other = format!("{name}={}", "A".repeat(value.len()));
    let token = console_url().rsplit('=').next().unwrap();
    for path in [
        "/_dev",
        "/_dev/",
        "/_dev/requests",
        "/_dev/mails",
        "/_dev/mails/1.eml",
        "/_dev/table",
        "/_dev/oauth",
        "/_dev/nothing",
    ] {
        assert_shows_nothing(request("GET", path).send().await.unwrap(), path).await;
        let with_other = request("GET", path).header(COOKIE, &other).send().await.unwrap();
        assert_shows_nothing(with_other, path).await;
    }
    for path in [
        "/_dev?token=".to_owned(),
        format!("/_dev?token={}", &token[1..]),
        format!("/_dev?token={value}"),
        format!("/_dev/table?token={token}"),
    ] {
        assert_shows_nothing(request("GET", &path).send().await.unwrap(), &path).await;
    }
    let origin = ("origin", base_url());
    for path in ["/_dev/oauth", "/_dev/exchange"] {
        let form = request("POST", path).header(origin.0, origin.1).send().await.unwrap();
        assert_shows_nothing(form, path).await;
    }
}

#[tokio::test]
async fn every_page_loads_nothing_and_is_kept_nowhere() {
    let cookie = cookie().await;
    let pages = ["/_dev", "/_dev/requests", "/_dev/mails", "/_dev/table", "/_dev/oauth"];
    for path in pages.into_iter().chain(["/_dev/callback"]) {
        let response = request("GET", path).header(COOKIE, &cookie).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap();

        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!((header("cache-control"), header("x-frame-options")), ("no-store", "DENY"));
    }
    let unknown = request("GET", "/_dev/nothing").header(COOKIE, &cookie).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
    let api = get(0, "GET", "/_developer").await;
    assert_eq!(api.parts(), (404, &serde_json::json!({ "error": "path not found" })));
}

#[tokio::test]
async fn another_name_of_the_machine_leads_to_the_address_with_the_cookie() {
    let port = base_url().rsplit(':').next().unwrap();
    for name in ["127.0.0.1", "[::1]"] {
        let request = request("GET", "/_dev/table?id=a").header("host", format!("{name}:{port}"));
        let response = request.send().await.unwrap();
        let location = response.headers()[LOCATION].to_str().unwrap();
        assert_eq!(location, format!("{}/_dev/table?id=a", base_url()));
    }
}

#[tokio::test]
async fn the_first_page_has_every_credential_of_dev_json() {
    let page = page("/_dev").await;

    for number in 0..2 {
        for field in
            ["username", "email", "password", "token", "environment_token", "api_key", "secret_key"]
        {
            assert!(page.contains(&format!("<code>{}</code>", user(number, field))), "{field}");
        }
    }
    for field in ["client_id", "client_secret", "redirect_uri"] {
        assert!(page.contains(DEV["oauth_client"][field].as_str().unwrap()), "{field}");
    }
}

/// The row of the request to a path; it is there a moment after the response.
async fn row(path: &str) -> String {
    for _ in 0..50 {
        let page = page("/_dev/requests").await;
        if let Some(row) = page.split("<tr").find(|row| row.contains(path)) {
            return row.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{path} is not shown");
}

#[tokio::test]
async fn a_request_is_shown_with_its_cost_and_a_rejected_one_with_its_reason() {
    let unknown = format!("/v1/accounts/{}", unique("none"));
    let rejected = format!("/api/v1.1/users/{}/", unique("nobody"));
    get(0, "GET", &unknown).await;
    let wrong = basic(user(1, "username"), "a wrong password");
    send("GET", &rejected, &[("authorization", &wrong)], None).await;

    let shown = row(&unknown).await;
    for part in ["<strong>404</strong>", "account not found", ">1 call<", ">janedoe · token<"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let units = shown.split(" units<").next().unwrap().rsplit('>').next().unwrap();
    assert!(units.parse::<f64>().is_ok_and(|units| units > 0.0), "{shown}");
    let shown = row(&rejected).await;
    for part in ["<strong>401</strong>", "sign in rejected: "] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[tokio::test]
async fn items_are_shown_by_kind_as_they_are_stored_and_lead_to_each_other() {
    let overview = page("/_dev/table").await;
    assert!(!overview.contains("not in docs/table.md "), "every item has a documented kind");
    for kind in ["user", "account", "claim+to+a+username", "membership%2C+from+the+user"] {
        assert!(overview.contains(&format!("?kind={kind}\"")), "{kind}: {overview}");
    }
    let (id, account) = (user(0, "id"), user(0, "account_id"));

    let of_user = page(&format!("/_dev/table?id={id}")).await;
    assert!(of_user.contains(&format!("href=\"/_dev/table?id={account}\"")), "{of_user}");
    assert!(of_user.contains("$argon2id$") && !of_user.contains(user(0, "password")));
    assert!(!of_user.contains(user(0, "token")));
    let log = page(&format!("/_dev/table?kind=entry+of+an+audit+log&id={id}")).await;
    assert!(of_user.contains("Its audit log") && log.contains("user.created"), "{log}");
    let of_account = page(&format!("/_dev/table?id={account}")).await;
    for kind in ["account", "membership, from the user", "membership, from the account"] {
        assert!(of_account.contains(&format!("<strong>{kind}</strong>")), "{kind}");
    }
    assert!(of_account.contains(&format!("href=\"/_dev/table?id={id}\"")), "{of_account}");
}

#[tokio::test]
async fn a_client_signs_a_user_in_and_exchanges_the_code_on_the_consoles_pages() {
    let browser = Browser::start().await;
    browser.client.goto(console_url()).await.unwrap();
    browser.shows("h1", "Credentials").await;
    assert_eq!(browser.url().await, format!("{}/_dev", base_url()), "the token has gone");
    let script = "return [...document.querySelectorAll('button.copy')].every(own => !own.hidden)";
    let is_shown = browser.client.execute(script, vec![]).await.unwrap();
    assert_eq!(is_shown, serde_json::json!(true), "the policy lets the script in");

    browser.client.goto(&format!("{}/_dev/oauth", base_url())).await.unwrap();
    browser.click_button("Sign in with OAuth").await;
    browser.sign_in_and_allow(user(1, "username"), user(1, "password")).await;
    browser.shows("h1", "Back with a code").await;
    let (url, page) = (browser.url().await, browser.text("main").await);
    for name in ["code", "state", "iss"] {
        assert!(page.contains(&parameter(&url, name).unwrap()), "{name}: {page}");
    }
    assert!(page.contains("curl -u '") && page.contains("code_verifier="), "{page}");
    browser.click_button("Exchange it").await;
    browser.shows("h1", "The tokens").await;
    let page = browser.text("main").await;
    assert!(page.contains("200 OK") && page.contains(r#""username": "johnroe""#), "{page}");
    let line = page.lines().find(|line| line.starts_with("curl -H 'Authorization")).unwrap();
    let line = line.trim_end_matches(" Copy");
    let ran = Command::new("sh").arg("-c").arg(line).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains("johnroe"), "{line}: {ran:?}");

    browser.client.goto(&url).await.unwrap();
    let alert = browser.text("[role=alert]").await;
    assert!(alert.contains("exchanged its code already"), "{alert}");
    let exchange = Locator::Css("form[action='/_dev/exchange']");
    assert!(browser.client.find(exchange).await.is_err());
    browser.end().await;
}

#[tokio::test]
async fn the_printed_link_ends_on_a_page_without_secrets_and_the_line_there_gets_tokens() {
    let log = std::fs::read_to_string(dev_json().with_file_name("service.log")).unwrap();
    let address = log.lines().find_map(|line| line.strip_prefix("Sign in by OAuth: ")).unwrap();
    let browser = Browser::start().await;
    browser.client.goto(address).await.unwrap();
    browser.sign_in_and_allow(user(0, "username"), user(0, "password")).await;
    browser.shows("h1", "Back with a code").await;

    let page = browser.client.source().await.unwrap();
    let secret = DEV["oauth_client"]["client_secret"].as_str().unwrap();
    assert!(!page.contains(secret) && !page.contains("<form") && !page.contains("<nav"), "{page}");
    let line = browser.text(".command code").await;
    let script = format!(". \"$0\"; {line}");
    let mut shell = Command::new("sh");
    let ran =
        shell.arg("-c").arg(script).arg(dev_json().with_file_name("env.sh")).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains(r#""access_token":"rca_"#), "{ran:?}");
    browser.end().await;
}

#[tokio::test]
async fn a_response_to_a_sign_in_that_the_console_has_not_begun_is_not_exchanged() {
    let cookie = cookie().await;
    let form = |state: &str| {
        let request = request("POST", "/_dev/exchange").header(COOKIE, &cookie);
        request.header("origin", base_url()).form(&[("code", "rco_x"), ("state", state)])
    };
    let response = form("xyz").send().await.unwrap();
    assert_eq!(response.status(), 400);

    let begun = request("POST", "/_dev/oauth").header(COOKIE, &cookie).header("origin", base_url());
    let begun = begun.form(&[("scope", "email_read")]).send().await.unwrap();
    let location = begun.headers()[LOCATION].to_str().unwrap();
    let state = parameter(location, "state").unwrap();
    for (issuer, is_alright) in [(base_url(), true), ("http://evil.example", false)] {
        let page = page(&format!("/_dev/callback?code=rco_x&iss={issuer}&state={state}")).await;
        assert_eq!(page.contains("action=\"/_dev/exchange\""), is_alright, "{page}");
    }
    let page = form(&state).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("No tokens") && page.contains("invalid_grant"), "{page}");
}
