use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, AuthRequest, Authorized};
use shared::http::{self, Fields};
use shared::model::PlanId;
use shared::table::{AccountChange, fetch};
use shared::{App, Error, Result};

use crate::account_id;
use crate::view::AccountView;

/// The body of `PUT /v1/accounts/{account_id}`.
struct UpdateAccount {
    change: AccountChange,
    /// Only the plan that the account has already.
    plan: Option<PlanId>,
}

impl UpdateAccount {
    fn parse(mut fields: Fields) -> Result<Self> {
        let (name, email, plan) =
            (fields.required("name"), fields.required("email"), fields.optional("planId"));
        let change = name
            .zip(email)
            .map(|(name, email)| AccountChange { name: Some(name), email: Some(email) });
        fields.into_result(change.map(|change| Self { change, plan }))
    }
}

/// `PUT /v1/accounts/{account_id}`: an admin replaces name and e-mail. The plan cannot be changed
/// here.
pub(crate) async fn update(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
    id: &str,
) -> Result<Response<Body>> {
    let body = fields.and_then(UpdateAccount::parse).and_then(|body| Ok((body, account_id(id)?)));
    auth.input(body)
        .fetch(|(_, id)| fetch::account_access(*id))
        .respond(async |Authorized { caller, input: (body, _), fetched: access, .. }| {
            let admin = access.admin()?;
            let shown = app.table.account_with_email(admin.account(), caller.user()).await?;
            let caller = caller
                .check_if_match(|_| (AccountView::from(shown.clone()), shown.versions.clone()))?;
            if body.plan.is_some_and(|plan| plan != admin.account().plan) {
                return Err(Error::invalid(
                    "planId",
                    "must be the account's present plan or absent: it cannot be changed here",
                ));
            }
            let write = app.table.change_account(&caller.actor(), admin, shown, body.change)?;
            caller
                .commit(app, write, |account| http::ok_with_etag(&AccountView::from(account)))
                .await
        })
        .await
}
