//! Rollcall's own tokens: make, list, rotate, revoke: `/rollcall/v1/tokens…`.

mod create;
mod current;
mod get;
mod list;
mod revoke;
mod rotate;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{Caller, PasswordAuth, Permission, TokenOrBasic};
use shared::http::ApiRequest;
use shared::model::{Timestamp, TokenId, UserToken};
use shared::table::Stored;
use shared::{Error, Result};

type App = shared::App<PasswordAuth>;
type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrBasic>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, &request)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let segments = request.path_segments();
    let ["rollcall", "v1", "tokens", below @ ..] = segments.as_slice() else {
        return Err(Error::NotFound("path"));
    };
    match (below, request.method()) {
        ([], "GET") => list::list(app, AuthRequest::of(app, request)?, request.query()).await,
        ([], "POST") => create::create(app, AuthRequest::of(app, request)?, request.json()).await,
        ([], _) => Err(Error::MethodNotAllowed { allow: "GET, POST" }),
        (["self"], "GET") => {
            current::current(AuthRequest::of(app, request)?, request.query()).await
        }
        (["self"], _) => Err(Error::MethodNotAllowed { allow: "GET" }),
        ([id], "GET") => get::get(AuthRequest::of(app, request)?, request.query(), id).await,
        ([id], "DELETE") => {
            revoke::revoke(app, AuthRequest::of(app, request)?, request.query(), id).await
        }
        ([_], _) => Err(Error::MethodNotAllowed { allow: "DELETE, GET" }),
        ([id, "rotate"], "POST") => {
            rotate::rotate(app, AuthRequest::of(app, request)?, request.optional_json(), id).await
        }
        ([_, "rotate"], _) => Err(Error::MethodNotAllowed { allow: "POST" }),
        _ => Err(Error::NotFound("path")),
    }
}

/// The token that a path names; a malformed id is one that no token has.
fn token_id(segment: &str) -> Result<TokenId> {
    segment.parse().map_err(|_| Error::NotFound("token"))
}

/// The token that was found, if it works: one that does not is as unknown as one that never was. The one that asks has
/// just been used.
fn working<N: Permission>(
    caller: &Caller<N>,
    found: Option<Stored<UserToken>>,
) -> Result<Stored<UserToken>> {
    let works = |token: &Stored<UserToken>| caller.user().is_active(token, Timestamp::now());
    let token = found.filter(works).ok_or(Error::NotFound("token"))?;
    Ok(match caller.token().filter(|asking| asking.id == token.id) {
        Some(asking) => token.with_last_used(asking.last_used_at),
        None => token,
    })
}
