use lambda_http::{Body, Response};
use shared::auth::{AccountRead, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::table::fetch;
use shared::{App, Result};

use crate::account_id;
use crate::view::AccountView;

/// `GET /v1/accounts/{account_id}`: any member sees the account.
pub(crate) async fn get(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| account_id(id)))
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, fetched: access, .. }| {
            let account = app.table.account_with_email(&access.member()?, caller.user()).await?;
            http::ok_with_etag(&AccountView::from(account))
        })
        .await
}
