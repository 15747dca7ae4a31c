//! Deriving secrets from the service key.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::digest::update_length_prefixed;
use crate::Result;
use crate::error::failed;

/// One version of the service key.
#[derive(Debug)]
pub struct ServiceKey {
    /// Its name, which is stored with everything that is derived from it.
    pub version: String,
    text: SecretString,
}

impl ServiceKey {
    /// A version of this name.
    pub fn new(version: String, text: String) -> Self {
        Self { version, text: SecretString::from(text) }
    }

    /// 32 bytes that only this key, this purpose and these parts give: HMAC-SHA-256 over the
    /// lengths and the parts.
    pub fn derive(&self, purpose: &str, parts: &[&[u8]]) -> Result<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.text.expose_secret().as_bytes())
            .map_err(failed("use the service key"))?;
        let parts = std::iter::once(purpose.as_bytes()).chain(parts.iter().copied());
        update_length_prefixed(&mut mac, parts);
        Ok(mac.finalize().into_bytes().into())
    }

    /// Whether this is what [`ServiceKey::derive`] gives. Compares in constant time.
    pub fn derives(&self, purpose: &str, parts: &[&[u8]], claimed: &[u8]) -> Result<bool> {
        Ok(self.derive(purpose, parts)?.ct_eq(claimed).into())
    }
}

#[cfg(test)]
impl ServiceKey {
    pub(crate) fn for_test(text: &str) -> Self {
        Self::new("1".to_owned(), text.to_owned())
    }
}
