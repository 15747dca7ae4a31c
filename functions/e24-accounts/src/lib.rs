//! e24's user accounts: `/v2/accounts`.

mod create;
mod list;

use lambda_http::{Body, Response};
use shared::auth::TokenOrSignature;
use shared::http::Call;
use shared::{App, Error, Result};

type Asked<'a, N> = shared::auth::Asked<'a, N, TokenOrSignature>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, call: Call) -> Response<Body> {
    call.answer(|| route(app, &call)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, call: &Call) -> Result<Response<Body>> {
    match (call.segments().as_slice(), call.method()) {
        (["v2", "accounts"], "GET") => list::list(app, Asked::of(app, call)?, call.query()).await,
        (["v2", "accounts"], "PUT") => {
            create::create(app, Asked::of(app, call)?, call.json()).await
        }
        (["v2", "accounts"], _) => Err(Error::MethodNotAllowed { allow: "GET, PUT" }),
        _ => Err(Error::NotFound("path")),
    }
}
