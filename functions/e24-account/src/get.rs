use lambda_http::{Body, Response};
use serde::Serialize;
use shared::Result;
use shared::auth::AccountRead;
use shared::e24::{Success, UserView};
use shared::http::{self, Query};

use crate::Asked;

/// The user that asks.
#[derive(Serialize)]
pub(crate) struct Account {
    pub(crate) account: UserView,
}

/// `GET /v2/account`: the caller, without secrets.
pub(crate) async fn get(
    asked: Asked<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let (caller, _, ()) = asked.with(query, |_| ()).await?;
    http::ok(&Success::of(Account { account: UserView::of(caller.user(), None) }))
}
