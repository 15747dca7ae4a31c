use lambda_http::{Body, Response};
use serde::Serialize;
use shared::auth::{AccountRead, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::quave::AccountView;
use shared::{App, Result};

#[derive(Serialize)]
struct Accounts {
    accounts: Vec<AccountView>,
}

/// `GET /api/public/v1/accounts`: every account that the user is a member of, oldest first.
pub(crate) async fn list(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .query(|table, user, _| table.memberships(user))
        .respond(async |Authorized { caller, queried: memberships, .. }| {
            let accounts = app.table.accounts(&memberships).await?;
            http::ok(&Accounts {
                accounts: accounts
                    .into_iter()
                    .map(|account| AccountView::new(account, caller.user()))
                    .collect(),
            })
        })
        .await
}
