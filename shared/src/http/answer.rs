//! Answers: the only place that gives an error its status, and the only one that logs a failed request.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use lambda_http::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::Call;
use crate::error::{Chain, failed};
use crate::random::back_off;
use crate::{Error, Result};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// After this time a request is answered with 503, whatever it waits for. Lambda and API Gateway wait longer.
const DEADLINE: Duration = Duration::from_secs(8);

/// For so long a request that lost a race is run again.
const RACING: Duration = Duration::from_secs(4);

/// Status 200 with a JSON body.
pub fn ok(view: &impl Serialize) -> Result<Response<Body>> {
    let body = serde_json::to_string(view).map_err(failed("write an answer"))?;
    let mut answer = Response::new(Body::Text(body));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Ok(answer)
}

impl Call {
    /// Answers the request with what `route` makes of it, in time and in the dialect of its path.
    ///
    /// A request that lost a race has changed nothing and is run again from its first read on.
    pub async fn answer<F, Answer>(&self, route: F) -> Response<Body>
    where
        F: Fn() -> Answer,
        Answer: Future<Output = Result<Response<Body>>>,
    {
        // Boxed, since a future in a future in a future is too deep for the compiler.
        let settled = Box::pin(until_settled(route));
        let in_time =
            tokio::time::timeout(DEADLINE, AssertUnwindSafe(settled).catch_unwind()).await;
        let outcome = match in_time {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(failed("answer: the handler panicked")("see the line before")),
            Err(late) => {
                Err(Error::Unavailable { action: "answer the request", source: late.into() })
            }
        };
        let mut answer = outcome.unwrap_or_else(|error| self.refusal(&error));
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            REQUEST_ID,
            HeaderValue::from_str(self.id()).unwrap_or(HeaderValue::from_static("none")),
        );
        answer
    }

    /// The answer to a request that is refused or failed; a failure is logged here and nowhere else.
    fn refusal(&self, error: &Error) -> Response<Body> {
        let (status, message) = (status(error), message(error));
        if status.is_server_error() {
            tracing::error!(request_id = self.id(), status = status.as_u16(), error = %Chain(error), "request failed");
        }
        let mut answer =
            Response::new(Body::Text(self.dialect().error_body(error, &message).to_string()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.extend(header(error));
        answer
    }
}

/// Runs the route until it has not lost a race, waiting a little longer each time.
async fn until_settled<F, Answer>(route: F) -> Result<Response<Body>>
where
    F: Fn() -> Answer,
    Answer: Future<Output = Result<Response<Body>>>,
{
    let begun = Instant::now();
    for attempt in 0.. {
        match route().await {
            Err(Error::Raced) if begun.elapsed() < RACING => back_off(attempt).await?,
            outcome => return outcome,
        }
    }
    Err(Error::Raced)
}

/// The status of every error: with [`message`] and [`header`] the whole public contract of errors.
const fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::NoCredential | Error::BadCredential | Error::UserTokenOnly => {
            StatusCode::UNAUTHORIZED
        }
        Error::MissingScope(_) | Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Raced | Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What the client is told; nothing of our inside.
fn message(error: &Error) -> String {
    match error {
        Error::Internal { .. } => "something went wrong on our side".to_owned(),
        Error::Raced | Error::Unavailable { .. } => {
            "the service is busy; try again shortly".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The header that an error's answer carries beside the usual ones.
fn header(error: &Error) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match error {
        Error::NoCredential => (WWW_AUTHENTICATE, r#"Bearer realm="rollcall""#.to_owned()),
        Error::BadCredential | Error::UserTokenOnly => {
            (WWW_AUTHENTICATE, r#"Bearer realm="rollcall", error="invalid_token""#.to_owned())
        }
        Error::MissingScope(scope) => (
            WWW_AUTHENTICATE,
            format!(r#"Bearer realm="rollcall", error="insufficient_scope", scope="{scope}""#),
        ),
        Error::MethodNotAllowed { allow } => (ALLOW, (*allow).to_owned()),
        Error::Raced | Error::Unavailable { .. } => (RETRY_AFTER, "1".to_owned()),
        Error::TooManyAttempts { retry_after } => (RETRY_AFTER, retry_after.to_string()),
        _ => return None,
    };
    Some((name, HeaderValue::from_str(&value).ok()?))
}
