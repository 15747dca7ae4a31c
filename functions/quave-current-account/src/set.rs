use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountWrite, AuthRequest, Authorized, Caller};
use shared::http::{self, Fields};
use shared::model::AccountId;
use shared::quave::AccountView;
use shared::table::{Versioned, fetch};
use shared::{App, Error, Result};

use crate::get::current;

/// The account, now the current one.
#[derive(Serialize)]
struct CurrentAccount {
    #[serde(flatten)]
    account: AccountView,
    message: &'static str,
}

fn account_id(mut fields: Fields) -> Result<AccountId> {
    let id = fields.required("accountId");
    fields.into_result(id)
}

/// `PUT /api/public/v1/current-account`: any member may choose the account.
pub(crate) async fn set(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(account_id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let account = access.member()?.into_inner();
            let caller = check_preconditions(app, caller).await?;
            let write = app.table.set_current_account(&caller.actor(), caller.user(), id)?;
            let view = |user| CurrentAccount {
                account: AccountView::new(account, &user),
                message: "Current account updated successfully",
            };
            caller.commit(app, write, |user| http::ok(&view(user))).await
        })
        .await
}

/// Rejects the request unless the preconditions hold for the present current account. Costs a round
/// trip if there are any, since the user names that account.
async fn check_preconditions(
    app: &App,
    caller: Caller<AccountWrite>,
) -> Result<Caller<AccountWrite>> {
    if !caller.is_conditional() {
        return Ok(caller);
    }
    match current(app, caller.user()).await {
        Ok(account) => caller.check_if_match(|user| {
            let versions = account.versions().and(user);
            (AccountView::new(account.into_inner(), user), versions)
        }),
        Err(Error::NotFound(_) | Error::Forbidden(_)) => {
            let versions = caller.user().versions();
            caller.check_if_match_absent(versions)
        }
        Err(error) => Err(error),
    }
}
