//! A proxy between the service and the engine: lists the calls, counts their round trips and
//! injects faults.

mod door;
mod fault;
mod grants;
mod request;
mod script;
mod transport;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

pub(crate) use door::Door;
pub use fault::Fault;
use script::Script;
use transport::{Held, Transport};

/// One call to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation of `DynamoDB`.
    pub operation: String,
    /// How many keys it requests, if it is a `BatchGetItem`.
    pub keys: usize,
    /// How many actions it is made of, if it is a transaction.
    pub parts: usize,
    /// What IAM must allow for it: the operation, or what a transaction is made of.
    pub actions: BTreeSet<String>,
    /// Whether another call was in progress at the same time.
    pub is_beside_another: bool,
}

/// What a call to the table consumed, as its response says.
#[derive(Debug, Clone, PartialEq)]
pub struct Consumed {
    /// The operation of `DynamoDB`.
    pub operation: String,
    /// Capacity units; none if the call did not request them, or failed.
    pub units: Option<f64>,
}

impl Consumed {
    fn is_read(&self) -> bool {
        match self.operation.as_str() {
            "BatchGetItem" | "Query" => true,
            "BatchWriteItem" | "TransactWriteItems" | "UpdateItem" => false,
            other => panic!("does {other} read or write?"),
        }
    }
}

/// The units of reads, which have a price of their own. What does not say what it consumed fails.
pub fn read_units(consumed: &[Consumed]) -> f64 {
    sum_of_units(consumed.iter().filter(|call| call.is_read()))
}

/// The units of writes, likewise.
pub fn write_units(consumed: &[Consumed]) -> f64 {
    sum_of_units(consumed.iter().filter(|call| !call.is_read()))
}

fn sum_of_units<'a>(own: impl Iterator<Item = &'a Consumed>) -> f64 {
    let units = own.map(|call| call.units.unwrap_or_else(|| panic!("{call:?} says nothing")));
    units.fold(0.0, |sum, units| sum + units)
}

/// The proxy, as tests see it.
#[derive(Clone)]
pub struct Proxy {
    wire: Transport,
}

/// What the proxy has seen, and what it is to do.
#[derive(Default)]
struct Watch {
    responded: HashSet<String>,
    calls: Vec<Call>,
    consumed: Vec<Consumed>,
    eventual_reads: Vec<String>,
    denied: Vec<String>,
    rounds: usize,
    under_way: usize,
    counting: bool,
    script: Script,
    meanwhile: Vec<(&'static str, BoxFuture<'static, ()>)>,
    held: Vec<Held>,
    /// How far the clock of the table is ahead of everybody else's, in seconds.
    ahead: i64,
}

impl Proxy {
    /// Listens on a free port for calls to the engine at this address.
    #[expect(clippy::unused_async, reason = "its connections belong to the runtime that awaits it")]
    pub async fn start(engine: &str) -> Result<Self> {
        let wire = Transport {
            engine: engine.to_owned(),
            client: reqwest::Client::new(),
            door: Arc::new(Door::new()?),
            watch: Arc::default(),
            news: Arc::new(Notify::new()),
        };
        let proxy = Self { wire };
        proxy.reopen()?;
        Ok(proxy)
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        self.wire.door.endpoint()
    }

    /// Where a function finds it, which then may do what the template grants it and nothing else.
    pub fn endpoint_of(&self, function: &str) -> String {
        format!("{}/{function}", self.endpoint())
    }

    /// Ends all connections and accepts no more.
    pub(crate) fn close(&self) {
        self.wire.door.close();
    }

    /// Listens again after [`Fault::Gone`].
    pub fn reopen(&self) -> Result<()> {
        self.wire.door.open(&self.wire)
    }

    /// Disturbs the next call of this operation that has no fault yet.
    pub fn disturb(&self, operation: &'static str, fault: Fault) {
        self.watch().script.once(operation, 0, fault);
    }

