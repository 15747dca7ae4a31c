//! OAuth clients.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::model::{ClientId, SecretHash, Timestamp, seconds_after};
use crate::{Result, lifetimes, random};

/// An OAuth client, registered by the operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// The identity, which is no secret.
    pub id: ClientId,
    /// The name that users see.
    pub name: String,
    /// The hash of its secret; none for a public client (RFC 6749, section 2.1).
    pub secret_hash: Option<SecretHash>,
    /// The registered redirect URIs, compared exactly.
    pub redirect_uris: Vec<String>,
    /// How many days its grants last, if fewer than others.
    pub grant_days: Option<u16>,
    /// How often the operator revoked all its grants: those of an earlier epoch stop working.
    pub grant_epoch: u64,
    /// When it was registered.
    pub created_at: Timestamp,
}

impl Client {
    /// A new client; without a secret it is a public client.
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
            grant_days: None,
            grant_epoch: 0,
            created_at: Timestamp::now(),
        })
    }

    /// When a grant ends that a user allows at `now`.
    pub fn grant_end(&self, now: Timestamp) -> Result<Timestamp> {
        let own = self.grant_days.map(|days| i64::from(days) * lifetimes::DAY);
        seconds_after(now, own.unwrap_or(lifetimes::GRANT_TTL).min(lifetimes::GRANT_TTL))
    }
}

/// The secret of a client: `rcs_` and 32 random bytes in URL-safe base64. Without `Debug`, since it
/// must not be logged.
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret.
    pub fn generate() -> Result<Self> {
        Ok(Self(format!("rcs_{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>()?))))
    }

    /// What the table stores: the hash of the whole text.
    pub fn hash(&self) -> SecretHash {
        SecretHash::new(self.0.as_bytes())
    }

    /// The secret, for the one response that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_secret_is_recognized_by_its_whole_text_and_by_nothing_else() {
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
