//! Rollcall's own API for what users have: profile, password, addresses, API keys, SSH keys,
//! sessions, second factors and audit log: `/rollcall/v1/users/self…`; and for becoming a user, for
//! setting a lost password anew, and for joining accounts: `/rollcall/v1/sign-ups…`,
//! `/rollcall/v1/password-resets…` and `/rollcall/v1/invitations…`.

mod api_keys;
mod audit;
mod emails;
mod invitations;
mod password;
mod password_resets;
mod profile;
mod second_factors;
mod sessions;
mod sign_ups;
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
    // No address ends so: a domain has no slash.
    Operation {
        method: "POST",
        path: "/rollcall/v1/users/self/emails/{address+}/verification",
        name: "rollcall-request-email-proof",
        access: Access::FullAccess,
        status: 202,
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
        path: "/rollcall/v1/users/self/sessions",
        name: "rollcall-list-sessions",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/users/self/sessions",
        name: "rollcall-end-sessions",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/users/self/sessions/{id}",
        name: "rollcall-end-session",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/users/self/second-factors",
        name: "rollcall-list-second-factors",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/users/self/second-factors/{id}",
        name: "rollcall-remove-second-factor",
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
    Operation {
        method: "POST",
        path: "/rollcall/v1/sign-ups",
        name: "rollcall-request-sign-up",
        access: Access::Public,
        status: 202,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/sign-ups/{token}",
        name: "rollcall-get-sign-up",
        access: Access::Public,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/sign-ups/{token}",
        name: "rollcall-sign-up",
        access: Access::Public,
        status: 201,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/password-resets",
        name: "rollcall-request-password-reset",
        access: Access::Public,
        status: 202,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/password-resets/{token}",
        name: "rollcall-reset-password",
        access: Access::Public,
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/invitations/{token}",
        name: "rollcall-get-invitation",
        access: Access::Public,
        status: 200,
    },
    // Whoever is no user yet becomes one by it, without a credential.
    Operation {
        method: "POST",
        path: "/rollcall/v1/invitations/{token}/accept",
        name: "rollcall-accept-invitation",
        access: Access::FullAccess,
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/invitations/{token}/decline",
        name: "rollcall-decline-invitation",
        access: Access::Public,
        status: 204,
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
        ("rollcall-request-email-proof", [address]) => {
            let base_url = request.base_url();
            let auth = AuthRequest::from_request(app, request)?;
            emails::request_proof(app, auth, request.query(), base_url, address).await
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
        ("rollcall-list-sessions", []) => {
            sessions::list(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-end-sessions", []) => {
            sessions::end_all(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-end-session", [id]) => {
            sessions::end(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-list-second-factors", []) => {
            second_factors::list(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-remove-second-factor", [id]) => {
            let auth = AuthRequest::from_request(app, request)?;
            second_factors::remove(app, auth, request.optional_json(), id).await
        }
        ("rollcall-list-audit-entries", []) => {
            audit::list(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-request-sign-up", []) => sign_ups::request(app, request).await,
        ("rollcall-get-sign-up", [token]) => sign_ups::get(app, request, token).await,
        ("rollcall-sign-up", [token]) => sign_ups::complete(app, request, token).await,
        ("rollcall-request-password-reset", []) => password_resets::request(app, request).await,
        ("rollcall-reset-password", [token]) => {
            password_resets::complete(app, request, token).await
        }
        ("rollcall-get-invitation", [token]) => invitations::get(app, request, token).await,
        ("rollcall-accept-invitation", [token]) => match AuthRequest::from_request(app, request) {
            Err(Error::MissingCredential) if invitations::names_new_user(request) => {
                invitations::join(app, request, token).await
            }
            auth => invitations::accept(app, auth?, request, token).await,
        },
        ("rollcall-decline-invitation", [token]) => invitations::decline(app, request, token).await,
        _ => Err(Error::NotFound("path")),
    }
}