    /// Disturbs the call of this operation that comes after so many others of it, and with those
    /// that the fault takes [in a row](Fault::in_a_row).
    pub fn disturb_at(&self, operation: &str, after: usize, fault: Fault) {
        let mut watch = self.watch();
        for _ in 0..fault.in_a_row() {
            watch.script.once(operation, after, fault);
        }
    }

    /// Disturbs the call of this operation that comes after so many others of it, and all that
    /// follow.
    pub fn disturb_from(&self, operation: &str, after: usize, fault: Fault) {
        self.watch().script.from(operation, after, fault);
    }

    /// Does something else before the next call of this operation goes on: what happens between a
    /// request's read and its write.
    pub fn before(
        &self,
        operation: &'static str,
        meanwhile: impl Future<Output = ()> + Send + 'static,
    ) {
        self.watch().meanwhile.push((operation, Box::pin(meanwhile)));
    }

    /// Disturbs every call from now on.
    pub fn disturb_all(&self, fault: Option<Fault>) {
        self.watch().script.always(fault);
    }

    /// Disturbs every call of this operation from now on.
    pub fn disturb_all_of(&self, operation: &'static str, fault: Option<Fault>) {
        self.watch().script.always_of(operation, fault);
    }

    /// Injects no more faults, and listens again if connections were rejected.
    pub fn calm(&self) -> Result<()> {
        self.watch().script = Script::default();
        self.reopen()
    }

    /// How many calls have met a fault since the last [`Proxy::calm`].
    pub fn faults_met(&self) -> usize {
        self.watch().script.met
    }

    /// Faults that no call has met, and what was to happen before a call that never came.
    pub fn faults_left(&self) -> usize {
        let watch = self.watch();
        watch.script.left() + watch.meanwhile.len()
    }

    /// Forwards the calls that met [`Fault::Late`] to the engine, in the order in which they came;
    /// no client waits for their responses any more.
    pub async fn deliver_late(&self) -> Result<usize> {
        let held = std::mem::take(&mut self.watch().held);
        let calls = held.len();
        for call in held {
            self.wire.forward(call).await?;
        }
        Ok(calls)
    }

    /// Starts a new count of round trips and a new list of calls. From now on every call is slow,
    /// so that concurrent ones overlap.
    pub fn count(&self) {
        self.record();
        self.watch().counting = true;
    }

    /// Starts a new list of calls, none of them slow. Round trips are not counted.
    pub fn record(&self) {
        let mut watch = self.watch();
        (watch.rounds, watch.counting) = (0, false);
        watch.calls.clear();
        watch.consumed.clear();
    }

    /// Waits until any call of this operation has got a response.
    pub async fn responded(&self, operation: &str) {
        loop {
            let next = self.wire.news.notified();
            if self.watch().responded.contains(operation) {
                return;
            }
            next.await;
        }
    }

    /// The round trips since [`Proxy::count`]: concurrent calls are one.
    pub fn rounds(&self) -> usize {
        self.watch().rounds
    }

    /// The calls since [`Proxy::record`], in order.
    pub fn calls(&self) -> Vec<Call> {
        self.watch().calls.clone()
    }

    /// What the calls consumed that got a response since [`Proxy::record`].
    pub fn consumed(&self) -> Vec<Consumed> {
        self.watch().consumed.clone()
    }

    /// The same since it was last taken or since [`Proxy::record`].
    pub fn take_consumed(&self) -> Vec<Consumed> {
        std::mem::take(&mut self.watch().consumed)
    }

    /// Every read ever that did not demand to be consistent, though it must.
    pub fn eventual_reads(&self) -> Vec<String> {
        self.watch().eventual_reads.clone()
    }

    /// All calls of functions that their roles do not allow.
    pub(crate) fn denied(&self) -> Vec<String> {
        self.watch().denied.clone()
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        lock(&self.wire.watch)
    }
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
