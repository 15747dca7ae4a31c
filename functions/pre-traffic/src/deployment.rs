//! What `CodeDeploy` is told.

use aws_sdk_codedeploy::config::BehaviorVersion;
use aws_sdk_codedeploy::types::LifecycleEventStatus;
use aws_sdk_codedeploy::{Client, Config};
use shared::aws::{Aws, http_client, retries, timeouts};
use shared::{Error, Result};

use crate::HookEvent;

pub(crate) struct Deployments(Client);

impl Deployments {
    pub(crate) fn new(aws: Aws) -> Result<Self> {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .retry_config(retries())
            .timeout_config(timeouts());
        config.set_endpoint_url(aws.endpoint);
        Ok(Self(Client::from_conf(config.build())))
    }

    /// Tells whether traffic may shift.
    pub(crate) async fn report(&self, event: HookEvent, may_shift: bool) -> Result<()> {
        let status =
            if may_shift { LifecycleEventStatus::Succeeded } else { LifecycleEventStatus::Failed };
        let told = self
            .0
            .put_lifecycle_event_hook_execution_status()
            .deployment_id(event.deployment_id)
            .lifecycle_event_hook_execution_id(event.lifecycle_event_hook_execution_id)
            .status(status)
            .send()
            .await;
        told.map(drop).map_err(|error| Error::Unavailable {
            action: "tell CodeDeploy whether to shift traffic",
            source: error.into(),
        })
    }
}
