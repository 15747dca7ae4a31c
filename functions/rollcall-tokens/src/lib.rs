//! Rollcall's own tokens: make, list, rotate, revoke.

use lambda_http::{Body, Response};
use shared::auth::SignIn;
use shared::http::Call;
use shared::{Error, Result};

type App = shared::App<SignIn>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, call: Call) -> Response<Body> {
    call.answer(|| route(app, &call)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
#[expect(clippy::unused_async, reason = "no route yet")]
async fn route(_: &App, call: &Call) -> Result<Response<Body>> {
    match (call.segments().as_slice(), call.method()) {
        _ => Err(Error::NotFound("path")),
    }
}
