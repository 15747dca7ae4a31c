//! Writes that are ready and not done yet, so that what they are answered with can be kept in the same transaction.

use crate::Result;
use crate::model::{AccountId, User, UserId};
use crate::table::engine::{ReadVersions, Transaction};
use crate::table::idempotency::StoredResponse;

/// A write that is ready, with what comes of it: nothing is done before it is committed.
#[must_use = "nothing is written before it is committed"]
pub struct Write<'t, T> {
    transaction: Transaction<'t>,
    outcome: T,
    aftermath: FollowUp,
}

/// What is cleared up once a write is done. It may stop anywhere: nothing depends on it.
pub(in crate::table) enum FollowUp {
    Nothing,
    /// The memberships of an account that is gone, but for this admin's, which went with it.
    Members(AccountId, UserId),
    /// The tokens and grants that a changed password revoked.
    Revoked(Box<User>),
}

impl<'t, T> Write<'t, T> {
    pub(in crate::table) const fn new(transaction: Transaction<'t>, outcome: T) -> Self {
        Self::followed_by(transaction, outcome, FollowUp::Nothing)
    }

    pub(in crate::table) const fn followed_by(
        transaction: Transaction<'t>,
        outcome: T,
        aftermath: FollowUp,
    ) -> Self {
        Self { transaction, outcome, aftermath }
    }

    /// Does all of it or nothing.
    ///
    /// [`Error::WriteConflict`](crate::Error::WriteConflict) when somebody else changed first what it rests on; else the errors that the
    /// method names that made it.
    pub async fn commit(self) -> Result<T> {
        let Self { transaction, outcome, aftermath } = self;
        match aftermath {
            FollowUp::Nothing => Box::pin(transaction.commit()).await?,
            FollowUp::Members(account, admin) => {
                let table = transaction.table();
                Box::pin(table.commit_closing(transaction, account, admin)).await?;
            }
            FollowUp::Revoked(user) => {
                let table = transaction.table();
                Box::pin(transaction.commit()).await?;
                Box::pin(table.clear_after(&user)).await;
            }
        }
        Ok(outcome)
    }

    /// What comes of it, apart from the write itself.
    pub fn split(self) -> (T, Write<'t, ()>) {
        let Self { transaction, outcome, aftermath } = self;
        (outcome, Write { transaction, outcome: (), aftermath })
    }

    /// The same, if nobody has changed the items that this names.
    pub fn if_unchanged(self, basis: ReadVersions) -> Self {
        Self { transaction: basis.demanded_by(self.transaction), ..self }
    }

    /// The same, and with it an answer is kept; somebody else's answer in its place is found first, whatever else is
    /// wrong.
    pub fn keeping(self, answer: &StoredResponse) -> Result<Self> {
        Ok(Self { transaction: self.transaction.keep(answer)?, ..self })
    }
}
