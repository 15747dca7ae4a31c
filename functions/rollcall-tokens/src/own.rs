use lambda_http::{Body, Response};
use shared::auth::TokensRead;
use shared::http::{self, Query};
use shared::{Error, Result};

use crate::Asked;
use crate::view::TokenView;

/// `GET /rollcall/v1/tokens/self`: the token that asks; a password is none.
pub(crate) async fn own(
    asked: Asked<'_, TokensRead>,
    query: Result<Query<'_>>,
) -> Result<Response<Body>> {
    let (caller, _, ()) = asked.with(query, |_| ()).await?;
    let token = caller.token().ok_or(Error::NotFound("token"))?;
    http::resource(&TokenView::from(token.clone()))
}
