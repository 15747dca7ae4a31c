//! Quave's accounts: `/api/public/v1/account` and `/api/public/v1/accounts`.

mod create;
mod delete;
mod get;
mod list;
mod registry;

use lambda_http::{Body, Response};
use shared::auth::AuthRequest;
use shared::http::ApiRequest;
use shared::seal::SealPublicKey;
use shared::{App, Error, Result};

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, sealing: &SealPublicKey, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, sealing, &request)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, sealing: &SealPublicKey, request: &ApiRequest) -> Result<Response<Body>> {
    match (request.path_segments().as_slice(), request.method()) {
        (["api", "public", "v1", "account"], "POST") => {
            create::create(app, sealing, AuthRequest::of(app, request)?, request.json()).await
        }
        (["api", "public", "v1", "account"], "GET") => {
            get::get(AuthRequest::of(app, request)?, request.query()).await
        }
        (["api", "public", "v1", "account"], "DELETE") => {
            delete::delete(app, AuthRequest::of(app, request)?, request.query()).await
        }
        (["api", "public", "v1", "account"], _) => {
            Err(Error::MethodNotAllowed { allow: "DELETE, GET, POST" })
        }
        (["api", "public", "v1", "accounts"], "GET") => {
            list::list(app, AuthRequest::of(app, request)?, request.query()).await
        }
        (["api", "public", "v1", "accounts"], _) => Err(Error::MethodNotAllowed { allow: "GET" }),
        _ => Err(Error::NotFound("path")),
    }
}
