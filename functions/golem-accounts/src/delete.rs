use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, Asked};
use shared::http::{self, Query};
use shared::{App, Result};

use crate::account_id;

/// Golem answers a deletion with an empty object.
#[derive(Serialize)]
struct Deleted {}

/// `DELETE /v1/accounts/{account_id}`: an admin deletes the account, however many members it has.
pub(crate) async fn delete(
    app: &App,
    asked: Asked<'_, AccountWrite>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let (caller, id, access) = asked.with(query.and_then(|_| account_id(id)), |id| *id).await?;
    let admin = app.table.closable(id, access).await?;
    let caller = crate::as_demanded(app, caller, admin.account()).await?;
    caller.settle(app, app.table.close_account(admin)?, |()| http::ok(&Deleted {})).await
}
