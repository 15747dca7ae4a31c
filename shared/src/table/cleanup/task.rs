//! What a write leaves to be cleared up after it, because it is more than one transaction takes.
//!
//! Nothing sees any of it any more once the write has happened. The same write notes the work, so that what a crash
//! leaves is found: by the [sweep](Table::sweep), which looks nowhere else.

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Timestamp, UserId};
use crate::table::engine::{Condition, Item, Key, Keyed, Table, Transaction};
use crate::{Error, Result};

/// Work that is to be done, since when.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
pub(in crate::table) enum CleanupTask {
    /// Memberships that outlived their account.
    Members { account: AccountId, since: Timestamp },
    /// Tokens and grants of epochs before this one, which a changed password began.
    Credentials { user: UserId, epoch: u64, since: Timestamp },
}

impl CleanupTask {
    pub(in crate::table) fn members(account: AccountId) -> Self {
        Self::Members { account, since: Timestamp::now() }
    }

    pub(in crate::table) fn credentials(user: UserId, epoch: u64) -> Self {
        Self::Credentials { user, epoch, since: Timestamp::now() }
    }
}

impl Transaction<'_> {
    /// Notes what is to be cleared up after this write. What an earlier life of a restored item noted is no obstacle.
    pub(in crate::table) fn note_clearing(self, clearing: &CleanupTask) -> Result<Self> {
        let whatever = Condition::absent().or(Condition::present());
        self.put(clearing.at(clearing.key())?, whatever, || Error::WriteConflict)
    }
}

impl Table {
    /// Takes the note away: whoever calls this has seen that nothing is left. Each note has a key that is used once, so
    /// that nobody takes away another's.
    pub(in crate::table) async fn cleared(&self, note: Key) -> Result<()> {
        self.delete_all("note that all is cleared up", [note].into_iter()).await
    }
}
