//! Stored responses, for requests that are repeated with the same `Idempotency-Key`.

use serde::{Deserialize, Serialize};

use crate::lifetimes;
use crate::model::{StoredResponseId, Timestamp, UserId};
use crate::table::engine::{Condition, Fetch, Item, Items, Key, Keyed, Stored, Transaction};
use crate::{Error, Result};

/// A response as it is stored. The table alone reveals neither the request nor the response.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredResponse {
    /// The user who sent the request.
    pub user: UserId,
    /// Identifies the credential and the `Idempotency-Key`.
    pub id: StoredResponseId,
    /// A keyed hash of the request, in base64.
    pub fingerprint: String,
    /// The response, encrypted, in base64.
    pub sealed: String,
    /// The version of the service key for both.
    pub key_version: String,
    /// When it expires, in seconds since 1970. The table deletes it later, so reads check it too.
    #[serde(rename = "ttl")]
    pub expires_at: i64,
}

impl StoredResponse {
    /// For how many seconds it has been stored.
    pub(crate) fn age(&self) -> i64 {
        Self::expiry() - self.expires_at
    }

    /// When a response that is stored now expires.
    pub fn expiry() -> i64 {
        Timestamp::now().as_second() + lifetimes::IDEMPOTENCY_TTL
    }
}

/// The stored response of the caller with this id, if there is an id.
pub(crate) struct StoredResponseAt(pub(in crate::table) Option<StoredResponseId>);

impl Fetch for StoredResponseAt {
    type Output = Option<StoredResponse>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        self.0.iter().map(|id| Key::response(caller, id)).collect()
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        let Some(id) = self.0 else { return Ok(None) };
        let stored: Option<Stored<StoredResponse>> = items.take(&Key::response(caller, &id))?;
        let now = Timestamp::now().as_second();
        Ok(stored.map(Stored::into_inner).filter(|stored| now < stored.expires_at))
    }
}

impl Transaction<'_> {
    /// Stores a response if none is stored. Its condition comes first: of two concurrent requests
    /// with the same key, the loser learns that, and not that the other has taken a name.
    pub(in crate::table) fn store_response(self, response: &StoredResponse) -> Result<Self> {
        let free = Condition::absent_or_expired(Timestamp::now().as_second());
        let transaction =
            self.put(response.to_attributes(response.key())?, free, || Error::IdempotencyKeyInUse)?;
        Ok(transaction.prioritize_last())
    }
}
