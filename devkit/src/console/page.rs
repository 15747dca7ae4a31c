//! What all pages of the console share.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::PATH;

/// The style of the service's own pages, and what the console has besides.
const STYLE: &str =
    concat!(include_str!("../../../shared/src/http/page.css"), include_str!("console.css"));
const HTML: &str = "text/html; charset=utf-8";
/// Copies what stands before a button; without script there is no button.
const SCRIPT: &str = include_str!("copy.js");

/// It loads nothing, has its own style and script, and sends forms to its own origin alone.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let source = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
        source(STYLE),
        source(SCRIPT),
    )
});

/// A mail's HTML has its own style, and nothing else; no script runs in it.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                           form-action 'none'; frame-ancestors 'self'; base-uri 'none'; sandbox";

/// The sections that the pages lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Home,
    Requests,
    Mails,
    Table,
    OAuth,
}

impl Section {
    const ALL: [Self; 5] = [Self::Home, Self::Requests, Self::Mails, Self::Table, Self::OAuth];

    const fn name(self) -> &'static str {
        match self {
            Self::Home => "Credentials",
            Self::Requests => "Requests",
            Self::Mails => "Mails",
            Self::Table => "Table",
            Self::OAuth => "OAuth",
        }
    }

    fn path(self) -> String {
        let below = match self {
            Self::Home => "",
            Self::Requests => "/requests",
            Self::Mails => "/mails",
            Self::Table => "/table",
            Self::OAuth => "/oauth",
        };
        format!("{PATH}{below}")
    }
}

/// Why a page cannot be shown.
pub(super) struct Notice {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl Notice {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

impl From<anyhow::Error> for Notice {
    fn from(error: anyhow::Error) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, format!("{error:#}"))
    }
}

/// A page of a section. Without the cookie it has no links to the others.
pub(super) fn respond(
    base_url: &str,
    section: Section,
    is_signed_in: bool,
    content: Result<Markup, Notice>,
) -> Response<Bytes> {
    let (status, content) = match content {
        Ok(content) => (StatusCode::OK, content),
        Err(Notice { status, text }) => (
            status,
            html! {
                h1 { "This does not work" }
                p role="alert" { (text) }
            },
        ),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (section.name()) " · Rollcall console" }
                style { (PreEscaped(STYLE)) }
            }
            body.console {
                header {
                    strong { "Rollcall console" }
                    span.quiet { (base_url.trim_start_matches("http://")) }
                }
                @if is_signed_in {
                    nav {
                        @for own in Section::ALL {
                            a href=(own.path()) aria-current=[(own == section).then_some("page")] {
                                (own.name())
                            }
                        }
                    }
                }
                main { (content) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    let response = response(status, HTML, page.into_string());
    if section != Section::Mails {
        return response;
    }
    with(response, CONTENT_SECURITY_POLICY, &format!("{}; frame-src 'self'", *POLICY))
}

/// A mail's HTML, for a frame in a page of the console.
pub(super) fn framed(html: &str) -> Response<Bytes> {
    let response = response(StatusCode::OK, HTML, html.to_owned());
    let response = with(response, CONTENT_SECURITY_POLICY, MAIL_POLICY);
    with(response, X_FRAME_OPTIONS, "SAMEORIGIN")
}

/// A file to keep.
pub(super) fn download(name: &str, media_type: &str, content: Vec<u8>) -> Response<Bytes> {
    let response = response(StatusCode::OK, media_type, content);
    with(response, CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
}

/// A response without a page.
pub(super) fn text(status: StatusCode, text: &str) -> Response<Bytes> {
    response(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// Leads the browser elsewhere, by a GET.
pub(super) fn redirect(location: &str) -> Response<Bytes> {
    with(text(StatusCode::SEE_OTHER, "see there"), LOCATION, location)
}

/// The response with a cookie.
pub(super) fn with_cookie(response: Response<Bytes>, cookie: &str) -> Response<Bytes> {
    with(response, SET_COOKIE, cookie)
}

fn response(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // A form must say which origin it comes from, which it would not under `no-referrer`.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ]
    .into_iter()
    .fold(response, |response, (name, value)| with(response, name, value))
}

/// The response with this header in place of its own. What no header can hold is left out.
fn with(mut response: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// A text with a button that copies it.
fn copyable(name: &str, text: &str) -> Markup {
    html! {
        code { (text) }
        " "
        button.copy type="button" aria-label={ "Copy " (name) } hidden { "Copy" }
    }
}

/// Names with their texts, each to copy.
pub(super) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Markup {
    html! {
        dl.facts {
            @for (name, text) in facts {
                dt { (name) }
                dd { (copyable(name, text)) }
            }
        }
    }
}

/// A line for a shell, to copy.
pub(super) fn command(text: &str) -> Markup {
    html! { div.command { (copyable("line", text)) } }
}
