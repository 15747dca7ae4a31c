//! The connection to `DynamoDB`: made once, opened before the first request.

use std::env;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::Table;
use super::key::Key;
use crate::error::failed;
use crate::model::PlanId;
use crate::{Error, Result};

/// One call with all its retries, in seconds. Two rounds fit into the deadline of a request.
const CALL: u64 = 4;

/// The certificate authorities that Amazon's endpoints use (Amazon Trust Services, <https://www.amazontrust.com/repository/>),
/// so that a cold start does not search the file system for all those that a system trusts.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Where the table is and how to reach it.
pub struct Connection {
    table_name: String,
    region: String,
    endpoint: Option<String>,
    credentials: Credentials,
    /// Certificate authorities in PEM, in place of Amazon's.
    roots: Option<Vec<u8>>,
}

impl Connection {
    /// The environment of a Lambda function: `TABLE_NAME`, `AWS_REGION`, the `AWS_…` credentials, and optionally
    /// `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_CA_BUNDLE` (a PEM file).
    ///
    /// In Lambda credentials are always in the environment; the SDK's chain of other places is not searched.
    pub fn from_env() -> Result<Self> {
        Self::from_env_to(variable("TABLE_NAME")?, env::var("AWS_ENDPOINT_URL_DYNAMODB").ok())
    }

    /// The same, to the table of this name at this endpoint, if it is not AWS's own.
    pub fn from_env_to(table_name: String, endpoint: Option<String>) -> Result<Self> {
        let credentials = Credentials::new(
            variable("AWS_ACCESS_KEY_ID")?,
            variable("AWS_SECRET_ACCESS_KEY")?,
            env::var("AWS_SESSION_TOKEN").ok(),
            None,
            "environment",
        );
        let roots = env::var_os("AWS_CA_BUNDLE")
            .map(std::fs::read)
            .transpose()
            .map_err(failed("read the file of AWS_CA_BUNDLE"))?;
        Ok(Self { table_name, region: variable("AWS_REGION")?, endpoint, credentials, roots })
    }

    /// A table in a local engine, which takes any credentials.
    pub fn local(endpoint: &str, table_name: &str) -> Self {
        Self {
            table_name: table_name.to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            credentials: Credentials::new("local", "local", None, None, "local"),
            roots: None,
        }
    }

    fn client(self) -> Result<Client> {
        let roots = TrustStore::empty()
            .with_pem_certificate(self.roots.unwrap_or_else(|| AMAZON_ROOTS.to_vec()));
        let tls =
            TlsContext::builder().with_trust_store(roots).build().map_err(failed("set up TLS"))?;
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(self.region))
            .credentials_provider(self.credentials)
            .http_client(http.build_https())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(3)
                    .with_initial_backoff(Duration::from_millis(50)),
            )
            .timeout_config(timeouts());
        config.set_endpoint_url(self.endpoint);
        Ok(Client::from_conf(config.build()))
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(CALL))
        .build()
}

fn variable(name: &'static str) -> Result<String> {
    env::var(name).map_err(|_| failed("start")(Missing(name)))
}

/// An environment variable that must be set and is not.
#[derive(Debug)]
struct Missing(&'static str);

impl std::error::Error for Missing {}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} is not set", self.0)
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
        let outcome = tokio::time::timeout(Duration::from_secs(1), read).await;
        tracing::debug!(open = matches!(outcome, Ok(Ok(_))), "connection to the table");
    }
}

/// Whether the database was unreachable, too busy or too slow, and not at fault or asked something wrong.
pub(super) fn unavailable<E, R>(error: &aws_sdk_dynamodb::error::SdkError<E, R>) -> bool
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
{
    use aws_sdk_dynamodb::error::SdkError;
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            true
        }
        SdkError::ServiceError(refused) => matches!(
            refused.err().code(),
            Some(
                "ProvisionedThroughputExceededException"
                    | "ThrottlingException"
                    | "RequestLimitExceeded"
                    | "InternalServerError"
                    | "ServiceUnavailable"
                    | "LimitExceededException"
                    | "TransactionInProgressException"
            )
        ),
        _ => false,
    }
}

/// Says what was attempted when a call to the table fails.
pub(super) fn failed_call<E, R>(
    action: &'static str,
) -> impl FnOnce(aws_sdk_dynamodb::error::SdkError<E, R>) -> Error
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        if unavailable(&error) {
            return Error::Unavailable { action, source: Box::new(error) };
        }
        Error::Internal { action, source: Box::new(error) }
    }
}
