//! Between the service and the engine: it lists the calls, counts their rounds and makes trouble when told to.

mod request;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use request::{actions, is_eventual_read, keys, permissions, units};

/// How long each call takes while rounds are counted: calls made at once are under way at once.
const LATENCY: Duration = Duration::from_millis(40);

/// Trouble with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused with this code; nothing is done.
    Refused(&'static str),
    /// Refused with the status 503 and a page of HTML, as something on the way might.
    Unreachable,
    /// Taken, and never answered.
    Silent,
    /// Done, but the answer is lost.
    AnswerLost,
    /// Cancelled because another transaction was under way on the same items; the engine itself never does this.
    Conflict,
    /// Only the first key is read or the first item written, the others are handed back.
    Unprocessed,
}

impl Fault {
    /// Refused for lack of capacity.
    pub const THROTTLED: Self = Self::Refused("ProvisionedThroughputExceededException");
}

/// One call to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation of `DynamoDB`.
    pub operation: String,
    /// How many keys it asks for, if it is a `BatchGetItem`.
    pub keys: usize,
    /// What IAM must allow for it: the operation, or what a transaction is made of.
    pub actions: BTreeSet<String>,
}

/// What a call to the table consumed, as its answer says.
#[derive(Debug, Clone, PartialEq)]
pub struct Consumed {
    /// The operation of `DynamoDB`.
    pub operation: String,
    /// Capacity units; nothing if the call did not ask to be told, or failed.
    pub units: Option<f64>,
}

/// The proxy, as tests see it.
#[derive(Clone)]
pub struct Proxy {
    endpoint: String,
    state: Arc<Mutex<Watch>>,
    news: Arc<Notify>,
}

