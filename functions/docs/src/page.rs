//! The pages of `docs/`.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use maud::{PreEscaped, html};
use shared::Result;
use shared::http::ApiRequest;

use crate::content::PAGES;
use crate::layout::Layout;

/// `GET /docs/{page}`.
pub(crate) fn show(request: &ApiRequest, name: &str) -> Result<Response<Body>> {
    let Some(page) = PAGES.iter().find(|page| page.name == name) else {
        return missing(request);
    };
    let layout = Layout {
        status: StatusCode::OK,
        title: page.title,
        path: &format!("/docs/{}", page.name),
        sections: page.sections,
        content: PreEscaped(page.body.to_owned()),
        scripts: &[],
    };
    layout.into_response(request)
}

/// Shows people that there is no such page, with links to those that there are.
pub(crate) fn missing(request: &ApiRequest) -> Result<Response<Body>> {
    let title = "There is no such page";
    let content = html! {
        h1 { (title) }
        p { "The address may be mistyped, or from another version of the documentation." }
        p { a href="/docs" { "All pages start here" } "." }
    };
    let layout = Layout {
        status: StatusCode::NOT_FOUND,
        title,
        path: "",
        sections: &[],
        content,
        scripts: &[],
    };
    layout.into_response(request)
}
