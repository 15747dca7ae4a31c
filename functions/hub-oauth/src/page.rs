//! The page on which a user signs in and allows or denies a request.

use std::time::Duration;

use lambda_http::http::header::{RETRY_AFTER, SET_COOKIE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{Markup, PreEscaped, html};
use shared::http::{self, ApiRequest};
use shared::model::{Scope, Timestamp};
use shared::{Error, Result, Settings, SignUpPolicy};

use crate::authorization::AuthorizationRequest;

/// Shows the password on demand; without script the field stays as it is.
const SCRIPT: &str = include_str!("page.js");
/// The SHA-256 of the script: what a content security policy knows it by.
const SCRIPT_SOURCE: &str = "sha256-l/v7kL1E+FQeI4+zSOVjJo04GNbWDjtvGAKTpiwnmFs=";

/// Why the page is shown again.
pub(crate) enum SignInError {
    /// The username or the password is wrong.
    WrongPassword,
    /// So many attempts are in progress that no further one is begun.
    Busy,
    /// Too many passwords were wrong; retry after this time.
    Locked(Duration),
    /// The CSRF token has expired.
    Stale,
    /// The CSRF token is not of a form that this browser was shown for this request.
    OtherForm,
    /// The browser did not send the page's cookie.
    NoCookie,
    /// The page showed other scopes than the request is for now.
    Changed,
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
            Self::OtherForm => "This form was not made for this page in this browser, or one in \
                                another tab has taken its place. Please sign in again."
                .to_owned(),
            Self::NoCookie => "Your browser did not send this page's cookie. Please allow cookies \
                               for this site, and sign in again."
                .to_owned(),
            Self::Changed => "What is asked for has changed. Please read it again, and sign in if \
                              you allow it."
                .to_owned(),
        }
    }

    /// Seconds until a retry may succeed.
    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy => Some(1),
            Self::Locked(left) => Some(http::whole_seconds(*left)),
            Self::WrongPassword
            | Self::Stale
            | Self::OtherForm
            | Self::NoCookie
            | Self::Changed => None,
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::WrongPassword
            | Self::Stale
            | Self::OtherForm
            | Self::NoCookie
            | Self::Changed => StatusCode::FORBIDDEN,
            Self::Busy | Self::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

/// The variable parts of the page.
pub(crate) struct Page<'a> {
    pub(crate) request: &'a ApiRequest,
    /// What the operator decided, by which users find other pages.
    pub(crate) settings: &'a Settings,
    /// What the client asks for.
    pub(crate) authorization: &'a AuthorizationRequest,
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
    /// The response with the page. Its form has no `action`, so the browser sends it to the page's
    /// own URL, from where it is redirected to the client.
    pub(crate) fn into_response(self) -> Result<Response<Body>> {
        let status = self.error.as_ref().map_or(StatusCode::OK, SignInError::status);
        let title = format!("Sign in to allow {}", self.authorization.client.name);
        let page = self.request.page(&title, &self.card(&title));
        let mut response = http::page(status, page, &Self::directives());
        let headers = response.headers_mut();
        headers.insert(SET_COOKIE, HeaderValue::try_from(self.cookie).map_err(invalid_header)?);
        if let Some(seconds) = self.error.as_ref().and_then(SignInError::retry_after) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        Ok(response)
    }

    /// What the policy allows the page. Not where its form goes: browsers apply `form-action` to
    /// every redirect that follows, also from the client's server on to an app of any scheme, and
    /// nothing that can be written there matches all schemes.
    fn directives() -> String {
        format!("script-src '{SCRIPT_SOURCE}';")
    }

    fn card(&self, title: &str) -> Markup {
        let AuthorizationRequest { client, scopes, target, .. } = self.authorization;
        let (changes, reads): (Vec<Scope>, Vec<_>) =
            scopes.iter().copied().partition(|scope| scope.is_write());
        html! {
            h1 { (title) }
            @if let Some(error) = &self.error {
                p #error role="alert" { (error.text()) }
            }
            @for (class, intent, scopes) in
                [(None, "asks to:", reads), (Some("changes"), "asks to make changes:", changes)]
            {
                @if !scopes.is_empty() {
                    p { strong { (client.name) } " " (intent) }
                    ul class=[class] {
                        @for scope in scopes { li { (scope.in_words()) } }
                    }
                }
            }
            p.quiet {
                "You can revoke this at any time. It ends on "
                (self.granted_until.strftime("%-d %B %Y").to_string()) ". "
                "You are sent back to " (origin(&target.redirect_uri)) "."
            }
            (self.form())
        }
    }

    fn form(&self) -> Markup {
        let described = self.error.as_ref().map(|_| "error");
        let is_wrong = matches!(self.error, Some(SignInError::WrongPassword));
        let invalid = is_wrong.then_some("true");
        let is_named = !self.username.is_empty();
        html! {
            form method="post" {
                input type="hidden" name="csrf_token" value=(self.csrf_token);
                h2 { "Sign in" }
                label for="username" { "Username or e-mail address" }
                input #username type="text" name="username" value=(self.username)
                    autocomplete="username" autocapitalize="none" spellcheck="false" required
                    autofocus[!is_named] aria-invalid=[invalid] aria-describedby=[described];
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="current-password"
                    required autofocus[is_named] aria-invalid=[invalid]
                    aria-describedby=[described];
                (self.links())
                label #reveal hidden { input type="checkbox"; span { "Show the password" } }
                .buttons {
                    button.first type="submit" name="decision" value="allow" { "Allow" }
                    button type="submit" name="decision" value="deny" formnovalidate { "Deny" }
                }
            }
            script { (PreEscaped(SCRIPT)) }
        }
    }
}

impl Page<'_> {
    /// Where those go on who cannot sign in.
    fn links(&self) -> Markup {
        let Settings { sends_mail, sign_up, .. } = self.settings;
        html! {
            @if *sends_mail {
                p.links {
                    a href="/account/reset" { "Forgot your password?" }
                    @if *sign_up == SignUpPolicy::Open {
                        a href="/account/sign-up" { "Sign up" }
                    }
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_knows_the_script() {
        let hash = STANDARD.encode(Sha256::digest(SCRIPT));

        assert_eq!(SCRIPT_SOURCE, format!("sha256-{hash}"));
    }
}
