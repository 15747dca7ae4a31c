//! The last requests to the API.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};

/// How many are kept.
const MAX_REQUESTS: usize = 200;

/// A request and what came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestSummary {
    /// When it was responded to.
    pub time: Timestamp,
    /// The method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The status of the response.
    pub status: u16,
    /// Why it was rejected or has failed.
    pub reason: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// Calls to `DynamoDB`, if a function has responded.
    pub calls: Option<u64>,
    /// The capacity units that the engine counted for them.
    pub units: Option<f64>,
    /// Whether the response is a stored one.
    pub is_replayed: bool,
    /// The user who made it.
    pub user: Option<String>,
    /// The kind of the credential, if it is not the client's own.
    pub credential: Option<String>,
    /// The OAuth client that made it.
    pub client: Option<String>,
}

/// The last requests.
#[derive(Debug, Default)]
pub struct Requests(Mutex<VecDeque<RequestSummary>>);

impl Requests {
    /// Adds one, in place of the oldest if there are many.
    pub fn add(&self, request: RequestSummary) {
        let mut kept = self.kept();
        kept.push_front(request);
        kept.truncate(MAX_REQUESTS);
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<RequestSummary>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest ones first.
pub(super) fn page(requests: &Requests) -> Markup {
    let requests = requests.kept().clone();
    html! {
        h1 { "Requests" }
        @if requests.is_empty() {
            p { "There was none since the start." }
        } @else {
            p.quiet {
                "The last " (requests.len()) " since the start, at most " (MAX_REQUESTS)
                ", newest first, with times in UTC. Calls are those to DynamoDB; read and write "
                "units are as the engine counts them. A query is never shown. "
                a href="/_dev/requests" { "Reload" }
            }
            div.scroll {
                table.requests {
                    thead {
                        tr {
                            @for name in ["time", "request", "status", "took", "calls", "units", "by"] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody { @for request in &requests { (row(request)) } }
                }
            }
        }
    }
}

fn row(request: &RequestSummary) -> Markup {
    let class = match request.status {
        ..400 => "good",
        400..500 => "rejected",
        _ => "failed",
    };
    html! {
        tr class=(class) {
            td.number { (request.time.strftime("%H:%M:%S").to_string()) }
            td {
                code { (request.method) " " (request.path) }
                @if let Some(reason) = &request.reason { div.reason { (reason) } }
            }
            td.number { strong { (request.status) } @if request.is_replayed { " replayed" } }
            td.number { (request.elapsed.as_millis()) " ms" }
            td.number { (counted(request.calls, "call", "calls")) }
            td.number { (units(request.units)) }
            td { (by(request)) }
        }
    }
}

/// The number with its noun; nothing if it is not known.
fn counted(number: Option<u64>, one: &str, several: &str) -> String {
    match number {
        Some(1) => format!("1 {one}"),
        Some(number) => format!("{number} {several}"),
        None => String::new(),
    }
}

fn units(units: Option<f64>) -> String {
    units.map_or_else(String::new, |units| {
        format!("{units} {}", if units > 0.5 && units <= 1.0 { "unit" } else { "units" })
    })
}

fn by(request: &RequestSummary) -> String {
    let client = request.client.as_ref().map(|client| format!("client {client}"));
    [request.user.clone(), request.credential.clone(), client]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_requests_are_kept_and_shown_as_text() {
        let requests = Requests::default();
        assert!(page(&requests).into_string().contains("none since the start"));

        for number in 0..=MAX_REQUESTS {
            let path = format!("/<b>{number}</b>");
            requests.add(RequestSummary { path, ..RequestSummary::default() });
        }

        let page = page(&requests).into_string();
        assert!(page.contains("/&lt;b&gt;200&lt;/b&gt;") && page.contains("&gt;1&lt;"), "{page}");
        assert!(!page.contains("&gt;0&lt;") && !page.contains("<b>"), "the oldest one has gone");
    }
}
