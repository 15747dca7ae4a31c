use lambda_http::{Body, Response};
use shared::auth::{Authorized, TokensRead};
use shared::http::{self, Query};
use shared::{Error, Result};

use crate::AuthRequest;
use crate::view::TokenView;

/// `GET /rollcall/v1/tokens/self`: the presented token; 404 for callers with a password.
pub(crate) async fn current(
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    auth.input(query)
        .respond(async |Authorized { caller, .. }| {
            let token = caller.token().ok_or(Error::NotFound("token"))?;
            http::ok_with_etag(&TokenView::from(token.clone()))
        })
        .await
}
