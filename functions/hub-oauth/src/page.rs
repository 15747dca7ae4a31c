//! The page on which a user signs in and allows or denies a request.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::header::{RETRY_AFTER, SET_COOKIE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use shared::http;
use shared::model::{Scope, Timestamp};
use shared::{Error, Result};

use crate::authorization::AuthorizationRequest;

const STYLE: &str = "\
body{font:1.1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}\
main{max-width:26rem;margin:3rem auto;padding:2rem;background:#fff;border:1px solid #c9ced6;\
border-radius:.5rem}\
h1{font-size:1.4rem;margin-top:0}\
label{display:block;margin-top:1rem}\
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;border:1px solid #6b7280;\
border-radius:.25rem}\
button{font:inherit;padding:.5rem 1.5rem;margin:1.5rem 1rem 0 0;border:1px solid #1f4fa3;\
border-radius:.25rem;background:#fff;color:#1f4fa3}\
button.allow{background:#1f4fa3;color:#fff}\
:focus-visible{outline:3px solid #e08a00;outline-offset:2px}\
[role=alert]{padding:.75rem;border:2px solid #a61b1b;color:#a61b1b;border-radius:.25rem}\
@media(prefers-color-scheme:dark){body{background:#14171c;color:#e8eaed}main{background:#1d2127;\
border-color:#3c434d}\
input{background:#14171c;color:inherit}button{background:#1d2127;color:#9dbcf5;\
border-color:#9dbcf5}\
button.allow{background:#9dbcf5;color:#14171c}[role=alert]{color:#ff9d9d;border-color:#ff9d9d}}";

/// Why the page is shown again.
pub(crate) enum SignInError {
    /// The username or the password is wrong.
    WrongPassword,
    /// So many attempts are in progress that no further one is begun.
    Busy,
    /// Too many passwords were wrong; retry after this time.
    Locked(Duration),
    /// The CSRF token is not valid or has expired.
    Stale,
    /// The browser did not send the page's cookie.
    NoCookie,
}

impl SignInError {
    fn text(&self) -> String {
        match self {
            Self::WrongPassword => "The username or the password is wrong.".to_owned(),
            Self::Busy => "Too many attempts at once. Try again in a moment.".to_owned(),
            Self::Locked(left) => {
                let minutes = http::whole_seconds(*left).div_ceil(60);
                let unit = if minutes == 1 { "minute" } else { "minutes" };
                format!("Too many attempts to sign in. Try again in {minutes} {unit}.")
            }
            Self::Stale => "This page was open for too long. Please sign in again.".to_owned(),
            Self::NoCookie => "Your browser did not send this page's cookie. Please allow cookies \
                               for this site, and sign in again."
                .to_owned(),
        }
    }

    /// Seconds until a retry may succeed.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy => Some(1),
            Self::Locked(left) => Some(http::whole_seconds(*left)),
            Self::WrongPassword | Self::Stale | Self::NoCookie => None,
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::WrongPassword | Self::Stale | Self::NoCookie => StatusCode::FORBIDDEN,
            Self::Busy | Self::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

/// The variable parts of the page.
pub(crate) struct Page<'a> {
    pub(crate) request: &'a AuthorizationRequest,
    /// When the grant ends if the user allows it now.
    pub(crate) granted_until: Timestamp,
    /// The form's CSRF token.
    pub(crate) csrf_token: &'a str,
    /// The `Set-Cookie` header.
    pub(crate) cookie: &'a str,
    /// The username that was entered last.
    pub(crate) username: &'a str,
    pub(crate) error: Option<SignInError>,
}

impl Page<'_> {
    /// The response with the page. It runs no script. Its form has no `action`, so the browser sends
    /// it to the page's own URL, from where it is redirected to the client.
    pub(crate) fn into_response(self) -> Result<Response<Body>> {
        let status = self.error.as_ref().map_or(StatusCode::OK, SignInError::status);
        let mut response = http::html(status, self.markup().into_string(), &self.policy())?;
        let headers = response.headers_mut();
        headers.insert(SET_COOKIE, HeaderValue::try_from(self.cookie).map_err(invalid_header)?);
        if let Some(seconds) = self.error.as_ref().and_then(SignInError::retry_after) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        Ok(response)
    }

    /// The Content-Security-Policy. Browsers check `form-action` on every redirect that follows a
    /// form, also on the client's own redirects, and some hosts cannot be written in it. So it
    /// names schemes.
    fn policy(&self) -> String {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let scheme = match scheme(&self.request.target.redirect_uri) {
            "http" | "https" => String::new(),
            other => format!(" {other}:"),
        };
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; \
             form-action 'self' https: http:{scheme}; frame-ancestors 'none'; base-uri 'none'"
        )
    }

    fn markup(&self) -> Markup {
        let name = &self.request.client.name;
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Sign in to allow " (name) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        h1 { "Sign in to allow " (name) }
                        @if let Some(error) = &self.error {
                            p #error role="alert" { (error.text()) }
                        }
                        p { strong { (name) } " asks to:" }
                        ul {
                            @for scope in &self.request.scopes { li { (describe(*scope)) } }
                        }
                        p {
                            "You can revoke this at any time. It ends on "
                            (self.granted_until.strftime("%-d %B %Y").to_string()) "."
                        }
                        p {
                            "You are sent back to " (origin(&self.request.target.redirect_uri)) "."
                        }
                        (self.form())
                    }
                }
            }
        }
    }

    fn form(&self) -> Markup {
        let described = self.error.as_ref().map(|_| "error");
        html! {
            form method="post" {
                input type="hidden" name="csrf_token" value=(self.csrf_token);
                label for="username" { "Username or e-mail address" }
                input #username name="username" value=(self.username) autocomplete="username"
                    autocapitalize="none" spellcheck="false" required aria-describedby=[described];
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="current-password"
                    required aria-describedby=[described];
                button.allow type="submit" name="decision" value="allow" { "Allow" }
                button type="submit" name="decision" value="deny" formnovalidate { "Deny" }
            }
        }
    }
}

/// What a scope allows, in words for the user.
const fn describe(scope: Scope) -> &'static str {
    match scope {
        Scope::ProfileRead => "see your profile and your primary e-mail address",
        Scope::ProfileWrite => "change your profile, and see it with your primary e-mail address",
        Scope::EmailRead => "see your e-mail addresses",
        Scope::EmailWrite => "add, change and delete your e-mail addresses",
        Scope::AccountRead => "see your accounts",
        Scope::AccountWrite => "create, change and delete your accounts",
        Scope::TokensRead => "see your tokens",
        Scope::TokensWrite => "make tokens",
    }
}

fn scheme(uri: &str) -> &str {
    uri.split(':').next().unwrap_or(uri)
}

/// Scheme and host of a registered URI, or the scheme alone if it has no host: what the user reads.
fn origin(uri: &str) -> String {
    let scheme = scheme(uri);
    let host = uri.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    match host.and_then(|rest| rest.split(['/', '?', '#']).next()) {
        Some(host) if matches!(scheme, "http" | "https") => format!("{scheme}://{host}"),
        _ => format!("{scheme}:"),
    }
}

fn invalid_header<E: Into<Box<dyn std::error::Error + Send + Sync>>>(source: E) -> Error {
    Error::Internal { action: "write a page", source: source.into() }
}
