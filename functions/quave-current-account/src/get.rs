use lambda_http::{Body, Response};
use shared::auth::{AccountRead, AuthRequest, Authorized};
use shared::http::{self, Query};
use shared::model::{Account, User};
use shared::quave::AccountView;
use shared::table::Stored;
use shared::{App, Error, Result};

/// `GET /api/public/v1/current-account`: 404 if none is set or it was deleted, 403 for a caller who
/// is no longer a member.
pub(crate) async fn get(
    app: &App,
    auth: AuthRequest<'_, AccountRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            let account = current(app, caller.user()).await?;
            http::ok_with_etag(&AccountView::new(account.into_inner(), caller.user()))
        })
        .await
}

/// A user's current account.
pub(crate) async fn current(app: &App, user: &User) -> Result<Stored<Account>> {
    let id = user.current_account.ok_or(Error::NotFound("current account"))?;
    app.table.access(user.id, id).await?.member()
}
