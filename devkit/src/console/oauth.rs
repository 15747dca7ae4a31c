//! Signing in for the OAuth client, as a client program would do it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::{Response, StatusCode};
use maud::{Markup, html};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use super::page::{self, Notice, command, facts};
use super::sign_in::SignIn;
use super::{SeededClient, Shared};

/// The scopes that the client can ask for; whether they are chosen at first.
const SCOPES: [(&str, bool); 4] = [
    ("profile_read", true),
    ("profile_write", false),
    ("email_read", true),
    ("email_write", false),
];

/// Where the client exchanges its code.
const TOKEN_PATH: &str = "/api/v1.1/o/token/";

pub(super) fn begin_page(shared: &Shared) -> Result<Markup, Notice> {
    let client = client(shared)?;
    let printed = shared.sign_ins.printed().path(client, "profile_read email_read");
    Ok(html! {
        h1 { "OAuth" }
        p {
            "A client sends its user's browser to the authorization page, and gets a code when the "
            "user agrees. Here the console is the client: it receives the code, shows it, and "
            "exchanges it for tokens if you like."
        }
        form method="post" action="/_dev/oauth" {
            fieldset {
                legend { "Scopes" }
                @for (scope, is_chosen) in SCOPES {
                    label.choice {
                        input type="checkbox" name="scope" value=(scope) checked[is_chosen];
                        (scope)
                    }
                }
            }
            .buttons { button.first type="submit" { "Sign in with OAuth" } }
        }
        h2 { "As a link" }
        p.quiet { "It works in any browser on this machine, also without the console's cookie." }
        (command(&format!("{}{printed}", shared.service.base_url)))
    })
}

/// Sends the browser to the authorization page.
pub(super) fn begin(shared: &Shared, form: &[u8]) -> Response<Bytes> {
    let scopes = form_urlencoded::parse(form).filter(|(name, _)| name == "scope");
    let scopes: Vec<_> = scopes.map(|(_, scope)| scope.into_owned()).collect();
    let Ok(client) = client(shared) else {
        return page::text(StatusCode::NOT_FOUND, "there is no OAuth client");
    };
    match shared.sign_ins.begin() {
        Ok(sign_in) => page::redirect(&sign_in.path(client, &scopes.join(" "))),
        Err(error) => page::text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}")),
    }
}

/// What the authorization page sends the browser back to. Whoever has no cookie sees what the
/// address says anyway, and no secret.
pub(super) fn callback(shared: &Shared, query: &str, is_signed_in: bool) -> Result<Markup, Notice> {
    let fields: Fields = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let shown = ["code", "error", "error_description", "state", "iss"];
    let shown = shown.into_iter().map(|name| (name, field(name)));
    let shown: Vec<_> = shown.filter(|(_, value)| !value.is_empty()).collect();
    let (code, issuer, own) = (field("code"), field("iss"), &shared.service.base_url);
    let sign_in = shared.sign_ins.find(field("state"));
    Ok(html! {
        @if code.is_empty() {
            h1 { "Back without a code" }
            p { "The user or the service has denied the request." }
        } @else {
            h1 { "Back with a code" }
            p { "The user has agreed. The client exchanges the code for tokens within a minute." }
        }
        (facts(shown))
        @if issuer != own {
            p role="alert" {
                "The issuer is not " (own) ": a client must not use this response (RFC 9207)."
            }
        } @else if let Some(sign_in) = sign_in.filter(|_| !code.is_empty()) {
            (next_step(shared, &sign_in, code, field("state"), is_signed_in)?)
        } @else if !code.is_empty() {
            p role="alert" {
                "The console has not begun the sign-in with this state, or has exchanged its code "
                "already. A client must not use a response to a request that it has not made, so "
                "the console does not exchange it."
            }
        }
    })
}

