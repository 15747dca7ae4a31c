use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, Authorized};
use shared::http::{self, Fields};
use shared::model::Role;
use shared::table::{AccountChange, fetch};
use shared::{App, Result};

use crate::view::AccountView;
use crate::{AuthRequest, account_id};

/// The body of `PATCH /rollcall/v1/accounts/{id}`; an absent field is not changed. Fields that nobody
/// can change here are ignored, so that a response may be sent back.
fn change(mut fields: Fields) -> Result<AccountChange> {
    fields.allow_null("email");
    let (name, email) = (fields.optional("name"), fields.optional("email"));
    fields.into_result(Some(AccountChange { name, email }))
}

/// `PATCH /rollcall/v1/accounts/{id}`: an admin changes name and contact address.
pub(crate) async fn update(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(change).and_then(|change| Ok((change, account_id(id)?)));
    auth.input(body)
        .fetch(|(_, id)| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: (change, _), fetched: access, .. }| {
            let admin = access.admin()?;
            let shown = app.table.account_with_email(admin.account(), caller.user()).await?;
            let caller = caller.check_if_match(|user| {
                let view = AccountView::with_email(shown.clone(), user, Role::Admin);
                (view, shown.versions.clone().and(user))
            })?;
            let user = caller.user().clone();
            let write = app.table.change_account(&caller.actor(), admin, shown, change)?;
            let view =
                |account| http::ok_with_etag(&AccountView::with_email(account, &user, Role::Admin));
            caller.commit(app, write, view).await
        })
        .await
}
