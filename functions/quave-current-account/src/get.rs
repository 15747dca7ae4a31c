use lambda_http::{Body, Response};
use shared::auth::{AccountRead, Asked};
use shared::http::{self, Query};
use shared::quave::AccountView;
use shared::{App, Error, Result};

/// `GET /api/public/v1/current-account`: 404 when none is set or it is gone, 403 for who is no longer a member.
pub(crate) async fn get(
    app: &App,
    asked: Asked<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let (caller, _, ()) = asked.with(query, |_| ()).await?;
    let user = caller.user();
    let id = user.current_account.ok_or(Error::NotFound("current account"))?;
    let account = app.table.access(user.id, id).await?.member()?;
    http::ok(&AccountView::of(account.into_inner(), user))
}
