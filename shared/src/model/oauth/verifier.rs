//! PKCE (RFC 7636).

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::model::ParseError;

/// A code verifier: 43 to 128 letters, digits and `-._~` (RFC 7636, section 4.1), so that nobody
/// who sees its challenge can find it by trying. Without `Debug`, since it must not be logged.
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// Whether this is its challenge (S256).
    pub(super) fn is_of(&self, challenge: &str) -> bool {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)) == challenge
    }
}

impl FromStr for CodeVerifier {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("must be 43 to 128 letters, digits, and - . _ ~"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        let of = |length, letter: &str| letter.repeat(length).parse::<CodeVerifier>().is_ok();
        for (length, is_valid) in [(0, false), (42, false), (43, true), (128, true), (129, false)] {
            for letter in ["a", "Z", "9", "-", ".", "_", "~"] {
                assert_eq!(of(length, letter), is_valid, "{length} {letter}");
            }
        }
        for letter in ["+", "/", "=", " ", "%", "é", "\0"] {
            assert!(!of(43, letter) && !of(64, letter), "{letter}");
        }
    }
}
