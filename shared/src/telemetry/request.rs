//! One line per request: the operation, its outcome and its cost. That of a rejected sign-in is in
//! CloudWatch's embedded metric format, so that it is counted for an alarm.

use std::cell::{Cell, RefCell};
use std::env;
use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::event::SecurityEvent;

/// What is learned of a request while it is handled.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Calls to the table.
    pub(crate) calls: u32,
    /// Capacity units that they consumed.
    pub(crate) capacity: f64,
    /// The kind of the credential that was taken.
    pub(crate) credential: Option<&'static str>,
    /// The user who made it, or whose password or token was presented.
    pub(crate) user: Option<String>,
    /// The OAuth client that made it, or that the token was granted to.
    pub(crate) client: Option<String>,
    /// The keyed hash of the network that a password, a passkey, a link of a mail or a request for one
    /// came from.
    pub(crate) source: Option<String>,
    /// The account that was read or created.
    pub(crate) account: Option<String>,
    /// Whether a username and password were rejected.
    pub(crate) rejected_sign_in: bool,
    /// The check that a signature failed.
    pub(crate) rejected_signature: Option<&'static str>,
    /// What matters to security.
    pub(crate) event: Option<SecurityEvent>,
}

tokio::task_local! {
    static OBSERVED: RefCell<Observed>;
}

/// Records something of the request that is being handled; outside of one, nothing.
pub(crate) fn observe(record: impl FnOnce(&mut Observed)) {
    // Outside of a request there is nothing to record it in.
    let _ = OBSERVED.try_with(|observed| record(&mut observed.borrow_mut()));
}

impl SecurityEvent {
    /// Records it in the line of the request that is being handled. The first one of a request
    /// counts: what follows from it does not hide it.
    pub fn record(self) {
        observe(|observed| {
            observed.event.get_or_insert(self);
        });
    }
}

/// Records which OAuth client a request is about.
pub fn observe_client(id: impl fmt::Display) {
    observe(|observed| observed.client = Some(id.to_string()));
}

/// Handles a request, and returns what was learned of it with the outcome.
pub(crate) async fn observed<F: Future>(work: F) -> (F::Output, Observed) {
    let result = Cell::new(Observed::default());
    let outcome = OBSERVED
        .scope(RefCell::default(), async {
            let outcome = work.await;
            observe(|observed| result.set(std::mem::take(observed)));
            outcome
        })
        .await;
    (outcome, result.into_inner())
}

/// A request and its response.
pub(crate) struct Record<'a> {
    pub(crate) request_id: &'a str,
    /// The method and the path, without ids and names.
    pub(crate) route: &'a str,
    pub(crate) dialect: &'static str,
    pub(crate) status: u16,
    /// Whether the response is a stored one.
    pub(crate) is_replayed: bool,
    pub(crate) duration: Duration,
    /// The error with everything that caused it, if it is ours.
    pub(crate) error: Option<&'a str>,
    pub(crate) observed: &'a Observed,
}

/// The line: its members, and in `_aws` which of them are metrics, if one is. A metric is paid for by
/// the hours in which it has values, so only what an alarm looks at is one; queries sum the rest.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    aws: Option<Metadata<'a>>,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(rename = "Route")]
    route: &'a str,
    dialect: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed: Option<u8>,
    #[serde(rename = "capacityUnits")]
    capacity_units: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'static str>,
    #[serde(rename = "signatureRejected", skip_serializing_if = "Option::is_none")]
    signature_rejected: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(flatten)]
    measured: Measured,
}

/// What is measured of a request.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Measured {
    requests: u8,
    /// In milliseconds.
    latency: f64,
    cold_starts: u8,
    rejected_sign_ins: u8,
    conflicts: u8,
    #[serde(rename = "DynamoDBCalls")]
    dynamodb_calls: u32,
}

