//! Asks the new versions of all functions with routes before traffic shifts to one of them.
//! `CodeDeploy` calls it, no client does.

mod deployment;
mod requests;
mod version;

use futures_util::future::join_all;
use serde::Deserialize;
use shared::aws::Aws;
use shared::{Result, telemetry};

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

    /// Whether every new version responds as it should: one that does not stops the deployments of
    /// all.
    async fn all_respond(&self) -> bool {
        let version = telemetry::version();
        let named: Vec<&str> = self.new_versions.split_whitespace().collect();
        if named.is_empty() {
            tracing::error!(version, "the environment variable NEW_VERSIONS names no version");
            return false;
        }
        let asked = join_all(named.iter().map(|named| self.versions.ask(named))).await;
        let mut failed = 0;
        for (named, fault) in
            named.iter().zip(asked).filter_map(|(named, asked)| Some((named, asked.err()?)))
        {
            failed += 1;
            tracing::error!(version, asked = named, %fault, "a new version does not work");
        }
        tracing::info!(version, asked = named.len(), failed, "asked the new versions");
        failed == 0
    }
}

/// Asks the new versions, and tells `CodeDeploy` whether to shift traffic.
///
/// Fails only if `CodeDeploy` cannot be told: Lambda then runs it again.
pub async fn handle(hook: &Hook, event: HookEvent) -> Result<()> {
    let all_respond = hook.all_respond().await;
    hook.deployments.report(event, all_respond).await
}
