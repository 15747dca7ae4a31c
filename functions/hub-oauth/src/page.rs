//! The page on which a user allows or denies a request.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{Markup, html};
use shared::auth::{FORM_TOKEN, form_target, form_token};
use shared::http::{self, ApiRequest};
use shared::model::{Scope, Timestamp, User};

use crate::authorization::{AuthorizationRequest, format_scopes};
use crate::interaction::Proof;
use crate::words;

/// The variable parts of the page.
pub(crate) struct Page<'a> {
    pub(crate) request: &'a ApiRequest,
    /// Who is signed in.
    pub(crate) user: &'a User,
    /// What the client asks for.
    pub(crate) authorization: &'a AuthorizationRequest,
    /// When the grant ends if the user allows it now.
    pub(crate) granted_until: Timestamp,
    /// Whether the user decided on another page than this one.
    pub(crate) has_changed: bool,
}

impl Page<'_> {
    /// The response with the page. Its form has no `action`, so the browser sends it to the page's
    /// own URL, from where it is redirected to the client.
    ///
    /// The policy does not say where the form goes: browsers apply `form-action` to every redirect
    /// that follows, also from the client's server on to an app of any scheme, and nothing that can
    /// be written there matches all schemes.
    pub(crate) fn into_response(self) -> Response<Body> {
        let status = if self.has_changed { StatusCode::FORBIDDEN } else { StatusCode::OK };
        let title = words::heading(&self.authorization.client.name);
        let page = self.request.page(&title, &self.card(&title));
        http::page_with_form(self.request, status, page, "")
    }

    fn card(&self, title: &str) -> Markup {
        let AuthorizationRequest { client, scopes, target, interaction, .. } = self.authorization;
        let (changes, reads): (Vec<Scope>, Vec<_>) =
            scopes.iter().copied().partition(|scope| scope.is_write());
        let day = self.granted_until.strftime("%-d %B %Y").to_string();
        html! {
            h1 { bdi { (title) } }
            @if self.has_changed { p role="alert" { (words::HAS_CHANGED) } }
            p {
                (words::SIGNED_IN_AS) " " bdi { (self.user.username) } ". "
                a href=(interaction.path(self.request, Proof::SignInAgain)) { (words::NOT_YOU) }
            }
            @for (class, intent, scopes) in
                [(None, words::ASKS_TO, reads), (Some("changes"), words::ASKS_TO_CHANGE, changes)]
            {
                @if !scopes.is_empty() {
                    p { strong { bdi { (client.name) } } " " (intent) }
                    ul class=[class] { @for scope in scopes { li { (scope.in_words()) } } }
                }
            }
            p.quiet {
                (words::until(&day)) " " (words::SENT_BACK_TO) " "
                bdi { (origin(&target.redirect_uri)) } "."
            }
            (self.form())
        }
    }

    fn form(&self) -> Markup {
        let token = form_token(self.request, &form_target(self.request));
        html! {
            form method="post" {
                input type="hidden" name=(FORM_TOKEN) value=[token];
                input type="hidden" name="scopes" value=(format_scopes(&self.authorization.scopes));
                .buttons {
                    button.first type="submit" name="decision" value="allow" { (words::ALLOW) }
                    button type="submit" name="decision" value="deny" { (words::DENY) }
                }
            }
        }
    }
}

/// The page of a form that was not made here, or not in this session: a link shows the request.
pub(crate) fn other_form(request: &ApiRequest) -> Response<Body> {
    let content = html! {
        h1 { (words::OTHER_FORM) }
        p role="alert" { (words::OTHER_FORM_WHY) }
        p { a.button href=(form_target(request)) { (words::SHOW_AGAIN) } }
    };
    let page = request.page(words::OTHER_FORM, &content);
    http::page(request, StatusCode::FORBIDDEN, page, "form-action 'none';")
}

/// Scheme and host of a registered URI, or the scheme alone if it has no host: what the user reads.
fn origin(uri: &str) -> String {
    let scheme = uri.split(':').next().unwrap_or(uri);
    let host = uri.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    match host.and_then(|rest| rest.split(['/', '?', '#']).next()) {
        Some(host) if matches!(scheme, "http" | "https") => format!("{scheme}://{host}"),
        _ => format!("{scheme}:"),
    }
}
