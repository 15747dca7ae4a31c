//! Between the service and the engine: it lists the calls, counts their rounds and makes trouble when told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How long each call takes while rounds are counted: calls made at once are under way at once.
const LATENCY: Duration = Duration::from_millis(40);

/// Trouble with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused for lack of capacity; nothing is done.
    Throttled,
    /// Done, but the answer is lost.
    AnswerLost,
    /// Cancelled because another transaction was under way on the same items; the engine itself never does this.
    Conflict,
    /// Only the first key is read, the others are handed back.
    Unprocessed,
}

/// One call to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation of `DynamoDB`.
    pub operation: String,
    /// How many keys it asks for, if it is a `BatchGetItem`.
    pub keys: usize,
}

/// The proxy, as tests see it.
#[derive(Clone)]
pub struct Proxy {
    endpoint: String,
    state: Arc<Mutex<Watch>>,
}

#[derive(Default)]
struct Watch {
    calls: Vec<Call>,
    eventual_reads: Vec<String>,
    rounds: usize,
    under_way: usize,
    counting: bool,
    faults: VecDeque<(&'static str, Fault)>,
    always: Option<Fault>,
}

#[derive(Clone)]
struct Wire {
    engine: String,
    client: reqwest::Client,
    state: Arc<Mutex<Watch>>,
}

impl Proxy {
    /// Listens on a free port for calls to the engine at this address.
    pub async fn start(engine: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let state = Arc::<Mutex<Watch>>::default();
        let wire = Wire {
            engine: engine.to_owned(),
            client: reqwest::Client::new(),
            state: Arc::clone(&state),
        };
        tokio::spawn(
            axum::serve(listener, Router::new().fallback(relay).with_state(wire)).into_future(),
        );
        Ok(Self { endpoint, state })
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Makes trouble with the next call of this operation that has no trouble yet.
    pub fn disturb(&self, operation: &'static str, fault: Fault) {
        lock(&self.state).faults.push_back((operation, fault));
    }

    /// Makes trouble with every call from now on.
    pub fn disturb_all(&self, fault: Option<Fault>) {
        lock(&self.state).always = fault;
    }

    /// Faults that no call has met.
    pub fn faults_left(&self) -> usize {
        lock(&self.state).faults.len()
    }

    /// Starts counting rounds and listing calls anew.
    pub fn count(&self) {
        let mut watch = lock(&self.state);
        (watch.rounds, watch.counting) = (0, true);
        watch.calls.clear();
    }

    /// The rounds since [`Proxy::count`]: calls that were under way at once are one.
    pub fn rounds(&self) -> usize {
        lock(&self.state).rounds
    }

    /// The calls since [`Proxy::count`], in order.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
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
    let target =
        headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let (fault, counting) = wire.begin(&operation, &body);
    let answer = wire.answer(fault, headers, body).await;
    if counting {
        tokio::time::sleep(LATENCY).await;
    }
    lock(&wire.state).under_way -= 1;
    answer.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

impl Wire {
    fn begin(&self, operation: &str, body: &[u8]) -> (Option<Fault>, bool) {
        let mut watch = lock(&self.state);
        watch.rounds += usize::from(watch.under_way == 0);
        watch.under_way += 1;
        watch.calls.push(Call { operation: operation.to_owned(), keys: keys(body) });
        if is_eventual_read(operation, body) {
            watch.eventual_reads.push(operation.to_owned());
        }
        let place = watch.faults.iter().position(|(disturbed, _)| *disturbed == operation);
        let fault = place
            .and_then(|place| watch.faults.remove(place))
            .map(|(_, fault)| fault)
            .or(watch.always);
        (fault, watch.counting)
    }

    async fn answer(
        &self,
        fault: Option<Fault>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response> {
        match fault {
            None => self.forward(headers, body).await,
            Some(Fault::Throttled) => {
                Ok(refusal("ProvisionedThroughputExceededException", json!({})))
            }
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
            Some(Fault::Unprocessed) => self.first_key_only(headers, &body).await,
        }
    }

    async fn forward(&self, mut headers: HeaderMap, body: Bytes) -> Result<Response> {
        headers.remove("content-length");
        let answer = self.client.post(&self.engine).headers(headers).body(body).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok((status, headers, answer.bytes().await?).into_response())
    }

    async fn first_key_only(&self, mut headers: HeaderMap, body: &[u8]) -> Result<Response> {
        let mut asked: Value = serde_json::from_slice(body)?;
        let mut unprocessed = json!({});
        for (table, request) in asked["RequestItems"].as_object_mut().into_iter().flatten() {
            let rest =
                request["Keys"].as_array_mut().map(|keys| keys.split_off(1)).unwrap_or_default();
            if !rest.is_empty() {
                unprocessed[table] = json!({ "Keys": rest });
            }
        }
        headers.remove("content-length");
        let answer =
            self.client.post(&self.engine).headers(headers).body(asked.to_string()).send().await?;
        let mut read: Value = serde_json::from_slice(&answer.bytes().await?)?;
        read["UnprocessedKeys"] = unprocessed;
        Ok(json_answer(StatusCode::OK, &read))
    }
}

fn is_eventual_read(operation: &str, body: &[u8]) -> bool {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let consistent = |request: &Value| request["ConsistentRead"] == Value::Bool(true);
    match operation {
        "BatchGetItem" => !request["RequestItems"]
            .as_object()
            .is_some_and(|tables| tables.values().all(consistent)),
        "GetItem" | "Query" | "Scan" => !consistent(&request),
        _ => false,
    }
}

fn keys(body: &[u8]) -> usize {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let tables = request["RequestItems"].as_object().into_iter().flat_map(serde_json::Map::values);
    tables.filter_map(|table| table["Keys"].as_array()).map(Vec::len).sum()
}

fn actions(body: &[u8]) -> usize {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    request["TransactItems"].as_array().map_or(0, Vec::len)
}

fn refusal(kind: &str, mut body: Value) -> Response {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{kind}"));
    body["message"] = json!("made by the test");
    json_answer(StatusCode::BAD_REQUEST, &body)
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
