//! Between API Gateway and the functions: HTTP API events (payload format 2.0) in, their answers out.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::http::HeaderMap;
use lambda_http::http::header::SET_COOKIE;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, LambdaEvent, Request, RequestExt, Response, service_fn};

use super::request::{ApiRequest, RawQuery};

/// Runs a function: every event becomes a [`ApiRequest`], and whatever comes of it is the answer.
///
/// Stands in for `lambda_http::run`, which builds an absolute URL from the client's `Host` and `X-Forwarded-Proto`, and
/// panics when these make none.
pub async fn serve<F, Answer>(handle: F) -> Result<(), lambda_http::Error>
where
    F: Fn(ApiRequest) -> Answer,
    Answer: Future<Output = Response<Body>>,
{
    let handle = &handle;
    let service = async |event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let request = from_event(event.payload).with_lambda_context(event.context);
        Ok::<_, lambda_http::Error>(into_event(handle(ApiRequest::new(request)).await))
    };
    lambda_runtime::run(service_fn(service)).await
}

/// The request of an event.
///
/// Path, query and headers stay out of the conversion, which would make a URI of them, and panics when they make none;
/// they are put in after it. A body that is not the base64 that it is said to be is taken for none.
pub fn from_event(mut event: ApiGatewayV2httpRequest) -> Request {
    let mut headers = mem::take(&mut event.headers);
    let path = event.raw_path.replace("/".to_owned()).unwrap_or_default();
    let query = event.raw_query_string.take().unwrap_or_default();
    let method = event.request_context.http.method.clone();
    event.request_context.domain_name = None;
    let event = LambdaRequest::ApiGatewayV2(event);
    let mut request = catch_unwind(AssertUnwindSafe(|| Request::from(event))).unwrap_or_default();
    headers.extend(mem::take(request.headers_mut()));
    *request.headers_mut() = headers;
    *request.method_mut() = method;
    request.extensions_mut().insert(RawQuery(query));
    request.with_raw_http_path(path)
}

/// The answer as API Gateway takes it.
pub fn into_event(answer: Response<Body>) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = answer.into_parts();
    let cookies = parts.headers.get_all(SET_COOKIE).iter();
    let cookies = cookies.filter_map(|cookie| cookie.to_str().ok().map(str::to_owned)).collect();
    parts.headers.remove(SET_COOKIE);
    let mut sent = ApiGatewayV2httpResponse::default();
    sent.status_code = parts.status.as_u16().into();
    sent.headers = parts.headers;
    sent.cookies = cookies;
    sent.multi_value_headers = HeaderMap::new();
    sent.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    sent
}
