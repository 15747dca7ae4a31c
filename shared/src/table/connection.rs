//! The connection to `DynamoDB`: made once, opened before the first request.

use std::env;

use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::{Client, Config};

use super::Table;
use super::cost::Cost;
use super::key::Key;
use crate::aws::{Aws, http_client, retries, timeouts, variable};
use crate::model::PlanId;
use crate::timeouts;
use crate::{Error, Result};

/// Where the table is and how to reach it.
pub struct Connection {
    table_name: String,
    aws: Aws,
}

impl Connection {
    /// The environment of a Lambda function: `TABLE_NAME`, optionally `AWS_ENDPOINT_URL_DYNAMODB`, and what
    /// [`Aws::from_env`] takes.
    pub fn from_env() -> Result<Self> {
        Self::from_env_to(variable("TABLE_NAME")?, env::var("AWS_ENDPOINT_URL_DYNAMODB").ok())
    }

    /// The same, to the table of this name at this endpoint, if it is not AWS's own.
    pub fn from_env_to(table_name: String, endpoint: Option<String>) -> Result<Self> {
        Ok(Self { table_name, aws: Aws::from_env(endpoint)? })
    }

    /// A table in a local engine.
    pub fn local(endpoint: &str, table_name: &str) -> Self {
        Self { table_name: table_name.to_owned(), aws: Aws::local(endpoint) }
    }

    fn client(self) -> Result<Client> {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .region(self.aws.region)
            .credentials_provider(self.aws.credentials)
            .retry_config(retries())
            .timeout_config(timeouts())
            .interceptor(Cost);
        // Clients of one process share an allowance of retries; those of another endpoint have their own.
        if let Some(endpoint) = &self.aws.endpoint {
            config.set_retry_partition(Some(RetryPartition::new(endpoint.clone())));
        }
        config.set_endpoint_url(self.aws.endpoint);
        Ok(Client::from_conf(config.build()))
    }
}

impl Table {
    /// Makes the client; nothing is sent yet.
    pub fn connect(connection: Connection) -> Result<Self> {
        let name = connection.table_name.clone();
        Ok(Self { client: connection.client()?, name })
    }

    /// Opens the connection, TLS included, with a read of one small item, so that the first request need not.
    /// Whether it succeeds matters to nobody: the first request then opens the connection itself.
    pub async fn warm(&self) {
        let read = self.batch_get(vec![Key::plan(PlanId::DEFAULT)]);
        let outcome = tokio::time::timeout(timeouts::WARM_UP, read).await;
        tracing::debug!(open = matches!(outcome, Ok(Ok(_))), "connection to the table");
    }
}

/// Whether the database was unreachable, too busy or too slow, and not at fault or asked something wrong. An answer
/// with a status of 5xx counts, whoever on the way gave it and whatever is in it.
fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    const BUSY: [&str; 6] = [
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    ];
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            status >= 500
                || status == 429
                || refused.err().code().is_some_and(|code| BUSY.contains(&code))
        }
        _ => false,
    }
}

/// Says what was attempted when a call to the table fails.
pub(super) fn failed_call<E>(
    action: &'static str,
) -> impl FnOnce(SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| {
        if unavailable(&error) {
            return Error::Unavailable { action, source: Box::new(error) };
        }
        Error::Internal { action, source: Box::new(error) }
    }
}
