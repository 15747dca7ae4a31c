//! Docker Hub's users: `/api/v1.1/users/{username}/` and `/api/v1.1/users/{username}/emails/`.

mod change_email;
mod emails;
mod profile;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{Caller, PasswordAuth, Permission, TokenOrBasic};
use shared::http::ApiRequest;
use shared::model::UserId;
use shared::table::UserIdByUsername;
use shared::{Error, Result};

type App = shared::App<PasswordAuth>;
type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrBasic>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, &request)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    match (request.path_segments().as_slice(), request.method()) {
        (["api", "v1.1", "users", name], "GET") => {
            let origin = request.origin();
            profile::get(AuthRequest::of(app, request)?, request.query(), name, &origin).await
        }
        (["api", "v1.1", "users", name], "PATCH") => {
            let origin = request.origin();
            profile::update(app, AuthRequest::of(app, request)?, request.fields(), name, &origin)
                .await
        }
        (["api", "v1.1", "users", _], _) => Err(Error::MethodNotAllowed { allow: "GET, PATCH" }),
        (["api", "v1.1", "users", name, "emails"], "GET") => {
            emails::list(AuthRequest::of(app, request)?, request.query(), name).await
        }
        (["api", "v1.1", "users", name, "emails"], "POST") => {
            emails::add(app, AuthRequest::of(app, request)?, request.fields(), name).await
        }
        (["api", "v1.1", "users", name, "emails"], "PATCH") => {
            change_email::change(app, AuthRequest::of(app, request)?, request.fields(), name).await
        }
        (["api", "v1.1", "users", name, "emails"], "DELETE") => {
            emails::delete(app, AuthRequest::of(app, request)?, request.fields(), name).await
        }
        (["api", "v1.1", "users", _, "emails"], _) => {
            Err(Error::MethodNotAllowed { allow: "DELETE, GET, PATCH, POST" })
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// Who has the username in a path; nobody, if it is none. Unlike a field, a path is not trimmed.
fn named(name: &str) -> UserIdByUsername {
    UserIdByUsername(
        Some(name).filter(|name| name.trim() == *name).and_then(|name| name.parse().ok()),
    )
}

/// Refuses users that are not the caller: 404 if there is none of that name, else 403.
fn own<N: Permission>(caller: &Caller<N>, named: Option<UserId>) -> Result<()> {
    match named {
        Some(user) if user == caller.user().id => Ok(()),
        Some(_) => Err(Error::Forbidden("this is another user")),
        None => Err(Error::NotFound("user")),
    }
}
