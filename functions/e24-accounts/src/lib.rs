//! e24's user accounts: `/v2/accounts`.

mod create;
mod list;

use lambda_http::{Body, Response};
use shared::auth::TokenOrSignature;
use shared::http::{Access, ApiRequest, Operation};
use shared::{App, Error, Result};

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrSignature>;

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/v2/accounts",
        name: "e24-list-accounts",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/v2/accounts",
        name: "e24-create-account",
        access: Access::FullAccess,
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
        ("e24-list-accounts", []) => {
            list::list(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("e24-create-account", []) => {
            create::create(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        _ => Err(Error::NotFound("path")),
    }
}
