use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, Asked};
use shared::http::{self, Fields};
use shared::model::AccountId;
use shared::quave::AccountView;
use shared::{App, Result};

/// The account, now the current one.
#[derive(Serialize)]
struct CurrentAccount {
    #[serde(flatten)]
    account: AccountView,
    message: &'static str,
}

fn account_id(mut fields: Fields) -> Result<AccountId> {
    let id = fields.required("accountId");
    fields.finish(id)
}

/// `PUT /api/public/v1/current-account`: any member may choose the account.
pub(crate) async fn set(
    app: &App,
    asked: Asked<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    let (caller, id, access) = asked.with(fields.and_then(account_id), |id| *id).await?;
    let account = access.member()?;
    let user = app.table.set_current_account(caller.user(), id).await?;
    http::ok(&CurrentAccount {
        account: AccountView::of(account.into_inner(), &user),
        message: "Current account updated successfully",
    })
}
