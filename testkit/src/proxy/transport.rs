//! How one call goes through, or does not.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, DATE};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, pending};
use futures_util::stream;
use hyper::body::Incoming;
use serde_json::{Value, json};
use shared::model::Timestamp;
use tokio::sync::Notify;

use super::door::Door;
use super::fault::Fault;
use super::grants;
use super::request::{actions, is_eventual_read, keys, permissions, units};
use super::{Call, Consumed, Watch, lock};

/// How long each call takes while round trips are counted, so that concurrent calls overlap.
const LATENCY: Duration = Duration::from_millis(40);

/// How far [`Fault::StaleClock`] puts the table's clock forward, in seconds.
const AHEAD: i64 = 3600;

/// How far the time of a signature may be from the table's, in seconds.
const TOLERANCE: i64 = 300;

/// What every connection shares.
#[derive(Clone)]
pub(super) struct Transport {
    pub(super) engine: String,
    pub(super) client: reqwest::Client,
    pub(super) door: Arc<Door>,
    pub(super) watch: Arc<Mutex<Watch>>,
    pub(super) news: Arc<Notify>,
}

/// A call in progress, until its response is sent or its connection has ended.
struct UnderWay(Arc<Mutex<Watch>>);

impl UnderWay {
    fn begin(watch: &Arc<Mutex<Watch>>) -> Self {
        lock(watch).under_way += 1;
        Self(Arc::clone(watch))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.0).under_way -= 1;
    }
}

/// A call as it came.
#[derive(Clone)]
pub(super) struct Held {
    /// The calling function; empty for any other caller.
    caller: String,
    headers: HeaderMap,
    body: Bytes,
}

/// What the client gets: a response, or the end of the connection.
enum Outcome {
    ApiResponse(Response),
    Closed,
}

impl Transport {
    /// Relays one call; an error ends the connection without a response.
    pub(super) async fn relay(self, request: Request<Incoming>) -> io::Result<Response> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await.map_err(io::Error::other)?;
        let caller = parts.uri.path().trim_matches('/').to_owned();
        let call = Held { caller, headers: parts.headers, body };
        let operation = call.operation();
        let _under_way = UnderWay::begin(&self.watch);
        let (fault, counting) = self.begin(&operation, &call.body);
        if let Some(meanwhile) = self.meanwhile(&operation) {
            meanwhile.await;
        }
        let outcome = match self.rejected(&operation, &call) {
            Some(rejection) => Ok(Outcome::ApiResponse(rejection)),
            None => self.outcome(fault, call).await,
        };
        if counting {
            tokio::time::sleep(LATENCY).await;
        }
        self.end(operation);
        match outcome {
            Ok(Outcome::ApiResponse(response)) => Ok(self.dated(response)),
            Ok(Outcome::Closed) => Err(io::ErrorKind::ConnectionReset.into()),
            Err(error) => Ok((StatusCode::BAD_GATEWAY, error.to_string()).into_response()),
        }
    }

    fn begin(&self, operation: &str, body: &[u8]) -> (Option<Fault>, bool) {
        let mut watch = lock(&self.watch);
        let is_beside_another = watch.under_way > 1;
        if is_beside_another && let Some(other) = watch.calls.last_mut() {
            other.is_beside_another = true;
        }
        watch.rounds += usize::from(!is_beside_another);
        watch.calls.push(Call {
            operation: operation.to_owned(),
            keys: keys(body),
            parts: actions(body),
            actions: permissions(operation, body),
            is_beside_another,
        });
        let fault = watch.script.next(operation);
        if fault == Some(Fault::StaleClock) {
            watch.ahead = AHEAD;
        }
        (fault, watch.counting)
    }

    fn end(&self, operation: String) {
        lock(&self.watch).responded.insert(operation);
        self.news.notify_waiters();
    }

    fn meanwhile(&self, operation: &str) -> Option<BoxFuture<'static, ()>> {
        let mut watch = lock(&self.watch);
        let place = watch.meanwhile.iter().position(|(before, _)| *before == operation)?;
        Some(watch.meanwhile.remove(place).1)
    }

    /// Rejects what no call may do: act beyond its role, read eventually consistently, or sign by
    /// another clock than the table's.
    fn rejected(&self, operation: &str, call: &Held) -> Option<Response> {
        let mut watch = lock(&self.watch);
        let denied = grants::denied(&call.caller, permissions(operation, &call.body));
        if !denied.is_empty() {
            watch.denied.extend(denied);
            return Some(rejection("AccessDeniedException", json!({})));
        }
        if is_eventual_read(operation, &call.body) {
            watch.eventual_reads.push(operation.to_owned());
            return Some(rejection("ValidationException", json!({})));
        }
        let is_near = call.signed_at().is_some_and(|signed| {
            (Timestamp::now().as_second() + watch.ahead - signed).abs() < TOLERANCE
        });
        (!is_near).then(|| rejection("InvalidSignatureException", json!({})))
    }

    async fn outcome(&self, fault: Option<Fault>, call: Held) -> Result<Outcome> {
        let response = match fault {
            None | Some(Fault::StaleClock) => self.forward(call).await?,
            Some(Fault::Rejected(code)) => rejection(code, json!({})),
            Some(Fault::Failed) => failure(),
            Some(Fault::FailedAfter) => {
                self.forward(call).await?;
                failure()
            }
            Some(Fault::InProgress) => {
                self.forward(call).await?;
                rejection("TransactionInProgressException", json!({}))
            }
            Some(Fault::Unreachable) => {
                (StatusCode::SERVICE_UNAVAILABLE, "<html>no</html>").into_response()
            }
            Some(Fault::Conflict) => cancelled(&["TransactionConflict"], &call.body),
            Some(Fault::Crowded) => cancelled(&["ThrottlingError"], &call.body),
            Some(Fault::Cancelled(reasons)) => cancelled(reasons, &call.body),
            Some(Fault::Unprocessed) => self.first_only(call).await?,
            Some(Fault::ResponseCut) => half(self.forward(call).await?, true).await?,
            Some(Fault::ResponseStalled) => half(self.forward(call).await?, false).await?,
            Some(fault) => return self.without_response(fault, call).await,
        };
        Ok(Outcome::ApiResponse(response))
    }

    /// The faults that leave the client without a response.
    async fn without_response(&self, fault: Fault, call: Held) -> Result<Outcome> {
        match fault {
            Fault::ResponseLost | Fault::ResponseLate => drop(self.forward(call).await?),
            Fault::Late => lock(&self.watch).held.push(call),
            Fault::Gone => self.door.close(),
            _ => {}
        }
        match fault {
            Fault::Silent | Fault::Late | Fault::ResponseLate => {
                match pending::<Infallible>().await {}
            }
            _ => Ok(Outcome::Closed),
        }
    }

    /// Forwards a call to the engine.
    pub(super) async fn forward(&self, call: Held) -> Result<Response> {
        let operation = call.operation();
        let Held { mut headers, body, .. } = call;
        headers.remove(CONTENT_LENGTH);
        let response = self.client.post(&self.engine).headers(headers).body(body).send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await?;
        lock(&self.watch).consumed.push(Consumed { operation, units: units(&body) });
        Ok((status, headers, body).into_response())
    }

    async fn first_only(&self, call: Held) -> Result<Response> {
        let mut asked: Value = serde_json::from_slice(&call.body)?;
        let (mut keys, mut items) = (json!({}), json!({}));
        for (table, request) in asked["RequestItems"].as_object_mut().into_iter().flatten() {
            match request {
                Value::Array(writes) => items[table] = json!(writes.split_off(1)),
                reads => {
                    let rest = reads["Keys"].as_array_mut().map(|keys| keys.split_off(1));
                    keys[table]["Keys"] = json!(rest);
                }
            }
        }
        let call = Held { body: asked.to_string().into(), ..call };
        let response = self.forward(call).await?.into_body();
        let mut response: Value = serde_json::from_slice(&to_bytes(response, usize::MAX).await?)?;
        (response["UnprocessedKeys"], response["UnprocessedItems"]) =
            (without_empty(keys, "/Keys"), without_empty(items, ""));
        Ok(json_response(StatusCode::OK, &response))
    }

    /// The response with the time that the table's clock shows.
    fn dated(&self, mut response: Response) -> Response {
        let ahead = lock(&self.watch).ahead;
        let now = Timestamp::from_second(Timestamp::now().as_second() + ahead);
        let date = now.map(|now| now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(DATE, date);
        }
        response
    }
}

