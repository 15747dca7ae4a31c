use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::FullAccess;
use shared::http::{self, Query};
use shared::table::Versioned;

use crate::view::TokenView;
use crate::{App, AuthRequest, token_id, working};

/// `DELETE /rollcall/v1/tokens/{id}`: the token stops working with the next request; it may be the one that asks.
///
/// Somebody else's token is as unknown as one that never was.
pub(crate) async fn revoke(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let (caller, id, found) = auth.with(query.and_then(|_| token_id(id)), |id| *id).await?;
    let token = working(&caller, found)?;
    let caller = caller.check_if_match(|_| {
        let versions = token.versions();
        (TokenView::from(token.into_inner()), versions)
    })?;
    let write = app.table.delete_token(&caller.actor(), caller.user().id, id);
    caller.commit(app, write, |()| http::no_content()).await
}
