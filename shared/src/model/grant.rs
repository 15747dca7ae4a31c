//! OAuth: clients, and what users granted them.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{ClientId, GrantCredential, GrantId, Scope, SecretHash, Timestamp, User, UserId};
use crate::{Result, random};

/// A program that asks users for access, registered by the operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The identity, which is no secret.
    pub id: ClientId,
    /// What users are told it is called.
    pub name: String,
    /// The hash of its secret; a program on somebody's own device has none.
    pub secret_hash: Option<SecretHash>,
    /// Where answers may be sent, compared letter by letter.
    pub redirect_uris: Vec<String>,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Client {
    /// A new client; without a secret it is a program on somebody's own device.
    pub fn new(
        name: String,
        redirect_uris: Vec<String>,
        secret: Option<&ClientSecret>,
    ) -> Result<Self> {
        Ok(Self {
            id: ClientId::generate()?,
            name,
            secret_hash: secret.map(ClientSecret::hash),
            redirect_uris,
            created_at: Timestamp::now(),
        })
    }
}

/// The secret of a client: `rcs_` and 32 random bytes in URL-safe base64. It has no `Debug`: it must not be logged.
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret.
    pub fn generate() -> Result<Self> {
        Ok(Self(format!("rcs_{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>()?))))
    }

    /// What the table keeps of it: the hash of the whole text.
    pub fn hash(&self) -> SecretHash {
        SecretHash::new(self.0.as_bytes())
    }

    /// The secret, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What a user granted to a client: the code that told the client of it, and every token that came from that code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Which of its user's grants.
    pub id: GrantId,
    /// Who granted it.
    pub user: UserId,
    /// To which client.
    pub client: ClientId,
    /// For what.
    pub scopes: BTreeSet<Scope>,
    /// The user's epoch of credentials when it was granted.
    #[serde(default)]
    pub epoch: u64,
    /// The code, kept after its use, so that a second use is recognised.
    pub code: GrantCode,
    /// The refresh token that works, once the code was used.
    pub refresh: Option<GrantRefresh>,
    /// The access tokens that work, newest last.
    #[serde(default)]
    pub access: Vec<GrantAccess>,
    /// When it was granted.
    pub created_at: Timestamp,
    /// The hour of the last use of an access token.
    pub last_used_at: Option<Timestamp>,
}

impl Grant {
    /// Whether it was granted to this client, by this user as things stand.
    pub fn belongs_to(&self, client: &Client, user: &User) -> bool {
        self.client == client.id && !user.disabled && self.epoch == user.credential_epoch
    }

    /// The access token that this is, if it works at `now`.
    pub fn active_access(
        &self,
        presented: &GrantCredential,
        now: Timestamp,
    ) -> Option<&GrantAccess> {
        self.access
            .iter()
            .find(|access| now < access.expires_at && presented.matches(&access.secret_hash))
    }
}

/// The code of a grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantCode {
    /// The hash of the code.
    pub secret_hash: SecretHash,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The PKCE challenge (S256) that it was asked with.
    pub challenge: Option<String>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl GrantCode {
    /// Whether the code may be used by whoever names this redirect URI and this PKCE verifier (RFC 7636, section 4.6). A
    /// verifier without a challenge is refused too: somebody may have taken the challenge away.
    pub fn verify_redemption(&self, redirect_uri: &str, verifier: Option<&str>) -> bool {
        let challenged = match (&self.challenge, verifier) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => {
                URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge
            }
            _ => false,
        };
        self.redirect_uri == redirect_uri && challenged
    }
}

/// The refresh tokens of a grant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantRefresh {
    /// The hash of what all of them share.
    pub family_hash: SecretHash,
    /// The hash of the one that works.
    pub secret_hash: SecretHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// Those spent within the last seconds.
    #[serde(default)]
    pub spent: Vec<SpentRefresh>,
}

/// A refresh token that was spent a moment ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpentRefresh {
    /// Its hash.
    pub secret_hash: SecretHash,
    /// When it was spent.
    pub spent_at: Timestamp,
}

/// An access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantAccess {
    /// Its hash.
    pub secret_hash: SecretHash,
    /// What it may do; all of the grant, or less.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_secret_is_recognised_by_its_whole_text_and_by_nothing_else() {
        let (secret, other) =
            (ClientSecret::generate().unwrap(), ClientSecret::generate().unwrap());
        let client =
            Client::new("Reader".to_owned(), Vec::new(), Some(&secret)).unwrap().secret_hash;

        assert!(secret.reveal().starts_with("rcs_") && secret.reveal().len() == 4 + 43);
        for (text, is_right) in
            [(secret.reveal(), true), (&secret.reveal()[4..], false), (other.reveal(), false)]
        {
            assert_eq!(client.as_ref().unwrap().matches(text.as_bytes()), is_right, "{text}");
        }
    }
}
