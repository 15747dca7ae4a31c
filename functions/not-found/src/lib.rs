//! Every path that no other function serves. It needs no table, no credential and no SDK.

use lambda_http::{Body, Response};
use shared::Error;
use shared::http::ApiRequest;

/// Responds 404 in the error format of the path's dialect.
pub async fn handle(request: ApiRequest) -> Response<Body> {
    request.respond(&[], || async { Err(Error::NotFound("path")) }).await
}
