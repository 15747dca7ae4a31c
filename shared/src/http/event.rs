//! Between API Gateway and the functions: events of HTTP APIs (payload format 2.0) and their
//! responses.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::http::HeaderMap;
use lambda_http::http::header::SET_COOKIE;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, LambdaEvent, Request, RequestExt, Response};

use super::request::{ApiRequest, DomainName, RawQuery};
use crate::{Result, Settings, runtime};

/// Runs a function with what it has made at its start, with an [`ApiRequest`] for every event.
/// [`runtime::run`] says what happens if the start has failed.
///
/// Replaces `lambda_http::run`, which builds an absolute URL from the client's `Host` and
/// `X-Forwarded-Proto`, and panics if that is invalid.
pub async fn serve<S: AsRef<Settings>>(
    started: Result<S>,
    handle: impl AsyncFn(&S, ApiRequest) -> Response<Body>,
) -> Result<(), lambda_http::Error> {
    let handle = async |state: &S, event: LambdaEvent<ApiGatewayV2httpRequest>| {
        let request = from_event(event.payload).with_lambda_context(event.context);
        let request = ApiRequest::new(request, state.as_ref());
        Ok(into_event(handle(state, request).await))
    };
    runtime::run(started, handle).await
}

/// The request of an event.
///
/// Path, query and headers are left out of the conversion, which would build a URI of them and
/// panic if it is invalid; they are added after it. A body that is declared as base64 and is not
/// counts as empty.
pub fn from_event(mut event: ApiGatewayV2httpRequest) -> Request {
    let mut headers = mem::take(&mut event.headers);
    let path = event.raw_path.replace("/".to_owned()).unwrap_or_default();
    let query = event.raw_query_string.take().unwrap_or_default();
    let method = event.request_context.http.method.clone();
    let domain = event.request_context.domain_name.take();
    let event = LambdaRequest::ApiGatewayV2(event);
    let mut request = catch_unwind(AssertUnwindSafe(|| Request::from(event))).unwrap_or_default();
    headers.extend(mem::take(request.headers_mut()));
    *request.headers_mut() = headers;
    *request.method_mut() = method;
    request.extensions_mut().insert(RawQuery(query));
    if let Some(domain) = domain {
        request.extensions_mut().insert(DomainName(domain));
    }
    request.with_raw_http_path(path)
}

/// The bytes that a JSON text takes within a function's response, which is JSON itself: quotes and
/// backslashes are escaped once more.
pub fn bytes_in_response(json: &str) -> usize {
    json.len() + json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// The response in the format of API Gateway.
pub fn into_event(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = response.into_parts();
    let cookies = parts.headers.get_all(SET_COOKIE).iter();
    let cookies = cookies.filter_map(|cookie| cookie.to_str().ok().map(str::to_owned)).collect();
    parts.headers.remove(SET_COOKIE);
    let mut output = ApiGatewayV2httpResponse::default();
    output.status_code = parts.status.as_u16().into();
    output.headers = parts.headers;
    output.cookies = cookies;
    output.multi_value_headers = HeaderMap::new();
    output.is_base64_encoded = matches!(body, Body::Binary(_));
    output.body = Some(body).filter(|body| !matches!(body, Body::Empty));
    output
}
