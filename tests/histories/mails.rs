//! What became of the mails: each that was put into the outbox was sent or waits, and was sent again
//! only if nobody could know whether it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use devkit::stream::EventSource;
use devkit::template::Template;
use serde_json::Value;
use testkit::TestApp;
use tokio::time::sleep;

/// A mail whose outcome nobody knew goes when its lease is over.
const PATIENCE: Duration = Duration::from_mins(5);

/// The mails of a run, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Mails {
    /// Those that were put into the outbox.
    promised: BTreeSet<String>,
    /// Those that are in it still. One whose outcome nobody knew waits until its lease is over, and
    /// those after it with it.
    waiting: BTreeSet<String>,
    /// How often each was sent.
    sent: BTreeMap<String, usize>,
    /// Those that the mailer failed to send, to delete, or to hear of.
    uncertain: BTreeSet<String>,
}

impl Mails {
    /// Those of the service with this folder. What was promised is looked at first, and what was
    /// sent last: the mailer goes on meanwhile.
    pub(crate) async fn of(engine: &str, table: &str, folder: &Path) -> Self {
        let template = Template::load().unwrap();
        let [mapping] = template.event_source_mappings() else { panic!("one mapping") };
        let events = EventSource::open(engine, table, mapping).await.unwrap().drain().await;
        let events = events.unwrap();
        let records = events.iter().flat_map(|event| event["Records"].as_array().unwrap());
        let images = records.map(|record| &record["dynamodb"]["NewImage"]);
        let mails = images.filter(|image| image["type"]["S"] == "mail");
        Self {
            waiting: waiting(engine, table).await,
            promised: mails.map(|mail| mail["id"]["S"].as_str().unwrap().to_owned()).collect(),
            sent: sent(&folder.join("mail")),
            uncertain: uncertain(&folder.join("dev.log")),
        }
    }

    /// Waits until the outbox is empty.
    pub(crate) async fn wait(engine: &str, table: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !waiting(engine, table).await.is_empty() {
            assert!(Instant::now() < deadline, "mails wait for ever");
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Those that were not sent, and wait no more.
    pub(crate) fn lost(&self) -> Vec<&String> {
        let is_kept = |id: &&String| self.sent.contains_key(*id) || self.waiting.contains(*id);
        self.promised.iter().filter(|id| !is_kept(id)).collect()
    }

    /// Those that were sent again without need.
    pub(crate) fn doubled(&self) -> Vec<&String> {
        let doubled = self.sent.iter().filter(|(_, times)| **times > 1);
        doubled.map(|(id, _)| id).filter(|id| !self.uncertain.contains(*id)).collect()
    }

    pub(crate) fn summary(&self) -> String {
        let again = self.sent.values().filter(|times| **times > 1).count();
        format!(
            "{} mails promised, {} waiting, {} lost; {again} sent again, {} of them without need",
            self.promised.len(),
            self.waiting.len(),
            self.lost().len(),
            self.doubled().len(),
        )
    }
}

async fn waiting(engine: &str, table: &str) -> BTreeSet<String> {
    let items = TestApp::items_in(engine, table).await;
    let mails = items.iter().filter(|item| item["type"]["S"] == "mail");
    mails.map(|mail| mail["id"]["S"].as_str().unwrap().to_owned()).collect()
}

fn sent(folder: &Path) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    // Others are being written.
    for file in files.filter(|file| file.extension().is_some_and(|own| own == "eml")) {
        let mail = std::fs::read_to_string(file).unwrap();
        let (_, rest) = mail.split_once("Message-ID: <").unwrap();
        let (id, _) = rest.split_once('@').unwrap();
        *sent.entry(id.to_owned()).or_default() += 1;
    }
    sent
}

fn uncertain(log: &Path) -> BTreeSet<String> {
    let log = std::fs::read_to_string(log).unwrap();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = lines.filter(|line| line["level"] == "ERROR" || line["outcome"] == "unknown");
    lines.filter_map(|line| Some(line["mail"].as_str()?.to_owned())).collect()
}
