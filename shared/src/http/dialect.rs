//! The dialects: the paths they own, and the format of their errors.

use std::collections::BTreeMap;

use lambda_http::http::StatusCode;
use serde_json::json;

use crate::{Error, FieldError};

const JSON: &str = "application/json; charset=utf-8";
const PROBLEM: &str = "application/problem+json";

/// An API that Rollcall speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Quave Cloud and Quave ONE: `/api/public/…`.
    Quave,
    /// Golem Cloud: `/v1/…`.
    Golem,
    /// e24cloud: `/v2/…`.
    E24,
    /// Docker Hub: `/api/v1.1/…`.
    Hub,
    /// Docker Hub's OAuth endpoints for programs, which have their own error format:
    /// `/api/v1.1/o/…`.
    OAuth,
    /// Docker Hub's OAuth page for people, whose errors are pages: `/api/v1.1/o/authorize/`.
    OAuthPage,
    /// Rollcall's own: `/rollcall/…`, `/health`.
    Rollcall,
    /// Rollcall's introspection of tokens for OAuth clients, with OAuth's error format:
    /// `/rollcall/v1/introspect`.
    RollcallOAuth,
    /// Rollcall's pages for people, whose errors are pages: `/account/…`.
    Pages,
    /// What the script of pages asks for, whose errors are those of Rollcall's own dialect:
    /// `/account/webauthn/…`.
    WebAuthn,
    /// Paths of no dialect.
    None,
}

impl Dialect {
    /// The dialect that owns a path.
    pub fn from_path(path: &str) -> Self {
        let mut segments = path.split('/').skip(1);
        match [segments.next(), segments.next(), segments.next(), segments.next()] {
            [Some("api"), Some("public"), ..] => Self::Quave,
            [Some("api"), Some("v1.1"), Some("o"), Some("authorize")] => Self::OAuthPage,
            [Some("api"), Some("v1.1"), Some("o"), ..] => Self::OAuth,
            [Some("api"), Some("v1.1"), ..] => Self::Hub,
            [Some("rollcall"), Some("v1"), Some("introspect"), ..] => Self::RollcallOAuth,
            [Some("rollcall" | "health"), ..] => Self::Rollcall,
            [Some("account"), Some("webauthn"), ..] => Self::WebAuthn,
            [Some("account"), ..] => Self::Pages,
            [Some("v1"), ..] => Self::Golem,
            [Some("v2"), ..] => Self::E24,
            _ => Self::None,
        }
    }

    /// Its name in the log.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Quave => "quave",
            Self::Golem => "golem",
            Self::E24 => "e24",
            Self::Hub | Self::OAuth | Self::OAuthPage => "hub",
            Self::Rollcall | Self::RollcallOAuth => "rollcall",
            Self::Pages | Self::WebAuthn => "pages",
            Self::None => "none",
        }
    }

    /// Whether its requests are forms of pages.
    #[cfg(feature = "table")]
    pub(crate) const fn is_of_pages(self) -> bool {
        matches!(self, Self::OAuthPage | Self::Pages | Self::WebAuthn)
    }

    /// Whether a name and a password are accepted as a credential.
    pub(super) const fn accepts_basic(self) -> bool {
        matches!(self, Self::Hub | Self::OAuth | Self::Rollcall | Self::RollcallOAuth)
    }

    /// Whether an access token that a user granted to an OAuth client is accepted.
    #[cfg(feature = "table")]
    pub(crate) const fn accepts_oauth_tokens(self) -> bool {
        matches!(self, Self::Hub)
    }

    /// The media type and the body of an error response with this message; none where an error is a
    /// page.
    pub(super) fn error_body(
        self,
        error: &Error,
        status: StatusCode,
        code: &str,
        message: &str,
    ) -> Option<(&'static str, String)> {
        let body = match (self, error) {
            (Self::Quave, Error::Invalid(errors)) => {
                json!({ "error": message, "details": messages(errors) })
            }
            (Self::Golem, Error::Invalid(errors)) => json!({ "errors": messages(errors) }),
            (Self::Quave | Self::Golem | Self::None, _) => json!({ "error": message }),
            (Self::E24, _) => json!({ "success": false, "error": message }),
            (Self::Hub, Error::Invalid(errors)) if !errors.iter().any(is_no_field) => {
                json!(by_field(errors))
            }
            (Self::OAuth, Error::NotFound(_) | Error::MethodNotAllowed { .. }) | (Self::Hub, _) => {
                json!({ "detail": message })
            }
            (Self::Rollcall | Self::WebAuthn, _)
            | (Self::RollcallOAuth, Error::NotFound(_) | Error::MethodNotAllowed { .. }) => {
                return Some((PROBLEM, problem(error, status, code, message)));
            }
            (Self::OAuth | Self::RollcallOAuth, _) => {
                json!({
                    "error": oauth_code(error),
                    "error_description": oauth_description(message),
                })
            }
            (Self::OAuthPage | Self::Pages, _) => return None,
        };
        Some((JSON, body.to_string()))
    }
}

