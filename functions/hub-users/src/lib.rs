//! Docker Hub's users: `/api/v1.1/users/{username}/` and `/api/v1.1/users/{username}/emails/`.

mod change_email;
mod emails;
mod profile;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{Caller, Permission, TokenOrBasic};
use shared::http::{self, Access, ApiRequest, Operation};
use shared::model::{UserId, Username};
use shared::table::{UserIdByUsername, fetch};
use shared::{App, Error, Result};

type AuthRequest<'a, N> = shared::auth::AuthRequest<'a, N, TokenOrBasic>;

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/api/v1.1/users/{username}/",
        name: "hub-get-user",
        access: Access::Scope("profile_read"),
        status: 200,
    },
    Operation {
        method: "PATCH",
        path: "/api/v1.1/users/{username}/",
        name: "hub-update-user",
        access: Access::Scope("profile_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/api/v1.1/users/{username}/emails/",
        name: "hub-list-emails",
        access: Access::Scope("email_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/api/v1.1/users/{username}/emails/",
        name: "hub-add-email",
        access: Access::Scope("email_write"),
        status: 201,
    },
    Operation {
        method: "PATCH",
        path: "/api/v1.1/users/{username}/emails/",
        name: "hub-update-email",
        access: Access::Scope("email_write"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/api/v1.1/users/{username}/emails/",
        name: "hub-delete-email",
        access: Access::Scope("email_write"),
        status: 204,
    },
];

/// The response to one request; errors are responses as well.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.respond(OPERATIONS, || route(app, &request)).await
}

/// Runs the operation that the request calls.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    let (operation, parameters) = request.operation(OPERATIONS)?;
    match (operation, parameters.as_slice()) {
        ("hub-get-user", [name]) => {
            profile::get(
                AuthRequest::from_request(app, request)?,
                request.query(),
                name,
                request.base_url(),
            )
            .await
        }
        ("hub-update-user", [name]) => {
            profile::update(
                app,
                AuthRequest::from_request(app, request)?,
                request.fields_or_multipart(),
                name,
                request.base_url(),
            )
            .await
        }
        ("hub-list-emails", [name]) => {
            emails::list(AuthRequest::from_request(app, request)?, request.query(), name).await
        }
        ("hub-add-email", [name]) => {
            emails::add(
                app,
                AuthRequest::from_request(app, request)?,
                request.fields_or_multipart(),
                name,
            )
            .await
        }
        ("hub-update-email", [name]) => {
            change_email::change(
                app,
                AuthRequest::from_request(app, request)?,
                request.fields_or_multipart(),
                name,
            )
            .await
        }
        ("hub-delete-email", [name]) => {
            emails::delete(
                app,
                AuthRequest::from_request(app, request)?,
                request.fields_or_multipart(),
                name,
            )
            .await
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// The username in a path, if it is valid.
fn username(name: &str) -> Option<Username> {
    http::parse_segment(name)
}

/// Fetches the id of the user whom a path names.
fn user_by_name(name: &str) -> UserIdByUsername {
    fetch::user_id(username(name))
}

/// Rejects users other than the caller: 404 if there is none of that name, else 403.
fn require_self<N: Permission>(caller: &Caller<N>, user: Option<UserId>) -> Result<()> {
    match user {
        Some(user) if user == caller.user().id => Ok(()),
        Some(_) => Err(Error::Forbidden("this is another user")),
        None => Err(Error::NotFound("user")),
    }
}
