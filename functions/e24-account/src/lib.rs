//! e24's own account: `/v2/account` and what is below it.

mod add_ssh_key;
mod api_key;
mod change_data;
mod create_api_key;
mod delete_api_key;
mod delete_ssh_key;
mod get;
mod openssh;
mod renew_api_secret;

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
    let segments = request.path_segments();
    let ["v2", "account", path @ ..] = segments.as_slice() else {
        return Err(Error::NotFound("path"));
    };
    match (path, request.method()) {
        ([], "GET") => get::get(AuthRequest::of(app, request)?, request.query()).await,
        (["data"], "POST") => {
            change_data::change(app, AuthRequest::of(app, request)?, request.json()).await
        }
        (["api"], "PUT") => {
            create_api_key::create(app, AuthRequest::of(app, request)?, request.query()).await
        }
        (["api"], "DELETE") => {
            delete_api_key::delete(app, AuthRequest::of(app, request)?, request.json()).await
        }
        (["api-new-secret-key"], "POST") => {
            renew_api_secret::renew(app, AuthRequest::of(app, request)?, request.json()).await
        }
        (["sshkey"], "PUT") => {
            add_ssh_key::add(app, AuthRequest::of(app, request)?, request.json()).await
        }
        ([id, "sshkey"], "DELETE") => {
            delete_ssh_key::delete(app, AuthRequest::of(app, request)?, request.query(), id).await
        }
        ([], _) => Err(Error::MethodNotAllowed { allow: "GET" }),
        (["data" | "api-new-secret-key"], _) => Err(Error::MethodNotAllowed { allow: "POST" }),
        (["api"], _) => Err(Error::MethodNotAllowed { allow: "DELETE, PUT" }),
        (["sshkey"], _) => Err(Error::MethodNotAllowed { allow: "PUT" }),
        ([_, "sshkey"], _) => Err(Error::MethodNotAllowed { allow: "DELETE" }),
        _ => Err(Error::NotFound("path")),
    }
}

/// An answer that says nothing more than that it is done.
#[derive(serde::Serialize)]
struct Empty {}
