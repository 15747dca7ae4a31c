//! Docker Hub's users: `/api/v1.1/users/{username}/` and `/api/v1.1/users/{username}/emails/`.

mod change_email;
mod emails;
mod profile;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{Caller, Need, SignIn, TokenOrBasic};
use shared::http::Call;
use shared::model::UserId;
use shared::table::UserNamed;
use shared::{Error, Result};

type App = shared::App<SignIn>;
type Asked<'a, N> = shared::auth::Asked<'a, N, TokenOrBasic>;

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, call: Call) -> Response<Body> {
    call.answer(|| route(app, &call)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, call: &Call) -> Result<Response<Body>> {
    match (call.segments().as_slice(), call.method()) {
        (["api", "v1.1", "users", name], "GET") => {
            let origin = call.origin();
            profile::get(Asked::of(app, call)?, call.query(), name, &origin).await
        }
        (["api", "v1.1", "users", name], "PATCH") => {
            let origin = call.origin();
            profile::update(app, Asked::of(app, call)?, call.fields(), name, &origin).await
        }
        (["api", "v1.1", "users", _], _) => Err(Error::MethodNotAllowed { allow: "GET, PATCH" }),
        (["api", "v1.1", "users", name, "emails"], "GET") => {
            emails::list(Asked::of(app, call)?, call.query(), name).await
        }
        (["api", "v1.1", "users", name, "emails"], "POST") => {
            emails::add(app, Asked::of(app, call)?, call.fields(), name).await
        }
        (["api", "v1.1", "users", name, "emails"], "PATCH") => {
            change_email::change(app, Asked::of(app, call)?, call.fields(), name).await
        }
        (["api", "v1.1", "users", name, "emails"], "DELETE") => {
            emails::delete(app, Asked::of(app, call)?, call.fields(), name).await
        }
        (["api", "v1.1", "users", _, "emails"], _) => {
            Err(Error::MethodNotAllowed { allow: "DELETE, GET, PATCH, POST" })
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// Who has the username in a path; nobody, if it is none. Unlike a field, a path is not trimmed.
fn named(name: &str) -> UserNamed {
    UserNamed(Some(name).filter(|name| name.trim() == *name).and_then(|name| name.parse().ok()))
}

/// Refuses users that are not the caller: 404 if there is none of that name, else 403.
fn own<N: Need>(caller: &Caller<N>, named: Option<UserId>) -> Result<()> {
    match named {
        Some(user) if user == caller.user().id => Ok(()),
        Some(_) => Err(Error::Forbidden("this is another user")),
        None => Err(Error::NotFound("user")),
    }
}
