//! e24's own account: `/v2/account` and what is below it.

mod add_ssh_key;
mod api_key;
mod change_data;
mod create_api_key;
mod delete_api_key;
mod delete_ssh_key;
mod get;
mod renew_api_secret;
mod renew_s3_secret;

use lambda_http::{Body, Response};
use shared::auth::TokenOrSignature;
use shared::http::{Access, ApiRequest, Operation};
use shared::{App, Error, Result};

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrSignature>;

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/v2/account",
        name: "e24-get-account",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/v2/account/data",
        name: "e24-update-account-data",
        access: Access::Scope("profile_write"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/v2/account/api",
        name: "e24-delete-api-key",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/v2/account/api",
        name: "e24-create-api-key",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/v2/account/api-new-secret-key",
        name: "e24-renew-api-secret",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/v2/account/files-new-secret-key",
        name: "e24-renew-s3-secret",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/v2/account/sshkey",
        name: "e24-add-ssh-key",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/v2/account/{ssh_id}/sshkey",
        name: "e24-delete-ssh-key",
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
        ("e24-get-account", []) => {
            get::get(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("e24-update-account-data", []) => {
            change_data::change(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("e24-delete-api-key", []) => {
            delete_api_key::delete(app, AuthRequest::from_request(app, request)?, request.json())
                .await
        }
        ("e24-create-api-key", []) => {
            create_api_key::create(app, AuthRequest::from_request(app, request)?, request.query())
                .await
        }
        ("e24-renew-api-secret", []) => {
            renew_api_secret::renew(app, AuthRequest::from_request(app, request)?, request.json())
                .await
        }
        ("e24-renew-s3-secret", []) => {
            renew_s3_secret::renew(app, AuthRequest::from_request(app, request)?, request.query())
                .await
        }
        ("e24-add-ssh-key", []) => {
            add_ssh_key::add(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("e24-delete-ssh-key", [id]) => {
            delete_ssh_key::delete(
                app,
                AuthRequest::from_request(app, request)?,
                request.query(),
                id,
            )
            .await
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// A response that reports success and nothing more.
#[derive(serde::Serialize)]
struct Empty {}
