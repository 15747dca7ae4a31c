use lambda_http::{Body, Response};
use serde::Serialize;
use shared::Result;
use shared::auth::{AccountRead, Authorized, Caller, Permission};
use shared::e24::{Success, UserView};
use shared::http::{self, Query};
use shared::model::User;
use shared::table::Versioned;

use crate::AuthRequest;

/// The calling user.
#[derive(Serialize)]
pub(crate) struct Account {
    account: UserView,
}

/// `GET /v2/account`: the caller, without secrets.
pub(crate) async fn get(
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| http::ok_with_etag(&view(caller.user())))
        .await
}

/// A user, as the response shows it.
pub(crate) fn view(user: &User) -> Success<Account> {
    Success::new(Account { account: UserView::new(user, None) })
}

/// Rejects a write to the user unless the preconditions hold for what `GET /v2/account` shows.
pub(crate) fn check_preconditions<N: Permission>(caller: Caller<N>) -> Result<Caller<N>> {
    caller.check_if_match(|user| (view(user), user.versions()))
}
