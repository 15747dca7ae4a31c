//! Between API Gateway and the functions: HTTP API events (payload format 2.0) in, their answers out.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::http::HeaderMap;
use lambda_http::lambda_runtime;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, LambdaEvent, Request, RequestExt, Response, service_fn};

use super::Call;

/// Runs a function: every event becomes a [`Call`], and whatever comes of it is the answer.
///
/// Stands in for `lambda_http::run`, which builds an absolute URL from the client's `Host` and `X-Forwarded-Proto`, and
/// panics when these make none.
pub async fn serve<F, Answer>(handle: F) -> Result<(), lambda_http::Error>
where
    F: Fn(Call) -> Answer,
    Answer: Future<Output = Response<Body>>,
{
    let handle = &handle;
    let service = async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let request = received(event.payload).with_lambda_context(event.context);
        Ok::<_, lambda_http::Error>(sent(handle(Call::new(request)).await))
    };
    lambda_runtime::run(service_fn(service)).await
}

/// The request of an event. An event that makes no request, as one whose query is longer than a URI may be, is a request
/// for no path.
pub fn received(mut event: ApiGatewayV2httpRequest) -> Request {
    let mut headers = mem::take(&mut event.headers);
    event.request_context.domain_name = None;
    event.raw_path =
        event.raw_path.map(|path| if path.starts_with('/') { path } else { format!("/{path}") });
    event.raw_query_string = event.raw_query_string.map(|query| printable(&query));
    let event = LambdaRequest::ApiGatewayV2(event);
    let mut request = catch_unwind(AssertUnwindSafe(|| Request::from(event))).unwrap_or_default();
    headers.extend(mem::take(request.headers_mut()));
    *request.headers_mut() = headers;
    request
}

/// The query with every byte that a URI cannot hold percent-encoded.
fn printable(query: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte);
    query.bytes().fold(String::with_capacity(query.len()), |text, byte| {
        if fits(byte) {
            text + char::from(byte).encode_utf8(&mut [0; 4])
        } else {
            format!("{text}%{byte:02X}")
        }
    })
}

/// The answer as API Gateway takes it.
fn sent(answer: Response<Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = answer.into_parts();
    let mut sent = ApiGatewayV2httpResponse::default();
    sent.status_code = parts.status.as_u16().into();
    sent.headers = parts.headers;
    sent.multi_value_headers = HeaderMap::new();
    sent.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    sent
}
