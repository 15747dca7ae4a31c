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
    use std::collections::HashMap;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use aws_sdk_dynamodb::config::Credentials;
    use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

    use super::*;
    use crate::aws::{expected_signature, sorted};
    use crate::model::Timestamp;

    #[test]
    fn entries_are_kept_for_400_days_or_what_the_operator_says_up_to_ten_years() {
        let days = |text: &str| audit_retention(Some(text.to_owned())).ok();

        assert_eq!(audit_retention(None).ok(), Some(400));
        assert_eq!([days(""), days("1"), days("3653")], [Some(400), Some(1), Some(3653)]);
        assert_eq!([days("0"), days("3654"), days("-1"), days("ten"), days("1.5")], [None; 5]);
    }

    /// The headers and the body of a request, which is told that nothing was found.
    fn received(listener: &TcpListener) -> (Vec<(String, String)>, Vec<u8>) {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        let lines = reader.by_ref().lines().map(Result::unwrap);
        let headers = lines.skip(1).take_while(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        });
        let headers: Vec<_> = headers.collect();
        let mut body = vec![0; value(&headers, "content-length").parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"Responses\":{}}";
        (&stream).write_all(response).unwrap();
        (headers, body)
    }

    /// The value of a header that is sent once.
    fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
        let own: Vec<_> = headers.iter().filter(|(own, _)| own == name).collect();
        assert_eq!(own.len(), 1, "{name}: {headers:?}");
        &own[0].1
    }

    #[tokio::test]
    async fn a_call_is_signed_as_it_is_sent_and_names_the_service_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let called = thread::spawn(move || received(&listener));

        let client = Connection::local(&endpoint, "t").client().unwrap();
        let key = HashMap::from([("pk".to_owned(), AttributeValue::S("k".to_owned()))]);
        let keys = KeysAndAttributes::builder().keys(key).build().unwrap();
        client.batch_get_item().request_items("t", keys).send().await.unwrap();

        let (headers, body) = called.join().unwrap();
        let mut request = HttpRequest::new(body.into());
        request.set_method("POST").unwrap();
        request.set_uri(format!("{endpoint}/")).unwrap();
        let (added, own): (Vec<_>, Vec<_>) = headers
            .iter()
            .filter(|(name, _)| name != "host")
            .cloned()
            .partition(|(name, _)| ["authorization", "x-amz-date"].contains(&name.as_str()));
        // The SDK adds its own after it has signed.
        for (name, value) in own.into_iter().filter(|(name, _)| !name.starts_with("amz-sdk-")) {
            request.headers_mut().append(name, value);
        }
        let date = format!("{}+0000", value(&headers, "x-amz-date"));
        let second = Timestamp::strptime("%Y%m%dT%H%M%SZ%z", date).unwrap().as_second();
        let credentials = Credentials::new("local", "local", None, None, "local");
        assert_eq!(sorted(added), expected_signature(&request, &credentials, "us-east-1", second));
        let service = concat!("aws-sdk-rust rollcall/", env!("CARGO_PKG_VERSION"));
        assert_eq!(value(&headers, "user-agent"), service);
        assert!(headers.iter().all(|(name, _)| name != "x-amz-user-agent"), "{headers:?}");
    }
}
