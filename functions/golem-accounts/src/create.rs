use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, AuthRequest, Authorized};
use shared::http::{self, Fields};
use shared::table::{NewAccount, fetch};
use shared::{App, Result};

use crate::view::AccountView;

/// The body of `POST /v1/accounts`.
fn new_account(mut fields: Fields) -> Result<NewAccount> {
    let (name, email) = (fields.required("name"), fields.required("email"));
    fields.into_result(name.zip(email).map(|(name, email)| NewAccount {
        name,
        contact_email: Some(email),
        registry: None,
    }))
}

/// `POST /v1/accounts`: the caller becomes the new account's owner and admin.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(new_account))
        .fetch(|account| fetch::both(fetch::free_slug(account.name.clone()), fetch::counts()))
        .respond(async |Authorized { caller, input: account, fetched: (slug, counts), .. }| {
            let (actor, user) = (caller.actor(), caller.user());
            let write =
                app.table.create_account(&actor, account, slug, user, counts.as_ref()).await?;
            caller
                .commit(app, write, |created| http::ok(&AccountView::from_new(created.account)))
                .await
        })
        .await
}