fn messages(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// Whether an error is of the whole body, or under the name that a text has there.
fn is_no_field(error: &FieldError) -> bool {
    ["body", "detail"].contains(&error.field())
}

fn by_field(errors: &[FieldError]) -> BTreeMap<&str, Vec<&str>> {
    let mut fields = BTreeMap::<_, Vec<_>>::new();
    for error in errors {
        fields.entry(error.field()).or_default().push(error.text());
    }
    fields
}

/// RFC 9457; `type` is left out, which means `about:blank`.
fn problem(error: &Error, status: StatusCode, code: &str, message: &str) -> String {
    let mut problem = json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": message,
        "code": code,
    });
    if let Error::Invalid(errors) = error {
        let errors: Vec<_> = errors
            .iter()
            .map(|error| json!({ "field": error.field(), "detail": error.text() }))
            .collect();
        problem["errors"] = errors.into();
    }
    problem.to_string()
}

/// A description as RFC 6749 allows it (sections 4.1.2.1 and 5.2): ASCII without `"` and `\`.
pub fn oauth_description(text: &str) -> String {
    let allowed = |letter| match letter {
        '"' => '\'',
        ' '..='~' if letter != '\\' => letter,
        _ => '?',
    };
    text.chars().map(allowed).collect()
}

/// The code of RFC 6749 for every error.
const fn oauth_code(error: &Error) -> &'static str {
    match error {
        Error::OAuth { code, .. } => code.as_str(),
        Error::Internal { .. } => "server_error",
        Error::WriteConflict
        | Error::Unavailable { .. }
        | Error::TooManyAttempts { .. }
        | Error::AttemptsInProgress => "temporarily_unavailable",
        _ => "invalid_request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_belongs_to_the_dialect_whose_prefix_it_has() {
        for (path, dialect) in [
            ("/api/public/v1/account", Dialect::Quave),
            ("/api/public", Dialect::Quave),
            ("/api/v1.1/users/janedoe/", Dialect::Hub),
            ("/api/v1.1/o/token", Dialect::OAuth),
            ("/api/v1.1/o/authorize", Dialect::OAuthPage),
            ("/rollcall/v1/tokens", Dialect::Rollcall),
            ("/rollcall/v1/introspect/", Dialect::RollcallOAuth),
            ("/health", Dialect::Rollcall),
            ("/account/reset", Dialect::Pages),
            ("/account", Dialect::Pages),
            ("/account/webauthn/sign-in", Dialect::WebAuthn),
            ("/accounts", Dialect::None),
            ("/v1/accounts", Dialect::Golem),
            ("/v2/accounts", Dialect::E24),
            ("/v10/accounts", Dialect::None),
            ("/api/other", Dialect::None),
            ("/", Dialect::None),
            ("", Dialect::None),
        ] {
            assert_eq!(Dialect::from_path(path), dialect, "{path}");
        }
    }
}
