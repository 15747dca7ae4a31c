use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, Asked};
use shared::http::{self, Query};
use shared::model::AccountId;
use shared::quave::AccountView;
use shared::table::Rest;
use shared::{App, Result};

#[derive(Serialize)]
struct Deleted {
    message: &'static str,
}

/// `DELETE /api/public/v1/account?accountId=…`: an admin deletes the account, however many members it has.
pub(crate) async fn delete(
    app: &App,
    asked: Asked<'_, AccountWrite>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let id = query.and_then(|query| query.required::<AccountId>("accountId"));
    let (caller, id, access) = asked.with(id, |id| *id).await?;
    let admin = app.table.closable(id, access).await?;
    let caller = caller.demanding(|user| {
        let account = admin.account();
        (AccountView::of((**account).clone(), user), account.basis().and(user))
    })?;
    let deleted = Deleted { message: "Account deleted successfully" };
    caller.settle(app, app.table.close_account(admin)?, |()| http::ok(&deleted)).await
}
