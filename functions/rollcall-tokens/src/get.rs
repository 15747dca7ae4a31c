use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::{Authorized, TokensRead};
use shared::http::{self, Query};
use shared::table::fetch;

use crate::view::TokenView;
use crate::{AuthRequest, active_token, token_id};

/// `GET /rollcall/v1/tokens/{id}`: one of the caller's tokens.
pub(crate) async fn get(
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    auth.input(query.and_then(|_| token_id(id)))
        .fetch(|id| fetch::token(*id))
        .respond(async |Authorized { caller, fetched, .. }| {
            http::ok_with_etag(&TokenView::from(active_token(&caller, fetched)?.into_inner()))
        })
        .await
}
