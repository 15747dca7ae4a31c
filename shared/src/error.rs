//! Why a request is rejected or fails: one enum for every function.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::limits;

/// The result of everything that can end a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request is rejected or fails. Only `shared::http` turns it into a status and a body.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No credential was sent.
    #[error("authentication is required")]
    MissingCredential,
    /// A credential that is malformed, unknown, expired or revoked, or whose user is deleted or
    /// disabled.
    #[error("the credential is not valid")]
    InvalidCredential,
    /// The password is right, and a second factor is on, which takes more than that.
    #[error("a second factor is on: use a token as the password")]
    SecondFactorRequired,
    /// An environment token, where a user token is required.
    #[error("this API accepts only the user token")]
    UserTokenOnly,
    /// The credential is valid, but has a list of scopes without this one.
    #[error("this token lacks the scope `{0}`")]
    MissingScope(&'static str),
    /// The credential is valid, but has a list of scopes or an end, and no scope covers this.
    #[error("a token with a list of scopes or an expiry cannot do this")]
    FullAccessRequired,
    /// An OAuth access token, outside of the dialect whose scopes it can have.
    #[error("an OAuth access token is accepted by the hub API alone")]
    OAuthTokenElsewhere,
    /// A page's form was not made in this session for what it is sent to.
    #[error("this form was not made in this session")]
    OtherForm,
    /// The caller is authenticated and may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// It does not exist; the text names what.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The path exists, but does not offer the method; `allow` is the value of the `Allow` header.
    #[error("method not allowed")]
    MethodNotAllowed {
        /// The methods that the path offers, as in the `Allow` header.
        allow: String,
    },
    /// The body or a parameter is invalid: every error found.
    #[error("invalid request: {}", FieldErrorList(.0))]
    Invalid(Vec<FieldError>),
    /// The body is larger than any operation accepts.
    #[error("the body is larger than {} KiB", limits::MAX_BODY_BYTES / 1024)]
    PayloadTooLarge,
    /// The operation does not accept the body's media type.
    #[error("the content type must be {0}")]
    UnsupportedMediaType(&'static str),
    /// The body is compressed, or encoded in another way.
    #[error("the body must be sent as it is, without a Content-Encoding other than identity")]
    UnsupportedEncoding,
    /// Something that must be unique is taken.
    #[error("{0}")]
    Conflict(&'static str),
    /// There is as much of something as is allowed.
    #[error("{0}")]
    LimitReached(limits::Cap),
    /// The member owns the account, which keeps its owner as an admin.
    #[error("the user owns the account, and must hand it over first")]
    OwnerMustTransfer,
    /// The member is the last admin of the account.
    #[error("the user is the only admin of the account")]
    LastAdmin,
    /// The user could not sign in any more.
    #[error("this is the last way to sign in: set a password or add another passkey first")]
    LastWayIn,
    /// Whoever is to own the account is not one of its admins.
    #[error("the new owner must be an admin of the account")]
    NotAdmin,
    /// The resource does not match `If-Match` or `If-None-Match`.
    #[error("the resource is not as `If-Match` or `If-None-Match` demands")]
    PreconditionFailed,
    /// The `Idempotency-Key` was used for another request.
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    /// A request with this `Idempotency-Key` is in progress.
    #[error("a request with this Idempotency-Key is in progress")]
    IdempotencyKeyInUse,
    /// A page's form that is done once was sent some time ago.
    #[error("this form was sent before")]
    FormSentBefore,
    /// Too many passwords were wrong: the name is locked, or the source has used its attempts.
    #[error("too many attempts to sign in; try again later")]
    TooManyAttempts {
        /// How long it lasts.
        retry_after: Duration,
    },
    /// So many attempts to sign in are in progress that no further one is begun.
    #[error("too many attempts to sign in; try again later")]
    AttemptsInProgress,
    /// Too many mails were asked for with this name, or from this source.
    #[error("too many mails were asked for; try again later")]
    TooManyMails {
        /// How long it lasts.
        retry_after: Duration,
    },
    /// The address that an invitation was sent to is somebody else's.
    #[error("this invitation is for another address, which is not yours")]
    OtherRecipient,
    /// Whoever invites has to have proved an address.
    #[error("prove an address of yours first")]
    AddressNotProved,
    /// The user is a member of the account.
    #[error("the user is a member already")]
    AlreadyMember,
    /// Nobody can join by an invitation any more.
    #[error("{}", .0.message())]
    InvitationEnded(InvitationEnd),
    /// The link of a mail works no more, or never did.
    #[error("this link was used, was replaced by a newer one, or has expired")]
    LinkEnded,
    /// The service sends no mail, which this takes.
    #[error("this service sends no mail")]
    MailNotConfigured,
    /// An error of OAuth (RFC 6749, section 5.2).
    #[error("{description}")]
    OAuth {
        /// Which of the standard's errors.
        code: OAuthCode,
        /// What it means here.
        description: Cow<'static, str>,
    },
    /// Another request changed what this one had read. Nothing was written; the whole request may
    /// be run again.
    #[error("another request changed the same data")]
    WriteConflict,
    /// The database could not be reached, was too busy or too slow. The outcome of a write is
    /// unknown.
    #[error("could not {action} in time")]
    Unavailable {
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A fault of the service that a retry does not fix.
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

    /// A signature that a write was made with comes again.
    #[cfg(feature = "table")]
    pub(crate) const fn used_signature() -> Self {
        Self::Conflict("this signature was used before: sign it anew")
    }

    /// [`Error::LimitReached`] unless so many leave room for one more.
    pub fn check_room(cap: limits::Cap, count: usize) -> Result<()> {
        if count < cap.max as usize { Ok(()) } else { Err(Self::LimitReached(cap)) }
    }

    /// An error of ours, with what was attempted and why it failed.
    pub(crate) fn internal(
        action: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Internal { action, source: source.into() }
    }
}

/// Why nobody can join by an invitation any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationEnd {
    /// Somebody joined by it.
    Used,
    /// Somebody who had its link declined it.
    Declined,
    /// An admin revoked it, whoever sent it is no admin any more, or the account was deleted.
    Revoked,
    /// Its time is over.
    Expired,
    /// It was sent again, with another link.
    Replaced,
}

impl InvitationEnd {
    const fn message(self) -> &'static str {
        match self {
            Self::Used => "this invitation was used",
            Self::Declined => "this invitation was declined",
            Self::Revoked => "this invitation was revoked",
            Self::Expired => "this invitation has expired",
            Self::Replaced => "this invitation was sent again: a newer mail or link works",
        }
    }
}

/// The errors of RFC 6749 (sections 4.1.2.1 and 5.2) and RFC 7009 (section 2.2.1) that are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OAuthCode {
    /// The user denied the request.
    AccessDenied,
    /// The user would have to allow it, and may not be asked.
    ConsentRequired,
    /// The client is unknown or not authenticated.
    InvalidClient,
    /// The code or refresh token is invalid, expired or another client's.
    InvalidGrant,
    /// A parameter is missing, malformed or repeated.
    InvalidRequest,
    /// The scope is unknown, or not available to clients.
    InvalidScope,
    /// The user would have to sign in, and may not be asked.
    LoginRequired,
    /// The grant type is not offered.
    UnsupportedGrantType,
    /// The response type is not offered.
    UnsupportedResponseType,
}

