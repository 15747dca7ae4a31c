//! Passwords and keys that a person types or pastes.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 24 characters of 144 random bits: letters, digits, `-` and `_`.
pub fn text() -> Result<String> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
