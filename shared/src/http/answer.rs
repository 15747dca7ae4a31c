//! Answers: the only place that gives an error its status, and the only one that logs a failed request.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use lambda_http::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::{Call, Dialect, page, route};
use crate::error::{Chain, failed};
use crate::random::back_off;
use crate::telemetry::request::{self, Record};
use crate::{Error, OAuthCode, PlainAnswer, Result};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

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

impl Call {
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
        // Boxed, since a future in a future in a future is too deep for the compiler.
        let settled = Box::pin(self.until_settled(handle));
        let in_time = tokio::time::timeout(DEADLINE, AssertUnwindSafe(settled).catch_unwind());
        let (in_time, observed) = request::observed(in_time).await;
        let outcome = match in_time {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(failed("answer: the handler panicked")("see the line before")),
            Err(late) => {
                Err(Error::Unavailable { action: "answer the request", source: late.into() })
            }
        };
        #[cfg(feature = "table")]
        let outcome = outcome.and_then(|answer| self.as_demanded(answer));
        let mut cause = None;
        let mut answer = outcome.unwrap_or_else(|error| {
            cause = status(&error).is_server_error().then(|| Chain(&error).to_string());
            self.refusal(&error)
        });
        request::write(&Record {
            request_id: self.id(),
            route: &route::name(self.method(), &self.segments()),
            dialect: self.dialect().name(),
            status: answer.status().as_u16(),
            is_replayed: answer.headers().contains_key(REPLAYED),
            duration: begun.elapsed(),
            error: cause.as_deref(),
            observed: &observed,
        });
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            REQUEST_ID,
            HeaderValue::from_str(self.id()).unwrap_or(HeaderValue::from_static("none")),
        );
        answer
    }

    /// Runs the route until it has not lost a race, waiting a little longer each time.
    ///
    /// A refusal is not the last word on a request with an `Idempotency-Key` that was new when it was read: what is in
    /// its way may be what the same request did meanwhile. Then its answer is there to be found, and nothing else is
    /// done to find it.
    async fn until_settled<F, Answer>(&self, route: F) -> Result<Response<Body>>
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
            let is_in_time = begun.elapsed() < RACING;
            if is_in_time && matches!(error, Error::Raced | Error::KeyInUse) {
                back_off(attempt).await?;
            } else if is_in_time && self.is_new() && status(&error).is_client_error() {
                back_off(attempt).await?;
                self.look_again();
                return match route().await {
                    Err(Error::Answered(answer)) => again(*answer),
                    _ => Err(error),
                };
            } else {
                return Err(error);
            }
        }
        Err(Error::Raced)
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

/// What was answered before, marked as such.
fn again(answer: PlainAnswer) -> Result<Response<Body>> {
    let mut again = Response::builder().status(answer.status).header(REPLAYED, "true");
    for (name, value) in answer.headers {
        again = again.header(name, value);
    }
    let body = answer.body.map_or(Body::Empty, Body::Text);
    again.body(body).map_err(failed("repeat an answer"))
}

