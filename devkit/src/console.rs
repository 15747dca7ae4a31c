//! The console of a local service at `/_dev`: its users and their credentials, its table, its last
//! requests and mails, and a page that OAuth's redirects end on.
//!
//! It shows secrets. So it responds to browsers on this machine only, and to none without a cookie,
//! which the address that the service prints gives.

mod access;
mod home;
mod items;
mod kinds;
mod mails;
mod oauth;
mod page;
mod requests;
mod seeded;
mod sign_in;
mod table;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::routing::any;

use access::Access;
use page::{Notice, Section};
pub use requests::{RequestSummary, Requests};
pub use seeded::{SeededClient, SeededUser};
use sign_in::SignIns;

use crate::ses::Mailbox;

/// The path that the console is at and below.
const PATH: &str = "/_dev";
/// The path that the redirect URI of the console's OAuth client has.
pub const CALLBACK: &str = "/_dev/callback";
/// The largest form.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// What the console shows of a service.
pub struct Service {
    /// Where the API listens: `http://localhost:` and the port, which the console shares.
    pub base_url: String,
    /// Where the functions are called by Lambda's API.
    pub lambda_endpoint: String,
    /// Where the table's engine listens.
    pub dynamodb_endpoint: String,
    /// The name of the table.
    pub table_name: String,
    /// Who can sign in.
    pub users: Vec<SeededUser>,
    /// The client whose redirect URI is [`CALLBACK`].
    pub client: Option<SeededClient>,
    /// Requests to paste into a shell.
    pub curl_lines: Vec<String>,
    /// The command by which a shell gets their variables.
    pub env_command: String,
}

/// The console of a service.
#[derive(Clone)]
pub struct Console(Arc<Shared>);

struct Shared {
    service: Service,
    requests: Arc<Requests>,
    mailbox: Arc<Mailbox>,
    access: Access,
    sign_ins: SignIns,
}

impl Console {
    /// A console with a token of its own.
    pub fn new(service: Service, requests: Arc<Requests>, mailbox: Arc<Mailbox>) -> Result<Self> {
        let access = Access::new(&service.base_url)?;
        let sign_ins = SignIns::new()?;
        Ok(Self(Arc::new(Shared { service, requests, mailbox, access, sign_ins })))
    }

    /// The address to open first. It has the token.
    pub fn url(&self) -> String {
        format!("{}{PATH}?token={}", self.0.service.base_url, self.0.access.token())
    }

    /// The address at which a user signs in for the client; it leads back to the console.
    pub fn sign_in_url(&self) -> Option<String> {
        let client = self.0.service.client.as_ref()?;
        let path = self.0.sign_ins.printed().path(client, "profile_read email_read");
        Some(format!("{}{path}", self.0.service.base_url))
    }

    /// Its paths; no other one is taken from the API.
    pub fn router(&self) -> Router {
        let own = [PATH.to_owned(), format!("{PATH}/"), format!("{PATH}/{{*rest}}")];
        let router = own.iter().fold(Router::new(), |router, path| router.route(path, any(handle)));
        router.with_state(self.clone())
    }
}

async fn handle(
    State(console): State<Console>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let response = match axum::body::to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => console.0.respond(source, &parts, &body).await,
        Err(_) => page::text(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large"),
    };
    response.map(Body::from)
}

impl Shared {
    async fn respond(&self, source: SocketAddr, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        if !self.access.is_allowed(source.ip(), parts) {
            return page::text(StatusCode::FORBIDDEN, "this page is for its own origin alone");
        }
        if let Some(there) = self.access.elsewhere(parts) {
            return page::redirect(&there);
        }
        let path = parts.uri.path().trim_end_matches('/');
        let query = parts.uri.query().unwrap_or_default();
        if path == PATH && self.access.accepts_token(query) {
            return page::with_cookie(page::redirect(PATH), &self.access.cookie());
        }
        let is_signed_in = self.access.is_signed_in(&parts.headers);
        if (&parts.method, path) == (&Method::GET, CALLBACK) {
            return self.page(
                Section::OAuth,
                is_signed_in,
                oauth::callback(self, query, is_signed_in),
            );
        }
        if !is_signed_in {
            return page::text(
                StatusCode::FORBIDDEN,
                "open the console with the address that `cargo xtask dev` has printed",
            );
        }
        let rest = path.strip_prefix(PATH).unwrap_or(path);
        if let (&Method::GET, Some(mail)) = (&parts.method, rest.strip_prefix("/mails/")) {
            return mails::below(&self.mailbox, &self.service.base_url, mail);
        }
        let (section, content) = match (&parts.method, rest) {
            (&Method::GET, "") => (Section::Home, Ok(home::page(self))),
            (&Method::GET, "/requests") => (Section::Requests, Ok(requests::page(&self.requests))),
            (&Method::GET, "/mails") => (Section::Mails, Ok(mails::list(&self.mailbox))),
            (&Method::GET, "/table") => (Section::Table, table::page(self, query).await),
            (&Method::GET, "/oauth") => (Section::OAuth, oauth::begin_page(self)),
            (&Method::POST, "/oauth") => return oauth::begin(self, body),
            (&Method::POST, "/exchange") => (Section::OAuth, oauth::exchange(self, body).await),
            _ => return page::text(StatusCode::NOT_FOUND, "there is no such page"),
        };
        self.page(section, true, content)
    }

    fn page(
        &self,
        section: Section,
        is_signed_in: bool,
        content: Result<maud::Markup, Notice>,
    ) -> Response<Bytes> {
        page::respond(&self.service.base_url, section, is_signed_in, content)
    }
}
