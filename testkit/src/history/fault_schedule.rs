//! Faults between the functions and the table, drawn from a seed: the same seed gives the n-th call
//! the same fault.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use fastrand::Rng;
use futures_util::stream;
use tokio::net::TcpListener;

use crate::{Fault, Proxy};

/// The calls that are disturbed.
const CALLS: [&str; 7] = [
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "Query",
    "TransactWriteItems",
    "UpdateItem",
];

/// What a single call meets, how it is called in the summary, and how often of 1000 calls.
const FAULTS: [(Fault, &str, u16); 7] = [
    (Fault::THROTTLED, "throttled", 20),
    (Fault::IN_PROGRESS, "transaction in progress", 5),
    (Fault::Unreachable, "unreachable", 10),
    (Fault::ResponseLost, "response lost", 30),
    (Fault::Conflict, "transaction conflict", 40),
    (Fault::Unprocessed, "unprocessed", 20),
    (Fault::Silent, "silent", 1),
];

/// The faults of an outage: every call during it meets the same one.
const OUTAGES: [(Fault, &str); 3] = [
    (Fault::Unreachable, "unreachable for a while"),
    (Fault::ResponseLost, "responses lost for a while"),
    (Fault::THROTTLED, "throttled for a while"),
];

/// One of so many calls begins an outage.
const FAIR: u32 = 500;

/// An outage ends after at most so many calls.
const LONGEST_OUTAGE: u32 = 60;

/// Every second call takes so many milliseconds more at most, so that requests overlap in ever
/// other ways.
const LATE: u64 = 12;

/// A server in front of the proxy that decides on its faults.
#[derive(Clone)]
pub struct FaultSchedule {
    proxy: Proxy,
    client: reqwest::Client,
    window: Arc<Mutex<FaultWindow>>,
}

/// What the next calls meet.
struct FaultWindow {
    rng: Rng,
    is_paused: bool,
    outage: (u32, Fault, &'static str),
    met: BTreeMap<&'static str, usize>,
}

/// The port, as soon as the run before has let go of it: its server ends with its runtime, after
/// its test.
async fn bound(port: u16) -> Result<TcpListener> {
    for _ in 0..100 {
        match TcpListener::bind(("127.0.0.1", port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            bound => return Ok(bound?),
        }
    }
    bail!("port {port} stays in use")
}

impl FaultSchedule {
    /// Listens on this port, 0 for any free one, without faults yet. Returns the endpoint and the
    /// schedule.
    pub async fn start(port: u16, proxy: Proxy, seed: u64) -> Result<(String, Self)> {
        let listener = bound(port).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let rng = Rng::with_seed(seed);
        let outage = (0, Fault::Unreachable, "");
        let window = FaultWindow { rng, is_paused: true, outage, met: BTreeMap::new() };
        let schedule =
            Self { proxy, client: reqwest::Client::new(), window: Arc::new(Mutex::new(window)) };
        let router = Router::new().fallback(relay).with_state(schedule.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok((endpoint, schedule))
    }

    /// Pauses or resumes the faults.
    pub fn set_paused(&self, is_paused: bool) {
        self.window().is_paused = is_paused;
    }

    /// The faults met so far, by kind.
    pub fn met(&self) -> BTreeMap<&'static str, usize> {
        self.window().met.clone()
    }

    fn window(&self) -> MutexGuard<'_, FaultWindow> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultWindow {
    /// What the next call meets, and how late it is. Every call draws the same number of times, so
    /// that what the n-th one meets depends on the seed alone, and on what kind of call it is.
    fn next(&mut self, operation: &str) -> (Option<Fault>, Duration) {
        let (late, roll) = (self.rng.u64(..2 * LATE), self.rng.u16(..1000));
        let (outage, length) = (self.rng.u32(..FAIR), self.rng.u32(1..=LONGEST_OUTAGE));
        let (fault, name) = OUTAGES[self.rng.usize(..OUTAGES.len())];
        let late = Duration::from_millis(late.saturating_sub(LATE));
        if self.is_paused {
            return (None, Duration::ZERO);
        }
        if outage == 0 {
            self.outage = (length, fault, name);
        }
        let (left, fault, name) = self.outage;
        let met = if left > 0 {
            self.outage.0 = left - 1;
            Some((fault, name))
        } else {
            drawn(roll).filter(|(fault, _)| fault.concerns(operation))
        };
        if let Some((_, name)) = met {
            *self.met.entry(name).or_default() += 1;
        }
        (met.map(|(fault, _)| fault), late)
    }
}

/// The fault for a number below 1000.
fn drawn(roll: u16) -> Option<(Fault, &'static str)> {
    let mut below = 0;
    FAULTS.into_iter().find_map(|(fault, name, often)| {
        below += often;
        (roll < below).then_some((fault, name))
    })
}

async fn relay(
    State(schedule): State<FaultSchedule>,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let requested = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
    if let Some(operation) = CALLS.into_iter().find(|operation| *operation == requested) {
        let (fault, late) = schedule.window().next(operation);
        if let Some(fault) = fault {
            schedule.proxy.disturb(operation, fault);
        }
        tokio::time::sleep(late).await;
    }
    headers.remove("content-length");
    let call = schedule.client.post(schedule.proxy.endpoint()).headers(headers).body(body);
    match call.send().await {
        Ok(response) => {
            let (status, headers) = (response.status(), response.headers().clone());
            (status, headers, response.bytes().await.unwrap_or_default()).into_response()
        }
        // The connection ends in the middle of this, as the proxy's has.
        Err(error) => {
            Body::from_stream(stream::once(async { Err::<Bytes, _>(error) })).into_response()
        }
    }
}
