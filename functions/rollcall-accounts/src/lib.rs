//! Rollcall's own API for accounts, with their members, invitations, plan, registry and audit log:
//! `/rollcall/v1/accounts…`.

mod audit;
mod create;
mod current;
mod delete;
mod get;
mod invitations;
mod list;
mod members;
mod owner;
mod plan;
mod registry;
mod update;
mod view;

use lambda_http::{Body, Response};
use shared::auth::TokenOrBasic;
use shared::http::{self, Access, ApiRequest, Operation};
use shared::model::AccountId;
use shared::seal::SealPublicKey;
use shared::{App, Error, Result};

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrBasic>;

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts",
        name: "rollcall-list-accounts",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/accounts",
        name: "rollcall-create-account",
        access: Access::Scope("account_write"),
        status: 201,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/current",
        name: "rollcall-get-current-account",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/rollcall/v1/accounts/current",
        name: "rollcall-set-current-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}",
        name: "rollcall-get-account",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "PATCH",
        path: "/rollcall/v1/accounts/{id}",
        name: "rollcall-update-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/accounts/{id}",
        name: "rollcall-delete-account",
        access: Access::Scope("account_write"),
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}/plan",
        name: "rollcall-get-account-plan",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}/registry",
        name: "rollcall-get-registry",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/rollcall/v1/accounts/{id}/registry",
        name: "rollcall-set-registry",
        access: Access::Scope("account_write"),
        status: 204,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/accounts/{id}/registry",
        name: "rollcall-delete-registry",
        access: Access::Scope("account_write"),
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}/members",
        name: "rollcall-list-members",
        access: Access::Scope("members_read"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}/members/{userId}",
        name: "rollcall-get-member",
        access: Access::Scope("members_read"),
        status: 200,
    },
    Operation {
        method: "PATCH",
        path: "/rollcall/v1/accounts/{id}/members/{userId}",
        name: "rollcall-update-member",
        access: Access::Scope("members_write"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/accounts/{id}/members/{userId}",
        name: "rollcall-remove-member",
        access: Access::Scope("members_write"),
        status: 204,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/accounts/{id}/owner",
        name: "rollcall-set-owner",
        access: Access::Scope("members_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}/invitations",
        name: "rollcall-list-invitations",
        access: Access::Scope("members_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/accounts/{id}/invitations",
        name: "rollcall-send-invitation",
        access: Access::FullAccess,
        status: 201,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/accounts/{id}/invitations/{invitation}",
        name: "rollcall-revoke-invitation",
        access: Access::Scope("members_write"),
        status: 204,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/accounts/{id}/audit",
        name: "rollcall-list-account-audit-entries",
        access: Access::Scope("audit_read"),
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
        ("rollcall-list-accounts", []) => {
            list::list(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-create-account", []) => {
            create::create(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-get-current-account", []) => {
            current::get(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-set-current-account", []) => {
            current::set(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-get-account", [id]) => {
            get::get(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-update-account", [id]) => {
            update::update(app, AuthRequest::from_request(app, request)?, request.json(), id).await
        }
        ("rollcall-delete-account", [id]) => {
            delete::delete(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-get-account-plan", [id]) => {
            plan::get(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-get-registry", [id]) => {
            registry::get(AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-set-registry", [id]) => {
            let auth = AuthRequest::from_request(app, request)?;
            registry::set(app, sealing, auth, request.json(), id).await
        }
        ("rollcall-delete-registry", [id]) => {
            registry::delete(app, AuthRequest::from_request(app, request)?, request.query(), id)
                .await
        }
        ("rollcall-list-members", [id]) => {
            members::list(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-get-member", [id, user]) => {
            let auth = AuthRequest::from_request(app, request)?;
            members::get(auth, request.query(), id, user).await
        }
        ("rollcall-update-member", [id, user]) => {
            let auth = AuthRequest::from_request(app, request)?;
            members::set_role(app, auth, request.json(), id, user).await
        }
        ("rollcall-remove-member", [id, user]) => {
            let auth = AuthRequest::from_request(app, request)?;
            members::remove(app, auth, request.query(), id, user).await
        }
        ("rollcall-set-owner", [id]) => {
            owner::hand_over(app, AuthRequest::from_request(app, request)?, request.json(), id)
                .await
        }
        ("rollcall-list-invitations", [id]) => {
            let auth = AuthRequest::from_request(app, request)?;
            invitations::list(app, auth, request.query(), id).await
        }
        ("rollcall-send-invitation", [id]) => {
            let (base_url, auth) = (request.base_url(), AuthRequest::from_request(app, request)?);
            invitations::send(app, auth, request.json(), base_url, id).await
        }
        ("rollcall-revoke-invitation", [id, invitation]) => {
            let auth = AuthRequest::from_request(app, request)?;
            invitations::revoke(app, auth, request.query(), id, invitation).await
        }
        ("rollcall-list-account-audit-entries", [id]) => {
            audit::list(AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// The account that a path names; a malformed id is one that no account has.
fn account_id(segment: &str) -> Result<AccountId> {
    http::parse_segment(segment).ok_or(Error::NotFound("account"))
}
