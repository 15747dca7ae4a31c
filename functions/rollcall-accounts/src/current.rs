use lambda_http::{Body, Response};
use shared::auth::{AccountRead, AccountWrite, Authorized, Caller, Permission};
use shared::http::{self, Fields, Query};
use shared::model::AccountId;
use shared::table::{ReadVersions, Versioned, fetch};
use shared::{App, Error, Result};

use crate::AuthRequest;
use crate::view::{AccountView, shown};

fn id(mut fields: Fields) -> Result<AccountId> {
    let id = fields.required("id");
    fields.into_result(id)
}

/// The caller's current account: 404 if there is none or it was deleted, 403 for a caller who is no
/// longer a member.
async fn current<N: Permission>(
    app: &App,
    caller: &Caller<N>,
) -> Result<(AccountView, ReadVersions)> {
    let user = caller.user();
    let id = user.current_account.ok_or(Error::NotFound("current account"))?;
    let (account, membership) = app.table.access(user.id, id).await?.membership()?;
    shown(app, caller, &account, &membership).await
}

/// `GET /rollcall/v1/accounts/current`: the account that the caller has chosen.
pub(crate) async fn get(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            http::ok_with_etag(&current(app, &caller).await?.0)
        })
        .await
}

/// `PUT /rollcall/v1/accounts/current`: any member may choose the account.
pub(crate) async fn set(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(id))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: id, fetched: access, .. }| {
            let (account, membership) = access.membership()?;
            let caller = check_preconditions(app, caller).await?;
            let shown = app.table.account_with_email(&account, caller.user()).await?;
            let write = app.table.set_current_account(&caller.actor(), caller.user(), id)?;
            let view =
                |user| http::ok_with_etag(&AccountView::with_email(shown, &user, membership.role));
            caller.commit(app, write, view).await
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
    match current(app, &caller).await {
        Ok(present) => caller.check_if_match(|_| present),
        Err(Error::NotFound(_) | Error::Forbidden(_)) => {
            let versions = caller.user().versions();
            caller.check_if_match_absent(versions)
        }
        Err(error) => Err(error),
    }
}
