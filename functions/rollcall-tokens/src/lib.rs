//! Rollcall's own tokens: make, list, rotate, revoke: `/rollcall/v1/tokens…`.

mod create;
mod get;
mod list;
mod own;
mod revoke;
mod rotate;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{Caller, Need, SignIn, TokenOrBasic};
use shared::http::Call;
use shared::model::{Timestamp, TokenId, UserToken};
use shared::table::Stored;
use shared::{Error, Result};

type App = shared::App<SignIn>;
type Asked<'a, N> = shared::auth::Asked<'a, N, TokenOrBasic>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, call: Call) -> Response<Body> {
    call.answer(|| route(app, &call)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, call: &Call) -> Result<Response<Body>> {
    let segments = call.segments();
    let ["rollcall", "v1", "tokens", below @ ..] = segments.as_slice() else {
        return Err(Error::NotFound("path"));
    };
    match (below, call.method()) {
        ([], "GET") => list::list(app, Asked::of(app, call)?, call.query()).await,
        ([], "POST") => create::create(app, Asked::of(app, call)?, call.json()).await,
        ([], _) => Err(Error::MethodNotAllowed { allow: "GET, POST" }),
        (["self"], "GET") => own::own(Asked::of(app, call)?, call.query()).await,
        (["self"], _) => Err(Error::MethodNotAllowed { allow: "GET" }),
        ([id], "GET") => get::get(Asked::of(app, call)?, call.query(), id).await,
        ([id], "DELETE") => revoke::revoke(app, Asked::of(app, call)?, call.query(), id).await,
        ([_], _) => Err(Error::MethodNotAllowed { allow: "DELETE, GET" }),
        ([id, "rotate"], "POST") => {
            rotate::rotate(app, Asked::of(app, call)?, call.optional_json(), id).await
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
fn working<N: Need>(
    caller: &Caller<N>,
    found: Option<Stored<UserToken>>,
) -> Result<Stored<UserToken>> {
    let works = |token: &Stored<UserToken>| caller.user().has_working(token, Timestamp::now());
    let token = found.filter(works).ok_or(Error::NotFound("token"))?;
    Ok(match caller.token().filter(|asking| asking.id == token.id) {
        Some(asking) => token.used_at(asking.last_used_at),
        None => token,
    })
}
