//! Quave's accounts: `/api/public/v1/account` and `/api/public/v1/accounts`.

mod create;
mod delete;
mod get;
mod list;

use lambda_http::{Body, Response};
use shared::auth::AuthRequest;
use shared::http::{Access, ApiRequest, Operation};
use shared::seal::SealPublicKey;
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "POST",
        path: "/api/public/v1/account",
        name: "quave-create-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/api/public/v1/account",
        name: "quave-get-account",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/api/public/v1/account",
        name: "quave-delete-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/api/public/v1/accounts",
        name: "quave-list-accounts",
        access: Access::Scope("account_read"),
        status: 200,
    },
];

/// The response to one request; errors are responses as well.
pub async fn handle(app: &App, sealing: &SealPublicKey, request: ApiRequest) -> Response<Body> {
    request.respond(OPERATIONS, || route(app, sealing, &request)).await
}

/// Runs the operation that the request calls.
async fn route(app: &App, sealing: &SealPublicKey, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, parameters) = request.operation(OPERATIONS)?;
    match (operation, parameters.as_slice()) {
        ("quave-create-account", []) => {
            create::create(app, sealing, AuthRequest::from_request(app, request)?, request.json())
                .await
        }
        ("quave-get-account", []) => {
            get::get(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("quave-delete-account", []) => {
            delete::delete(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("quave-list-accounts", []) => {
            list::list(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        _ => Err(Error::NotFound("path")),
    }
}
