//! The response to every error. No other place gives an error its status.

use std::time::Duration;

use lambda_http::http::header::{
    ACCEPT_ENCODING, ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE,
};
use lambda_http::http::{HeaderValue, StatusCode};

use super::Dialect;
use crate::{Error, InvitationEnd, OAuthCode};

/// The status of every error. With [`code`], [`message`] and [`header`], the whole public contract
/// of errors.
pub(super) const fn status(error: &Error) -> StatusCode {
    match error {
        Error::MissingCredential
        | Error::InvalidCredential
        | Error::SecondFactorRequired
        | Error::UserTokenOnly
        | Error::OAuth { code: OAuthCode::InvalidClient, .. } => StatusCode::UNAUTHORIZED,
        Error::MissingScope(_)
        | Error::FullAccessRequired
        | Error::OAuthTokenElsewhere
        | Error::OtherForm
        | Error::OtherRecipient
        | Error::AddressNotProved
        | Error::Forbidden(_) => StatusCode::FORBIDDEN,
        Error::Invalid(_) | Error::OAuth { .. } => StatusCode::BAD_REQUEST,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Error::Conflict(_)
        | Error::LimitReached(_)
        | Error::OwnerMustTransfer
        | Error::LastAdmin
        | Error::LastWayIn
        | Error::NotAdmin
        | Error::AlreadyMember
        | Error::FormSentBefore
        | Error::IdempotencyKeyInUse => StatusCode::CONFLICT,
        Error::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        Error::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Error::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::TooManyAttempts { .. } | Error::AttemptsInProgress | Error::TooManyMails { .. } => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Error::LinkEnded | Error::InvitationEnded(_) => StatusCode::GONE,
        Error::MailNotConfigured => StatusCode::NOT_IMPLEMENTED,
        Error::UnsupportedMediaType(_) | Error::UnsupportedEncoding => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        Error::WriteConflict | Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Whether the client caused the error: its status is 4xx.
#[cfg(feature = "table")]
pub(crate) fn is_client_error(error: &Error) -> bool {
    status(error).is_client_error()
}

/// The code of every error, for programs: stable, and listed in docs/api.md.
pub(super) const fn code(error: &Error) -> &'static str {
    match error {
        Error::MissingCredential => "credential_required",
        Error::InvalidCredential => "invalid_credential",
        Error::SecondFactorRequired => "second_factor_required",
        Error::UserTokenOnly => "user_token_required",
        Error::MissingScope(_) | Error::FullAccessRequired | Error::OAuthTokenElsewhere => {
            "insufficient_scope"
        }
        Error::Forbidden(_) | Error::OtherForm => "forbidden",
        Error::NotFound(_) => "not_found",
        Error::MethodNotAllowed { .. } => "method_not_allowed",
        Error::Invalid(_) => "invalid_request",
        Error::PayloadTooLarge => "body_too_large",
        Error::UnsupportedMediaType(_) | Error::UnsupportedEncoding => "unsupported_media_type",
        Error::Conflict(_) | Error::FormSentBefore => "conflict",
        Error::LimitReached(_) => "limit_reached",
        Error::OwnerMustTransfer => "owner_must_transfer",
        Error::LastAdmin => "last_admin",
        Error::LastWayIn => "last_way_in",
        Error::NotAdmin => "not_admin",
        Error::PreconditionFailed => "precondition_failed",
        Error::IdempotencyKeyReused => "idempotency_key_reused",
        Error::IdempotencyKeyInUse => "idempotency_key_in_use",
        Error::TooManyAttempts { .. } | Error::AttemptsInProgress => "too_many_attempts",
        Error::TooManyMails { .. } => "too_many_mails",
        Error::OtherRecipient => "other_recipient",
        Error::AddressNotProved => "address_not_proved",
        Error::AlreadyMember => "already_member",
        Error::InvitationEnded(InvitationEnd::Used) => "used",
        Error::InvitationEnded(InvitationEnd::Declined) => "declined",
        Error::InvitationEnded(InvitationEnd::Revoked) => "revoked",
        Error::InvitationEnded(InvitationEnd::Expired) => "expired",
        Error::InvitationEnded(InvitationEnd::Replaced) => "replaced",
        Error::LinkEnded => "link_ended",
        Error::MailNotConfigured => "mail_not_configured",
        Error::OAuth { code, .. } => code.as_str(),
        Error::WriteConflict | Error::Unavailable { .. } => "unavailable",
        Error::Internal { .. } => "internal",
    }
}

/// The message for the client; no internals.
pub(super) fn message(error: &Error) -> String {
    match error {
        Error::Internal { .. } => "something went wrong on our side".to_owned(),
        Error::WriteConflict | Error::Unavailable { .. } => {
            "the service is busy; try again shortly".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The header of an error response beside the common ones.
pub(super) fn header(error: &Error, dialect: Dialect) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match error {
        Error::MissingCredential => (WWW_AUTHENTICATE, challenge(dialect, "")),
        Error::InvalidCredential | Error::SecondFactorRequired | Error::UserTokenOnly => {
            (WWW_AUTHENTICATE, challenge(dialect, r#", error="invalid_token""#))
        }
        Error::MissingScope(scope) => {
            let missing = format!(r#", error="insufficient_scope", scope="{scope}""#);
            (WWW_AUTHENTICATE, format!("{BEARER}{missing}"))
        }
        Error::FullAccessRequired | Error::OAuthTokenElsewhere => {
            (WWW_AUTHENTICATE, format!(r#"{BEARER}, error="insufficient_scope""#))
        }
        Error::OAuth { code: OAuthCode::InvalidClient, .. } => (WWW_AUTHENTICATE, BASIC.to_owned()),
        Error::MethodNotAllowed { allow } => (ALLOW, allow.clone()),
        // RFC 9110, section 15.5.16.
        Error::UnsupportedEncoding => (ACCEPT_ENCODING, "identity".to_owned()),
        Error::WriteConflict
        | Error::IdempotencyKeyInUse
        | Error::AttemptsInProgress
        | Error::Unavailable { .. } => (RETRY_AFTER, "1".to_owned()),
        Error::TooManyAttempts { retry_after } | Error::TooManyMails { retry_after } => {
            (RETRY_AFTER, whole_seconds(*retry_after).to_string())
        }
        _ => return None,
    };
    Some((name, HeaderValue::from_str(&value).ok()?))
}

/// Whole seconds, rounded up, for `Retry-After`: whoever waits for them does not come too early.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

const BEARER: &str = r#"Bearer realm="rollcall""#;
const BASIC: &str = r#"Basic realm="rollcall", charset="UTF-8""#;

/// The challenge (RFC 6750, section 3; RFC 7617, section 2): one header, with Basic before Bearer
/// where it is accepted. Java's and Perl's clients look at the first scheme alone.
fn challenge(dialect: Dialect, error: &str) -> String {
    if dialect.accepts_basic() {
        format!("{BASIC}, {BEARER}{error}")
    } else {
        format!("{BEARER}{error}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::limits;

    /// One error of every kind, without those of OAuth, whose codes are another standard's.
    fn errors() -> Vec<Error> {
        let (action, retry_after) = ("do it", Duration::from_secs(1));
        vec![
            Error::MissingCredential,
            Error::InvalidCredential,
            Error::SecondFactorRequired,
            Error::UserTokenOnly,
            Error::MissingScope("x"),
            Error::FullAccessRequired,
            Error::OAuthTokenElsewhere,
            Error::OtherForm,
            Error::Forbidden("x"),
            Error::NotFound("x"),
            Error::MethodNotAllowed { allow: "GET".to_owned() },
            Error::Invalid(Vec::new()),
            Error::PayloadTooLarge,
            Error::UnsupportedMediaType("x"),
            Error::UnsupportedEncoding,
            Error::Conflict("x"),
            Error::LimitReached(limits::TOKENS),
            Error::OwnerMustTransfer,
            Error::LastAdmin,
            Error::LastWayIn,
            Error::NotAdmin,
            Error::PreconditionFailed,
            Error::IdempotencyKeyReused,
            Error::IdempotencyKeyInUse,
            Error::FormSentBefore,
            Error::TooManyAttempts { retry_after },
            Error::AttemptsInProgress,
            Error::TooManyMails { retry_after },
            Error::OtherRecipient,
            Error::AddressNotProved,
            Error::AlreadyMember,
            Error::InvitationEnded(InvitationEnd::Used),
            Error::InvitationEnded(InvitationEnd::Declined),
            Error::InvitationEnded(InvitationEnd::Revoked),
            Error::InvitationEnded(InvitationEnd::Expired),
            Error::InvitationEnded(InvitationEnd::Replaced),
            Error::LinkEnded,
            Error::MailNotConfigured,
            Error::WriteConflict,
            Error::Unavailable { action, source: "x".into() },
            Error::Internal { action, source: "x".into() },
        ]
    }

    /// The codes in the source of [`code`].
    fn codes_in_source() -> BTreeSet<&'static str> {
        let source = include_str!("error_response.rs");
        let (_, function) = source.split_once("const fn code").unwrap();
        let (function, _) = function.split_once("\n}").unwrap();
        function.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_documented_codes_are_those_that_errors_have() {
        let (_, section) =
            include_str!("../../../docs/api.md").split_once("| code | status |").unwrap();
        let rows = section.lines().skip(2).take_while(|line| line.starts_with('|'));
        let documented: BTreeSet<(String, String)> = rows
            .map(|row| {
                let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
                (cells.next().unwrap().to_owned(), cells.next().unwrap().to_owned())
            })
            .collect();

        let real = errors()
            .iter()
            .map(|error| (code(error).to_owned(), status(error).as_str().to_owned()))
            .collect();
        assert_eq!(documented, real);
        assert_eq!(
            documented.iter().map(|(code, _)| code.as_str()).collect::<BTreeSet<_>>(),
            codes_in_source()
        );
    }

    #[test]
    fn a_response_that_allows_a_retry_has_retry_after() {
        for error in errors() {
            let has_header =
                header(&error, Dialect::None).is_some_and(|(name, _)| name == RETRY_AFTER);

            let expected = matches!(
                error,
                Error::IdempotencyKeyInUse
                    | Error::WriteConflict
                    | Error::TooManyAttempts { .. }
                    | Error::AttemptsInProgress
                    | Error::TooManyMails { .. }
                    | Error::Unavailable { .. }
            );
            assert_eq!(has_header, expected, "{error:?}");
        }
    }
}
