//! What all pages have: the service's name, the links to the other pages, and the style.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{DOCTYPE, Markup, html};
use shared::Result;
use shared::http::{ApiRequest, head};

use crate::content::{REFERENCES, url};
use crate::reply;

/// Where people find what they ask first: the place, its name, and what it says.
pub(crate) const GUIDE: [(&str, &str, &str); 6] = [
    (
        "/docs/api",
        "The API in detail",
        "What holds in every dialect, limits, and each dialect in turn.",
    ),
    ("/docs/api#errors", "Errors", "What they look like, what a status means, and what to do."),
    (
        "/docs/api#sending-a-request-again",
        "Idempotency",
        "Send a request again without doing it twice.",
    ),
    ("/docs/tour", "Tour", "Every dialect, credentials and OAuth, command by command."),
    ("/docs/clients", "Clients", "Programs of others that work with this service."),
    ("/docs/security", "Security", "What is protected, from whom, and which test shows it."),
];

/// A page, without what all have.
pub(crate) struct Layout<'a> {
    pub(crate) status: StatusCode,
    pub(crate) title: &'a str,
    /// Its path, which the navigation marks.
    pub(crate) path: &'a str,
    /// Anchor and title of each section.
    pub(crate) sections: &'a [(&'a str, &'a str)],
    pub(crate) content: Markup,
    /// The files with its scripts.
    pub(crate) scripts: &'a [&'a str],
}

impl Layout<'_> {
    /// The response with the page.
    pub(crate) fn into_response(self, request: &ApiRequest) -> Result<Response<Body>> {
        let links = self.links();
        let files = html! {
            link rel="icon" href=(url("icon.svg"));
            link rel="stylesheet" href=(url("page.css"));
            (request.look().style())
            @for script in self.scripts { script src=(url(script)) defer {} }
        };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(self.title, request.service_name(), &files))
                body.docs {
                    a.skip href="#content" { "Skip to the content" }
                    header {
                        a.name href="/docs" { (request.service_mark()) }
                        span.quiet { (request.base_url().host()) }
                    }
                    // The same twice, of which the style shows one: beside a wide page, and to be
                    // opened above a narrow one.
                    details.menu { summary { "Menu" } nav aria-label="Pages" { (links) } }
                    nav.side aria-label="Pages" { (links) }
                    main #content tabindex="-1" { (self.content) }
                }
            }
        };
        reply::page(request, self.status, page)
    }

    fn links(&self) -> Markup {
        let link = |path: &str, name: &str| {
            let current = (path == self.path).then_some("page");
            html! {
                li {
                    a href=(path) aria-current=[current] { (name) }
                    @if current.is_some() && !self.sections.is_empty() {
                        ul {
                            @for (anchor, title) in self.sections {
                                li { a href={ "#" (anchor) } { (title) } }
                            }
                        }
                    }
                }
            }
        };
        html! {
            ul { (link("/docs", "Start")) }
            p { "Reference" }
            ul {
                @for reference in REFERENCES {
                    (link(&format!("/docs/reference/{}", reference.name), reference.name))
                }
            }
            p { "Guide" }
            ul {
                @for (path, name, _) in GUIDE { (link(path, name)) }
            }
        }
    }
}
