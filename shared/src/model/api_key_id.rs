//! The id of an API key, and the key as its holder has it.

use serde::{Deserialize, Serialize};

use super::format::{CredentialFormat, part};
use super::hex::{Hex, hex_text};
use super::{ParseError, UserId};
use crate::{Result, random};

const OWNER: usize = 16;
const ID: usize = OWNER + 8;
const FORMAT: CredentialFormat = CredentialFormat::without_prefix_in_checksum("rck_");

/// An API key, among those of its user: 8 random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiKeyId(pub(super) Hex<8>);

impl ApiKeyId {
    /// A new key's id.
    pub fn generate() -> Result<Self> {
        Ok(Self(Hex(random::bytes()?)))
    }

    /// The key as its holder has it: `rck_`, then owner, id and checksum in URL-safe base64.
    pub fn to_api_key(self, owner: UserId) -> String {
        FORMAT.encode(&[&owner.to_bytes(), &self.0.0])
    }

    /// Parses a key into its owner and its id.
    pub fn parse_key(text: &str) -> Result<(UserId, Self), ParseError> {
        let bytes =
            FORMAT.decode::<ID>(text).ok_or_else(|| ParseError::new("is not an API key"))?;
        Ok((UserId::from_bytes(part(&bytes, 0)), Self(Hex(part(&bytes, OWNER)))))
    }
}

hex_text!(ApiKeyId);
