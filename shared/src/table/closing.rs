//! Deleting accounts.

use futures_util::stream::{self, TryStreamExt};
use tokio::time::timeout;

use super::Table;
use super::clearing::CleanupTask;
use super::condition::Condition;
use super::deleting::BATCH;
use super::item::Stored;
use super::key::{Key, MEMBER, account_partition};
use super::memberships::{Access, AdminOf};
use super::transaction::Transaction;
use super::write::{FollowUp, Write};
use crate::error::ErrorChain;
use crate::model::{Account, AccountId, Membership, UserId};
use crate::timeouts;
use crate::{Error, Result};

/// What is attempted, for the log.
const ACTION: &str = "clear up memberships";

/// How many members are listed at once: a list of all may take longer than a request may.
const PAGE: i32 = 1000;

/// The first members of an account.
struct SomeMembers {
    members: Vec<Membership>,
    are_all: bool,
}

impl Table {
    /// Deletes an account, for an admin of it.
    ///
    /// One write makes it invisible everywhere and frees its names; then the other memberships are cleared up, however
    /// many they are. The first of them are listed beside the write, which is exact: whoever adds a member raises the
    /// account's version, and the write demands the version that was read before. Whoever asks again for the deletion of an
    /// account that is gone has an interrupted clearing finished, by [`Table::admin_for_deletion`], and so does the sweep.
    pub fn delete_account(&self, AdminOf { account, admin }: AdminOf) -> Result<Write<'_, ()>> {
        let aftermath = FollowUp::Members(account.id, admin);
        Ok(Write::followed_by(self.closing(&account, admin)?, (), aftermath))
    }

    /// The account's admin, for its deletion: 404 and 403 as [`Access::admin`] says. Of an account that is gone whatever
    /// an interrupted deletion left is cleared up first.
    pub async fn admin_for_deletion(&self, id: AccountId, access: Access) -> Result<AdminOf> {
        if access.account.is_none() {
            note_left(id, in_time(self.clear_left(id)).await);
        }
        access.admin()
    }

    /// Commits the one write and clears up after it, for a while.
    pub(super) async fn commit_closing(
        &self,
        closing: Transaction<'_>,
        id: AccountId,
        admin: UserId,
    ) -> Result<()> {
        let (committed, first) = tokio::join!(closing.commit(), self.some_members(id));
        committed?;
        note_left(id, in_time(self.clear_after_closing(id, admin, first)).await);
        Ok(())
    }

    /// Clears up, first those members that were listed beside the write, and says so.
    ///
    /// Where there are none the note is left to the sweep: for the account of one alone it would cost a round.
    async fn clear_after_closing(
        &self,
        account: AccountId,
        admin: UserId,
        first: Result<SomeMembers>,
    ) -> Result<()> {
        let SomeMembers { mut members, are_all } = first?;
        // Both sides of the admin's own went with the write; the list may be older than it.
        members.retain(|member| member.user != admin);
        if members.is_empty() && are_all {
            return Ok(());
        }
        self.clear_members(account, &members).await?;
        if !are_all {
            self.clear_account(account).await?;
        }
        self.cleared(Key::clearing_of_members(account)).await
    }

    /// Clears up whatever an interrupted deletion left, if anything.
    async fn clear_left(&self, account: AccountId) -> Result<()> {
        if self.clear_account(account).await? > 0 {
            self.cleared(Key::clearing_of_members(account)).await?;
        }
        Ok(())
    }

    /// Clears up after an account that is gone until nothing is left, page after page; how many members there were.
    pub(super) async fn clear_account(&self, account: AccountId) -> Result<usize> {
        let mut count = 0;
        loop {
            let SomeMembers { members, are_all } = self.some_members(account).await?;
            self.clear_members(account, &members).await?;
            count += members.len();
            if are_all {
                return Ok(count);
            }
        }
    }

    /// The one write: the account, its names, both sides of the admin's membership, and the note of what is left.
    fn closing(&self, account: &Stored<Account>, admin: UserId) -> Result<Transaction<'_>> {
        let id = account.id;
        let is_admin = Condition::one_of("role", ["admin".to_owned()]);
        let ours = Condition::one_of("account", [id.to_string()]);
        let transaction = Transaction::new(self, "delete an account")
            .delete(Key::account(id), Condition::unchanged(account), || Error::WriteConflict)
            .delete(Key::slug_claim(&account.slug), ours, || Error::WriteConflict)
            .delete(Key::membership(admin, id), is_admin, || Error::WriteConflict)
            .delete(Key::member(id, admin), Condition::present(), || Error::WriteConflict)
            .check(Key::user(admin), Condition::enabled(), || Error::InvalidCredential)
            .note_clearing(&CleanupTask::members(id))?;
        Ok(match &account.contact_email {
            Some(contact) => transaction.release_contact(id, contact),
            None => transaction,
        })
    }

    async fn some_members(&self, account: AccountId) -> Result<SomeMembers> {
        let page = self.query_page(account_partition(account), MEMBER, None, PAGE);
        let (members, are_all) = page.await?;
        Ok(SomeMembers { members, are_all })
    }

    /// Deletes memberships that outlived their account. It may stop anywhere and be run again, by several at once:
    /// nothing sees these memberships any more, since nothing looks at one without its account.
    async fn clear_members(&self, account: AccountId, members: &[Membership]) -> Result<()> {
        let batches = stream::iter(members.chunks(BATCH).map(Ok));
        batches.try_for_each_concurrent(8, |batch| self.clear_batch(account, batch)).await
    }

    /// The side of the account goes last: as long as it is there, the other side can be found.
    async fn clear_batch(&self, account: AccountId, batch: &[Membership]) -> Result<()> {
        self.delete_all(ACTION, batch.iter().map(|member| Key::membership(member.user, account)))
            .await?;
        self.delete_all(ACTION, batch.iter().map(|member| Key::member(account, member.user))).await
    }
}

/// As much of the clearing as a request waits for.
async fn in_time(clearing: impl Future<Output = Result<()>>) -> Result<()> {
    timeout(timeouts::CLEANUP_AFTER_DELETION, clearing)
        .await
        .map_err(|late| Error::Unavailable { action: ACTION, source: late.into() })?
}

/// The account is gone whatever becomes of the clearing, so the client is not told of a failure; the log is.
fn note_left(account: AccountId, cleared: Result<()>) {
    if let Err(error) = cleared {
        tracing::warn!(%account, error = %ErrorChain(&error), "memberships of a deleted account are left");
    }
}
