use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::{AccountRead, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::model::AccountId;
use shared::quave::AccountView;
use shared::table::fetch;

/// `GET /api/public/v1/account?accountId=…`: any member sees the account.
pub(crate) async fn get(
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let id = query.and_then(|query| query.required::<AccountId>("accountId"));
    auth.input(id)
        .fetch(|id| fetch::account_access(*id))
        .respond(async |Authorized { caller, fetched: access, .. }| {
            http::ok_with_etag(&AccountView::new(access.member()?.into_inner(), caller.user()))
        })
        .await
}
