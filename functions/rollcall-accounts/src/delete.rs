use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, Authorized};
use shared::http::{self, Query};
use shared::table::fetch;
use shared::{App, Result};

use crate::view::check_preconditions;
use crate::{AuthRequest, account_id};

/// `DELETE /rollcall/v1/accounts/{id}`: an admin deletes the account, however many members it has.
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
            let caller = check_preconditions(app, caller, admin.account()).await?;
            let write = app.table.delete_account(&caller.actor(), admin)?;
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
