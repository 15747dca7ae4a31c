//! What identifies a repeated request.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ParseError, hex};
use crate::limits::MAX_IDEMPOTENCY_KEY;

/// The value of `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a string in
/// double quotes, as RFC 8941 writes it, or the same bare, as many clients send it. 1 to 255
/// visible characters of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl FromStr for IdempotencyKey {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let raw = raw.trim_matches([' ', '\t']);
        let bare = match raw.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or_else(malformed)?,
            None => raw,
        };
        let is_visible = bare.bytes().all(|byte| byte.is_ascii_graphic());
        if !(1..=MAX_IDEMPOTENCY_KEY).contains(&bare.len())
            || !is_visible
            || bare.contains(['"', '\\'])
        {
            return Err(malformed());
        }
        Ok(Self(bare.to_owned()))
    }
}

impl IdempotencyKey {
    /// The key of a form, as it was sent.
    pub fn from_form(body: &[u8]) -> Self {
        Self(hex(&Sha256::digest(body)))
    }
}

fn malformed() -> ParseError {
    ParseError::new(format!(
        "must be 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII characters without quotes or backslashes"
    ))
}

/// Where the response to a request is stored, among its user's: a hash of the credential's id and
/// the key, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResponseId(String);

impl StoredResponseId {
    /// The id for this credential and this key. The id of a credential has no space.
    pub fn new(principal_id: &str, key: &IdempotencyKey) -> Self {
        Self(hex(&Sha256::digest(format!("{principal_id} {}", key.0))))
    }
}

impl fmt::Display for StoredResponseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_in_quotes_and_bare() {
        let bare: IdempotencyKey = " 8e03978e-40d5 ".parse().unwrap();

        assert_eq!(r#""8e03978e-40d5""#.parse(), Ok(bare));
    }

    #[test]
    fn a_key_has_1_to_255_visible_characters_and_no_quotes_inside() {
        for good in ["x", "a:b/c=", &"x".repeat(255)] {
            assert!(good.parse::<IdempotencyKey>().is_ok(), "{good}");
        }
        for bad in
            ["", " ", r#""""#, r#"""#, r#""x"#, r#"x""#, "a b", r"a\b", "ä", &"x".repeat(256)]
        {
            assert!(bad.parse::<IdempotencyKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn another_credential_has_another_place_for_the_same_key() {
        let key = "x".parse().unwrap();

        assert_ne!(StoredResponseId::new("password", &key), StoredResponseId::new("token", &key));
        assert_eq!(
            StoredResponseId::new("password", &key),
            StoredResponseId::new("password", &key)
        );
    }
}
