//! Quave's accounts: `/api/public/v1/account` and `/api/public/v1/accounts`.

mod create;
mod delete;
mod get;
mod list;
mod registry;

use lambda_http::{Body, Response};
use shared::auth::Asked;
use shared::http::Call;
use shared::seal::SealingKey;
use shared::{App, Error, Result};

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, sealing: &SealingKey, call: Call) -> Response<Body> {
    call.answer(|| route(app, sealing, &call)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, sealing: &SealingKey, call: &Call) -> Result<Response<Body>> {
    match (call.segments().as_slice(), call.method()) {
        (["api", "public", "v1", "account"], "POST") => {
            create::create(app, sealing, Asked::of(app, call)?, call.json()).await
        }
        (["api", "public", "v1", "account"], "GET") => {
            get::get(Asked::of(app, call)?, call.query()).await
        }
        (["api", "public", "v1", "account"], "DELETE") => {
            delete::delete(app, Asked::of(app, call)?, call.query()).await
        }
        (["api", "public", "v1", "account"], _) => {
            Err(Error::MethodNotAllowed { allow: "DELETE, GET, POST" })
        }
        (["api", "public", "v1", "accounts"], "GET") => {
            list::list(app, Asked::of(app, call)?, call.query()).await
        }
        (["api", "public", "v1", "accounts"], _) => Err(Error::MethodNotAllowed { allow: "GET" }),
        _ => Err(Error::NotFound("path")),
    }
}
