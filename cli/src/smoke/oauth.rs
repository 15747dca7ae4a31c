//! Signing in by OAuth: the page, the code, the tokens, and their end.

use anyhow::{Context, Result};
use serde_json::Value;

use super::checks::{Checks, Request};
use super::{REDIRECT_URI, Visitor, basic};

const GROUP: &str = "hub-oauth";

/// Lets the client in as the user would in a browser, and uses what it got.
pub(super) async fn sign_in(visitor: &Visitor, checks: &mut Checks) -> Result<()> {
    let code = code(visitor, checks).await?;
    let client = basic(&visitor.client.id.to_string(), visitor.client_secret.reveal());
    let redeemed =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT_URI)];
    let request = Request::get(GROUP, "/api/v1.1/o/token/").with(&client).posts_form(&redeemed);
    let tokens = checks.ask(request).await?.json();
    let access = tokens["access_token"].as_str().context("the client got no access token")?;
    let path = format!("/api/v1.1/users/{}/", visitor.username);
    checks.ask(Request::get("hub-users", &path).with(&format!("Bearer {access}"))).await?;
    let refresh = tokens["refresh_token"].as_str().context("the client got no refresh token")?;
    let request = Request::get(GROUP, "/api/v1.1/o/revoke_token/").with(&client);
    checks.ask(request.posts_form(&[("token", refresh)])).await?;
    let request = Request::get(GROUP, "/api/v1.1/o/introspect/").with(&client);
    let seen = checks.ask(request.posts_form(&[("token", access)])).await?.json();
    let is_over = seen["active"] == Value::Bool(false);
    let works_on = (!is_over).then(|| "an access token works on after its end".to_owned());
    checks.note("oauth-revocation", std::time::Instant::now(), works_on)
}

/// The code that the client gets when the user signs in and allows its request.
async fn code(visitor: &Visitor, checks: &mut Checks) -> Result<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([
        ("client_id", visitor.client.id.to_string().as_str()),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "profile_read"),
        ("state", "smoke"),
    ]);
    let path = format!("/api/v1.1/o/authorize/?{}", query.finish());
    let asked = checks.ask(Request::get(GROUP, &path).expects(&[303])).await?;
    let path = parameter(asked.header("location"), "return_to");
    let path = path.context("the user was not led to the page on which one signs in")?;
    let username = visitor.username.to_string();
    let form = [("username", &*username), ("password", &visitor.password), ("return_to", &path)];
    let request = Request::get("pages", "/account/sign-in").posts_form(&form);
    let signed_in = checks.ask(request.expects(&[303])).await?;
    let cookie = signed_in.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.context("the user was not signed in")?;
    let page = checks.ask(Request::get(GROUP, &path).header("cookie", cookie)).await?;
    let field = |name: &str| {
        let value = page.body.split(&format!(r#"name="{name}" value=""#)).nth(1)?;
        value.split('"').next()
    };
    let form = [
        ("form_token", field("form_token").context("the page has no form")?),
        ("scopes", field("scopes").context("the page names no scopes")?),
        ("decision", "allow"),
    ];
    let request = Request::get(GROUP, &path).header("cookie", cookie).posts_form(&form);
    let decided = checks.ask(request.expects(&[303])).await?;
    let code = parameter(decided.header("location"), "code");
    code.context("the user was not sent back with a code")
}

/// A parameter of a URL's query.
fn parameter(url: Option<&str>, name: &str) -> Option<String> {
    let (_, query) = url?.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find_map(|(own, value)| (own == name).then(|| value.into_owned()))
}
