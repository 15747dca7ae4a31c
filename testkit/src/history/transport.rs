//! The ways to the service: in this process, or over HTTP.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use devkit::ses::Message;
use reqwest::{Client, Method};
use serde_json::Value;

use super::client_step::Transport;
use crate::{ApiResponse, Service, TestApp};

/// The host that requests in this process name.
const HOST: &str = "localhost";

/// A response later than this counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

impl Transport for TestApp {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Option<ApiResponse> {
        let named = headers.iter().any(|(name, _)| *name == "host");
        let host = (!named).then_some(("host", HOST));
        let headers: Vec<_> = headers.iter().copied().chain(host).collect();
        Some(self.send(method, path, &headers, body).await)
    }

    fn host(&self) -> &str {
        HOST
    }

    fn origin(&self) -> String {
        Service::origin(self)
    }

    /// Those that wait: no mailer runs.
    async fn mailed_tokens(&self) -> Vec<String> {
        self.waiting_tokens().await
    }
}

/// The service at a base URL, and the folder where its mails go.
pub struct Http {
    base: String,
    client: Client,
    mail_folder: PathBuf,
    /// The files of the mails that were read.
    read: Mutex<HashSet<PathBuf>>,
}

impl Http {
    /// The service at this URL, which has no slash at its end, with this folder for mails.
    pub fn new(base: &str, mail_folder: PathBuf) -> anyhow::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { base: base.to_owned(), client, mail_folder, read: Mutex::default() })
    }
}

impl Transport for Http {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Option<ApiResponse> {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            (name.to_string(), value.to_str().expect("a header of text").to_owned())
        });
        let mut headers: Vec<_> = headers.collect();
        headers.sort();
        let text = response.text().await.ok()?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        };
        Some(ApiResponse { status, headers, body })
    }

    fn host(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    fn origin(&self) -> String {
        self.base.clone()
    }

    async fn mailed_tokens(&self) -> Vec<String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let files = std::fs::read_dir(&self.mail_folder).expect("the folder for mails");
        let files = files.map(|file| file.expect("the folder for mails").path());
        // Others are being written.
        let mails = files.filter(|file| file.extension().is_some_and(|own| own == "eml"));
        let new: Vec<_> = mails.filter(|file| read.insert(file.clone())).collect();
        drop(read);
        let tokens = new.iter().flat_map(|file| {
            let message = Message::parse(&std::fs::read(file).expect("a mail"));
            message.links.into_iter().filter_map(|link| Some(link.rsplit_once('/')?.1.to_owned()))
        });
        tokens.collect()
    }
}