/// What the client does with the code.
fn next_step(
    shared: &Shared,
    sign_in: &SignIn,
    code: &str,
    state: &str,
    is_signed_in: bool,
) -> Result<Markup, Notice> {
    let line = curl_line(shared, client(shared)?, sign_in, code, is_signed_in);
    Ok(html! {
        @if is_signed_in {
            form method="post" action="/_dev/exchange" {
                input type="hidden" name="code" value=(code);
                input type="hidden" name="state" value=(state);
                .buttons { button.first type="submit" { "Exchange it" } }
            }
            h2 { "Or in a shell" }
            (command(&line))
        } @else {
            h2 { "Exchange it" }
            p {
                "In a shell that has the client's credentials by "
                code { (shared.service.env_command) } ":"
            }
            (command(&line))
            p {
                "Or open the console in this browser, with the address that "
                code { "cargo xtask dev" } " has printed, and load this page again."
            }
        }
    })
}

/// The exchange as a line for a shell, whose variables have the secrets of whoever may see none.
fn curl_line(
    shared: &Shared,
    client: &SeededClient,
    sign_in: &SignIn,
    code: &str,
    has_secrets: bool,
) -> String {
    let SeededClient { client_id, client_secret, redirect_uri } = client;
    let (proof, redirect_uri, base_url) = if has_secrets {
        (format!("'{client_id}:{client_secret}'"), redirect_uri.as_str(), &*shared.service.base_url)
    } else {
        ("\"$ID:$CLIENT_SECRET\"".to_owned(), "$CALLBACK", "$API")
    };
    // The code is from an address that anybody may have made.
    let is_plain = |own: char| own.is_ascii_alphanumeric() || "_-.".contains(own);
    let code: String = code.chars().filter(|own| is_plain(*own)).collect();
    format!(
        "curl -u {proof} -d grant_type=authorization_code -d code={code} -d redirect_uri={redirect_uri} \
         -d code_verifier={} {base_url}{TOKEN_PATH}",
        sign_in.verifier()
    )
}

/// Exchanges a code, and shows the response.
pub(super) async fn exchange(shared: &Shared, form: &[u8]) -> Result<Markup, Notice> {
    let fields: Fields = form_urlencoded::parse(form).into_owned().collect();
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let sign_in = shared.sign_ins.find(field("state")).ok_or_else(|| {
        Notice::new(
            StatusCode::BAD_REQUEST,
            "The console has not begun the sign-in with this state, or has exchanged its code \
             already.",
        )
    })?;
    let client = client(shared)?;
    let (status, response) = redeem(shared, client, &sign_in, field("code")).await?;
    // After an error of the server the code may still be good.
    if !status.is_server_error() {
        shared.sign_ins.end(&sign_in);
    }
    let line = curl_line(shared, client, &sign_in, field("code"), true);
    let (access, username) = (response["access_token"].as_str(), response["username"].as_str());
    Ok(html! {
        h1 { @if status.is_success() { "The tokens" } @else { "No tokens" } }
        p { "The service has responded with " strong { (status) } ":" }
        pre { code { (format!("{response:#}")) } }
        @if let (Some(access), Some(username)) = (access, username) {
            h2 { "Use the access token" }
            (command(&format!(
                "curl -H 'Authorization: Bearer {access}' {}/api/v1.1/users/{username}/",
                shared.service.base_url
            )))
        }
        h2 { "The exchange as a line for a shell" }
        p.quiet { "A code works once: a second exchange revokes what the first one issued." }
        (command(&line))
        p { a href="/_dev/oauth" { "Sign in again" } }
    })
}

type Fields = BTreeMap<String, String>;

async fn redeem(
    shared: &Shared,
    client: &SeededClient,
    sign_in: &SignIn,
    code: &str,
) -> Result<(StatusCode, Value)> {
    let SeededClient { client_id, client_secret, redirect_uri } = client;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", sign_in.verifier()),
    ];
    let http = Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let request = http.post(format!("{}{TOKEN_PATH}", shared.service.base_url)).form(&form);
    let sent = request.basic_auth(client_id, Some(client_secret)).send().await;
    let response = sent.context("the API does not respond")?;
    let (status, body) = (response.status(), response.text().await?);
    Ok((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
}

fn client(shared: &Shared) -> Result<&SeededClient, Notice> {
    let none = || Notice::new(StatusCode::NOT_FOUND, "There is no OAuth client.");
    shared.service.client.as_ref().ok_or_else(none)
}
