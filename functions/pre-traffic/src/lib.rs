//! Asks the new versions of all functions with routes before traffic shifts to one of them.
//! `CodeDeploy` calls it, no client does.

mod deployment;
mod requests;
mod version;

use serde::Deserialize;
use shared::aws::Aws;
use shared::{Result, telemetry, timeouts};
use tokio::time::timeout;

use deployment::Deployments;
use version::Versions;

/// What the calls of the function share.
pub struct Hook {
    deployments: Deployments,
    versions: Versions,
    /// `<function>=<ARN of a version>`, separated by spaces.
    new_versions: String,
}

/// What `CodeDeploy` calls with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HookEvent {
    deployment_id: String,
    lifecycle_event_hook_execution_id: String,
}

impl Hook {
    /// A hook that reaches Lambda and `CodeDeploy` there.
    pub fn new(lambda: Aws, code_deploy: Aws, new_versions: String) -> Result<Self> {
        let (deployments, versions) = (Deployments::new(code_deploy)?, Versions::new(lambda)?);
        Ok(Self { deployments, versions, new_versions })
    }

    /// Reads the environment: `NEW_VERSIONS`, perhaps `AWS_ENDPOINT_URL_LAMBDA` and
    /// `AWS_ENDPOINT_URL_CODEDEPLOY`, and the variables of [`Aws::from_env`].
    pub async fn from_env() -> Result<Self> {
        let variable = |name| std::env::var(name).ok();
        let lambda = Aws::from_env(variable("AWS_ENDPOINT_URL_LAMBDA")).await?;
        let code_deploy = Aws::from_env(variable("AWS_ENDPOINT_URL_CODEDEPLOY")).await?;
        // Without one it still reports, and stops the deployment.
        Self::new(lambda, code_deploy, variable("NEW_VERSIONS").unwrap_or_default())
    }

    /// Whether every new version responds as it should, in time: one that does not stops the
    /// deployments of all. They are asked one after another: as many hooks may run at once as
    /// functions are deployed, and all share the account's concurrency.
    async fn all_respond(&self) -> bool {
        let version = telemetry::version();
        let named: Vec<&str> = self.new_versions.split_whitespace().collect();
        if named.is_empty() {
            tracing::error!(version, "the environment variable NEW_VERSIONS names no version");
            return false;
        }
        let (mut asked, mut failed) = (0_usize, 0_usize);
        let asking = async {
            for named in &named {
                // Boxed: the SDK's futures are deep.
                if let Err(fault) = Box::pin(self.versions.ask(named)).await {
                    failed += 1;
                    tracing::error!(version, asked = named, %fault, "a new version does not work");
                }
                asked += 1;
            }
        };
        let is_in_time = timeout(timeouts::PRE_TRAFFIC, asking).await.is_ok();
        if let Some(named) = named.get(asked) {
            tracing::error!(version, asked = named, "the time ended before it responded");
        }
        tracing::info!(version, asked, failed, "asked the new versions");
        is_in_time && failed == 0
    }
}

/// Asks the new versions, and tells `CodeDeploy` whether to shift traffic.
///
/// Fails only if `CodeDeploy` cannot be told: Lambda then runs it again.
pub async fn handle(hook: &Hook, event: HookEvent) -> Result<()> {
    let all_respond = Box::pin(hook.all_respond()).await;
    hook.deployments.report(event, all_respond).await
}
