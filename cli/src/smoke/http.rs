//! Requests over HTTP, by the client that the SDK has anyway.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;
use tokio::time::timeout;

/// Longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(35);

/// A client that follows no redirect.
pub(super) struct HttpClient(Connector);

/// A response.
pub(super) struct Response {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl HttpClient {
    pub(super) fn new() -> Self {
        Self(Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build())
    }

    pub(super) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<Response> {
        let body = body.map_or_else(SdkBody::empty, SdkBody::from);
        let mut request = HttpRequest::new(body);
        request.set_method(method)?;
        request.set_uri(url)?;
        for (name, value) in headers {
            request.headers_mut().try_insert((*name).to_owned(), (*value).to_owned())?;
        }
        let responded = timeout(PATIENCE, async {
            let response = self.0.call(request).await?;
            let status = response.status().as_u16();
            let headers = response.headers().iter();
            let headers =
                headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
            let body = ByteStream::new(response.into_body()).collect().await?.into_bytes();
            anyhow::Ok(Response { status, headers, body: String::from_utf8(body.to_vec())? })
        });
        let responded = responded.await.unwrap_or_else(|late| Err(late.into()));
        responded.with_context(|| format!("no response from {url}"))
    }
}

impl Response {
    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(own, value)| (own == name).then_some(value.as_str()))
    }

    /// The body as JSON; null if it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}
