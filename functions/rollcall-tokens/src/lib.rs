//! Rollcall's own API for tokens and grants: create, list, rotate, revoke, introspect:
//! `/rollcall/v1/tokens…`, `/rollcall/v1/grants…`, `/rollcall/v1/introspect`. Also `/health`.

mod create;
mod current;
mod get;
mod grants;
mod health;
mod introspect;
mod list;
mod revoke;
mod rotate;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{Caller, Permission, TokenOrBasic};
use shared::http::{self, Access, ApiRequest, Operation};
use shared::model::{Timestamp, TokenId, UserToken};
use shared::table::Stored;
use shared::{App, Error, Result};

pub use health::Health;

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrBasic>;

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/rollcall/v1/tokens",
        name: "rollcall-list-tokens",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/tokens",
        name: "rollcall-create-token",
        access: Access::Scope("tokens_write"),
        status: 201,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/tokens/self",
        name: "rollcall-get-own-token",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/tokens/{id}",
        name: "rollcall-get-token",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/tokens/{id}",
        name: "rollcall-revoke-token",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/tokens/{id}/rotate",
        name: "rollcall-rotate-token",
        access: Access::Scope("tokens_write"),
        status: 201,
    },
    Operation {
        method: "GET",
        path: "/rollcall/v1/grants",
        name: "rollcall-list-grants",
        access: Access::Scope("tokens_read"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/rollcall/v1/grants/{id}",
        name: "rollcall-revoke-grant",
        access: Access::FullAccess,
        status: 204,
    },
    Operation {
        method: "POST",
        path: "/rollcall/v1/introspect",
        name: "rollcall-introspect",
        access: Access::Client,
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/health",
        name: "rollcall-get-health",
        access: Access::Public,
        status: 200,
    },
];

/// The response to one request; errors are responses as well.
pub async fn handle(app: &App, health: &Health, request: ApiRequest) -> Response<Body> {
    request.respond(OPERATIONS, || route(app, health, &request)).await
}

/// Runs the operation that the request calls.
async fn route(app: &App, health: &Health, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, parameters) = request.operation(OPERATIONS)?;
    match (operation, parameters.as_slice()) {
        ("rollcall-list-tokens", []) => {
            list::list(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-create-token", []) => {
            create::create(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("rollcall-get-own-token", []) => {
            current::current(AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-get-token", [id]) => {
            get::get(AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-revoke-token", [id]) => {
            revoke::revoke(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-rotate-token", [id]) => {
            rotate::rotate(
                app,
                AuthRequest::from_request(app, request)?,
                request.optional_json(),
                id,
            )
            .await
        }
        ("rollcall-list-grants", []) => {
            grants::list(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("rollcall-revoke-grant", [id]) => {
            grants::revoke(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("rollcall-introspect", []) => introspect::introspect(app, request).await,
        ("rollcall-get-health", []) => health::show(app, health, request).await,
        _ => Err(Error::NotFound("path")),
    }
}

/// The token id in a path; a malformed id belongs to no token.
fn token_id(segment: &str) -> Result<TokenId> {
    http::parse_segment(segment).ok_or(Error::NotFound("token"))
}

/// The fetched token, if it is active; else it is indistinguishable from one that never existed.
/// The presented token has just been used.
fn active_token<N: Permission>(
    caller: &Caller<N>,
    fetched: Option<Stored<UserToken>>,
) -> Result<Stored<UserToken>> {
    let is_active = |token: &Stored<UserToken>| caller.user().is_active(token, Timestamp::now());
    let token = fetched.filter(is_active).ok_or(Error::NotFound("token"))?;
    Ok(match caller.token().filter(|presented| presented.id == token.id) {
        Some(presented) => token.with_last_used(presented.last_used_at),
        None => token,
    })
}
