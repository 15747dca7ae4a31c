//! A version of a function, and whether it responds as it should.

use std::time::Duration;

use aws_sdk_lambda::config::BehaviorVersion;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::{Client, Config};
use serde_json::Value;
use shared::aws::{Aws, http_client};
use shared::{ErrorChain, Result, timeouts};

use crate::requests::Request;

/// The headers that every response has.
const HEADERS: [&str; 7] = [
    "cache-control",
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-request-id",
];

/// Attempts at a call: Lambda rejects some while all hooks of a deployment run at once. The waits
/// between them, each of a random length, come to about 20 seconds.
const ATTEMPTS: u32 = 8;
/// The first wait has this length at most, each further one twice as much.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);

/// Why a version must get no traffic. No text has anything of a response but its status.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("NEW_VERSIONS does not name it as `<function>=<ARN>`")]
    Malformed,
    #[error("there is no request for this function")]
    Unknown,
    #[error("the request cannot be made: {0}")]
    NoRequest(shared::Error),
    #[error("it could not be called: {0}")]
    NotCalled(String),
    #[error("it crashed, or took too long")]
    Crashed,
    #[error("version {0} responded")]
    OtherVersion(String),
    #[error("its response is not one for API Gateway")]
    NoResponse,
    #[error("its response has status {found}, not {expected}")]
    Status { found: u64, expected: u16 },
    #[error("its response has no header `{0}`")]
    NoHeader(&'static str),
}

/// The versions of functions, as Lambda has them.
pub(crate) struct Versions(Client);

impl Versions {
    pub(crate) fn new(aws: Aws) -> Result<Self> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(timeouts::AWS_CONNECT)
            .operation_attempt_timeout(timeouts::PRE_TRAFFIC_ATTEMPT)
            .operation_timeout(timeouts::PRE_TRAFFIC_REQUEST)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(INITIAL_BACKOFF)
            .with_max_backoff(timeouts::PRE_TRAFFIC_BACKOFF);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http_client()?)
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .retry_config(retries)
            .timeout_config(timeouts);
        config.set_endpoint_url(aws.endpoint);
        Ok(Self(Client::from_conf(config.build())))
    }

    /// Sends the version that `<function>=<ARN>` names the request of its group.
    pub(crate) async fn ask(&self, named: &str) -> Result<(), Fault> {
        let (function, arn) = named.split_once('=').ok_or(Fault::Malformed)?;
        let (_, version) = arn.rsplit_once(':').ok_or(Fault::Malformed)?;
        let request = Request::of(function).ok_or(Fault::Unknown)?;
        let event = request.event().map_err(Fault::NoRequest)?;
        let call = self.0.invoke().function_name(arn).payload(Blob::new(event)).send();
        let called = call.await.map_err(|error| {
            let code = error.code().map(str::to_owned);
            Fault::NotCalled(code.unwrap_or_else(|| ErrorChain(&error).to_string()))
        })?;
        if called.function_error().is_some() {
            return Err(Fault::Crashed);
        }
        match called.executed_version() {
            Some(executed) if executed != version => Err(Fault::OtherVersion(executed.to_owned())),
            _ => check(called.payload().map_or(&[], Blob::as_ref), request.status),
        }
    }
}

/// Whether a response has this status and the headers of all.
fn check(response: &[u8], expected: u16) -> Result<(), Fault> {
    let response: Value = serde_json::from_slice(response).map_err(|_| Fault::NoResponse)?;
    let found = response["statusCode"].as_u64().ok_or(Fault::NoResponse)?;
    if found != u64::from(expected) {
        return Err(Fault::Status { found, expected });
    }
    let lacks = |name: &&&str| response["headers"].get(**name).is_none();
    HEADERS.iter().find(lacks).map_or(Ok(()), |name| Err(Fault::NoHeader(name)))
}
