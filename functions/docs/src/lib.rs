//! The documentation in the browser: a start page, the OpenAPI documents with a viewer for each, and
//! the pages of `docs/` that users need. It needs no table, no credential and no SDK: all content is
//! made when it is built.

mod content;
mod layout;
mod page;
mod reference;
mod reply;
mod start;

use lambda_http::{Body, Response};
use shared::http::{Access, ApiRequest, Operation};
use shared::{Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    operation("/", "docs-start"),
    operation("/docs", "docs-index"),
    operation("/docs/{page}", "docs-page"),
    operation("/docs/files/{file}", "docs-file"),
    operation("/docs/reference/{dialect}", "docs-reference"),
    operation("/openapi/{document}", "docs-document"),
];

const fn operation(path: &'static str, name: &'static str) -> Operation {
    Operation { method: "GET", path, name, access: Access::Public, status: 200 }
}

/// Responds to a request of the group.
pub async fn handle(request: ApiRequest) -> Response<Body> {
    let request = &request;
    request.respond(OPERATIONS, || async { route(request) }).await
}

fn route(request: &ApiRequest) -> Result<Response<Body>> {
    let (name, parameters) = request.operation(OPERATIONS)?;
    request.query()?;
    match (name, parameters.as_slice()) {
        ("docs-start" | "docs-index", []) => start::show(request),
        ("docs-page", [name]) => page::show(request, name),
        ("docs-reference", [dialect]) => reference::show(request, dialect),
        ("docs-file", [name]) => {
            let is_current =
                content::url(name) == format!("/docs/files/{name}?{}", request.raw_query());
            let cached = if is_current { reply::FOR_A_DAY } else { reply::WHEN_UNCHANGED };
            reply::file(request, content::FILES, name, cached)
        }
        ("docs-document", [name]) => {
            reply::file(request, content::DOCUMENTS, name, reply::FOR_MINUTES)
        }
        _ => Err(Error::NotFound("path")),
    }
}