#[derive(Default)]
struct Watch {
    answered: HashSet<String>,
    calls: Vec<Call>,
    consumed: Vec<Consumed>,
    eventual_reads: Vec<String>,
    rounds: usize,
    under_way: usize,
    counting: bool,
    faults: VecDeque<(&'static str, Fault)>,
    meanwhile: Vec<(&'static str, BoxFuture<'static, ()>)>,
    always: Option<Fault>,
    always_of: Option<(&'static str, Fault)>,
}

#[derive(Clone)]
struct Wire {
    engine: String,
    client: reqwest::Client,
    state: Arc<Mutex<Watch>>,
    news: Arc<Notify>,
}

impl Proxy {
    /// Listens on a free port for calls to the engine at this address.
    pub async fn start(engine: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (state, news) = (Arc::<Mutex<Watch>>::default(), Arc::<Notify>::default());
        let wire = Wire {
            engine: engine.to_owned(),
            client: reqwest::Client::new(),
            state: Arc::clone(&state),
            news: Arc::clone(&news),
        };
        tokio::spawn(
            axum::serve(listener, Router::new().fallback(relay).with_state(wire)).into_future(),
        );
        Ok(Self { endpoint, state, news })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes trouble with the next call of this operation that has no trouble yet.
    pub fn disturb(&self, operation: &'static str, fault: Fault) {
        lock(&self.state).faults.push_back((operation, fault));
    }

    /// Does something else before the next call of this operation goes on: what happens between a request's read and
    /// its write.
    pub fn before(
        &self,
        operation: &'static str,
        meanwhile: impl Future<Output = ()> + Send + 'static,
    ) {
        lock(&self.state).meanwhile.push((operation, Box::pin(meanwhile)));
    }

    /// Makes trouble with every call from now on.
    pub fn disturb_all(&self, fault: Option<Fault>) {
        lock(&self.state).always = fault;
    }

    /// Makes trouble with every call of this operation from now on.
    pub fn disturb_all_of(&self, operation: &'static str, fault: Option<Fault>) {
        lock(&self.state).always_of = fault.map(|fault| (operation, fault));
    }

    /// Faults that no call has met, and what was to happen before a call that never came.
    pub fn faults_left(&self) -> usize {
        let watch = lock(&self.state);
        watch.faults.len() + watch.meanwhile.len()
    }

    /// Starts counting rounds and listing calls anew.
    pub fn count(&self) {
        let mut watch = lock(&self.state);
        (watch.rounds, watch.counting) = (0, true);
        watch.calls.clear();
        watch.consumed.clear();
    }

    /// Waits until a call of this operation has been answered, ever.
    pub async fn answered(&self, operation: &str) {
        loop {
            let next = self.news.notified();
            if lock(&self.state).answered.contains(operation) {
                return;
            }
            next.await;
        }
    }

    /// The rounds since [`Proxy::count`]: calls that were under way at once are one.
    pub fn rounds(&self) -> usize {
        lock(&self.state).rounds
    }

    /// The calls since [`Proxy::count`], in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }

    /// What the calls consumed that were answered since [`Proxy::count`].
    pub fn consumed(&self) -> Vec<Consumed> {
        lock(&self.state).consumed.clone()
    }

    /// Every read ever that did not demand to be consistent.
    pub fn eventual_reads(&self) -> Vec<String> {
        lock(&self.state).eventual_reads.clone()
    }
}

fn lock(state: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn relay(State(wire): State<Wire>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = operation_of(&headers);
    let (fault, counting) = wire.begin(&operation, &body);
    if let Some(meanwhile) = wire.meanwhile(&operation) {
        meanwhile.await;
    }
    let answer = wire.answer(fault, headers, body).await;
    if counting {
        tokio::time::sleep(LATENCY).await;
    }
    wire.end(operation);
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

fn operation_of(headers: &HeaderMap) -> String {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    target.unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned()
}

impl Wire {
    fn begin(&self, operation: &str, body: &[u8]) -> (Option<Fault>, bool) {
        let mut watch = lock(&self.state);
        watch.rounds += usize::from(watch.under_way == 0);
        watch.under_way += 1;
        watch.calls.push(Call {
            operation: operation.to_owned(),
            keys: keys(body),
            actions: permissions(operation, body),
        });
        if is_eventual_read(operation, body) {
            watch.eventual_reads.push(operation.to_owned());
        }
        let place = watch.faults.iter().position(|(disturbed, _)| *disturbed == operation);
        let next = place.and_then(|place| watch.faults.remove(place)).map(|(_, fault)| fault);
        let of_this = watch.always_of.filter(|(disturbed, _)| *disturbed == operation);
        let fault = next.or(of_this.map(|(_, fault)| fault)).or(watch.always);
        (fault, watch.counting)
    }

    fn end(&self, operation: String) {
        let mut watch = lock(&self.state);
        watch.under_way -= 1;
        watch.answered.insert(operation);
        drop(watch);
        self.news.notify_waiters();
    }

    fn meanwhile(&self, operation: &str) -> Option<BoxFuture<'static, ()>> {
        let mut watch = lock(&self.state);
        let place = watch.meanwhile.iter().position(|(before, _)| *before == operation)?;
        Some(watch.meanwhile.swap_remove(place).1)
    }

    async fn answer(
        &self,
        fault: Option<Fault>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response> {
        match fault {
            None => self.forward(headers, body).await,
            Some(Fault::Refused(code)) => Ok(refusal(code, json!({}))),
            Some(Fault::Unreachable) => {
                Ok((StatusCode::SERVICE_UNAVAILABLE, "<html>no</html>").into_response())
            }
            Some(Fault::Silent) => std::future::pending().await,
            Some(Fault::Conflict) => {
                let reasons = vec![json!({ "Code": "TransactionConflict" }); actions(&body)];
                Ok(refusal(
                    "TransactionCanceledException",
                    json!({ "CancellationReasons": reasons }),
                ))
            }
            Some(Fault::AnswerLost) => {
                self.forward(headers, body).await?;
                Ok((StatusCode::INTERNAL_SERVER_ERROR, "").into_response())
            }
            Some(Fault::Unprocessed) => self.first_only(headers, &body).await,
        }
    }

    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Result<Response> {
        let operation = operation_of(&headers);
        headers.remove("content-length");
        let answer = self.client.post(&self.engine).headers(headers).body(body).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await?;
        lock(&self.state).consumed.push(Consumed { operation, units: units(&body) });
        Ok((status, headers, body).into_response())
    }

    async fn first_only(&self, mut headers: HeaderMap, body: &[u8]) -> Result<Response> {
        let mut asked: Value = serde_json::from_slice(body)?;
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
        headers.remove("content-length");
        let answer =
            self.client.post(&self.engine).headers(headers).body(asked.to_string()).send().await?;
        let mut answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        (answer["UnprocessedKeys"], answer["UnprocessedItems"]) =
            (without_empty(keys, "/Keys"), without_empty(items, ""));
        Ok(json_answer(StatusCode::OK, &answer))
    }
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

fn refusal(kind: &str, mut body: Value) -> Response {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{kind}"));
    body["message"] = json!("made by the test");
    json_answer(StatusCode::BAD_REQUEST, &body)
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
