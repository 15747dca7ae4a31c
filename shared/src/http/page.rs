//! HTML pages. All have the same style, and name the service and the domain that one is on.

use lambda_http::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS,
};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{ApiRequest, Dialect};

const STYLE: &str = include_str!("page.css");
/// The SHA-256 of the style: what a content security policy knows it by.
const STYLE_SOURCE: &str = "sha256-r5i2Ig6bt1KKUe14U/iu+WrUHYofkxat3tTY9wUp9dk=";

/// A page that cannot be framed and loads nothing. `directives` are what its content security
/// policy has besides, each with a semicolon at its end.
pub fn page(
    request: &ApiRequest,
    status: StatusCode,
    page: Markup,
    directives: &str,
) -> Response<Body> {
    let own_source = request.look().source();
    let policy = format!(
        "default-src 'none'; style-src '{STYLE_SOURCE}'{own_source}; {directives} \
         frame-ancestors 'none'; base-uri 'none'"
    );
    // What no header can hold is allowed to do nothing.
    let policy =
        HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let mut response = Response::new(Body::Text(page.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    // For browsers that do not know `frame-ancestors`.
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// The same with a form, for which browsers name the page's origin: with `no-referrer`, the `Origin`
/// of a form is `null`, as that of a page that hides where it comes from. Other sites learn nothing
/// by this either.
pub fn page_with_form(
    request: &ApiRequest,
    status: StatusCode,
    content: Markup,
    directives: &str,
) -> Response<Body> {
    let mut response = page(request, status, content, directives);
    let policy = HeaderValue::from_static("same-origin");
    response.headers_mut().insert(REFERRER_POLICY, policy);
    response
}

/// The `head` of every page: how it is shown, its title, and what else the page has there.
pub fn head(title: &str, service: &str, rest: &Markup) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · " (service) }
            (rest)
        }
    }
}

impl ApiRequest {
    /// A whole page: the name of the service and the domain, then `content` on a card.
    pub fn page(&self, title: &str, content: &Markup) -> Markup {
        let body = html! {
            header {
                strong { (self.service_mark()) }
                span.quiet { (self.base_url().host()) }
            }
            main { (content) }
        };
        self.document(title, None, &body)
    }

    /// A whole page with this body, which has this class.
    pub fn document(&self, title: &str, class: Option<&str>, body: &Markup) -> Markup {
        let styles = html! { style { (PreEscaped(STYLE)) } (self.look().style()) };
        html! {
            (DOCTYPE)
            html lang="en" {
                (head(title, self.service_name(), &styles))
                body class=[class] { (body) }
            }
        }
    }

    /// The page that shows an error to a person.
    pub(super) fn error_page(&self, status: StatusCode, message: &str) -> Response<Body> {
        let is_unknown_page = self.dialect() == Dialect::Pages && status == StatusCode::NOT_FOUND;
        let (title, advice) = match self.dialect() {
            _ if status.is_server_error() => ("Something went wrong", "Try again in a moment."),
            _ if is_unknown_page => (
                "There is no such page",
                "Check that the address in your browser is whole, as the mail has it.",
            ),
            Dialect::Pages => (
                "This does not work",
                "Go back and try again. If that does not help, tell those who run the service \
                 what this page says.",
            ),
            _ => (
                "This does not work",
                "Go back to the application that sent you here and try again. If that does not \
                 help, tell those who run it what this page says.",
            ),
        };
        let content = html! {
            h1 { (title) }
            @if !is_unknown_page { p role="alert" { (message) } }
            p { (advice) }
            p.quiet { (status) ", request " (self.id()) }
        };
        page(self, status, self.page(title, &content), "form-action 'none';")
    }
}

#[cfg(all(test, feature = "table"))]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_knows_the_style() {
        let hash = STANDARD.encode(Sha256::digest(STYLE));

        assert_eq!(STYLE_SOURCE, format!("sha256-{hash}"));
    }
}
