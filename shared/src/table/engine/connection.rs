//! Where the table is, and how the client is configured.

use std::env;

use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::{Client, Config};

use super::capacity::Capacity;
use crate::Result;
use crate::aws::{Aws, http_client, retries, timeouts, variable};

/// The name of the table and how to connect to it.
pub struct Connection {
    pub(super) table_name: String,
    aws: Aws,
}

impl Connection {
    /// From the environment of a Lambda function: `TABLE_NAME`, optionally
    /// `AWS_ENDPOINT_URL_DYNAMODB`, and the variables of [`Aws::from_env`].
    pub async fn from_env() -> Result<Self> {
        let table_name = variable("TABLE_NAME")?;
        let endpoint = env::var("AWS_ENDPOINT_URL_DYNAMODB").ok();
        Ok(Self { table_name, aws: Aws::from_env(endpoint).await? })
    }

    /// A table of this name, for a caller who has a region and credentials; at this endpoint
    /// instead of AWS's own if there is one.
    pub fn new(
        table_name: String,
        region: Region,
        credentials: SharedCredentialsProvider,
        endpoint: Option<String>,
    ) -> Result<Self> {
        Ok(Self { table_name, aws: Aws::new(region, credentials, endpoint)? })
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
        // Clients of one process share a retry quota; clients of another endpoint have their own.
        if let Some(endpoint) = &self.aws.endpoint {
            config.set_retry_partition(Some(RetryPartition::new(endpoint.clone())));
        }
        config.set_endpoint_url(self.aws.endpoint);
        Ok(Client::from_conf(config.build()))
    }
}
