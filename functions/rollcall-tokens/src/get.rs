use lambda_http::{Body, Response};
use shared::Result;
use shared::auth::TokensRead;
use shared::http::{self, Query};

use crate::view::TokenView;
use crate::{AuthRequest, token_id, working};

/// `GET /rollcall/v1/tokens/{id}`: one of the caller's tokens.
pub(crate) async fn get(
    auth: AuthRequest<'_, TokensRead>,
    query: Result<Query<'_>>,
    id: &str,
) -> Result<Response<Body>> {
    let (caller, _, found) = auth.with(query.and_then(|_| token_id(id)), |id| *id).await?;
    http::ok_with_etag(&TokenView::from(working(&caller, found)?.into_inner()))
}
