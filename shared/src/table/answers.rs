//! Answers that are kept for whoever asks again under the same `Idempotency-Key`.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::item::{Item, Keyed, Stored};
use super::key::Key;
use super::read::Items;
use super::transaction::Transaction;
use super::wanted::Fetch;
use crate::model::{IdempotencySlot, Timestamp, UserId};
use crate::{Error, Result};

/// For so long an answer is kept, in seconds: a day.
const LIFE: i64 = 24 * 3600;

/// An answer as the table keeps it: whoever holds the table learns neither what was asked nor what was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredResponse {
    /// Who asked.
    pub user: UserId,
    /// With which credential, under which key.
    pub slot: IdempotencySlot,
    /// A keyed hash of the request, in base64.
    pub fingerprint: String,
    /// The answer, encrypted, in base64.
    pub sealed: String,
    /// The version of the service key that both were made with.
    pub key_version: String,
    /// When the table deletes it, in seconds since 1970. That comes late, so reads look at it as well.
    #[serde(rename = "ttl")]
    pub expires_at: i64,
}

impl StoredResponse {
    /// When a response that is recorded now expires.
    pub fn expiry() -> i64 {
        Timestamp::now().as_second() + LIFE
    }
}

/// The response that is recorded in a slot of the caller, if there is a slot.
pub(crate) struct StoredResponseAt(pub(super) Option<IdempotencySlot>);

impl Fetch for StoredResponseAt {
    type Output = Option<StoredResponse>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        self.0.iter().map(|slot| Key::answer(caller, slot)).collect()
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        let Some(slot) = self.0 else { return Ok(None) };
        let kept: Option<Stored<StoredResponse>> = items.take(&Key::answer(caller, &slot))?;
        let now = Timestamp::now().as_second();
        Ok(kept.map(Stored::into_inner).filter(|kept| now < kept.expires_at))
    }
}

impl Transaction<'_> {
    /// Keeps an answer where none is. It is the first condition that counts, so that of two requests at once the loser
    /// learns that it is one, and not that a name is taken, by the other.
    pub(super) fn keep(self, answer: &StoredResponse) -> Result<Self> {
        let free = Condition::absent_or_over(Timestamp::now().as_second());
        let kept = self.put(answer.at(answer.key())?, free, || Error::IdempotencyKeyInUse)?;
        Ok(kept.prioritize_last())
    }
}
