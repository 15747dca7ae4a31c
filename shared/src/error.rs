//! Why a request is refused or fails: one enum for every function.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// The result of everything that can end a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request is refused or fails. `shared::http` alone turns it into a status and a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential was sent.
    #[error("authentication is required")]
    MissingCredential,
    /// A credential that is malformed, unknown, expired or revoked, or whose user is gone or disabled.
    #[error("the credential is not valid")]
    InvalidCredential,
    /// An environment token, where a user must ask.
    #[error("this API accepts only the user token")]
    UserTokenOnly,
    /// The credential is good, but has a list of scopes without this one.
    #[error("this token lacks the scope `{0}`")]
    MissingScope(&'static str),
    /// The credential is good, but has a list of scopes, and no scope stands for this.
    #[error("a token with a list of scopes cannot do this")]
    FullAccessRequired,
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// There is no such thing; the text names the kind of thing.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The path exists, but does not offer the method; `allow` is the value of the `Allow` header.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// The methods that the path offers, as in the `Allow` header.
        allow: &'static str,
    },
    /// The body or a parameter is not as documented: every problem found.
    #[error("invalid request: {}", Listed(.0))]
    Invalid(Vec<FieldError>),
    /// The body exceeds what any operation takes.
    #[error("the body is larger than {} KiB", limits::MAX_BODY_BYTES / 1024)]
    PayloadTooLarge,
    /// The body is declared to be something that the operation does not take.
    #[error("the content type must be {0}")]
    UnsupportedMediaType(&'static str),
    /// Something that must be unique is taken.
    #[error("{0}")]
    Conflict(&'static str),
    /// What the request demands of the resource by `If-Match` or `If-None-Match` does not hold.
    #[error("the resource is not as `If-Match` or `If-None-Match` demands")]
    PreconditionFailed,
    /// The `Idempotency-Key` came with another request before.
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    /// A request with this `Idempotency-Key` is under way.
    #[error("a request with this Idempotency-Key is under way")]
    IdempotencyKeyInUse,
    /// Not a failure: the request was made before, under the same `Idempotency-Key`, and is answered as it was then.
    #[error("the request was answered before")]
    Answered(Box<RecordedResponse>),
    /// Too many passwords were tried: the name is locked, or as many attempts are under way.
    #[error("too many attempts to sign in; try again later")]
    TooManyAttempts {
        /// Seconds until it is worth trying again.
        retry_after: u64,
    },
    /// An OAuth client did not get what it asked for (RFC 6749, section 5.2).
    #[error("{description}")]
    OAuth {
        /// Which of the standard's errors.
        code: OAuthCode,
        /// What it means here.
        description: &'static str,
    },
    /// Another request changed first what this one had read. Nothing was written; the whole request may be run again.
    #[error("another request changed the same data")]
    WriteConflict,
    /// The database could not be reached, was too busy or too slow. The outcome of a write is unknown.
    #[error("could not {action} in time")]
    Unavailable {
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A fault on our side that trying again will not mend.
    #[error("could not {action}")]
    Internal {
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// The error of one field or parameter.
    pub fn invalid(field: &'static str, text: impl fmt::Display) -> Self {
        Self::Invalid(vec![FieldError::new(field, text)])
    }
}

/// An answer as it was given: what a repeated request gets again.
#[derive(Serialize, Deserialize)]
pub struct RecordedResponse {
    /// The status.
    pub status: u16,
    /// The headers that the operation itself set.
    pub headers: Vec<(String, String)>,
    /// The body, if there was one.
    pub body: Option<String>,
}

/// It may show a secret.
impl fmt::Debug for RecordedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedResponse({}, …)", self.status)
    }
}

/// The errors of RFC 6749 (sections 4.1.2.1 and 5.2) and RFC 7009 (section 2.2.1) that are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthCode {
    /// The user said no.
    AccessDenied,
    /// The client is unknown, or did not prove itself.
    InvalidClient,
    /// The code or refresh token is not or no longer good, or not for this client.
    InvalidGrant,
    /// Something is missing, malformed or there twice.
    InvalidRequest,
    /// The scope is unknown, or none that a client can have.
    InvalidScope,
    /// No such grant type.
    UnsupportedGrantType,
    /// No such response type.
    UnsupportedResponseType,
}

impl OAuthCode {
    /// The error as the standard writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// Says what was attempted when a fault of our own comes up: `.map_err(failed("seal a password"))`.
pub(crate) fn failed<E: Into<Box<dyn StdError + Send + Sync>>>(
    action: &'static str,
) -> impl FnOnce(E) -> Error {
    move |source| Error::Internal { action, source: source.into() }
}

/// One thing that is wrong with a request: `<field>: <what is wrong>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    field: Cow<'static, str>,
    text: String,
}

impl FieldError {
    /// The field or query parameter that is wrong; `body` for the body as a whole.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A problem of the field or query parameter `field`; of the body as a whole when that is `body`.
    pub fn new(field: impl Into<Cow<'static, str>>, text: impl fmt::Display) -> Self {
        Self { field: field.into(), text: text.to_string() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// Problems in one line, for a message.
struct Listed<'a>(&'a [FieldError]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// An error with everything that caused it, for the log: an SDK error alone says only "service error".
pub(crate) struct ErrorChain<'a>(pub(crate) &'a dyn StdError);

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
