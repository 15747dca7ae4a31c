//! How AWS is reached: region, credentials, TLS, timeouts.

mod sign;
mod user_agent;

use std::env;
use std::fmt;

use aws_config::environment::{
    EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider,
};
use aws_config::meta::region::ProvideRegion;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    Credentials, ProvideCredentials, Region, SharedCredentialsProvider, SharedHttpClient,
};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::error::failed;
use crate::timeouts;
use crate::{Error, PublicUrl, Result};
pub(crate) use sign::SigV4;
#[cfg(test)]
pub(crate) use sign::tests::{expected as expected_signature, sorted};
pub(crate) use user_agent::UserAgent;

/// The certificate authorities that Amazon's endpoints use (Amazon Trust Services,
/// <https://www.amazontrust.com/repository/>), so that a cold start does not load all those that
/// the system trusts.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Where a service of AWS is and how to reach it.
#[derive(Clone)]
pub struct Aws {
    /// The region.
    pub region: Region,
    /// What replaces AWS's own endpoint.
    pub endpoint: Option<String>,
    /// The credentials.
    pub credentials: SharedCredentialsProvider,
}

impl Aws {
    /// The environment of a Lambda function: `AWS_REGION` and the `AWS_…` credentials; `endpoint`
    /// replaces AWS's own.
    ///
    /// In Lambda both are always in the environment; the SDK's other sources are not tried. An
    /// error if one of them is missing.
    pub async fn from_env(endpoint: Option<String>) -> Result<Self> {
        let region = EnvironmentVariableRegionProvider::new().region().await;
        let region = region.ok_or_else(|| Error::internal("start", Missing("AWS_REGION")))?;
        // The SDK's own error names neither.
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            variable(name)?;
        }
        let credentials = EnvironmentVariableCredentialsProvider::new();
        credentials.provide_credentials().await.map_err(failed("start"))?;
        Self::new(region, SharedCredentialsProvider::new(credentials), endpoint)
    }

    /// With credentials from another source; `endpoint` replaces AWS's own.
    pub fn new(
        region: Region,
        credentials: SharedCredentialsProvider,
        endpoint: Option<String>,
    ) -> Result<Self> {
        // Where it is none, an error of the SDK could show a password in it.
        if let Some(Err(error)) = endpoint.as_deref().map(str::parse::<PublicUrl>) {
            return Err(Error::internal("start", format!("an endpoint {error}")));
        }
        Ok(Self { region, endpoint, credentials })
    }

    /// A local stand-in, which takes any credentials.
    pub fn local(endpoint: &str) -> Self {
        Self {
            region: Region::new("us-east-1"),
            endpoint: Some(endpoint.to_owned()),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            )),
        }
    }
}

/// A new client, which shares no connections.
pub fn http_client() -> Result<SharedHttpClient> {
    let trusted = TrustStore::empty().with_pem_certificate(roots()?);
    let tls =
        TlsContext::builder().with_trust_store(trusted).build().map_err(failed("set up TLS"))?;
    let client = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
    Ok(SharedHttpClient::new(LazyConnector(client.build_https())))
}

/// A client whose connector is made for the first call. The SDK's own makes another one before, of
/// the same certificates, to see whether it can.
#[derive(Debug)]
struct LazyConnector(SharedHttpClient);

impl HttpClient for LazyConnector {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

#[cfg(not(feature = "custom-ca"))]
#[expect(clippy::unnecessary_wraps, reason = "those of a file may be unreadable")]
fn roots() -> Result<Vec<u8>> {
    Ok(AMAZON_ROOTS.to_vec())
}

/// The authorities of the PEM file that `AWS_CA_BUNDLE` names, in place of Amazon's: for the
/// endpoints of the bench.
#[cfg(feature = "custom-ca")]
fn roots() -> Result<Vec<u8>> {
    let Some(file) = env::var_os("AWS_CA_BUNDLE") else { return Ok(AMAZON_ROOTS.to_vec()) };
    std::fs::read(file).map_err(failed("read the file of AWS_CA_BUNDLE"))
}

/// Three attempts at each call.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(timeouts::AWS_INITIAL_BACKOFF)
}

/// The time budgets of each call and each attempt.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts::AWS_CONNECT)
        .operation_attempt_timeout(timeouts::AWS_ATTEMPT)
        .operation_timeout(timeouts::AWS_CALL)
        .build()
}

/// An environment variable that must be set, and not be empty.
pub fn variable(name: &'static str) -> Result<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| Error::internal("start", Missing(name)))
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
