//! Deletes the memberships of deleted accounts.

use futures_util::stream::{self, TryStreamExt};
use tokio::time::timeout;

use crate::error::ErrorChain;
use crate::model::{AccountId, AuditAction, Membership, UserId};
use crate::table::engine::{
    Actor, Condition, Key, MEMBER, OnConditionFailed, Table, Trail, Transaction, account_partition,
};
use crate::timeouts;
use crate::{Error, Result};

/// The name of the operation in errors.
const ACTION: &str = "delete memberships of a deleted account";

/// Four actions each, of the 100 that a transaction takes.
const MEMBERS_PER_TRANSACTION: usize = 24;

/// Members per page: a list of all could exceed the time budget.
const PAGE_SIZE: i32 = 1000;

/// The first members of an account.
struct MemberPage {
    members: Vec<Membership>,
    is_last: bool,
}

impl Table {
    /// Commits the deletion of an account, then deletes its memberships within the time budget.
    pub(in crate::table) async fn commit_deletion(
        &self,
        deletion: Transaction<'_>,
        id: AccountId,
        admin: UserId,
    ) -> Result<()> {
        let (committed, first) = tokio::join!(deletion.commit(), self.first_members(id));
        committed?;
        log_failure(id, in_time(self.delete_members_from(id, admin, first)).await);
        Ok(())
    }

    /// Deletes what an interrupted deletion of this account has left, within the time budget.
    pub(in crate::table) async fn finish_member_cleanup(&self, id: AccountId) {
        log_failure(id, in_time(self.delete_remaining_members(id)).await);
    }

    /// Deletes all memberships, starting with the page that was read beside the write, and then the
    /// cleanup task.
    ///
    /// Without other members there is no task, or, if they left meanwhile, it is left to the sweep.
    async fn delete_members_from(
        &self,
        account: AccountId,
        admin: UserId,
        first: Result<MemberPage>,
    ) -> Result<()> {
        let MemberPage { mut members, is_last } = first?;
        // The transaction has deleted the admin's own; the page may be older.
        members.retain(|member| member.user != admin);
        if members.is_empty() && is_last {
            return Ok(());
        }
        self.delete_members(account, &members).await?;
        if !is_last {
            self.delete_all_members(account).await?;
        }
        self.complete_cleanup(Key::member_cleanup(account)).await
    }

    /// Deletes what an interrupted deletion has left, if anything.
    async fn delete_remaining_members(&self, account: AccountId) -> Result<()> {
        if self.delete_all_members(account).await? > 0 {
            self.complete_cleanup(Key::member_cleanup(account)).await?;
        }
        Ok(())
    }

    /// Deletes all memberships of a deleted account, page by page; returns their number.
    pub(in crate::table) async fn delete_all_members(&self, account: AccountId) -> Result<usize> {
        let mut count = 0;
        loop {
            let MemberPage { members, is_last } = self.first_members(account).await?;
            self.delete_members(account, &members).await?;
            count += members.len();
            if is_last {
                return Ok(count);
            }
        }
    }

    async fn first_members(&self, account: AccountId) -> Result<MemberPage> {
        let page = self.query_page(account_partition(account), MEMBER, None, PAGE_SIZE);
        let (members, is_last) = page.await?;
        Ok(MemberPage { members, is_last })
    }

    /// Deletes memberships of a deleted account. It may be interrupted, repeated and run
    /// concurrently: a membership has no effect without its account.
    async fn delete_members(&self, account: AccountId, members: &[Membership]) -> Result<()> {
        let batches = stream::iter(members.chunks(MEMBERS_PER_TRANSACTION).map(Ok));
        batches.try_for_each_concurrent(8, |batch| self.delete_member_batch(account, batch)).await
    }

    /// Both sides of a membership go together with its place in the user's counts, so that each is
    /// counted down once. If somebody else has deleted one of them meanwhile, the others go one by
    /// one.
    async fn delete_member_batch(&self, account: AccountId, batch: &[Membership]) -> Result<()> {
        let together = batch.iter().fold(self.member_deletion(), |transaction, member| {
            transaction.delete_member(account, member.user)
        });
        match together.commit().await {
            Err(Error::WriteConflict) => {}
            outcome => return outcome,
        }
        for member in batch {
            self.delete_single_member(account, member.user).await?;
        }
        Ok(())
    }

    /// Without the user's side, or without the user, nothing is left to count down.
    pub(in crate::table) async fn delete_single_member(
        &self,
        account: AccountId,
        user: UserId,
    ) -> Result<()> {
        match self.member_deletion().delete_member(account, user).commit().await {
            Err(Error::WriteConflict) => {
                let sides = [Key::membership(user, account), Key::member(account, user)];
                self.batch_delete(ACTION, sides.into_iter()).await
            }
            outcome => outcome,
        }
    }

    fn member_deletion(&self) -> Transaction<'_> {
        Transaction::without_trail(self, &Actor::system(), ACTION)
    }
}

impl Transaction<'_> {
    /// Deletes a membership of a deleted account.
    fn delete_member(self, account: AccountId, user: UserId) -> Self {
        const CONFLICT: OnConditionFailed = || Error::WriteConflict;
        let always = Condition::absent().or(Condition::present());
        // The account's own log ends with its deletion.
        let removed = Trail::of_user(user, AuditAction::MemberRemoved).with("account", &account);
        self.leaving(removed)
            .delete(Key::membership(user, account), Condition::present(), CONFLICT)
            .delete(Key::member(account, user), always, CONFLICT)
            .uncount_membership(user)
    }
}

/// Runs a cleanup within the time budget.
async fn in_time(cleanup: impl Future<Output = Result<()>>) -> Result<()> {
    timeout(timeouts::CLEANUP_AFTER_DELETION, cleanup)
        .await
        .map_err(|elapsed| Error::Unavailable { action: ACTION, source: elapsed.into() })?
}

/// The account is deleted in any case, so a failed cleanup is only logged.
fn log_failure(account: AccountId, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(%account, error = %ErrorChain(&error), "memberships of a deleted account remain");
    }
}
