use lambda_http::{Body, Response};
use shared::auth::{AccountWrite, Authorized};
use shared::http::{self, Fields};
use shared::model::{Role, User};
use shared::table::{CreatedAccount, NewAccount, fetch};
use shared::{App, Result};

use crate::AuthRequest;
use crate::view::AccountView;

/// The body of `POST /rollcall/v1/accounts`.
fn new_account(mut fields: Fields) -> Result<NewAccount> {
    fields.allow_null("email");
    let (name, contact_email) = (fields.required("name"), fields.optional("email"));
    let account = name.map(|name| NewAccount { name, contact_email, registry: None });
    fields.into_result(account)
}

fn created_account(created: CreatedAccount, mut user: User) -> Result<Response<Body>> {
    let CreatedAccount { account, is_current } = created;
    if is_current {
        user.current_account = Some(account.id);
    }
    let location = format!("/rollcall/v1/accounts/{}", account.id);
    let email = account.contact_email.clone().unwrap_or_else(|| user.primary_email.clone());
    let view = AccountView::new(account, Some(&email), &user, Role::Admin);
    http::created(&view, Some(&location))
}

/// `POST /rollcall/v1/accounts`: the caller becomes the new account's owner and admin.
pub(crate) async fn create(
    app: &App,
    auth: AuthRequest<'_, AccountWrite>,
    fields: Result<Fields>,
) -> Result<Response<Body>> {
    auth.input(fields.and_then(new_account))
        .fetch(|account| fetch::both(fetch::free_slug(account.name.clone()), fetch::counts()))
        .respond(async |Authorized { caller, input: account, fetched: (slug, counts), .. }| {
            let (actor, user) = (caller.actor(), caller.user().clone());
            let write =
                app.table.create_account(&actor, account, slug, &user, counts.as_ref()).await?;
            let view = |created| created_account(created, user.into_inner());
            caller.commit(app, write, view).await
        })
        .await
}
