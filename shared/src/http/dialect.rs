//! The dialects: which paths they own and what their errors look like.

use serde_json::{Value, json};

use crate::Error;

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
    /// Paths of no dialect.
    None,
}

impl Dialect {
    /// The dialect that owns a path.
    pub fn of_path(path: &str) -> Self {
        let mut segments = path.split('/').skip(1);
        match (segments.next(), segments.next()) {
            (Some("api"), Some("public")) => Self::Quave,
            (Some("api"), Some("v1.1")) => Self::Hub,
            (Some("v1"), _) => Self::Golem,
            (Some("v2"), _) => Self::E24,
            _ => Self::None,
        }
    }

    /// The body of an error answer that tells the client `message`.
    pub(super) fn error_body(self, error: &Error, message: &str) -> Value {
        match (self, error) {
            (Self::Quave, Error::Invalid(problems)) => {
                let details: Vec<_> = problems.iter().map(ToString::to_string).collect();
                json!({ "error": message, "details": details })
            }
            (Self::Golem, Error::Invalid(problems)) => {
                let errors: Vec<_> = problems.iter().map(ToString::to_string).collect();
                json!({ "errors": errors })
            }
            (Self::E24, _) => json!({ "success": false, "error": message }),
            (Self::Hub, _) => json!({ "detail": message }),
            (Self::Quave | Self::Golem | Self::None, _) => json!({ "error": message }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_of_the_dialect_whose_prefix_it_has() {
        for (path, dialect) in [
            ("/api/public/v1/account", Dialect::Quave),
            ("/api/public", Dialect::Quave),
            ("/api/v1.1/users/janedoe/", Dialect::Hub),
            ("/v1/accounts", Dialect::Golem),
            ("/v2/accounts", Dialect::E24),
            ("/v10/accounts", Dialect::None),
            ("/api/other", Dialect::None),
            ("/", Dialect::None),
            ("", Dialect::None),
        ] {
            assert_eq!(Dialect::of_path(path), dialect, "{path}");
        }
    }
}
