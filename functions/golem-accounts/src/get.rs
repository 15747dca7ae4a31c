use lambda_http::{Body, Response};
use shared::auth::{AccountRead, AuthRequest};
use shared::http::{self, Query};
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
    let (caller, _, access) = auth.with(query.and_then(|_| account_id(id)), |id| *id).await?;
    let account = app.table.account_with_email(&access.member()?, caller.user()).await?;
    http::ok_with_etag(&AccountView::from(account))
}
