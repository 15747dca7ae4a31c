//! Deriving secrets from the service key, and encrypting with it.

use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::digest::update_length_prefixed;
use crate::error::failed;
use crate::{Error, Result, random};

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

    /// Encrypts a text for this purpose and these parts, which must identify it: each has its own
    /// key, so that random nonces do not repeat under one key. The nonce is the first 12 bytes.
    pub fn encrypt(&self, purpose: &str, parts: &[&[u8]], mut text: Vec<u8>) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random::bytes()?;
        self.cipher(purpose, parts)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
            .map_err(|_| Error::internal("encrypt", "the text is too long"))?;
        Ok([&nonce[..], &text].concat())
    }

    /// The text that was encrypted for this purpose and these parts, and was not altered.
    pub fn decrypt(&self, purpose: &str, parts: &[&[u8]], encrypted: &[u8]) -> Result<Vec<u8>> {
        let broken = || Error::internal("decrypt", "it was altered, or encrypted for another use");
        let (nonce, text) = encrypted.split_first_chunk::<NONCE_LEN>().ok_or_else(broken)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let cipher = self.cipher(purpose, parts)?;
        let plain = cipher.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| broken())?;
        Ok(plain.to_vec())
    }

    fn cipher(&self, purpose: &str, parts: &[&[u8]]) -> Result<LessSafeKey> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.derive(purpose, parts)?)
            .map_err(|_| Error::internal("use the service key", "it has the wrong length"))?;
        Ok(LessSafeKey::new(key))
    }
}

#[cfg(test)]
impl ServiceKey {
    pub(crate) fn for_test(text: &str) -> Self {
        Self::new("1".to_owned(), text.to_owned())
    }
}