/// `_aws` of the embedded metric format.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    /// Milliseconds since 1970.
    timestamp: u64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    /// One series over all routes.
    dimensions: [[&'static str; 0]; 1],
    metrics: [Metric; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

impl<'a> Line<'a> {
    fn new(record: &Record<'a>, namespace: &'a str, is_cold: bool) -> Self {
        let Observed {
            calls,
            capacity,
            credential,
            user,
            client,
            source,
            account,
            rejected_sign_in: is_rejected_sign_in,
            rejected_signature,
            event,
        } = record.observed;
        Self {
            aws: is_rejected_sign_in.then(|| rejected_sign_in(namespace)),
            level: if record.status >= 500 { "ERROR" } else { "INFO" },
            version: super::version(),
            request_id: record.request_id,
            route: record.route,
            dialect: record.dialect,
            status: record.status,
            replayed: record.is_replayed.then_some(1),
            capacity_units: *capacity,
            credential: *credential,
            signature_rejected: *rejected_signature,
            user: user.as_deref(),
            client: client.as_deref(),
            source: source.as_deref(),
            account: account.as_deref(),
            event: event.map(SecurityEvent::as_str),
            error: record.error,
            measured: Measured {
                requests: 1,
                latency: record.duration.as_secs_f64() * 1000.0,
                cold_starts: is_cold.into(),
                rejected_sign_ins: (*is_rejected_sign_in).into(),
                conflicts: (record.status == 409).into(),
                dynamodb_calls: *calls,
            },
        }
    }
}

/// What CloudWatch reads from the line of a rejected sign-in.
fn rejected_sign_in(namespace: &str) -> Metadata<'_> {
    // A clock before 1970 is no reason to lose the line.
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let metrics = [Metric { name: "RejectedSignIns", unit: "Count" }];
    Metadata {
        timestamp: u64::try_from(timestamp.as_millis()).unwrap_or(u64::MAX),
        cloud_watch_metrics: [Directive { namespace, dimensions: [[]], metrics }],
    }
}

/// The namespace of this function's metrics.
static NAMESPACE: LazyLock<String> =
    LazyLock::new(|| namespace(&env::var("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default()));

/// Each stack has its own namespace. The template calls log groups
/// `/aws/lambda/<stack>/<function>`.
fn namespace(log_group: &str) -> String {
    let below = log_group.strip_prefix("/aws/lambda/").and_then(|name| name.split_once('/'));
    below.map_or_else(|| "Rollcall".to_owned(), |(stack, _)| format!("Rollcall/{stack}"))
}

/// Who takes the lines, if not standard output.
static SINK: OnceLock<fn(&str)> = OnceLock::new();

/// Has the lines go elsewhere than to standard output; only the first call counts.
pub fn set_sink(taker: fn(&str)) {
    // A second taker would have to share with the first.
    let _ = SINK.set(taker);
}

/// Writes the line. An error is ignored: the response is sent regardless.
pub(crate) fn write(record: &Record<'_>) {
    static WARM: AtomicBool = AtomicBool::new(false);
    let is_failure = record.status >= 500;
    if !is_failure && !tracing::enabled!(tracing::Level::INFO) {
        return;
    }
    let line = Line::new(record, &NAMESPACE, !WARM.swap(true, Ordering::Relaxed));
    let mut bytes = Vec::with_capacity(1024);
    if let Err(error) = serde_json::to_writer(&mut bytes, &line) {
        tracing::warn!(%error, "a request was not recorded");
        return;
    }
    bytes.push(b'\n');
    match SINK.get() {
        Some(taker) => taker(&String::from_utf8_lossy(&bytes)),
        // A closed standard output is nothing that a request could mend.
        None => drop(io::stdout().lock().write_all(&bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stack_has_metrics_of_its_own() {
        assert_eq!(namespace("/aws/lambda/rollcall-prod/hub-users"), "Rollcall/rollcall-prod");
        for elsewhere in ["", "/aws/lambda/some-function", "/of/somebody/else"] {
            assert_eq!(namespace(elsewhere), "Rollcall", "{elsewhere}");
        }
    }
}
