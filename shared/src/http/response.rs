//! Responses. No other place logs a request.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::error_response::{code, header, message, status};
use super::{ApiRequest, Operation};
use crate::error::{ErrorChain, failed};
use crate::random::back_off;
use crate::telemetry::request::{self, Record};
use crate::{Error, Result};
use crate::{lifetimes, timeouts};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The policy of every response that is no page: a browser that shows it loads nothing for it.
const NO_PAGE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Marks a replayed response.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Status 200 with a JSON body.
pub fn ok(view: &impl Serialize) -> Result<Response<Body>> {
    let body = serde_json::to_string(view).map_err(failed("write a response"))?;
    let mut response = Response::new(Body::Text(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Ok(response)
}

/// Status 201 with a JSON body, and with `Location` if the new resource has a path.
pub fn created(view: &impl Serialize, location: Option<&str>) -> Result<Response<Body>> {
    let mut response = ok(view)?;
    *response.status_mut() = StatusCode::CREATED;
    if let Some(location) = location {
        let location = HeaderValue::from_str(location).map_err(failed("write a response"))?;
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Status 202 with an empty JSON object: what comes of it is told by mail.
pub fn accepted() -> Result<Response<Body>> {
    let mut response = ok(&serde_json::json!({}))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// Status 303: the browser goes on there.
pub fn see_other(location: &str) -> Result<Response<Body>> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::try_from(location).map_err(failed("write a response"))?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// Status 204 without a body.
pub fn no_content() -> Result<Response<Body>> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

impl ApiRequest {
    /// The response to the request, in time and in the dialect of its path. Logs it.
    ///
    /// `handle` runs the operation. If it ends with a conflict, nothing was written, and it is run
    /// again from its first read.
    pub async fn respond<F, Handled>(&self, operations: &[Operation], handle: F) -> Response<Body>
    where
        F: Fn() -> Handled,
        Handled: Future<Output = Result<Response<Body>>>,
    {
        let start = Instant::now();
        let (result, observed) = request::observed(self.with_deadline(handle)).await;
        #[cfg(feature = "etag")]
        let result = result.and_then(|response| self.apply_preconditions(response));
        let mut cause = None;
        let mut response = result.unwrap_or_else(|error| {
            cause = status(&error).is_server_error().then(|| ErrorChain(&error).to_string());
            self.error_response(&error)
        });
        request::write(&Record {
            request_id: self.id(),
            route: &self.metric_name(operations),
            dialect: self.dialect().name(),
            status: response.status().as_u16(),
            is_replayed: response.headers().contains_key(REPLAYED),
            duration: start.elapsed(),
            error: cause.as_deref(),
            observed: &observed,
        });
        self.common_headers(response.headers_mut());
        response
    }

    /// The result before the deadline, also if the handler panics.
    async fn with_deadline<F, Handled>(&self, handle: F) -> Result<Response<Body>>
    where
        F: Fn() -> Handled,
        Handled: Future<Output = Result<Response<Body>>>,
    {
        // Boxed, since the nested futures are too deep for the compiler.
        let run = Box::pin(run_with_retries(handle));
        match tokio::time::timeout(timeouts::REQUEST, AssertUnwindSafe(run).catch_unwind()).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::internal(
                "handle the request: the handler panicked",
                "see the line before",
            )),
            Err(late) => {
                Err(Error::Unavailable { action: "handle the request", source: late.into() })
            }
        }
    }

    /// The headers of every response. A page has a policy of its own, and what may be cached says so.
    fn common_headers(&self, headers: &mut HeaderMap) {
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE_POLICY));
        if self.base_url().is_https() {
            // Not `includeSubDomains`: what is below the domain is not ours to decide.
            let value = HeaderValue::from_str(&format!("max-age={}", lifetimes::HTTPS_ONLY));
            headers.extend(value.ok().map(|value| (STRICT_TRANSPORT_SECURITY, value)));
        }
        headers.insert(
            REQUEST_ID,
            HeaderValue::from_str(self.id()).unwrap_or(HeaderValue::from_static("none")),
        );
    }

    /// The response to a request that is rejected or failed.
    fn error_response(&self, error: &Error) -> Response<Body> {
        let (status, message) = (status(error), message(error));
        let mut response = match self.dialect().error_body(error, status, code(error), &message) {
            Some((media_type, body)) => {
                let mut response = Response::new(Body::Text(body));
                *response.status_mut() = status;
                let media_type = HeaderValue::from_static(media_type);
                response.headers_mut().insert(CONTENT_TYPE, media_type);
                response
            }
            None => self.error_page(status, &message),
        };
        response.headers_mut().extend(header(error, self.dialect()));
        response
    }
}

/// Runs the operation until it ends without a conflict, waiting longer after each attempt.
async fn run_with_retries<F, Handled>(handle: F) -> Result<Response<Body>>
where
    F: Fn() -> Handled,
    Handled: Future<Output = Result<Response<Body>>>,
{
    let start = Instant::now();
    for attempt in 0.. {
        match handle().await {
            Err(Error::WriteConflict | Error::IdempotencyKeyInUse)
                if start.elapsed() < timeouts::RETRY_WINDOW =>
            {
                back_off(attempt).await?;
            }
            result => return result,
        }
    }
    Err(Error::WriteConflict)
}
