//! Where the table is, and how the client is configured.

use std::env;

use aws_sdk_dynamodb::config::BehaviorVersion;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{Region, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;

use super::capacity::Capacity;
use super::response::UnparsedItems;
use crate::aws::{Aws, SigV4, UserAgent, http_client, retries, timeouts, variable};
use crate::lifetimes::{AUDIT_RETENTION_DAYS, MAX_AUDIT_RETENTION_DAYS};
use crate::{Error, Result};

/// The name of the table and how to connect to it.
pub struct Connection {
    pub(super) table_name: String,
    /// How long entries of audit logs are kept, in days.
    pub(super) audit_retention: i64,
    aws: Aws,
}

/// The environment variable that says for how many days entries of audit logs are kept.
const AUDIT_RETENTION: &str = "AUDIT_RETENTION_DAYS";

/// For how many days that is; an error ends the cold start.
fn audit_retention(text: Option<String>) -> Result<i64> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(AUDIT_RETENTION_DAYS) };
    let days = text.parse().ok().filter(|days| (1..=MAX_AUDIT_RETENTION_DAYS).contains(days));
    days.ok_or_else(|| {
        let max = MAX_AUDIT_RETENTION_DAYS;
        let reason = format!("the environment variable {AUDIT_RETENTION} must be 1 to {max}");
        Error::internal("start", reason)
    })
}

impl Connection {
    /// From the environment of a Lambda function: `TABLE_NAME`, optionally
    /// `AUDIT_RETENTION_DAYS` and `AWS_ENDPOINT_URL_DYNAMODB`, and the variables of [`Aws::from_env`].
    pub async fn from_env() -> Result<Self> {
        let table_name = variable("TABLE_NAME")?;
        let endpoint = env::var("AWS_ENDPOINT_URL_DYNAMODB").ok();
        let audit_retention = audit_retention(env::var(AUDIT_RETENTION).ok())?;
        Ok(Self { table_name, audit_retention, aws: Aws::from_env(endpoint).await? })
    }

    /// A table of this name, for a caller who has a region and credentials; at this endpoint
    /// instead of AWS's own if there is one. `AUDIT_RETENTION_DAYS` counts here, too.
    pub fn new(
        table_name: String,
        region: Region,
        credentials: SharedCredentialsProvider,
        endpoint: Option<String>,
    ) -> Result<Self> {
        let audit_retention = audit_retention(env::var(AUDIT_RETENTION).ok())?;
        Ok(Self { table_name, audit_retention, aws: Aws::new(region, credentials, endpoint)? })
    }

    /// A table in a local engine.
    pub fn local(endpoint: &str, table_name: &str) -> Self {
        let (table_name, audit_retention) = (table_name.to_owned(), AUDIT_RETENTION_DAYS);
        Self { table_name, audit_retention, aws: Aws::local(endpoint) }
    }

    /// The client, which sends nothing yet.
    pub(super) fn client(self) -> Result<Client> {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .push_auth_scheme(SigV4::new("dynamodb", &self.aws.region))
            .region(self.aws.region)
            .credentials_provider(self.aws.credentials)
            .retry_config(retries())
            .timeout_config(timeouts())
            // Each attempt has a time in which its response must be there.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        // Nobody turns them off, so that nothing asks at every step whether somebody has. Each is
        // called at every step all the same: the SDK's hint against that is no public interface.
        config.push_interceptor(SharedInterceptor::permanent(Capacity));
        config.push_interceptor(SharedInterceptor::permanent(UnparsedItems));
        config.push_interceptor(SharedInterceptor::permanent(UserAgent));
        // Clients of one process share a retry quota; clients of another endpoint have their own.
        if let Some(endpoint) = &self.aws.endpoint {
            config.set_retry_partition(Some(RetryPartition::new(endpoint.clone())));
        }
        config.set_endpoint_url(self.aws.endpoint);
        Ok(Client::from_conf(config.build()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_kept_for_400_days_or_what_the_operator_says_up_to_ten_years() {
        let days = |text: &str| audit_retention(Some(text.to_owned())).ok();

        assert_eq!(audit_retention(None).ok(), Some(400));
        assert_eq!([days(""), days("1"), days("3653")], [Some(400), Some(1), Some(3653)]);
        assert_eq!([days("0"), days("3654"), days("-1"), days("ten"), days("1.5")], [None; 5]);
    }
}
