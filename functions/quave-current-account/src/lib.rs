//! Quave's current account: `/api/public/v1/current-account`.

mod get;
mod set;

use lambda_http::{Body, Response};
use shared::auth::AuthRequest;
use shared::http::{Access, ApiRequest, Operation};
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/public/v1/current-account",
        name: "quave-get-current-account",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/api/public/v1/current-account",
        name: "quave-set-current-account",
        access: Access::Scope("account_write"),
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
        ("quave-get-current-account", []) => {
            get::get(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("quave-set-current-account", []) => {
            set::set(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        _ => Err(Error::NotFound("path")),
    }
}
