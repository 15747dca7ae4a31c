//! Docker Hub's OAuth endpoints, `/api/v1.1/o/…`, and the metadata by which clients find them.

mod authorization;
mod authorize;
mod client;
mod interaction;
mod introspect;
mod metadata;
mod page;
mod revoke;
mod token;
mod words;

use lambda_http::{Body, Response};
use shared::http::{Access, ApiRequest, Operation};
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1.1/o/authorize/",
        name: "hub-oauth-ask",
        access: Access::Public,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/api/v1.1/o/authorize/",
        name: "hub-oauth-decide",
        access: Access::Public,
        status: 303,
    },
    Operation {
        method: "POST",
        path: "/api/v1.1/o/token/",
        name: "hub-oauth-token",
        access: Access::Client,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/api/v1.1/o/revoke_token/",
        name: "hub-oauth-revoke",
        access: Access::Client,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/api/v1.1/o/introspect/",
        name: "hub-oauth-introspect",
        access: Access::Client,
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/.well-known/oauth-authorization-server",
        name: "hub-oauth-metadata",
        access: Access::Public,
        status: 200,
    },
];

/// The response to one request; errors are responses as well.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.respond(OPERATIONS, || route(app, &request)).await
}

/// Runs the operation that the request calls.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, parameters) = request.operation(OPERATIONS)?;
    match (operation, parameters.as_slice()) {
        ("hub-oauth-ask", []) => authorize::show_consent(app, request).await,
        ("hub-oauth-decide", []) => authorize::submit_consent(app, request).await,
        ("hub-oauth-token", []) => token::issue(app, request).await,
        ("hub-oauth-revoke", []) => revoke::revoke(app, request).await,
        ("hub-oauth-introspect", []) => introspect::introspect(app, request).await,
        ("hub-oauth-metadata", []) => metadata::show(request),
        _ => Err(Error::NotFound("path")),
    }
}
