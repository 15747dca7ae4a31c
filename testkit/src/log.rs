//! What the functions log while the tests run: every line is searched for secrets and addresses.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use devkit::leaks::looks_secret;
use serde_json::{Value, json};
use shared::telemetry::{LevelFilter, lines, set_sink};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// The lines of requests, in the order of their responses.
static REQUESTS: Mutex<Vec<Value>> = Mutex::new(Vec::new());

thread_local! {
    /// The line of the last request that this thread responded to.
    static LAST: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// The lines with a secret or an address.
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Has every line searched from now on, at the level on which the functions log most.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_sink(keep);
        if lines(LevelFilter::TRACE, Searched).try_init().is_err() {
            LEAKS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push("nothing is searched".to_owned());
        }
    });
}

/// The lines with a secret or an address so far.
pub(crate) fn leaks() -> Vec<String> {
    LEAKS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn search(line: &str) {
    if looks_secret(line) {
        LEAKS.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
    }
}

fn keep(line: &str) {
    search(line);
    let line = serde_json::from_str(line).unwrap_or_else(|_| json!({ "no JSON": line }));
    LAST.set(Some(line.clone()));
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// The lines of the requests with this value in a field.
pub fn request_lines(field: &str, value: &str) -> Vec<Value> {
    let lines = REQUESTS.lock().unwrap_or_else(PoisonError::into_inner);
    lines.iter().filter(|line| line[field] == value).cloned().collect()
}

/// Why requests about an account were 503, if others were in their way until they gave up. Those that
/// a busy machine did not answer in time are left out.
pub fn held_up(account: &str) -> Vec<String> {
    let causes = ["another request changed the same data", "every attempt met another transaction"];
    let lines = request_lines("account", account).into_iter();
    let failures = lines.filter_map(|line| line["error"].as_str().map(ToOwned::to_owned));
    failures.filter(|error| causes.iter().any(|cause| error.contains(cause))).collect()
}

/// Forgets the lines of all requests so far.
pub(crate) fn forget_requests() {
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// The line of the last request of a test that runs on one thread.
pub fn own_last_request_line() -> Option<Value> {
    LAST.with_borrow(Clone::clone)
}

/// The line of the last request, whoever sent it.
pub fn last_request_line() -> Option<Value> {
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
}

struct Searched;

impl Write for Searched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        search(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Searched {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}
