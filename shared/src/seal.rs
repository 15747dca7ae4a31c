//! Sealed boxes: encryption that only the operator can undo.
//!
//! A sealed box is libsodium's `crypto_box_seal` (X25519, XSalsa20-Poly1305, an ephemeral key per
//! box), so that any libsodium binding opens it with the private key. The functions have only the
//! public key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_box::aead::OsRng;
use crypto_box::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};

use crate::aws::variable;
use crate::error::failed;
use crate::model::{ParseError, Sealed, hex};
use crate::{Error, Result};

/// The environment variable that holds the public key: 32 bytes in standard base64.
pub const PUBLIC_KEY_VARIABLE: &str = "SEALING_PUBLIC_KEY";

/// The public key that registry passwords are sealed to.
pub struct SealPublicKey(PublicKey);

impl SealPublicKey {
    /// The key of [`PUBLIC_KEY_VARIABLE`]; an error ends the cold start.
    pub fn from_env() -> Result<Self> {
        Self::parse(&variable(PUBLIC_KEY_VARIABLE)?).map_err(failed("read SEALING_PUBLIC_KEY"))
    }

    /// A public key from standard base64.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        key_bytes(text).map(|bytes| Self(PublicKey::from(bytes)))
    }

    /// Encrypts a secret so that only the private key's holder can read it.
    pub fn seal(&self, secret: &str) -> Result<Sealed> {
        let sealed = self
            .0
            .seal(&mut OsRng, secret.as_bytes())
            .map_err(|error| Error::internal("seal a password", error.to_string()))?;
        Ok(Sealed { key: fingerprint(&self.0), sealed_box: STANDARD.encode(sealed) })
    }
}

/// The private key, which stays with the operator.
pub struct SealPrivateKey(SecretKey);

impl SealPrivateKey {
    /// A new pair's private half.
    pub fn generate() -> Self {
        Self(SecretKey::generate(&mut OsRng))
    }

    /// A private key from standard base64.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        key_bytes(text).map(|bytes| Self(SecretKey::from(bytes)))
    }

    /// The private key in standard base64, for the operator's file.
    pub fn reveal(&self) -> String {
        STANDARD.encode(self.0.to_bytes())
    }

    /// The public half in standard base64, as the functions take it.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key().as_bytes())
    }

    /// The name that boxes sealed to this key carry.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.0.public_key())
    }

    /// Opens a sealed box in standard base64.
    pub fn open(&self, sealed_box: &str) -> Result<String, ParseError> {
        let bytes = STANDARD
            .decode(sealed_box.trim())
            .map_err(|_| ParseError::new("the sealed box is not standard base64"))?;
        let secret = self
            .0
            .unseal(&bytes)
            .map_err(|_| ParseError::new("this key does not open the sealed box"))?;
        String::from_utf8(secret).map_err(|_| ParseError::new("the sealed box does not hold text"))
    }
}

fn key_bytes(text: &str) -> Result<[u8; 32], ParseError> {
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| ParseError::new("a key must be 32 bytes in standard base64"))
}

fn fingerprint(key: &PublicKey) -> String {
    hex(&Sha256::digest(key.as_bytes())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_private_key_of_the_pair_opens_what_was_sealed() {
        let pair = SealPrivateKey::generate();
        let sealed =
            SealPublicKey::parse(&pair.public_key()).unwrap().seal(" pässword\u{0}").unwrap();

        assert_eq!(
            SealPrivateKey::parse(&pair.reveal()).unwrap().open(&sealed.sealed_box).unwrap(),
            " pässword\u{0}"
        );
        assert_eq!(sealed.key, pair.fingerprint());
        assert!(SealPrivateKey::generate().open(&sealed.sealed_box).is_err());
    }

    #[test]
    fn a_key_that_is_not_32_bytes_of_base64_is_rejected() {
        for text in ["", "AAAA", "not base64!"] {
            assert!(SealPublicKey::parse(text).is_err(), "{text}");
        }
    }
}
