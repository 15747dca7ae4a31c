//! The stream of the table, on whichever engine the tests run.
#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Response;
use axum::http::request::Parts;
use devkit::engine::Engine;
use devkit::gateway::{Failure, Integration};
use devkit::stream::{EventSource, Filter};
use devkit::template::{EventSourceMapping, Template};
use serde_json::{Value, json};

const PATTERN: &str =
    r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"OUTBOX#"}]}}}}"#;

fn mapping() -> EventSourceMapping {
    EventSourceMapping {
        function: "mailer".to_owned(),
        filters: vec![Filter::parse(PATTERN).unwrap()],
        batch_size: 2,
        reports_failures: true,
        bisects: true,
        max_age: None,
        parallelization: 10,
    }
}

struct Stage {
    engine: Engine,
    table: String,
}

impl Stage {
    async fn new() -> Self {
        let engine = Engine::for_test().await.unwrap();
        let template = Template::load().unwrap();
        let table = engine.new_table(&template).await.unwrap();
        engine.start_stream(&template, &table).await.unwrap();
        Self { engine, table }
    }

    async fn put(&self, pk: &str, note: &str) {
        let item = json!({ "pk": { "S": pk }, "sk": { "S": "x" }, "note": { "S": note } });
        let request = json!({ "TableName": self.table, "Item": item });
        self.engine.call("PutItem", &request).await.unwrap();
    }

    async fn source(&self) -> EventSource {
        EventSource::open(self.engine.endpoint(), &self.table, &mapping()).await.unwrap()
    }
}

/// The partition keys of the records of each event.
fn keys(events: &[Value]) -> Vec<Vec<&str>> {
    let records = events.iter().map(|event| event["Records"].as_array().unwrap());
    records
        .map(|own| {
            own.iter().map(|own| own["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap()).collect()
        })
        .collect()
}

#[tokio::test]
async fn only_new_items_of_the_filters_prefix_come_in_order_and_once() {
    let stage = Stage::new().await;
    let mut source = stage.source().await;
    for pk in ["OUTBOX#1", "USER#1", "OUTBOX#2", "OUTBOX#3"] {
        stage.put(pk, "new").await;
    }
    stage.put("OUTBOX#1", "changed").await;
    let key = json!({ "pk": { "S": "OUTBOX#2" }, "sk": { "S": "x" } });
    let delete = json!({ "TableName": stage.table, "Key": key });
    stage.engine.call("DeleteItem", &delete).await.unwrap();

    let events = source.drain().await.unwrap();
    assert_eq!(keys(&events), [vec!["OUTBOX#1", "OUTBOX#2"], vec!["OUTBOX#3"]]);
    assert!(source.drain().await.unwrap().is_empty());

    stage.put("OUTBOX#4", "new").await;
    assert_eq!(keys(&source.drain().await.unwrap()), [["OUTBOX#4"]]);
    assert_eq!(stage.source().await.drain().await.unwrap().len(), 2, "another begins anew");
}

#[tokio::test]
async fn a_record_has_the_form_that_lambda_gives_it() {
    let stage = Stage::new().await;
    stage.put("OUTBOX#1", "new").await;

    let events = stage.source().await.drain().await.unwrap();

    let record = &events[0]["Records"][0];
    for (name, value) in
        [("eventName", "INSERT"), ("eventVersion", "1.1"), ("eventSource", "aws:dynamodb")]
    {
        assert_eq!(record[name], value);
    }
    for name in ["eventID", "awsRegion", "eventSourceARN"] {
        assert!(record[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {record}");
    }
    let change = &record["dynamodb"];
    assert_eq!(change["Keys"], json!({ "pk": { "S": "OUTBOX#1" }, "sk": { "S": "x" } }));
    assert_eq!(change["NewImage"]["note"], json!({ "S": "new" }));
    assert!(change["OldImage"].is_null());
    assert_eq!(change["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert!(change["SequenceNumber"].is_string() && change["SizeBytes"].is_u64());
    assert!(change["ApproximateCreationDateTime"].is_u64(), "{change}");
}

/// A function that fails as often as it is told to with a record of `OUTBOX#0`, and the events that
/// it got.
#[derive(Clone, Default)]
struct Fails(Arc<Mutex<Vec<Value>>>, usize);

impl Fails {
    fn times(times: usize) -> Self {
        Self(Arc::default(), times)
    }

    /// Waits until as many events have come.
    async fn has(&self, count: usize) {
        let wait = async {
            while self.0.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
    }

    /// How many events had this partition key.
    fn count(&self, key: &str) -> usize {
        keys(&self.0.lock().unwrap()).iter().filter(|own| own.contains(&key)).count()
    }
}

impl Integration for Fails {
    async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Failure> {
        assert_eq!(function, "mailer");
        self.0.lock().unwrap().push(event.clone());
        let has_it = keys(std::slice::from_ref(event)).concat().contains(&"OUTBOX#0");
        if has_it && self.count("OUTBOX#0") <= self.1 { Err(Failure::Error) } else { Ok(json!({})) }
    }

    fn exchanged(&self, _: &Parts, _: &Response<Bytes>, _: Instant) {}
}

#[tokio::test]
async fn a_failed_event_is_played_again_and_then_what_is_new() {
    let stage = Stage::new().await;
    let (source, function) = (stage.source().await, Fails::times(1));
    stage.put("OUTBOX#0", "new").await;
    let playing = tokio::spawn(source.play(function.clone(), |problem| panic!("{problem}")));

    function.has(2).await;
    stage.put("OUTBOX#2", "new").await;
    function.has(3).await;

    let events = function.0.lock().unwrap().clone();
    assert_eq!(keys(&events), [["OUTBOX#0"], ["OUTBOX#0"], ["OUTBOX#2"]]);
    playing.abort();
}

#[tokio::test]
async fn an_event_that_fails_holds_up_its_partition_key_and_not_all_others() {
    let stage = Stage::new().await;
    let (source, function) = (stage.source().await, Fails::times(usize::MAX));
    stage.put("OUTBOX#0", "new").await;
    let playing = tokio::spawn(source.play(function.clone(), |problem| panic!("{problem}")));
    function.has(1).await;

    for key in 1..8 {
        stage.put(&format!("OUTBOX#{key}"), "new").await;
    }
    stage.put("OUTBOX#0", "newer").await;

    let passed = || (1..8).filter(|key| function.count(&format!("OUTBOX#{key}")) == 1).count();
    let wait = async {
        while passed() < 4 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.unwrap();
    let events = function.0.lock().unwrap().clone();
    let records = events.iter().flat_map(|event| event["Records"].as_array().unwrap());
    let notes = records.filter(|own| own["dynamodb"]["Keys"]["pk"]["S"] == "OUTBOX#0");
    let notes = notes.map(|own| &own["dynamodb"]["NewImage"]["note"]["S"]);
    assert!(notes.clone().all(|note| note == "new"), "{:?}", notes.collect::<Vec<_>>());
    playing.abort();
}
