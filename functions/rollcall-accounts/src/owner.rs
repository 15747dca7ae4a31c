use lambda_http::{Body, Response};
use shared::auth::{Authorized, MembersWrite};
use shared::http::{self, Fields};
use shared::model::{Role, UserId};
use shared::table::fetch;
use shared::{App, Result};

use crate::view::{AccountView, check_preconditions};
use crate::{AuthRequest, account_id};

fn new_owner(mut fields: Fields) -> Result<UserId> {
    let user = fields.required("userId");
    fields.into_result(user)
}

/// `POST /rollcall/v1/accounts/{id}/owner`: the owner hands the account over to another admin, and
/// stays an admin.
pub(crate) async fn hand_over(
    app: &App,
    auth: AuthRequest<'_, MembersWrite>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(new_owner).and_then(|user| Ok((account_id(id)?, user)));
    auth.input(body)
        .fetch(|(id, user)| fetch::member_access(*id, *user))
        .respond(async |Authorized { caller, fetched, .. }| {
            let handover = fetched.handover()?;
            let caller = check_preconditions(app, caller, handover.account()).await?;
            let primary = handover.successor().primary_email.clone();
            let user = caller.user().clone();
            let write = app.table.hand_over(&caller.actor(), handover)?;
            caller
                .commit(app, write, |account| {
                    let email = account.contact_email.clone().unwrap_or(primary);
                    http::ok_with_etag(&AccountView::new(account, Some(&email), &user, Role::Admin))
                })
                .await
        })
        .await
}
