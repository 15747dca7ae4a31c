//! Cleanup tasks: items that are to be deleted after a write, too many for its transaction.
//!
//! These items have no effect any more once the write is committed. The same transaction records
//! the task, so that the [sweep](Table::sweep) finds what an interrupted request has left.

use serde::{Deserialize, Serialize};

#[cfg(feature = "operator")]
use crate::model::User;
use crate::model::{AccountId, Timestamp, TokenId, UserId};
use crate::table::engine::{Condition, Item, Key, Keyed, Table, Transaction};
use crate::{Error, Result};

/// Items to delete, and since when.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(in crate::table) enum CleanupTask {
    /// Memberships of a deleted account.
    Members { account: AccountId, since: Timestamp },
    /// Tokens and grants of epochs before this one, revoked by a password change.
    Credentials { user: UserId, epoch: u64, since: Timestamp },
    /// What a user has who is being deleted, and the user, who was disabled before or not.
    #[serde(rename_all = "camelCase")]
    User { user: UserId, was_disabled: bool, since: Timestamp },
    /// Tokens that were revoked together with this one, which made them.
    Tokens { user: UserId, token: TokenId, since: Timestamp },
}

impl CleanupTask {
    pub(in crate::table) fn members(account: AccountId) -> Self {
        Self::Members { account, since: Timestamp::now() }
    }

    pub(in crate::table) fn credentials(user: UserId, epoch: u64) -> Self {
        Self::Credentials { user, epoch, since: Timestamp::now() }
    }

    #[cfg(feature = "operator")]
    pub(in crate::table) fn user(user: &User) -> Self {
        Self::User { user: user.id, was_disabled: user.disabled, since: Timestamp::now() }
    }

    pub(in crate::table) fn tokens(user: UserId, token: TokenId) -> Self {
        Self::Tokens { user, token, since: Timestamp::now() }
    }
}

impl Transaction<'_> {
    /// Records a cleanup task. It may exist already, if an item was restored from a backup.
    pub(in crate::table) fn record_cleanup(self, task: &CleanupTask) -> Result<Self> {
        let always = Condition::absent().or(Condition::present());
        self.put(task.to_attributes(task.key())?, always, || Error::WriteConflict)
    }
}

impl Table {
    /// Deletes a cleanup task when nothing is left to delete. Each task has a unique key, so no
    /// other task is deleted by mistake.
    pub(in crate::table) async fn complete_cleanup(&self, task: Key) -> Result<()> {
        self.batch_delete("delete a cleanup task", [task].into_iter()).await
    }
}
