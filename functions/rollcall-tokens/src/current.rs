use lambda_http::{Body, Response};
use shared::auth::TokensRead;
use shared::http::{self, Query};
use shared::{Error, Result};

use crate::AuthRequest;
use crate::view::TokenView;

/// `GET /rollcall/v1/tokens/self`: the token that asks; a password is none.
pub(crate) async fn current(
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let (caller, _, ()) = auth.with(query, |_| ()).await?;
    let token = caller.token().ok_or(Error::NotFound("token"))?;
    http::ok_with_etag(&TokenView::from(token.clone()))
}
