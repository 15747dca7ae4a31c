//! Mail: the table's stream, played into the mailer, a stand-in for SES, and what comes back from it.

use std::sync::Arc;

use anyhow::{Context, Result};
use devkit::ses::{Mail, Outcome, Ses};
use devkit::stream::EventSource;
use mailer::Mailer;
use mailer::message::Sender;
use serde_json::{Value, json};
use shared::Settings;
use shared::aws::Aws;
use shared::model::Timestamp;
use shared::table::StreamEvent;

use super::{TEMPLATE, TestApp, connect, service_keys};

/// Where mails come from.
const MAIL_FROM: &str = "accounts@example.com";

/// How often a batch comes that the mailer does not finish: enough for each mail of it to fail
/// once.
const MAX_EVENTS: usize = 50;

/// The mailer of a service, and what it has sent.
pub struct Post {
    mailer: Mailer,
    ses: Ses,
    source: EventSource,
}

impl TestApp {
    /// Has the service send mail from now on.
    pub async fn start_mail(&mut self) -> Post {
        self.try_start_mail().await.expect("the mailer starts")
    }

    async fn try_start_mail(&mut self) -> Result<Post> {
        self.configure(Settings { sends_mail: true, ..self.settings.clone() });
        let ses = Ses::start(None, |_| {}).await?;
        self.engine.start_stream(&TEMPLATE, &self.table_name).await?;
        let [mapping] = TEMPLATE.event_source_mappings() else { anyhow::bail!("one mapping") };
        let source = EventSource::open(self.engine.endpoint(), &self.table_name, mapping).await?;
        Ok(Post { mailer: self.mailer(&ses)?, ses, source })
    }

    /// Hands an event of `EventBridge` to `mail-feedback`.
    pub async fn mail_feedback(&self, event: &Value) -> shared::Result<()> {
        let table = connect(&self.proxy.endpoint_of("mail-feedback"), &self.table_name);
        mail_feedback::handle(&table.expect("a client"), event.clone()).await
    }

    /// Another mailer over the same stand-in.
    fn mailer(&self, ses: &Ses) -> Result<Mailer> {
        let from = MAIL_FROM.parse().context("an address")?;
        let sender = Sender { service_name: self.settings.service_name.clone(), from };
        let table = connect(&self.proxy.endpoint_of("mailer"), &self.table_name)?;
        let keys = service_keys(&self.secrets_manager, "mailer");
        Ok(Mailer::new(table, keys, Aws::local(ses.endpoint()), None, sender)?)
    }
}

impl Post {
    /// Plays what is new in the stream into the mailer, until it has done all or gives up; the
    /// mails that were sent meanwhile.
    pub async fn deliver(&mut self) -> Vec<Arc<Mail>> {
        let before = self.sent().len();
        for _ in 0..MAX_EVENTS {
            let Some(event) = self.pending_event().await else { break };
            let response = self.invoke(&event).await;
            self.source.settle(Some(&response));
        }
        self.sent().split_off(before)
    }

    /// The next event, which is done with, whatever becomes of it.
    pub async fn next_event(&mut self) -> Option<Value> {
        let event = self.pending_event().await;
        if event.is_some() {
            self.source.settle(Some(&Value::Null));
        }
        event
    }

    async fn pending_event(&mut self) -> Option<Value> {
        self.source.poll().await.expect("the stream is read");
        self.source.next_event(Timestamp::now())
    }

    /// Hands an event to the mailer.
    pub async fn invoke(&self, event: &Value) -> Value {
        let event: StreamEvent = serde_json::from_value(event.clone()).expect("an event");
        json!(mailer::handle(&self.mailer, event).await)
    }

    /// All mails that were sent.
    pub fn sent(&self) -> Vec<Arc<Mail>> {
        self.ses.mailbox().mails()
    }

    /// Decides what comes of the next calls of SES.
    pub fn expect(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.ses.mailbox().expect(outcomes);
    }
}
