use lambda_http::{Body, Response};
use shared::auth::{Authorized, FullAccess};
use shared::http::{self, Query};
use shared::table::{Versioned, fetch};
use shared::{App, Result};

use crate::view::TokenView;
use crate::{AuthRequest, active_token, token_id};

/// `DELETE /rollcall/v1/tokens/{id}`: the token stops working with the next request; it may be the
/// presented one.
///
/// Another user's token is indistinguishable from one that never existed.
pub(crate) async fn revoke(
    app: &App,
    auth: AuthRequest<'_, FullAccess>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| token_id(id)))
        .fetch(|id| fetch::token(*id))
        .respond(async |Authorized { caller, input: id, fetched, .. }| {
            let token = active_token(&caller, fetched)?;
            let caller = caller.check_if_match(|_| {
                let basis = token.versions();
                (TokenView::from(token.into_inner()), basis)
            })?;
            let write = app.table.delete_token(&caller.actor(), caller.user().id, id);
            caller.commit(app, write, |()| http::no_content()).await
        })
        .await
}
