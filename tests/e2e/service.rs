//! The running service and its clients.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;
use testkit::{
    ApiResponse, MailedLink, OAuthClient, PASSWORD, Service, TestCredentials, basic,
    check_over_http, unique,
};

use crate::terminal::line;

/// The service's own description.
pub(crate) static DEV: LazyLock<Value> = LazyLock::new(|| {
    let text = std::fs::read_to_string(dev_json()).unwrap();
    serde_json::from_str(&text).unwrap()
});

/// The file that the service wrote when it was ready.
pub(crate) fn dev_json() -> PathBuf {
    let file = std::env::var_os("ROLLCALL_DEV_JSON")
        .ok_or("`cargo xtask test` starts the service and names its dev.json");
    PathBuf::from(file.unwrap())
}

/// A field of one of the two seeded users.
pub(crate) fn user(number: usize, field: &str) -> &'static str {
    DEV["users"][number][field].as_str().unwrap()
}

/// A path that `cargo xtask test` sets.
pub(crate) fn tool(name: &str) -> OsString {
    std::env::var_os(name).ok_or("set by `cargo xtask test`").unwrap()
}

/// Where the service listens.
pub(crate) fn base_url() -> &'static str {
    DEV["base_url"].as_str().unwrap()
}

/// Sends a request with these headers and this body.
pub(crate) async fn send(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<String>,
) -> ApiResponse {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let mut request = client
        .build()
        .unwrap()
        .request(method.parse::<Method>().unwrap(), format!("{}{path}", base_url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = &body {
        request = request.body(body.clone());
    }
    let response = api_response(request.send().await.unwrap()).await;
    check_over_http(method, path, headers, body.as_deref(), &response);
    response
}

/// Sends a request as a seeded user.
pub(crate) async fn get(number: usize, method: &str, path: &str) -> ApiResponse {
    send(method, path, &[("authorization", user(number, "token"))], None).await
}

/// Sends a JSON body as a seeded user.
pub(crate) async fn json(number: usize, method: &str, path: &str, body: &Value) -> ApiResponse {
    let headers = [("authorization", user(number, "token")), ("content-type", "application/json")];
    send(method, path, &headers, Some(body.to_string())).await
}

/// The running service.
pub(crate) struct Running;

impl Service for Running {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> ApiResponse {
        send(method, path, headers, body.map(str::to_owned)).await
    }

    async fn oauth_client(&self) -> OAuthClient {
        oauth_client()
    }

    async fn mailed_token(&self, link: MailedLink, credentials: &TestCredentials) -> String {
        mailed_token(link, credentials).await
    }

    fn origin(&self) -> String {
        base_url().to_owned()
    }
}

/// The token of a new link, from the mail that the service sends.
async fn mailed_token(link: MailedLink, credentials: &TestCredentials) -> String {
    let address = unique("mary") + "@example.com";
    match link {
        MailedLink::SignUp => ask_to_sign_up(&address).await,
        MailedLink::Reset => {
            let token = ask_to_sign_up(&address).await;
            let (username, password) = (unique("mary"), PASSWORD);
            let identity = serde_json::json!({ "username": username, "password": password });
            post(&format!("/rollcall/v1/sign-ups/{token}"), &identity, 201).await;
            let name = serde_json::json!({ "name": username });
            post("/rollcall/v1/password-resets", &name, 202).await;
            linked_token("reset", &address).await
        }
        MailedLink::Proof => {
            let path = format!("/rollcall/v1/users/self/emails/{address}/verification");
            let authorization = ("authorization", credentials.token.as_str());
            let response = send("POST", &path, &[authorization], None).await;
            assert_eq!(response.status, 202, "{response:?}");
            linked_token("emails/verify", &address).await
        }
    }
}

async fn ask_to_sign_up(address: &str) -> String {
    let body = serde_json::json!({ "email": address });
    post("/rollcall/v1/sign-ups", &body, 202).await;
    linked_token("sign-up", address).await
}

async fn post(path: &str, body: &Value, status: u16) {
    let json = ("content-type", "application/json");
    let response = send("POST", path, &[json], Some(body.to_string())).await;
    assert_eq!(response.status, status, "{path}: {response:?}");
}

/// The token of the link to this page in a mail to an address.
pub(crate) async fn linked_token(page: &str, address: &str) -> String {
    let link = format!(" to {address} {}/account/{page}/", base_url());
    let shown = line("service.log", &link).await;
    let (_, token) = shown.split_once(&link).unwrap();
    token.split(' ').next().unwrap().to_owned()
}

/// The seeded OAuth client.
pub(crate) fn oauth_client() -> OAuthClient {
    let field = |name: &str| DEV["oauth_client"][name].as_str().unwrap().to_owned();
    OAuthClient {
        id: field("client_id"),
        secret: field("client_secret"),
        redirect_uri: field("redirect_uri"),
    }
}

/// A new user, Mary Major, with the address `<username>@example.com` and a password of her own.
pub(crate) async fn new_user() -> TestCredentials {
    let given = "a password that was given";
    let username = given_user(given).await;
    let body = serde_json::json!({ "currentPassword": given, "password": PASSWORD }).to_string();
    let given = basic(&username, given);
    let changed =
        send("PUT", "/rollcall/v1/users/self/password", &json_by(&given), Some(body)).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    let basic = basic(&username, PASSWORD);
    let body = serde_json::json!({ "name": "test", "kind": "user" }).to_string();
    let token = send("POST", "/rollcall/v1/tokens", &json_by(&basic), Some(body)).await;
    let token = token.text("token").to_owned();
    let headers = [("authorization", token.as_str())];
    let account = send("GET", "/api/public/v1/current-account", &headers, None).await;
    let account = account.text("accountId").to_owned();
    TestCredentials { username, password: PASSWORD.to_owned(), token, account }
}

/// The username of such a user whose password is this one, as whoever made the user chose it.
pub(crate) async fn given_user(password: &str) -> String {
    let username = unique("mary");
    let username = &username[..username.len().min(30)];
    let new = serde_json::json!({
        "email": format!("{username}@example.com"), "username": username, "password": password,
        "first_name": "Mary", "last_name": "Major",
    });
    let made = json(0, "PUT", "/v2/accounts", &new).await;
    assert_eq!(made.status, 200, "{made:?}");
    username.to_owned()
}

/// The headers of a body in JSON by whom this authorizes.
fn json_by(authorization: &str) -> [(&str, &str); 2] {
    [("authorization", authorization), ("content-type", "application/json")]
}

async fn api_response(response: reqwest::Response) -> ApiResponse {
    let status = response.status().as_u16();
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    };
    ApiResponse { status, headers, body }
}
