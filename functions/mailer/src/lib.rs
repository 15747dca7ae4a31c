//! Sends what waits in the outbox. The table's stream calls it, no client does.

mod deliver;
pub mod message;
mod ses;

use std::time::Instant;

use serde::Serialize;
use shared::aws::{Aws, variable};
use shared::model::EmailAddress;
use shared::service_key::ServiceKeys;
use shared::table::{Connection, StreamEvent, StreamRecord, Table};
use shared::{Error, ErrorChain, Result, Settings, telemetry, timeouts};

use deliver::Delivery;
use message::Sender;
use ses::Ses;

/// What the batches of the function share.
pub struct Mailer {
    table: Table,
    service_keys: ServiceKeys,
    ses: Ses,
    sender: Sender,
}

/// What of a batch has to come again, as Lambda reads it: the stream goes on at the first of them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// The changes that were not handled.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A change that was not handled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

impl Mailer {
    /// A mailer that sends by SES at `aws`, with this configuration set, if there is one.
    pub fn new(
        table: Table,
        service_keys: ServiceKeys,
        aws: Aws,
        configuration_set: Option<String>,
        sender: Sender,
    ) -> Result<Self> {
        Ok(Self { table, service_keys, ses: Ses::new(aws, configuration_set)?, sender })
    }

    /// Reads the environment: `MAIL_FROM`, `SERVICE_NAME`, perhaps `MAIL_CONFIGURATION_SET` and
    /// `AWS_ENDPOINT_URL_SESV2`, and what [`Connection::from_env`] and [`ServiceKeys::from_env`]
    /// read.
    pub async fn from_env() -> Result<Self> {
        let optional = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let aws = Aws::from_env(optional("AWS_ENDPOINT_URL_SESV2")).await?;
        let table = Table::connect(Connection::from_env().await?)?;
        let from = variable("MAIL_FROM")?.parse::<EmailAddress>();
        let from = from.map_err(|error| Error::Internal {
            action: "start",
            source: format!("the environment variable MAIL_FROM {error}").into(),
        })?;
        let sender = Sender { service_name: Settings::from_env()?.service_name, from };
        let service_keys = ServiceKeys::from_env().await?;
        Self::new(table, service_keys, aws, optional("MAIL_CONFIGURATION_SET"), sender)
    }
}

/// Delivers a batch, one mail after the other. Of one that fails the stream brings it again, and
/// what came after it: each is delivered only if it still waits.
pub async fn handle(mailer: &Mailer, event: StreamEvent) -> BatchResponse {
    let started = Instant::now();
    let mut failed = Vec::new();
    for record in &event.records {
        let is_in_time = started.elapsed() < timeouts::MAILER_BATCH;
        if !(is_in_time && is_delivered(mailer, record).await) {
            failed.push(record.sequence_number().to_owned());
        }
    }
    let failed = failed.into_iter().map(|item_identifier| BatchItemFailure { item_identifier });
    BatchResponse { batch_item_failures: failed.collect() }
}

async fn is_delivered(mailer: &Mailer, record: &StreamRecord) -> bool {
    let Some(id) = record.outbox_id() else { return true };
    match Box::pin(mailer.deliver(id)).await {
        Ok(delivery) => delivery == Delivery::Done,
        Err(error) => {
            let (version, error_chain) = (telemetry::version(), ErrorChain(&error));
            tracing::error!(version, mail = %id, error = %error_chain, "a mail was not delivered");
            // What a retry does not mend must not hold up what comes after it. It stays in the
            // outbox, where the sweep finds it.
            matches!(error, Error::Internal { .. })
        }
    }
}
