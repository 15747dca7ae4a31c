//! Rollcall's own API for what users have: profile, password, addresses, API keys, SSH keys and
//! audit log: `/rollcall/v1/users/self…`.

mod api_keys;
mod audit;
mod emails;
mod password;
mod profile;
mod ssh_keys;
mod view;

use lambda_http::{Body, Response};
use shared::auth::TokenOrBasic;
use shared::http::{Access, ApiRequest, Operation};
use shared::{App, Error, Result};

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrBasic>;

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/rollcall/v1/users/self",
        name: "rollcall-get-user",
        access: Access::Scope("profile_read"),
        status: 200,
    },
    Operation {
        method: "PATCH",
        path: "/rollcall/v1/users/self",
        name: "rollcall-update-user",
        access: Access::Scope("profile_write"),
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/rollcall/v1/users/self/password",
        name: "rollcall-set-password",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/users/self/emails",
        name: "rollcall-list-emails",
        access: Access::Scope("email_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/users/self/emails",
        name: "rollcall-add-email",
        access: Access::Scope("email_write"),
        status: 201,
    },
    Operation {
        method: "PATCH",
        path: "/rollcall/v1/users/self/emails/{address+}",
        name: "rollcall-update-email",
        access: Access::Scope("email_write"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/users/self/emails/{address+}",
        name: "rollcall-delete-email",
        access: Access::Scope("email_write"),
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/users/self/api-keys",
        name: "rollcall-list-api-keys",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/users/self/api-keys",
        name: "rollcall-create-api-key",
        access: Access::FullAccess,
        status: 201,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/users/self/api-keys/{id}",
        name: "rollcall-delete-api-key",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/users/self/ssh-keys",
        name: "rollcall-list-ssh-keys",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/users/self/ssh-keys",
        name: "rollcall-add-ssh-key",
        access: Access::FullAccess,
        status: 201,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/users/self/ssh-keys/{id}",
        name: "rollcall-delete-ssh-key",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/users/self/audit",
        name: "rollcall-list-audit-entries",
        access: Access::Scope("audit_read"),
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
        ("rollcall-get-user", []) => {
            profile::get(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-update-user", []) => {
            profile::update(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-set-password", []) => {
            password::set(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-list-emails", []) => {
            emails::list(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-add-email", []) => {
            emails::add(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-update-email", [address]) => {
            emails::update(app, AuthRequest::from_request(app, request)?, request.json(), address)
                .await
        }
        ("rollcall-delete-email", [address]) => {
            emails::delete(app, AuthRequest::from_request(app, request)?, request.query(), address)
                .await
        }
        ("rollcall-list-api-keys", []) => {
            api_keys::list(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-create-api-key", []) => {
            api_keys::create(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-delete-api-key", [id]) => {
            api_keys::delete(app, AuthRequest::from_request(app, request)?, request.query(), id)
                .await
        }
        ("rollcall-list-ssh-keys", []) => {
            ssh_keys::list(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-add-ssh-key", []) => {
            ssh_keys::add(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-delete-ssh-key", [id]) => {
            ssh_keys::delete(app, AuthRequest::from_request(app, request)?, request.query(), id)
                .await
        }
        ("rollcall-list-audit-entries", []) => {
            audit::list(AuthRequest::from_request(app, request)?, request.query()).await
        }
        _ => Err(Error::NotFound("path")),
    }
}
