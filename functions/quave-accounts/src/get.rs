use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::{AccountRead, AuthRequest};
use shared::http::{self, Query};
use shared::model::AccountId;
use shared::quave::AccountView;

/// `GET /api/public/v1/account?accountId=…`: any member sees the account.
pub(crate) async fn get(
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let id = query.and_then(|query| query.required::<AccountId>("accountId"));
    let (caller, _, access) = auth.with(id, |id| *id).await?;
    http::ok_with_etag(&AccountView::new(access.member()?.into_inner(), caller.user()))
}
