use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::model::EmailAddress;
use shared::table::AccountWithEmail;
use shared::{App, Result};

use crate::view::AccountView;

#[derive(Serialize)]
struct Accounts {
    values: Vec<AccountView>,
}

/// `GET /v1/accounts[?email=…]`: the accounts that the caller has a grant from, oldest first; with
/// `email`, those that show this address. An invalid address matches nothing.
pub(crate) async fn find(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let email = query.map(|query| query.get("email").map(|raw| raw.parse::<EmailAddress>().ok()));
    auth.input(email)
        .query(|table, user, _| table.memberships(user))
        .respond(async |Authorized { caller, input: email, queried: memberships, .. }| {
            let accounts = app.table.accounts(&memberships).await?;
            let accounts = app.table.accounts_with_email(accounts, caller.user()).await?;
            let matching = accounts.into_iter().filter(|account| {
                email.as_ref().is_none_or(|email| shows(account, email.as_ref()))
            });
            http::ok(&Accounts { values: matching.map(AccountView::from).collect() })
        })
        .await
}

fn shows(account: &AccountWithEmail, email: Option<&EmailAddress>) -> bool {
    account.email.as_ref().zip(email).is_some_and(|(shown, email)| shown.same_as(email))
}
