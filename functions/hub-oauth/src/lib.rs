//! Docker Hub's OAuth endpoints: `/api/v1.1/o/…`.

mod authorization;
mod authorize;
mod client;
mod consent;
mod introspect;
mod page;
mod revoke;
mod token;

use lambda_http::{Body, Response};
use shared::auth::PasswordAuth;
use shared::http::ApiRequest;
use shared::{Error, Result};

type App = shared::App<PasswordAuth>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, &request)).await
}

/// Every route of the group.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    match (request.path_segments().as_slice(), request.method()) {
        (["api", "v1.1", "o", "authorize"], "GET") => authorize::show_consent(app, request).await,
        (["api", "v1.1", "o", "authorize"], "POST") => {
            authorize::submit_consent(app, request).await
        }
        (["api", "v1.1", "o", "authorize"], _) => {
            Err(Error::MethodNotAllowed { allow: "GET, POST" })
        }
        (["api", "v1.1", "o", "token"], "POST") => token::issue(app, request).await,
        (["api", "v1.1", "o", "revoke_token"], "POST") => revoke::revoke(app, request).await,
        (["api", "v1.1", "o", "introspect"], "POST") => introspect::introspect(app, request).await,
        (["api", "v1.1", "o", "token" | "revoke_token" | "introspect"], _) => {
            Err(Error::MethodNotAllowed { allow: "POST" })
        }
        _ => Err(Error::NotFound("path")),
    }
}
