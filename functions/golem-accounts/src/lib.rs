//! Golem's accounts and their plan: `/v1/accounts…`.

mod create;
mod delete;
mod find;
mod get;
mod plan;
mod update;
mod view;

use lambda_http::{Body, Response};
use shared::auth::{AuthRequest, Caller, Permission};
use shared::http::ApiRequest;
use shared::model::Account;
use shared::table::Stored;
use shared::{App, Error, Result};

/// Answers one request; every error already is a response.
pub async fn handle(app: &App, request: ApiRequest) -> Response<Body> {
    request.answer(|| route(app, &request)).await
}

/// Every route of the group. Arguments are checked left to right: who asks, then what they ask for.
async fn route(app: &App, request: &ApiRequest) -> Result<Response<Body>> {
    match (request.path_segments().as_slice(), request.method()) {
        (["v1", "accounts"], "GET") => {
            find::find(app, AuthRequest::of(app, request)?, request.query()).await
        }
        (["v1", "accounts"], "POST") => {
            create::create(app, AuthRequest::of(app, request)?, request.json()).await
        }
        (["v1", "accounts"], _) => Err(Error::MethodNotAllowed { allow: "GET, POST" }),
        (["v1", "accounts", id], "GET") => {
            get::get(app, AuthRequest::of(app, request)?, request.query(), id).await
        }
        (["v1", "accounts", id], "PUT") => {
            update::update(app, AuthRequest::of(app, request)?, request.json(), id).await
        }
        (["v1", "accounts", id], "DELETE") => {
            delete::delete(app, AuthRequest::of(app, request)?, request.query(), id).await
        }
        (["v1", "accounts", _], _) => Err(Error::MethodNotAllowed { allow: "DELETE, GET, PUT" }),
        (["v1", "accounts", id, "plan"], "GET") => {
            plan::plan(app, AuthRequest::of(app, request)?, request.query(), id).await
        }
        (["v1", "accounts", _, "plan"], _) => Err(Error::MethodNotAllowed { allow: "GET" }),
        _ => Err(Error::NotFound("path")),
    }
}

/// Refuses a write to an account that is not as the request demands. Costs a round only if it demands something, and the
/// account shows another owner's address.
async fn as_demanded<N: Permission>(
    app: &App,
    caller: Caller<N>,
    account: &Stored<Account>,
) -> Result<Caller<N>> {
    if !caller.is_conditional() {
        return Ok(caller);
    }
    let shown = app.table.account_with_email(account, caller.user()).await?;
    caller.check_if_match(|_| {
        let versions = shown.versions.clone();
        (view::AccountView::from(shown), versions)
    })
}

/// The account that a path names; a malformed id is one that no account has.
fn account_id(segment: &str) -> Result<shared::model::AccountId> {
    segment.parse().map_err(|_| Error::NotFound("account"))
}
