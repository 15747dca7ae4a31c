//! What the operations on API keys share.

use std::str::FromStr;

use serde::Serialize;
use shared::e24::ApiKeyView;
use shared::http::Fields;
use shared::model::{ApiKey, ApiKeyId, ParseError, User, parse_text};
use shared::{Error, Result};

/// The body that names an API key.
pub(crate) struct ApiKeyRef {
    api_key: Text,
}

/// The text sent as a key: 1 to 100 characters, looked up among the caller's keys.
struct Text(String);

impl FromStr for Text {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        parse_text(raw, shared::limits::MAX_API_KEY_TEXT).map(Self)
    }
}

impl ApiKeyRef {
    pub(crate) fn parse(mut fields: Fields) -> Result<Self> {
        let body = fields.required("api_key").map(|api_key| Self { api_key });
        fields.into_result(body)
    }

    /// The key among this user's. A malformed key, or another user's, is indistinguishable from one
    /// that never existed.
    pub(crate) fn find<'u>(&self, user: &'u User) -> Result<&'u ApiKey> {
        let unknown = Error::NotFound("API key");
        match ApiKeyId::parse_key(&self.api_key.0) {
            Ok((owner, id)) if owner == user.id => {
                user.api_keys.get(&id.to_string()).ok_or(unknown)
            }
            _ => Err(unknown),
        }
    }
}

/// The response with a new secret.
#[derive(Serialize)]
pub(crate) struct ApiKeyResponse {
    pub(crate) api: ApiKeyView,
}
