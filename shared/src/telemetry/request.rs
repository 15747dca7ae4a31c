//! One line per request: the operation, its outcome and its cost, in CloudWatch's embedded metric
//! format, so that one line is both log entry and metrics.

use std::cell::{Cell, RefCell};
use std::env;
use std::future::Future;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use metrique_writer::format::Format;
use metrique_writer::{Entry, EntryWriter};
use metrique_writer_format_emf::{Emf, NoMetric};

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "Rollcall";

/// What is learned of a request while it is handled.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// Calls to the table.
    pub(crate) calls: u32,
    /// Capacity units that they consumed.
    pub(crate) capacity: f64,
    /// The kind of the credential that was taken.
    pub(crate) credential: Option<&'static str>,
    /// The user who made it.
    pub(crate) user: Option<String>,
    /// The account that was read or created.
    pub(crate) account: Option<String>,
    /// Whether a username and password were rejected.
    pub(crate) rejected_sign_in: bool,
}

tokio::task_local! {
    static OBSERVED: RefCell<Observed>;
}

/// Records something of the request that is being handled; outside of one, nothing.
pub(crate) fn observe(record: impl FnOnce(&mut Observed)) {
    // Outside of a request there is nothing to record it in.
    let _ = OBSERVED.try_with(|observed| record(&mut observed.borrow_mut()));
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

/// A record with what was observed.
struct Line<'a> {
    record: &'a Record<'a>,
    is_cold: bool,
}

impl Entry for Line<'_> {
    fn write<'a>(&'a self, writer: &mut impl EntryWriter<'a>) {
        let Self { record, is_cold } = self;
        let Observed { calls, capacity, credential, user, account, rejected_sign_in } =
            record.observed;
        writer.timestamp(SystemTime::now());
        writer.value("level", if record.status >= 500 { "ERROR" } else { "INFO" });
        writer.value("requestId", record.request_id);
        writer.value("Route", record.route);
        writer.value("dialect", record.dialect);
        writer.value("status", &NoMetric::from(u64::from(record.status)));
        writer.value("replayed", &record.is_replayed.then(|| NoMetric::from(1_u64)));
        writer.value("capacityUnits", &NoMetric::from(*capacity));
        writer.value("credential", credential);
        writer.value("user", user);
        writer.value("account", account);
        writer.value("error", &record.error);
        writer.value("Requests", &1_u64);
        writer.value("Latency", &record.duration);
        writer.value("ColdStarts", is_cold);
        writer.value("RejectedSignIns", rejected_sign_in);
        writer.value("Conflicts", &(record.status == 409));
        writer.value("DynamoDBCalls", calls);
    }
}

/// Created once: it reuses its buffers.
static FORMAT: LazyLock<Mutex<Emf>> = LazyLock::new(|| {
    let namespace = namespace(&env::var("AWS_LAMBDA_LOG_GROUP_NAME").unwrap_or_default());
    Mutex::new(Emf::all_validations(namespace, vec![vec!["Route".to_owned()]]))
});

/// Each stack has its own namespace. The template calls log groups
/// `/aws/lambda/<stack>/<function>`.
fn namespace(log_group: &str) -> String {
    let below = log_group.strip_prefix("/aws/lambda/").and_then(|name| name.split_once('/'));
    below.map_or_else(|| NAMESPACE.to_owned(), |(stack, _)| format!("{NAMESPACE}/{stack}"))
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
    let line = Line { record, is_cold: !WARM.swap(true, Ordering::Relaxed) };
    let mut bytes = Vec::with_capacity(1024);
    let formatted = FORMAT.lock().unwrap_or_else(PoisonError::into_inner).format(&line, &mut bytes);
    if let Err(error) = formatted {
        tracing::warn!(%error, "a request was not recorded");
        return;
    }
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
