//! Prepared writes, so that the response can be stored in the same transaction.

use crate::Result;
use crate::model::{AccountId, TokenId, User, UserId};
use crate::table::engine::{ReadVersions, Transaction};
use crate::table::idempotency::StoredResponse;
use crate::telemetry::SecurityEvent;

/// A prepared write with its outcome. Nothing is written before [`Write::commit`].
#[must_use = "nothing is written before it is committed"]
pub struct Write<'t, T> {
    transaction: Transaction<'t>,
    outcome: T,
    follow_up: FollowUp,
    /// What it is in the log once it is committed.
    event: Option<SecurityEvent>,
}

/// Cleanup after the write. It may be interrupted: nothing depends on it.
pub(in crate::table) enum FollowUp {
    Nothing,
    /// Deletes the memberships of a deleted account, except this admin's, which the transaction
    /// deletes.
    DeleteMembers(AccountId, UserId),
    /// Deletes the tokens and grants that a password change revoked.
    DeleteRevoked(Box<User>),
    /// Deletes the tokens that were revoked with the one that made them.
    DeleteTokens {
        user: UserId,
        token: TokenId,
        revoked: Vec<TokenId>,
    },
}

impl<'t, T> Write<'t, T> {
    pub(in crate::table) const fn new(transaction: Transaction<'t>, outcome: T) -> Self {
        Self::followed_by(transaction, outcome, FollowUp::Nothing)
    }

    pub(in crate::table) const fn followed_by(
        transaction: Transaction<'t>,
        outcome: T,
        follow_up: FollowUp,
    ) -> Self {
        Self { transaction, outcome, follow_up, event: None }
    }

    /// The same write, which the log names so once it is committed.
    pub(in crate::table) fn recorded_as(self, event: impl Into<Option<SecurityEvent>>) -> Self {
        Self { event: event.into(), ..self }
    }

    /// Writes everything or nothing.
    ///
    /// [`Error::WriteConflict`](crate::Error::WriteConflict) if an item it depends on was changed
    /// meanwhile, else the errors of the method that prepared it.
    pub async fn commit(self) -> Result<T> {
        let Self { transaction, outcome, follow_up, event } = self;
        match follow_up {
            FollowUp::Nothing => Box::pin(transaction.commit()).await?,
            FollowUp::DeleteMembers(account, admin) => {
                let table = transaction.table();
                Box::pin(table.commit_deletion(transaction, account, admin)).await?;
            }
            FollowUp::DeleteRevoked(user) => {
                let table = transaction.table();
                Box::pin(transaction.commit()).await?;
                Box::pin(table.delete_revoked_in_time(&user)).await;
            }
            FollowUp::DeleteTokens { user, token, revoked } => {
                let table = transaction.table();
                Box::pin(transaction.commit()).await?;
                Box::pin(table.delete_tokens_in_time(user, token, &revoked)).await;
            }
        }
        if let Some(event) = event {
            event.record();
        }
        Ok(outcome)
    }

    /// The same write with another outcome.
    pub(in crate::table) fn with_outcome<U>(self, outcome: U) -> Write<'t, U> {
        let Self { transaction, outcome: _, follow_up, event } = self;
        Write { transaction, outcome, follow_up, event }
    }

    /// Separates the outcome from the write.
    pub fn split(self) -> (T, Write<'t, ()>) {
        let Self { transaction, outcome, follow_up, event } = self;
        (outcome, Write { transaction, outcome: (), follow_up, event })
    }

    /// Also does this in the same transaction.
    pub(in crate::table) fn and(
        self,
        add: impl FnOnce(Transaction<'t>) -> Result<Transaction<'t>>,
    ) -> Result<Self> {
        Ok(Self { transaction: add(self.transaction)?, ..self })
    }

    /// Also requires that these items are unchanged.
    pub fn if_unchanged(self, versions: ReadVersions) -> Self {
        Self { transaction: versions.add_conditions(self.transaction), ..self }
    }

    /// Also stores the response. If one is already stored in its place, the write fails with
    /// [`Error::IdempotencyKeyInUse`](crate::Error::IdempotencyKeyInUse), whatever else is wrong.
    pub fn with_stored_response(self, response: &StoredResponse) -> Result<Self> {
        Ok(Self { transaction: self.transaction.store_response(response)?, ..self })
    }
}
