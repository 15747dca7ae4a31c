//! Every path that no other function serves. It needs no table, no credential and no SDK.

use lambda_http::{Body, Response};
use shared::Error;
use shared::http::ApiRequest;

/// Answers one request: 404 in the shape of the path's dialect.
pub async fn handle(request: ApiRequest) -> Response<Body> {
    request.answer(|| async { Err(Error::NotFound("path")) }).await
}
