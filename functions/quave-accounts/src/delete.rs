use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::model::AccountId;
use shared::quave::AccountView;
use shared::table::{Versioned, fetch};
use shared::{App, Result};

#[derive(Serialize)]
struct Deleted {
    message: &'static str,
}

/// `DELETE /api/public/v1/account?accountId=…`: an admin deletes the account, however many members
/// it has.
pub(crate) async fn delete(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let id = query.and_then(|query| query.required::<AccountId>("accountId"));
    auth.input(id)
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let admin = app.table.admin_for_deletion(id, access).await?;
            let caller = caller.check_if_match(|user| {
                let account = admin.account();
                (AccountView::new((**account).clone(), user), account.versions().and(user))
            })?;
            let deleted = Deleted { message: "Account deleted successfully" };
            let write = app.table.delete_account(&caller.actor(), admin)?;
            caller.commit(app, write, |()| http::ok(&deleted)).await
        })
        .await
}
