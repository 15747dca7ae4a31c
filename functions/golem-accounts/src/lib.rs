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
use shared::http::{self, Access, ApiRequest, Operation};
use shared::model::Account;
use shared::table::Stored;
use shared::{App, Error, Result};

/// The operations of the group.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/v1/accounts",
        name: "golem-find-accounts",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "POST",
        path: "/v1/accounts",
        name: "golem-create-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/v1/accounts/{account_id}",
        name: "golem-get-account",
        access: Access::Scope("account_read"),
        status: 200,
    },
    Operation {
        method: "PUT",
        path: "/v1/accounts/{account_id}",
        name: "golem-update-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "DELETE",
        path: "/v1/accounts/{account_id}",
        name: "golem-delete-account",
        access: Access::Scope("account_write"),
        status: 200,
    },
    Operation {
        method: "GET",
        path: "/v1/accounts/{account_id}/plan",
        name: "golem-get-account-plan",
        access: Access::Scope("account_read"),
        status: 200,
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
        ("golem-find-accounts", []) => {
            find::find(app, AuthRequest::from_request(app, request)?, request.query()).await
        }
        ("golem-create-account", []) => {
            create::create(app, AuthRequest::from_request(app, request)?, request.json()).await
        }
        ("golem-get-account", [id]) => {
            get::get(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("golem-update-account", [id]) => {
            update::update(app, AuthRequest::from_request(app, request)?, request.json(), id).await
        }
        ("golem-delete-account", [id]) => {
            delete::delete(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        ("golem-get-account-plan", [id]) => {
            plan::plan(app, AuthRequest::from_request(app, request)?, request.query(), id).await
        }
        _ => Err(Error::NotFound("path")),
    }
}

/// Rejects a write to an account for which the preconditions do not hold. Costs a round trip only
/// if there are any and the account shows another owner's address.
async fn check_preconditions<N: Permission>(
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
    http::parse_segment(segment).ok_or(Error::NotFound("account"))
}
