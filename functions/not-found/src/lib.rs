//! Every path that no other function serves. It needs no table, no credential and no SDK.

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use shared::http::Call;
use shared::{Error, Result};

/// Answers one request: 404 in the shape of the path's dialect.
pub async fn handle(request: Request) -> Result<Response<Body>, Infallible> {
    Ok(Call::new(request).answer(|| async { Err(Error::NotFound("path")) }).await)
}