impl Held {
    /// The operation of `DynamoDB`.
    fn operation(&self) -> String {
        let target = self.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        target.unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned()
    }

    /// The time in its signature, in seconds since 1970.
    fn signed_at(&self) -> Option<i64> {
        let date = self.headers.get("x-amz-date")?.to_str().ok()?.strip_suffix('Z')?;
        let date = Timestamp::strptime("%Y%m%dT%H%M%S%z", format!("{date}+0000")).ok()?;
        Some(date.as_second())
    }
}

/// The first half of a response with the `Content-Length` of the whole, then the end of the
/// connection, or nothing more.
async fn half(response: Response, ends: bool) -> Result<Response> {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await?;
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = stream::iter([Ok(body.slice(..body.len() / 2))]);
    let end = stream::once(async move {
        if !ends {
            return pending().await;
        }
        // So that the half is sent before the connection ends.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Ok(Response::from_parts(parts, Body::from_stream(half.chain(end))))
}

/// Without the tables for which nothing is left: `DynamoDB` names only those with something.
fn without_empty(mut tables: Value, list: &str) -> Value {
    if let Some(tables) = tables.as_object_mut() {
        tables.retain(|_, left| {
            left.pointer(list).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        });
    }
    tables
}

/// A transaction that is cancelled for the sake of its first actions.
fn cancelled(why: &[&str], body: &[u8]) -> Response {
    let mut reasons = vec![json!({ "Code": "None" }); actions(body)];
    for (reason, code) in reasons.iter_mut().zip(why) {
        reason["Code"] = json!(code);
    }
    rejection("TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}

fn failure() -> Response {
    response(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({}))
}

fn rejection(kind: &str, body: Value) -> Response {
    response(StatusCode::BAD_REQUEST, kind, body)
}

fn response(status: StatusCode, kind: &str, mut body: Value) -> Response {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{kind}"));
    body["message"] = json!("made by the test");
    json_response(status, &body)
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
