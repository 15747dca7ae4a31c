//! The service key: a secret stored outside the table, and what is derived from it.
//!
//! It is a Secrets Manager secret, a flat JSON object: `current` names a version, and each other
//! field is a version with its key, a text of at least 32 characters: `{"current":"1","1":"…"}`. A
//! key is rotated by adding a version and then naming it current; a version can be removed when
//! nothing in the table names it any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use aws_sdk_secretsmanager::config::BehaviorVersion;
use aws_sdk_secretsmanager::{Client, Config};

use crate::aws::{Aws, http_client, retries, timeouts, variable};
pub use crate::model::ServiceKey;
use crate::{Error, Result};
use crate::{lifetimes, timeouts};

/// The environment variable that names the secret: its ARN or name.
pub const SECRET_VARIABLE: &str = "SERVICE_KEY_SECRET";

/// All versions of the service key that this process knows.
pub struct ServiceKeys {
    aws: Aws,
    /// Made when it is first needed: that takes a fifth of a start's instructions.
    client: OnceLock<Client>,
    secret: String,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    current: Option<String>,
    keys: BTreeMap<String, Arc<ServiceKey>>,
    /// When the secret was read last.
    read_at: Option<Instant>,
    /// When it could not be read.
    failed_at: Option<Instant>,
    /// Versions that the secret did not have when it was read for them, and when that was.
    missing: BTreeMap<String, Instant>,
}

impl ServiceKeys {
    /// The secret that [`SECRET_VARIABLE`] names. Nothing is sent yet.
    pub async fn from_env() -> Result<Self> {
        let endpoint = std::env::var("AWS_ENDPOINT_URL_SECRETS_MANAGER").ok();
        Ok(Self::new(Aws::from_env(endpoint).await?, variable(SECRET_VARIABLE)?))
    }

    /// Those of a function that needs none.
    pub async fn none() -> Result<Self> {
        Ok(Self::new(Aws::from_env(None).await?, String::new()))
    }

    /// Reads the secret. If it cannot be read now, the first request that needs it tries again.
    pub async fn warm(&self) {
        if let Err(error) = self.read().await {
            tracing::warn!(error = %crate::error::ErrorChain(&error), "the service key is not read yet");
        }
    }

    /// Keys that are read when they are first needed.
    pub fn new(aws: Aws, secret: String) -> Self {
        Self { aws, client: OnceLock::new(), secret, known: Mutex::default() }
    }

    fn client(&self) -> Result<&Client> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let aws = self.aws.clone();
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .retry_config(retries())
            .timeout_config(timeouts());
        config.set_endpoint_url(aws.endpoint);
        let client = Client::from_conf(config.build());
        Ok(self.client.get_or_init(|| client))
    }

    /// The version that new secrets are derived from, as it was named within the last minutes.
    pub async fn current(&self) -> Result<Arc<ServiceKey>> {
        if self.is_to_be_read()
            && let Err(error) = self.read().await
        {
            self.known().failed_at = Some(Instant::now());
            if self.known().current.is_none() {
                return Err(error);
            }
        }
        let known = self.known();
        let current = known.current.as_ref().and_then(|current| known.keys.get(current).cloned());
        current.ok_or_else(|| unavailable("the secret names no current version that it holds"))
    }

    /// The current version, and the others that the secret holds: what was derived before a
    /// rotation is recognized after it.
    pub async fn current_and_others(&self) -> Result<(Arc<ServiceKey>, Vec<Arc<ServiceKey>>)> {
        let current = self.current().await?;
        let known = self.known();
        let others = known.keys.values().filter(|key| key.version != current.version);
        let others = others.cloned().collect();
        Ok((current, others))
    }

    /// The version that an item in the table names. For an unknown one the secret is read again,
    /// once per version within [`lifetimes::SERVICE_KEY_TTL`]. If it is still missing the response
    /// is 503, since nobody can tell whether the credential is valid.
    pub async fn version(&self, version: &str) -> Result<Arc<ServiceKey>> {
        let lacking = || unavailable("the secret lacks a version that the table names");
        if let Some(key) = self.known().keys.get(version) {
            return Ok(Arc::clone(key));
        }
        if self
            .known()
            .missing
            .get(version)
            .is_some_and(|at| at.elapsed() < lifetimes::SERVICE_KEY_TTL)
        {
            return Err(lacking());
        }
        self.read().await?;
        let mut known = self.known();
        if let Some(key) = known.keys.get(version) {
            return Ok(Arc::clone(key));
        }
        known.missing.insert(version.to_owned(), Instant::now());
        Err(lacking())
    }

    /// Whether the secret is to be read: it never was or is outdated, and the last read did not
    /// just fail.
    fn is_to_be_read(&self) -> bool {
        let known = self.known();
        let is_recent = |at: Option<Instant>, span| at.is_some_and(|at| at.elapsed() < span);
        known.current.is_none()
            || !(is_recent(known.read_at, lifetimes::SERVICE_KEY_TTL)
                || is_recent(known.failed_at, timeouts::SERVICE_KEY_RETRY_PAUSE))
    }

    async fn read(&self) -> Result<()> {
        let response = tokio::time::timeout(
            timeouts::SERVICE_KEY_READ,
            self.client()?.get_secret_value().secret_id(&self.secret).send(),
        )
        .await;
        let response = response.map_err(unavailable)?.map_err(unavailable)?;
        let mut fields: BTreeMap<String, String> =
            serde_json::from_str(response.secret_string().unwrap_or_default())
                .map_err(|_| unavailable("the secret is not a flat JSON object of texts"))?;
        let mut known = self.known();
        known.read_at = Some(Instant::now());
        known.current = fields.remove("current");
        known.keys = fields
            .into_iter()
            .filter(|(_, text)| text.len() >= 32)
            .map(|(version, text)| (version.clone(), Arc::new(ServiceKey::new(version, text))))
            .collect();
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Unavailable { action: "read the service key", source: source.into() }
}
