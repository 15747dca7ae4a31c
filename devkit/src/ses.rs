//! A stand-in for SES v2 on a loopback port: keeps each mail in place of sending it.

mod mailbox;
mod message;
mod request;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub use mailbox::{Mail, Mailbox};
pub use message::Message;

/// The path of the only operation, `SendEmail`.
const SEND_EMAIL: &str = "/v2/email/outbound-emails";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A running stand-in; dropping it stops it.
pub struct Ses {
    endpoint: String,
    mailbox: Arc<Mailbox>,
    server: JoinHandle<std::io::Result<()>>,
}

/// What comes of a call, in place of a success at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Rejected, as too many calls were made.
    Throttled,
    /// Rejected for good.
    Rejected,
    /// The service fails.
    Unavailable,
    /// Accepted, and the response never comes.
    Unanswered,
    /// Accepted, and the response comes after this time.
    Delayed(Duration),
}

impl Ses {
    /// Serves on 127.0.0.1 and a free port. The mails go into the folder too, if there is one: it
    /// is emptied first. What is accepted is reported.
    pub async fn start(
        folder: Option<PathBuf>,
        report: impl Fn(&Mail) + Send + Sync + 'static,
    ) -> Result<Self> {
        let mailbox = Arc::new(Mailbox::open(folder, report)?);
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot take mails")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(handle).with_state(Arc::clone(&mailbox));
        let server = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { endpoint, mailbox, server })
    }

    /// The base URL, without a slash at its end.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Where the mails are kept.
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }
}

impl Drop for Ses {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn handle(
    State(mailbox): State<Arc<Mailbox>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    if (&method, uri.path()) != (&Method::POST, SEND_EMAIL) {
        let message = "only SendEmail is here";
        return error(StatusCode::NOT_FOUND, "UnknownOperationException", message);
    }
    let outcome = mailbox.next_outcome();
    if let Some(rejection) = outcome.and_then(rejection) {
        return rejection;
    }
    let kept = match request::parse(&body) {
        Ok((recipients, raw)) => mailbox.keep(recipients, raw),
        Err(problem) => return error(StatusCode::BAD_REQUEST, "BadRequestException", &problem),
    };
    match outcome {
        Some(Outcome::Unanswered) => std::future::pending().await,
        Some(Outcome::Delayed(time)) => sleep(time).await,
        _ => {}
    }
    match kept {
        Ok(id) => json!({ "MessageId": id }).to_string().into_response(),
        Err(problem) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServiceErrorException",
            &problem.to_string(),
        ),
    }
}

/// The response to a call whose mail is not accepted.
fn rejection(outcome: Outcome) -> Option<Response> {
    let (status, kind) = match outcome {
        Outcome::Throttled => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
        Outcome::Rejected => (StatusCode::BAD_REQUEST, "MessageRejected"),
        Outcome::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailableException"),
        Outcome::Unanswered | Outcome::Delayed(_) => return None,
    };
    Some(error(status, kind, "as the test wants it"))
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({ "message": message }).to_string();
    (status, [(ERROR_TYPE, kind)], body).into_response()
}