impl OAuthCode {
    /// The error as the standard writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ConsentRequired => "consent_required",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::LoginRequired => "login_required",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// An internal error with what was attempted: `.map_err(failed("seal a password"))`.
pub(crate) fn failed<E: Into<Box<dyn StdError + Send + Sync>>>(
    action: &'static str,
) -> impl FnOnce(E) -> Error {
    move |source| Error::internal(action, source)
}

/// One error in a request: `<field>: <what is wrong>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    field: Cow<'static, str>,
    text: String,
}

impl FieldError {
    /// The longest name that is reported, in characters.
    pub(crate) const MAX_NAME: usize = 100;

    /// The invalid field or query parameter; `body` for the body as a whole.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// An error of the field or query parameter `field`; `body` stands for the whole body. A name
    /// that a client made is cut, and what would hide in a message or turn it around is replaced.
    pub fn new(field: impl Into<Cow<'static, str>>, text: impl fmt::Display) -> Self {
        let field = match field.into() {
            Cow::Owned(name) => name.chars().take(Self::MAX_NAME).map(shown).collect(),
            known @ Cow::Borrowed(_) => known,
        };
        Self { field, text: text.to_string() }
    }

    /// The same error, of a field of an object.
    pub(crate) fn within(self, object: &str) -> Self {
        Self { field: format!("{object}.{}", self.field).into(), ..self }
    }
}

/// A character of a name as messages have it. Controls, also those of direction, are among the
/// characters that Rust escapes.
fn shown(letter: char) -> char {
    let is_plain = letter.is_ascii_graphic() || letter == ' ';
    if is_plain || letter.escape_debug().len() == 1 { letter } else { '\u{fffd}' }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.text)
    }
}

/// Errors in one line, for a message.
struct FieldErrorList<'a>(&'a [FieldError]);

impl fmt::Display for FieldErrorList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// An error with its causes, for the log: an SDK error alone says only "service error".
pub struct ErrorChain<'a>(pub &'a dyn StdError);

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
