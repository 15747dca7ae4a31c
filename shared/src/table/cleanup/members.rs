//! Memberships that outlived their account.

use std::time::Duration;

use futures_util::stream::{self, TryStreamExt};
use tokio::time::timeout;

use crate::error::ErrorChain;
use crate::model::{AccountId, Membership, UserId};
use crate::table::engine::{BATCH, Key, MEMBER, Table, Transaction, account_partition};
use crate::{Error, Result};

/// What is attempted, for the log.
const ACTION: &str = "clear up memberships";

/// For so long a request clears up after a deletion; what is left then is left to the next one, or to the sweep.
const CLEARING: Duration = Duration::from_secs(4);

/// How many members are listed at once: a list of all may take longer than a request may.
const PAGE: i32 = 1000;

/// The first members of an account.
struct SomeMembers {
    members: Vec<Membership>,
    are_all: bool,
}

impl Table {
    /// Commits the one write and clears up after it, for a while.
    pub(in crate::table) async fn commit_closing(
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

    /// Clears up whatever an interrupted deletion of this account left, for a while.
    pub(in crate::table) async fn finish_member_cleanup(&self, id: AccountId) {
        note_left(id, in_time(self.clear_left(id)).await);
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
    pub(in crate::table) async fn clear_account(&self, account: AccountId) -> Result<usize> {
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
    timeout(CLEARING, clearing)
        .await
        .map_err(|late| Error::Unavailable { action: ACTION, source: late.into() })?
}

/// The account is gone whatever becomes of the clearing, so the client is not told of a failure; the log is.
fn note_left(account: AccountId, cleared: Result<()>) {
    if let Err(error) = cleared {
        tracing::warn!(%account, error = %ErrorChain(&error), "memberships of a deleted account are left");
    }
}