/// The status of every error: with [`message`] and [`header`] the whole public contract of errors.
const fn status(error: &Error) -> StatusCode {
    match error {
        Error::NoCredential | Error::BadCredential | Error::UserTokenOnly => {
            StatusCode::UNAUTHORIZED
        }
        Error::MissingScope(_) | Error::Restricted | Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::OAuth { code: OAuthCode::InvalidClient, .. } => StatusCode::UNAUTHORIZED,
        Error::Invalid(_) | Error::OAuth { .. } => StatusCode::BAD_REQUEST,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Error::Conflict(_) | Error::KeyInUse => StatusCode::CONFLICT,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        // An answer that was given before is not given as an error.
        Error::Internal { .. } | Error::Answered(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Error::Raced | Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The code of every error, for programs: stable, and listed in docs/api.md.
const fn code(error: &Error) -> &'static str {
    match error {
        Error::NoCredential => "credential_required",
        Error::BadCredential => "invalid_credential",
        Error::UserTokenOnly => "user_token_required",
        Error::MissingScope(_) | Error::Restricted => "insufficient_scope",
        Error::Forbidden(_) => "forbidden",
        Error::NotFound(_) => "not_found",
        Error::MethodNotAllowed { .. } => "method_not_allowed",
        Error::Invalid(_) => "invalid_request",
        Error::TooLarge => "body_too_large",
        Error::UnsupportedMediaType(_) => "unsupported_media_type",
        Error::Conflict(_) => "conflict",
        Error::PreconditionFailed => "precondition_failed",
        Error::KeyReused => "idempotency_key_reused",
        Error::KeyInUse => "idempotency_key_in_use",
        Error::TooManyAttempts { .. } => "too_many_attempts",
        Error::OAuth { code, .. } => code.as_str(),
        Error::Raced | Error::Unavailable { .. } => "unavailable",
        Error::Internal { .. } | Error::Answered(_) => "internal",
    }
}

/// What the client is told; nothing of our inside.
fn message(error: &Error) -> String {
    match error {
        Error::Internal { .. } | Error::Answered(_) => {
            "something went wrong on our side".to_owned()
        }
        Error::Raced | Error::Unavailable { .. } => {
            "the service is busy; try again shortly".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The header that an error's answer carries beside the usual ones.
fn header(error: &Error, dialect: Dialect) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match error {
        Error::NoCredential => (WWW_AUTHENTICATE, challenge(dialect, "")),
        Error::BadCredential | Error::UserTokenOnly => {
            (WWW_AUTHENTICATE, challenge(dialect, r#", error="invalid_token""#))
        }
        Error::MissingScope(scope) => {
            let missing = format!(r#", error="insufficient_scope", scope="{scope}""#);
            (WWW_AUTHENTICATE, format!("{BEARER}{missing}"))
        }
        Error::Restricted => (WWW_AUTHENTICATE, format!(r#"{BEARER}, error="insufficient_scope""#)),
        Error::OAuth { code: OAuthCode::InvalidClient, .. } => (WWW_AUTHENTICATE, BASIC.to_owned()),
        Error::MethodNotAllowed { allow } => (ALLOW, (*allow).to_owned()),
        Error::Raced | Error::KeyInUse | Error::Unavailable { .. } => (RETRY_AFTER, "1".to_owned()),
        Error::TooManyAttempts { retry_after } => (RETRY_AFTER, retry_after.to_string()),
        _ => return None,
    };
    Some((name, HeaderValue::from_str(&value).ok()?))
}

const BEARER: &str = r#"Bearer realm="rollcall""#;
const BASIC: &str = r#"Basic realm="rollcall", charset="UTF-8""#;

/// What to authenticate with (RFC 6750, section 3; RFC 7617, section 2): one header, with Basic after Bearer where it
/// is taken.
fn challenge(dialect: Dialect, error: &str) -> String {
    if dialect.takes_basic() {
        format!("{BEARER}{error}, {BASIC}")
    } else {
        format!("{BEARER}{error}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// One error of every kind, but for those of OAuth, whose codes are another standard's.
    fn errors() -> Vec<Error> {
        let (action, retry_after) = ("do it", 1);
        vec![
            Error::NoCredential,
            Error::BadCredential,
            Error::UserTokenOnly,
            Error::MissingScope("x"),
            Error::Restricted,
            Error::Forbidden("x"),
            Error::NotFound("x"),
            Error::MethodNotAllowed { allow: "GET" },
            Error::Invalid(Vec::new()),
            Error::TooLarge,
            Error::UnsupportedMediaType("x"),
            Error::Conflict("x"),
            Error::PreconditionFailed,
            Error::KeyReused,
            Error::KeyInUse,
            Error::TooManyAttempts { retry_after },
            Error::Raced,
            Error::Unavailable { action, source: "x".into() },
            Error::Internal { action, source: "x".into() },
        ]
    }

    /// The codes that [`code`] spells out.
    fn spelled() -> BTreeSet<&'static str> {
        let source = include_str!("answer.rs");
        let (_, function) = source.split_once("const fn code").unwrap();
        let (function, _) = function.split_once("\n}").unwrap();
        function.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_documented_codes_are_those_that_errors_have() {
        let (_, section) =
            include_str!("../../../docs/api.md").split_once("| code | status |").unwrap();
        let rows = section.lines().skip(2).take_while(|line| line.starts_with('|'));
        let documented: BTreeSet<(String, String)> = rows
            .map(|row| {
                let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
                (cells.next().unwrap().to_owned(), cells.next().unwrap().to_owned())
            })
            .collect();

        let real = errors()
            .iter()
            .map(|error| (code(error).to_owned(), status(error).as_str().to_owned()))
            .collect();
        assert_eq!(documented, real);
        assert_eq!(
            documented.iter().map(|(code, _)| code.as_str()).collect::<BTreeSet<_>>(),
            spelled()
        );
    }

    #[test]
    fn whoever_may_try_again_is_told_when() {
        for error in errors() {
            let told = header(&error, Dialect::None).is_some_and(|(name, _)| name == RETRY_AFTER);

            let expected = matches!(
                error,
                Error::KeyInUse
                    | Error::Raced
                    | Error::TooManyAttempts { .. }
                    | Error::Unavailable { .. }
            );
            assert_eq!(told, expected, "{error:?}");
        }
    }
}
