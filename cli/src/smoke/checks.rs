//! Requests whose responses are checked.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use shared::PublicUrl;

use super::http::{HttpClient, Response};
use crate::print_line;

/// The headers that every response has.
const HEADERS: [&str; 5] = [
    "cache-control",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-request-id",
];

/// A request of a group; a GET, until it is said otherwise.
pub(super) struct Request<'a> {
    group: &'static str,
    method: &'static str,
    path: &'a str,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    /// What its response may have.
    statuses: &'a [u16],
}

/// What came of a check.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    check: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    milliseconds: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// All checks of one service.
pub(super) struct Checks {
    client: HttpClient,
    url: PublicUrl,
    made: usize,
    failed: usize,
    /// The groups that responded, each with the id of its last request.
    pub(super) request_ids: Vec<(&'static str, String)>,
}

impl<'a> Request<'a> {
    pub(super) fn get(group: &'static str, path: &'a str) -> Self {
        let (headers, body) = (Vec::new(), None);
        Self { group, method: "GET", path, headers, body, statuses: &[200] }
    }

    /// With a credential.
    pub(super) fn with(self, authorization: &str) -> Self {
        self.header("authorization", authorization)
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn posts_json(self, body: &Value) -> Self {
        self.posts("application/json", body.to_string())
    }

    pub(super) fn posts_form(self, fields: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        self.posts("application/x-www-form-urlencoded", form.finish())
    }

    pub(super) fn posts_nothing(self) -> Self {
        Self { method: "POST", ..self }
    }

    fn posts(self, media_type: &str, body: String) -> Self {
        let request = self.header("content-type", media_type);
        Self { method: "POST", body: Some(body), ..request }
    }

    /// Its response has one of these statuses, not 200.
    pub(super) fn expects(self, statuses: &'a [u16]) -> Self {
        Self { statuses, ..self }
    }
}

impl Checks {
    pub(super) fn new(url: PublicUrl) -> Self {
        let (client, request_ids) = (HttpClient::new(), Vec::new());
        Self { client, url, made: 0, failed: 0, request_ids }
    }

    /// How many checks were made.
    pub(super) const fn made(&self) -> usize {
        self.made
    }

    /// How many failed.
    pub(super) const fn failed(&self) -> usize {
        self.failed
    }

    /// Sends a request, and prints what came of it. An error only if there is no response.
    pub(super) async fn ask(&mut self, request: Request<'_>) -> Result<Response> {
        let Request { group, method, path, headers, body, statuses } = request;
        let url = format!("{}{path}", self.url);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let started = Instant::now();
        let response = self.client.send(method, &url, &headers, body.as_deref()).await?;
        let milliseconds = started.elapsed().as_millis();
        let request_id = response.header("x-request-id");
        if response.status != 404 || group == "not-found" {
            self.request_ids.retain(|(own, _)| *own != group);
            self.request_ids.extend(request_id.map(|id| (group, id.to_owned())));
        }
        self.print(&Line {
            check: group,
            method: Some(method),
            path: Some(path),
            status: Some(response.status),
            milliseconds,
            request_id,
            problem: self.problem(&response, statuses),
        })?;
        Ok(response)
    }

    /// Prints what came of another check.
    pub(super) fn note(
        &mut self,
        check: &str,
        started: Instant,
        problem: Option<String>,
    ) -> Result<()> {
        let milliseconds = started.elapsed().as_millis();
        self.print(&Line {
            check,
            method: None,
            path: None,
            status: None,
            milliseconds,
            request_id: None,
            problem,
        })
    }

    fn print(&mut self, line: &Line<'_>) -> Result<()> {
        self.made += 1;
        self.failed += usize::from(line.problem.is_some());
        print_line(&serde_json::to_string(line)?)
    }

    fn problem(&self, response: &Response, statuses: &[u16]) -> Option<String> {
        if !statuses.contains(&response.status) {
            return Some(format!("the status is not among {statuses:?}"));
        }
        let only_https = self.url.is_https().then_some("strict-transport-security");
        let mut due = HEADERS.into_iter().chain(only_https);
        let missing = due.find(|name| response.header(name).is_none())?;
        Some(format!("there is no header `{missing}`"))
    }
}
