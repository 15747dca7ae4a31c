//! A client with an address of its own.

use serde_json::{Value, json};

use super::{DOMAIN, TestApp};
use crate::{ApiResponse, MailedLink, OAuthClient, Service, TestCredentials};

/// A client whose requests come from one address.
#[derive(Clone)]
pub struct ClientAt<'a> {
    pub(super) app: &'a TestApp,
    pub(super) address: String,
}

impl Service for ClientAt<'_> {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> ApiResponse {
        let event = event(&self.address, method, path, headers, body);
        self.app.send_event(&event).await
    }

    async fn oauth_client(&self) -> OAuthClient {
        self.app.oauth_client().await
    }

    async fn mailed_token(&self, link: MailedLink, credentials: &TestCredentials) -> String {
        self.app.mailed_token(link, credentials).await
    }

    async fn session(&self, credentials: &TestCredentials) -> String {
        self.app.session(credentials).await
    }

    async fn totp_secret(&self, credentials: &TestCredentials) -> String {
        self.app.totp_secret(credentials).await
    }
}

/// A request as API Gateway hands it on, from this address; `path` may have a query.
pub(crate) fn event(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let headers: Value = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "domainName": DOMAIN,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": address,
                "userAgent": "test",
            },
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": false,
    })
}
