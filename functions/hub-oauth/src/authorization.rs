//! What a client asks a user for (RFC 6749, section 4.1.1; RFC 7636, section 4.3).

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::http::header::LOCATION;
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use shared::http::Query;
use shared::model::{Client, ClientId, Scope};
use shared::table::Stored;
use shared::{App, Error, OAuthCode, Result};

/// What a client can be granted.
const GRANTABLE: [Scope; 4] =
    [Scope::ProfileRead, Scope::ProfileWrite, Scope::EmailRead, Scope::EmailWrite];

/// What a client asks for that says nothing.
const DEFAULT: [Scope; 2] = [Scope::ProfileRead, Scope::EmailRead];

/// A request of a registered client that can be put to a user.
pub(crate) struct AuthorizationRequest {
    pub(crate) client: Stored<Client>,
    pub(crate) scopes: BTreeSet<Scope>,
    pub(crate) challenge: Option<String>,
    pub(crate) answer: RedirectTarget,
}

/// Where the client waits for its answer.
pub(crate) struct RedirectTarget {
    pub(crate) redirect_uri: String,
    state: Option<String>,
}

impl RedirectTarget {
    /// Sends the browser back to the client with this in the query.
    fn with(&self, pairs: &[(&str, &str)]) -> Result<Response<Body>> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        query.extend_pairs(self.state.iter().map(|state| ("state", state)));
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let place = format!("{}{joint}{}", self.redirect_uri, query.finish());
        let place = HeaderValue::try_from(place)
            .map_err(|_| Error::invalid("redirect_uri", "cannot be sent to"))?;
        let mut redirect = Response::new(Body::Empty);
        *redirect.status_mut() = StatusCode::SEE_OTHER;
        redirect.headers_mut().insert(LOCATION, place);
        Ok(redirect)
    }

    /// Tells the client its code.
    pub(crate) fn code(&self, code: &str) -> Result<Response<Body>> {
        self.with(&[("code", code)])
    }

    /// Tells the client why it gets none.
    pub(crate) fn refuse(&self, code: OAuthCode, description: &str) -> Result<Response<Body>> {
        self.with(&[("error", code.as_str()), ("error_description", description)])
    }
}

/// A request that the client is told was wrong.
pub(crate) struct AuthorizationError {
    answer: RedirectTarget,
    code: OAuthCode,
    description: &'static str,
}

impl AuthorizationError {
    pub(crate) fn send(&self) -> Result<Response<Body>> {
        self.answer.refuse(self.code, self.description)
    }
}

impl AuthorizationRequest {
    /// Reads a request. An unknown client, or a place to answer to that is not exactly one of those registered, is an
    /// error for the page: nothing is ever sent there.
    pub(crate) async fn parse(
        app: &App,
        query: &Query<'_>,
    ) -> Result<Result<Self, AuthorizationError>> {
        let unknown = || Error::invalid("client_id", "is not a client that is known here");
        let id: ClientId =
            query.non_empty("client_id").and_then(|id| id.parse().ok()).ok_or_else(unknown)?;
        let client = app.table.client(id).await?.ok_or_else(unknown)?;
        let redirect_uri = query
            .get("redirect_uri")
            .filter(|uri| client.redirect_uris.iter().any(|registered| registered == uri))
            .ok_or_else(|| Error::invalid("redirect_uri", "is not one that the client registered"))?
            .to_owned();
        let answer =
            RedirectTarget { redirect_uri, state: query.non_empty("state").map(str::to_owned) };
        let wish = response_type(query)
            .and_then(|()| Ok((scopes(query)?, challenge(query, client.secret_hash.is_none())?)));
        match wish {
            Ok((scopes, challenge)) => Ok(Ok(Self { client, scopes, challenge, answer })),
            Err((code, description)) => Ok(Err(AuthorizationError { answer, code, description })),
        }
    }
}

type FieldError = (OAuthCode, &'static str);

fn response_type(query: &Query<'_>) -> Result<(), FieldError> {
    match query.non_empty("response_type") {
        Some("code") => Ok(()),
        Some(_) => {
            Err((OAuthCode::UnsupportedResponseType, "only the response type code is offered"))
        }
        None => Err((OAuthCode::InvalidRequest, "response_type is required")),
    }
}

fn scopes(query: &Query<'_>) -> Result<BTreeSet<Scope>, FieldError> {
    let auth = query.non_empty("scope").unwrap_or_default();
    read_scopes(auth)
        .map(|scopes| if scopes.is_empty() { DEFAULT.into() } else { scopes })
        .ok_or((OAuthCode::InvalidScope, "a client can be granted the scopes of users only"))
}

/// Scopes with spaces between them, if a client can be granted all of them.
pub(crate) fn read_scopes(text: &str) -> Option<BTreeSet<Scope>> {
    let known = |name: &str| GRANTABLE.into_iter().find(|scope| scope.as_str() == name);
    text.split(' ').filter(|name| !name.is_empty()).map(known).collect()
}

/// Scopes with spaces between them.
pub(crate) fn write_scopes(scopes: &BTreeSet<Scope>) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

fn challenge(query: &Query<'_>, is_required: bool) -> Result<Option<String>, FieldError> {
    let invalid = |description| Err((OAuthCode::InvalidRequest, description));
    match (query.non_empty("code_challenge"), query.non_empty("code_challenge_method")) {
        (None, None) if is_required => {
            invalid("code_challenge is required of a client without a secret")
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
