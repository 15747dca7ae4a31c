//! Authorization requests (RFC 6749, section 4.1.1; RFC 7636, section 4.3).

use std::borrow::Cow;
use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::{Body, Response};
use shared::http::{self, ApiRequest, Query, oauth_description};
use shared::model::{Client, ClientId, Scope};
use shared::table::Stored;
use shared::{Error, OAuthCode, Result, telemetry};

use crate::interaction::Interaction;

/// The scopes of a request that names none, as far as its client can be granted them.
const DEFAULT_SCOPES: [Scope; 2] = [Scope::ProfileRead, Scope::EmailRead];

/// A valid request of a registered client.
pub(crate) struct AuthorizationRequest {
    pub(crate) client: Stored<Client>,
    pub(crate) scopes: BTreeSet<Scope>,
    pub(crate) challenge: Option<String>,
    pub(crate) target: RedirectTarget,
    pub(crate) interaction: Interaction,
}

/// Where the client waits for the response.
pub(crate) struct RedirectTarget {
    pub(crate) redirect_uri: String,
    /// Whether the request named it.
    pub(crate) is_named: bool,
    state: Option<String>,
    /// Who answers, so that a client of several servers cannot mix them up (RFC 9207).
    issuer: String,
}

impl RedirectTarget {
    /// Redirects the browser to the client with these parameters in the query.
    fn redirect(&self, pairs: &[(&str, &str)]) -> Result<Response<Body>> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        query.extend_pairs(self.state.iter().map(|state| ("state", state)));
        query.append_pair("iss", &self.issuer);
        let separator = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let location = format!("{}{separator}{}", self.redirect_uri, query.finish());
        http::see_other(&location)
    }

    /// Sends the client its code.
    pub(crate) fn with_code(&self, code: &str) -> Result<Response<Body>> {
        self.redirect(&[("code", code)])
    }

    /// Sends the client an error (RFC 6749, section 4.1.2.1).
    pub(crate) fn with_error(&self, code: OAuthCode, description: &str) -> Result<Response<Body>> {
        let description = oauth_description(description);
        self.redirect(&[("error", code.as_str()), ("error_description", &description)])
    }
}

/// An invalid request, whose error is sent to the client.
pub(crate) struct AuthorizationError {
    target: RedirectTarget,
    code: OAuthCode,
    description: Cow<'static, str>,
}

impl AuthorizationError {
    pub(crate) fn send(&self) -> Result<Response<Body>> {
        self.target.with_error(self.code, &self.description)
    }
}

impl AuthorizationRequest {
    /// Parses a request of the client that it names. An unknown client, or a redirect URI that is
    /// not registered, is an error for the page: nobody is redirected there.
    pub(crate) fn parse(
        request: &ApiRequest,
        query: &Query<'_>,
        client: Option<Stored<Client>>,
    ) -> Result<Result<Self, AuthorizationError>> {
        let client = client.ok_or_else(unknown_client)?;
        telemetry::observe_client(client.id);
        let requested = query.non_empty("redirect_uri");
        let problem = if requested.is_some() {
            "is not one that the client registered"
        } else {
            "is required: the client registered no port"
        };
        let redirect_uri = client
            .redirect_uri(requested)
            .ok_or_else(|| Error::invalid("redirect_uri", problem))?
            .to_owned();
        let target = RedirectTarget {
            redirect_uri,
            is_named: requested.is_some(),
            state: query.non_empty("state").map(str::to_owned),
            issuer: request.base_url().to_string(),
        };
        let parsed = response_type(query).and_then(|()| response_mode(query)).and_then(|()| {
            let (scopes, challenge) = (scopes(query, &client)?, challenge(query, &client)?);
            Ok((scopes, challenge, Interaction::parse(query)?))
        });
        match parsed {
            Ok((scopes, challenge, interaction)) => {
                Ok(Ok(Self { client, scopes, challenge, target, interaction }))
            }
            Err((code, description)) => Ok(Err(AuthorizationError { target, code, description })),
        }
    }
}

/// The client that a request names.
pub(crate) fn client_id(query: &Query<'_>) -> Result<ClientId> {
    query.non_empty("client_id").and_then(|id| id.parse().ok()).ok_or_else(unknown_client)
}

fn unknown_client() -> Error {
    Error::invalid("client_id", "is not a client that is known here")
}

pub(crate) type FieldError = (OAuthCode, Cow<'static, str>);

fn response_type(query: &Query<'_>) -> Result<(), FieldError> {
    let (code, description) = match query.non_empty("response_type") {
        Some("code") => return Ok(()),
        Some(_) => (OAuthCode::UnsupportedResponseType, "only the response type code is offered"),
        None => (OAuthCode::InvalidRequest, "response_type is required"),
    };
    Err((code, description.into()))
}

/// The client would wait elsewhere for the response.
fn response_mode(query: &Query<'_>) -> Result<(), FieldError> {
    match query.non_empty("response_mode") {
        Some("query") | None => Ok(()),
        Some(_) => {
            Err((OAuthCode::InvalidRequest, "only the response mode query is offered".into()))
        }
    }
}

fn scopes(query: &Query<'_>, client: &Client) -> Result<BTreeSet<Scope>, FieldError> {
    let offered = &client.scopes;
    let Some(text) = query.non_empty("scope").filter(|text| names(text).count() > 0) else {
        let default: BTreeSet<_> = offered & &DEFAULT_SCOPES.into();
        let none = || (OAuthCode::InvalidScope, invalid_scope("", offered).into());
        return Some(default).filter(|default| !default.is_empty()).ok_or_else(none);
    };
    parse_scopes(text, offered)
        .ok_or_else(|| (OAuthCode::InvalidScope, invalid_scope(text, offered).into()))
}

/// Parses scopes separated by spaces. `None` if not all of them are offered.
pub(crate) fn parse_scopes(text: &str, offered: &BTreeSet<Scope>) -> Option<BTreeSet<Scope>> {
    names(text).map(|name| find(name, offered)).collect()
}

/// What to say of a scope that is not offered: which one it is, and what is.
pub(crate) fn invalid_scope(text: &str, offered: &BTreeSet<Scope>) -> String {
    let offered_names = format_scopes(offered);
    match names(text).find(|name| find(name, offered).is_none()) {
        Some(name) => {
            let name: String = name.chars().take(MAX_NAME).collect();
            format!("the scope {name} is not one of {offered_names}")
        }
        None => format!("scope must name at least one of {offered_names}"),
    }
}

/// The characters of a scope that are repeated to its client.
const MAX_NAME: usize = 60;

fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|name| !name.is_empty())
}

fn find(name: &str, offered: &BTreeSet<Scope>) -> Option<Scope> {
    offered.iter().copied().find(|scope| scope.as_str() == name)
}

/// The scopes, separated by spaces.
pub(crate) fn format_scopes(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

fn challenge(query: &Query<'_>, client: &Client) -> Result<Option<String>, FieldError> {
    let invalid = |description: &'static str| Err((OAuthCode::InvalidRequest, description.into()));
    match (query.non_empty("code_challenge"), query.non_empty("code_challenge_method")) {
        (None, None) if client.must_use_pkce() => {
            invalid("code_challenge is required of this client")
        }
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) => {
            let is_hash = URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|hash| hash.len() == 32);
            if is_hash {
                Ok(Some(challenge.to_owned()))
            } else {
                invalid("code_challenge must be 32 bytes in URL-safe base64 without padding")
            }
        }
        _ => invalid("code_challenge and the method S256 go together"),
    }
}
