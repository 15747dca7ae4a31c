//! The connection to `DynamoDB`: made once, opened before the first request.

use std::env;

use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::{Client, Config};

use super::capacity::Capacity;
use crate::Result;
use crate::aws::{Aws, http_client, retries, timeouts, variable};

/// Where the table is and how to reach it.
pub struct Connection {
    pub(super) table_name: String,
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

    /// The client, which sends nothing yet.
    pub(super) fn client(self) -> Result<Client> {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .region(self.aws.region)
            .credentials_provider(self.aws.credentials)
            .retry_config(retries())
            .timeout_config(timeouts())
            .interceptor(Capacity);
        // Clients of one process share an allowance of retries; those of another endpoint have their own.
        if let Some(endpoint) = &self.aws.endpoint {
            config.set_retry_partition(Some(RetryPartition::new(endpoint.clone())));
        }
        config.set_endpoint_url(self.aws.endpoint);
        Ok(Client::from_conf(config.build()))
    }
}
