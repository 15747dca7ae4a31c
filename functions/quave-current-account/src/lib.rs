//! Quave's current account: `/api/public/v1/current-account`.

mod get;
mod set;

use lambda_http::{Body, Response};
use shared::auth::AuthRequest;
use shared::http::ApiRequest;
use shared::{App, Error, Result};

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, &request)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    match (request.path_segments().as_slice(), request.method()) {
        (["api", "public", "v1", "current-account"], "GET") => {
            get::get(app, AuthRequest::of(app, request)?, request.query()).await
        }
        (["api", "public", "v1", "current-account"], "PUT") => {
            set::set(app, AuthRequest::of(app, request)?, request.json()).await
        }
        (["api", "public", "v1", "current-account"], _) => {
            Err(Error::MethodNotAllowed { allow: "GET, PUT" })
        }
        _ => Err(Error::NotFound("path")),
    }
}
