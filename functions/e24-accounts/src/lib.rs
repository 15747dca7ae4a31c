//! e24's user accounts: `/v2/accounts`.

mod create;
mod list;

use lambda_http::{Body, Response};
use shared::auth::TokenOrSignature;
use shared::http::ApiRequest;
use shared::{App, Error, Result};

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrSignature>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, &request)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    match (request.path_segments().as_slice(), request.method()) {
        (["v2", "accounts"], "GET") => {
            list::list(app, AuthRequest::of(app, request)?, request.query()).await
        }
        (["v2", "accounts"], "PUT") => {
            create::create(app, AuthRequest::of(app, request)?, request.json()).await
        }
        (["v2", "accounts"], _) => Err(Error::MethodNotAllowed { allow: "GET, PUT" }),
        _ => Err(Error::NotFound("path")),
    }
}
