//! Requests as API Gateway hands them to a function, without an engine behind it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use lambda_http::http::{HeaderMap, Method};
use shared::Settings;
use shared::http::{ApiRequest, from_event};

/// A POST to a path.
pub(super) fn post(path: &str, headers: HeaderMap, body: &[u8]) -> ApiRequest {
    let mut event = ApiGatewayV2httpRequest::default();
    event.raw_path = Some(path.to_owned());
    event.request_context.http.method = Method::POST;
    event.headers = headers;
    event.is_base64_encoded = std::str::from_utf8(body).is_err();
    event.body = Some(match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => STANDARD.encode(body),
    });
    ApiRequest::new(from_event(event), &Settings::default())
}
