//! A stand-in for Lambda's event source mapping: reads the stream of the table from the engine, and
//! makes the events that a function gets.

mod batches;
mod filter;
mod reader;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::gateway::Integration;
use crate::template::EventSourceMapping;
use batches::Batches;
pub use filter::Filter;
use reader::Reader;

/// Reads at once; the next call reads on.
const MAX_READS: usize = 1000;
/// Between two looks at the stream.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The longest wait before a batch is sent again.
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// The records of a table that a function gets, from the beginning of its stream.
pub struct EventSource {
    mapping: EventSourceMapping,
    reader: Reader,
    batches: Batches,
}

impl EventSource {
    /// Fails if the table has no stream.
    pub async fn open(engine: &str, table: &str, mapping: &EventSourceMapping) -> Result<Self> {
        let reader = Reader::open(engine, table).await?;
        let (mapping, batches) = (mapping.clone(), Batches::new(mapping.clone()));
        Ok(Self { mapping, reader, batches })
    }

    /// Reads what is new in the stream.
    pub async fn poll(&mut self) -> Result<()> {
        for _ in 0..MAX_READS {
            let records = self.reader.read().await?;
            if records.is_empty() {
                break;
            }
            self.batches.add(records);
        }
        Ok(())
    }

    /// The event to send next: the same one, or part of it, until [`settle`](Self::settle) is told
    /// that it did not fail.
    pub fn next_event(&mut self, now: Timestamp) -> Option<Value> {
        self.batches.next_event(now)
    }

    /// Takes the function's response to the last event, nothing if the function has failed; whether
    /// all of the event is done.
    pub fn settle(&mut self, response: Option<&Value>) -> bool {
        self.batches.settle(response)
    }

    /// The records that became too old since the last call, which a failure destination would get.
    pub fn take_expired(&mut self) -> Vec<Value> {
        self.batches.take_expired()
    }

    /// All events that wait, as if the function succeeded with each.
    pub async fn drain(&mut self) -> Result<Vec<Value>> {
        self.poll().await?;
        let mut events = Vec::new();
        while let Some(event) = self.next_event(Timestamp::now()) {
            self.settle(Some(&Value::Null));
            events.push(event);
        }
        Ok(events)
    }

    /// Plays the stream into the function, for as long as the future is polled. Reports failed
    /// reads, and how many records became too old.
    pub async fn play(mut self, functions: impl Integration, report: impl Fn(String) + Sync) {
        let mut queues = Vec::new();
        queues.resize_with(self.mapping.parallelization, || Queue::new(&self.mapping));
        join(self.fill(&queues, &report), async {
            join_all(queues.iter().map(|queue| queue.empty(&functions, &report))).await
        })
        .await;
    }

    /// Reads what comes, and hands it to the queues by its partition keys.
    async fn fill(&mut self, queues: &[Queue], report: &impl Fn(String)) {
        loop {
            if let Err(error) = self.poll().await {
                report(format!("the stream cannot be read: {error:#}"));
                sleep(MAX_BACKOFF).await;
            }
            let mut shares = vec![Vec::new(); queues.len()];
            for record in self.batches.take_waiting() {
                let key = record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap_or_default();
                let hash = key
                    .bytes()
                    .fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
                shares[hash % queues.len()].push(record);
            }
            for (queue, share) in queues.iter().zip(shares).filter(|(_, share)| !share.is_empty()) {
                queue.batches().add(share);
                queue.added.notify_one();
            }
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// What waits for the function of some of the partition keys.
struct Queue {
    function: String,
    batches: Mutex<Batches>,
    added: Notify,
}

impl Queue {
    fn new(mapping: &EventSourceMapping) -> Self {
        let batches = Mutex::new(Batches::new(mapping.clone()));
        Self { function: mapping.function.clone(), batches, added: Notify::new() }
    }

    fn batches(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_event(&self, report: &impl Fn(String)) -> Option<Value> {
        let mut batches = self.batches();
        let (event, expired) = (batches.next_event(Timestamp::now()), batches.take_expired().len());
        drop(batches);
        if expired > 0 {
            report(format!("{} gives up {expired} records: too old", self.function));
        }
        event
    }

    /// Hands batch after batch to the function.
    async fn empty(&self, functions: &impl Integration, report: &impl Fn(String)) {
        let mut backoff = POLL_INTERVAL;
        loop {
            while let Some(event) = self.next_event(report) {
                let response = functions.invoke(&self.function, &event).await.ok();
                let is_done = self.batches().settle(response.as_ref());
                if is_done {
                    backoff = POLL_INTERVAL;
                } else {
                    sleep(backoff).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
            self.added.notified().await;
        }
    }
}
