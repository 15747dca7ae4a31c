//! What a user has besides tokens: API keys, an S3 key and SSH keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hex::{Hex, hex, hex_text};
use super::lineage::{Lineage, Maker, MakerId};
use super::service_key::ServiceKey;
use super::{ApiKeyId, Timestamp, UserId};
use crate::{Result, random};

/// Identifies a request signature: the SHA-256 of its bytes, however they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SignatureDigest(Hex<32>);

impl SignatureDigest {
    /// The digest of a signature's bytes.
    pub fn new(signature: &[u8]) -> Self {
        Self(Hex(Sha256::digest(signature).into()))
    }
}

hex_text!(SignatureDigest);

/// An API key as the table stores it. Its secret is derived from the service key, so that the table
/// alone does not reveal it; another `nonce` gives another secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Which of its user's keys.
    pub id: ApiKeyId,
    /// What makes its secret differ from an earlier one.
    pub nonce: String,
    /// The version of the service key that its secret is derived from.
    pub key_version: String,
    /// Since when.
    pub created_at: Timestamp,
    /// The hour of its last use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
}

/// A key for S3 storage as the table stores it, its secret derived likewise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Key {
    /// 20 capital letters and digits.
    pub id: String,
    /// What makes its secret differ from an earlier one.
    pub nonce: String,
    /// The version of the service key that its secret is derived from.
    pub key_version: String,
    /// Since when it has this secret; older items do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Who was shown its secret.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
}

/// A public key for SSH.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SshKey {
    /// Random, from 1 to 2^53 - 1, so that it is exact in every JSON reader.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `SHA256:…`
    pub fingerprint: String,
    /// The key in OpenSSH's form.
    pub public_key: String,
    /// Since when.
    #[serde(default)]
    pub created_at: Timestamp,
    /// Who added it.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
}

impl SshKey {
    /// An id that none of these keys has.
    pub fn free_id(taken: &[Self]) -> Result<u64> {
        loop {
            let id = u64::from_be_bytes(random::bytes()?) >> 11;
            if id > 0 && taken.iter().all(|key| key.id != id) {
                return Ok(id);
            }
        }
    }
}

impl ApiKey {
    /// A new key, whose secret is derived from `key`.
    pub fn generate(key: &ServiceKey) -> Result<Self> {
        Ok(Self {
            id: ApiKeyId::generate()?,
            nonce: nonce()?,
            key_version: key.version.clone(),
            created_at: Timestamp::now(),
            last_used_at: None,
            lineage: Lineage::default(),
        })
    }

    /// The same key with another secret, which is derived from `key`.
    pub fn renewed(&self, key: &ServiceKey) -> Result<Self> {
        Ok(Self { nonce: nonce()?, key_version: key.version.clone(), ..self.clone() })
    }

    /// The key as the maker of others.
    pub fn as_maker(&self) -> Maker {
        let id = MakerId::ApiKey(self.id);
        Maker { id, root: id, makers: self.lineage.makers.clone() }
    }

    /// The key's secret: 43 characters. `key` must be of this key's version.
    pub fn secret(&self, owner: UserId, key: &ServiceKey) -> Result<String> {
        let parts = [&owner.to_bytes()[..], &self.id.0.0, self.nonce.as_bytes()];
        Ok(URL_SAFE_NO_PAD.encode(key.derive("API secret", &parts)?))
    }
}

fn s3_key_id(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

fn nonce() -> Result<String> {
    Ok(hex(&random::bytes::<16>()?))
}

impl S3Key {
    /// A new key, whose secret is derived from `key`.
    pub fn generate(key: &ServiceKey) -> Result<Self> {
        let id = s3_key_id(&random::bytes::<20>()?);
        Ok(Self::with_nonce(id, nonce()?, key))
    }

    fn with_nonce(id: String, nonce: String, key: &ServiceKey) -> Self {
        let (key_version, created_at) = (key.version.clone(), Some(Timestamp::now()));
        Self { id, nonce, key_version, created_at, lineage: Lineage::default() }
    }

    /// The id of the key of a user for whom none is stored: derived from the user's id, so that it is
    /// always the same, and that of the key that is stored later.
    fn default_id(user: UserId) -> String {
        let digest = Sha256::new().chain_update("S3 key").chain_update(user.to_bytes()).finalize();
        s3_key_id(&digest[..20])
    }

    /// The id of the key of a user, stored or not.
    pub fn id_of(owner: UserId, stored: Option<&Self>) -> String {
        stored.map_or_else(|| Self::default_id(owner), |stored| stored.id.clone())
    }

    /// The key of a user, stored or not, with another secret, which is derived from `key`.
    pub fn with_new_secret(owner: UserId, stored: Option<&Self>, key: &ServiceKey) -> Result<Self> {
        Ok(Self::with_nonce(Self::id_of(owner, stored), nonce()?, key))
    }

    /// The same key with a secret that nobody is shown, derived from the same version of the
    /// service key.
    pub fn renewed(&self) -> Result<Self> {
        let (nonce, created_at) = (nonce()?, Some(Timestamp::now()));
        Ok(Self { nonce, created_at, lineage: Lineage::default(), ..self.clone() })
    }

    /// The key's secret: 40 characters. `key` must be of this key's version.
    pub fn secret(&self, owner: UserId, key: &ServiceKey) -> Result<String> {
        let parts = [&owner.to_bytes()[..], self.id.as_bytes(), self.nonce.as_bytes()];
        Ok(hex(&key.derive("S3 secret", &parts)?[..20]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_key_names_its_owner_and_a_mistyped_one_is_rejected() {
        let (owner, id) = (UserId::generate(), ApiKeyId::generate().unwrap());
        let key = id.to_api_key(owner);

        assert_eq!(ApiKeyId::parse_key(&key).unwrap(), (owner, id));
        for place in 0..key.len() {
            let mut wrong = key.clone().into_bytes();
            wrong[place] = if wrong[place] == b'A' { b'B' } else { b'A' };
            assert!(ApiKeyId::parse_key(&String::from_utf8(wrong).unwrap()).is_err(), "{place}");
        }
    }
}
