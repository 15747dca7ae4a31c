use std::collections::HashMap;

use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, Authorized};
use shared::http::{self, Query};
use shared::model::{AccountId, Membership};
use shared::rollcall::{Page, Place};
use shared::{App, Result};

use crate::AuthRequest;
use crate::view::AccountView;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    accounts: Vec<AccountView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<Place>,
}

/// `GET /rollcall/v1/accounts[?limit=…&cursor=…]`: the accounts that the caller is a member of, in
/// the order of joining.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|query| Page::<Place>::parse(&query)))
        .query(|table, user, _| table.memberships(user))
        .respond(async |Authorized { caller, input: page, queried: memberships, .. }| {
            let user = caller.user();
            let place = |own: &Membership| Place::new(user.id, own.joined_at, &own.account);
            let (memberships, next_cursor) = page.of(memberships, place);
            let accounts = app.table.accounts(&memberships).await?;
            let accounts = app.table.accounts_with_email(accounts, user).await?;
            let mut found: HashMap<AccountId, _> =
                accounts.into_iter().map(|shown| (shown.account.id, shown)).collect();
            let accounts = memberships.iter().filter_map(|own| {
                let shown = found.remove(&own.account)?;
                Some(AccountView::with_email(shown, user, own.role))
            });
            http::ok(&Accounts { accounts: accounts.collect(), next_cursor })
        })
        .await
}
