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
use shared::auth::SignIn;
use shared::http::Call;
use shared::{Error, Result};

type App = shared::App<SignIn>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, call: Call) -> Response<Body> {
    call.answer(|| route(app, &call)).await
}

/// Every route of the group.
async fn route(app: &App, call: &Call) -> Result<Response<Body>> {
    match (call.segments().as_slice(), call.method()) {
        (["api", "v1.1", "o", "authorize"], "GET") => authorize::ask(app, call).await,
        (["api", "v1.1", "o", "authorize"], "POST") => authorize::decide(app, call).await,
        (["api", "v1.1", "o", "authorize"], _) => {
            Err(Error::MethodNotAllowed { allow: "GET, POST" })
        }
        (["api", "v1.1", "o", "token"], "POST") => token::issue(app, call).await,
        (["api", "v1.1", "o", "revoke_token"], "POST") => revoke::revoke(app, call).await,
        (["api", "v1.1", "o", "introspect"], "POST") => introspect::introspect(app, call).await,
        (["api", "v1.1", "o", "token" | "revoke_token" | "introspect"], _) => {
            Err(Error::MethodNotAllowed { allow: "POST" })
        }
        _ => Err(Error::NotFound("path")),
    }
}
