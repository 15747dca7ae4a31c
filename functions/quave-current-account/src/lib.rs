//! Quave's current account: `/api/public/v1/current-account`.

mod get;
mod set;

use lambda_http::{Body, Response};
use shared::auth::Asked;
use shared::http::Call;
use shared::{App, Error, Result};

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, call: Call) -> Response<Body> {
    call.answer(|| route(app, &call)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, call: &Call) -> Result<Response<Body>> {
    match (call.segments().as_slice(), call.method()) {
        (["api", "public", "v1", "current-account"], "GET") => {
            get::get(app, Asked::of(app, call)?, call.query()).await
        }
        (["api", "public", "v1", "current-account"], "PUT") => {
            set::set(app, Asked::of(app, call)?, call.json()).await
        }
        (["api", "public", "v1", "current-account"], _) => {
            Err(Error::MethodNotAllowed { allow: "GET, PUT" })
        }
        _ => Err(Error::NotFound("path")),
    }
}
