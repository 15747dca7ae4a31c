//! Answers, and the only place that logs a failed request.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION};
use lambda_http::http::{HeaderMap, HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::error_response::{code, header, message, status};
use super::{ApiRequest, Dialect, page, route};
use crate::error::{ErrorChain, failed};
use crate::random::back_off;
use crate::telemetry::request::{self, Record};
use crate::timeouts;
use crate::{Error, RecordedResponse, Result};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Status 200 with a JSON body.
pub fn ok(view: &impl Serialize) -> Result<Response<Body>> {
    let body = serde_json::to_string(view).map_err(failed("write an answer"))?;
    let mut answer = Response::new(Body::Text(body));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Ok(answer)
}

/// Status 201 with a JSON body, and where what was made can be found, if it has a place of its own.
pub fn created(view: &impl Serialize, location: Option<&str>) -> Result<Response<Body>> {
    let mut answer = ok(view)?;
    *answer.status_mut() = StatusCode::CREATED;
    if let Some(location) = location {
        let place = HeaderValue::from_str(location).map_err(failed("write an answer"))?;
        answer.headers_mut().insert(LOCATION, place);
    }
    Ok(answer)
}

/// Status 204 without a body.
pub fn no_content() -> Result<Response<Body>> {
    let mut answer = Response::new(Body::Empty);
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}

impl ApiRequest {
    /// Answers the request with what `handle` makes of it, in time and in the dialect of its path, and logs it: here and
    /// nowhere else.
    ///
    /// A request that lost a race has changed nothing and is run again from its first read on.
    pub async fn answer<F, Answer>(&self, handle: F) -> Response<Body>
    where
        F: Fn() -> Answer,
        Answer: Future<Output = Result<Response<Body>>>,
    {
        let begun = Instant::now();
        let (outcome, observed) = request::observed(self.in_time(handle)).await;
        #[cfg(feature = "table")]
        let outcome = outcome.and_then(|answer| self.as_demanded(answer));
        let mut cause = None;
        let mut answer = outcome.unwrap_or_else(|error| {
            cause = status(&error).is_server_error().then(|| ErrorChain(&error).to_string());
            self.refusal(&error)
        });
        request::write(&Record {
            request_id: self.id(),
            route: &route::name(self.method(), &self.path_segments()),
            dialect: self.dialect().name(),
            status: answer.status().as_u16(),
            is_replayed: answer.headers().contains_key(REPLAYED),
            duration: begun.elapsed(),
            error: cause.as_deref(),
            observed: &observed,
        });
        self.mark(answer.headers_mut());
        answer
    }

    /// What comes of the request before its deadline, also if the handler panics.
    async fn in_time<F, Answer>(&self, handle: F) -> Result<Response<Body>>
    where
        F: Fn() -> Answer,
        Answer: Future<Output = Result<Response<Body>>>,
    {
        // Boxed, since a future in a future in a future is too deep for the compiler.
        let settled = Box::pin(self.run_with_retries(handle));
        match tokio::time::timeout(timeouts::REQUEST, AssertUnwindSafe(settled).catch_unwind())
            .await
        {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(failed("answer: the handler panicked")("see the line before")),
            Err(late) => {
                Err(Error::Unavailable { action: "answer the request", source: late.into() })
            }
        }
    }

    /// What every answer carries.
    fn mark(&self, headers: &mut HeaderMap) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            REQUEST_ID,
            HeaderValue::from_str(self.id()).unwrap_or(HeaderValue::from_static("none")),
        );
    }

    /// Runs the route until it has not lost a race, waiting a little longer each time.
    ///
    /// A refusal is not the last word on a request with an `Idempotency-Key` that was new when it was read: what is in
    /// its way may be what the same request did meanwhile.
    async fn run_with_retries<F, Answer>(&self, route: F) -> Result<Response<Body>>
    where
        F: Fn() -> Answer,
        Answer: Future<Output = Result<Response<Body>>>,
    {
        let begun = Instant::now();
        for attempt in 0.. {
            let error = match route().await {
                Ok(answer) => return Ok(answer),
                Err(Error::Answered(answer)) => return again(*answer),
                Err(error) => error,
            };
            if begun.elapsed() < timeouts::RETRY_WINDOW
                && matches!(error, Error::WriteConflict | Error::IdempotencyKeyInUse)
            {
                back_off(attempt).await?;
            } else if self.is_new() && status(&error).is_client_error() {
                back_off(attempt).await?;
                self.find_response();
                return found(route().await, error);
            } else {
                return Err(error);
            }
        }
        Err(Error::WriteConflict)
    }

    /// The answer to a request that is refused or failed.
    fn refusal(&self, error: &Error) -> Response<Body> {
        let (status, message) = (status(error), message(error));
        let (media_type, body) = self.dialect().error_body(error, status, code(error), &message);
        let mut answer = Response::new(Body::Text(body));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.extend(header(error, self.dialect()));
        if self.dialect() == Dialect::OAuthPage {
            page::protect(headers, HeaderValue::from_static(page::NOTHING));
        }
        answer
    }
}

/// The end of a request that was refused and has looked for its answer alone since: with that answer; as it was refused,
/// if no answer is there; or with what kept it from looking.
fn found(looked: Result<Response<Body>>, refusal: Error) -> Result<Response<Body>> {
    match looked {
        Err(Error::Answered(answer)) => again(*answer),
        Ok(_) | Err(Error::IdempotencyKeyInUse) => Err(refusal),
        Err(error) => Err(error),
    }
}

/// What was answered before, marked as such.
fn again(answer: RecordedResponse) -> Result<Response<Body>> {
    let mut again = Response::builder().status(answer.status).header(REPLAYED, "true");
    for (name, value) in answer.headers {
        again = again.header(name, value);
    }
    let body = answer.body.map_or(Body::Empty, Body::Text);
    again.body(body).map_err(failed("repeat an answer"))
}
