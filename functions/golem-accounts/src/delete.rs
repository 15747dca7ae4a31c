use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::table::fetch;
use shared::{App, Result};

use crate::account_id;

/// Golem responds to a deletion with an empty object.
#[derive(Serialize)]
struct Deleted {}

/// `DELETE /v1/accounts/{account_id}`: an admin deletes the account, however many members it has.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| account_id(id)))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let admin = app.table.admin_for_deletion(id, access).await?;
            let caller = crate::check_preconditions(app, caller, admin.account()).await?;
            let write = app.table.delete_account(&caller.actor(), admin)?;
            caller.commit(app, write, |()| http::ok(&Deleted {})).await
        })
        .await
}
