//! Why a request is refused or fails: one enum for every function.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// The result of everything that can end a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request is refused or fails. `shared::http` alone turns it into a status and a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential was sent.
    #[error("authentication is required")]
    NoCredential,
    /// A credential that is malformed, unknown, expired or revoked, or whose user is gone or disabled.
    #[error("the credential is not valid")]
    BadCredential,
    /// An environment token, where a user must ask.
    #[error("this API accepts only the user token")]
    UserTokenOnly,
    /// The credential is good, but has a list of scopes without this one.
    #[error("this token lacks the scope `{0}`")]
    MissingScope(&'static str),
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
    Invalid(Vec<Problem>),
    /// The body exceeds what any operation takes.
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    /// The body is declared to be something that the operation does not take.
    #[error("the content type must be application/json")]
    UnsupportedMediaType,
    /// Something that must be unique is taken.
    #[error("{0}")]
    Conflict(&'static str),
    /// Too many passwords were tried: the name is locked, or as many attempts are under way.
    #[error("too many attempts to sign in; try again later")]
    TooManyAttempts {
        /// Seconds until it is worth trying again.
        retry_after: u64,
    },
    /// Another request changed first what this one had read. Nothing was written; the whole request may be run again.
    #[error("another request changed the same data")]
    Raced,
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
        Self::Invalid(vec![Problem::new(field, text)])
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
pub struct Problem {
    field: Cow<'static, str>,
    text: String,
}

impl Problem {
    /// A problem of the field or query parameter `field`; of the body as a whole when that is `body`.
    pub fn new(field: impl Into<Cow<'static, str>>, text: impl fmt::Display) -> Self {
        Self { field: field.into(), text: text.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// Problems in one line, for a message.
struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// An error with everything that caused it, for the log: an SDK error alone says only "service error".
pub(crate) struct Chain<'a>(pub(crate) &'a dyn StdError);

impl fmt::Display for Chain<'_> {
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
