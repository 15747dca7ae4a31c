//! Deleting accounts.

use std::time::Duration;

use futures_util::stream::{self, TryStreamExt};

use super::Table;
use super::condition::Condition;
use super::deleting::BATCH;
use super::item::Stored;
use super::key::{Key, MEMBER, account_partition};
use super::memberships::{Access, AdminOf};
use super::transaction::Transaction;
use super::write::{Aftermath, Write};
use crate::error::Chain;
use crate::model::{Account, AccountId, Membership, UserId};
use crate::{Error, Result};

/// What is attempted, for the log.
const ACTION: &str = "clear up memberships";

/// For so long a request clears up after a deletion; what is left then is left to the next one.
const CLEARING: Duration = Duration::from_secs(4);

impl Table {
    /// Deletes an account, for an admin of it.
    ///
    /// One write makes it invisible everywhere and frees its names; then the other memberships are cleared up, however
    /// many they are. They are listed beside the write, which is exact: whoever adds a member raises the account's
    /// version, and the write demands the version that was read before. Whoever asks again for the deletion of an
    /// account that is gone has an interrupted clearing finished, by [`Table::closable`].
    pub fn close_account(&self, AdminOf { account, admin }: AdminOf) -> Write<'_, ()> {
        let aftermath = Aftermath::Members(account.id, admin);
        Write::followed_by(self.closing(&account, admin), (), aftermath)
    }

    /// The account's admin, for its deletion: 404 and 403 as [`Access::admin`] says. Of an account that is gone whatever
    /// an interrupted deletion left is cleared up first.
    pub async fn closable(&self, id: AccountId, access: Access) -> Result<AdminOf> {
        if access.account.is_none() {
            note_left(id, self.clear_left(id).await);
        }
        access.admin()
    }

    pub(super) async fn committed_closing(
        &self,
        closing: Transaction<'_>,
        id: AccountId,
        admin: UserId,
    ) -> Result<()> {
        let (committed, members) = tokio::join!(closing.commit(), self.members(id));
        committed?;
        let cleared = match members {
            // Both sides of the admin's own went with the write; the list may be older than it.
            Ok(mut members) => {
                members.retain(|member| member.user != admin);
                self.clear_members(id, &members).await
            }
            Err(error) => Err(error),
        };
        note_left(id, cleared);
        Ok(())
    }

    /// Clears up whatever an interrupted deletion left.
    async fn clear_left(&self, account: AccountId) -> Result<()> {
        self.clear_members(account, &self.members(account).await?).await
    }

    /// The one write: the account, its names, and both sides of the admin's membership.
    fn closing(&self, account: &Stored<Account>, admin: UserId) -> Transaction<'_> {
        let id = account.id;
        let is_admin = Condition::one_of("role", ["admin".to_owned()]);
        let ours = Condition::one_of("account", [id.to_string()]);
        let transaction = Transaction::new(self, "delete an account")
            .delete(Key::account(id), Condition::unchanged(account), || Error::Raced)
            .delete(Key::slug_claim(&account.slug), ours, || Error::Raced)
            .delete(Key::membership(admin, id), is_admin, || Error::Raced)
            .delete(Key::member(id, admin), Condition::present(), || Error::Raced)
            .check(Key::user(admin), Condition::enabled(), || Error::BadCredential);
        match &account.contact_email {
            Some(contact) => transaction.release_contact(id, contact),
            None => transaction,
        }
    }

    /// All members of an account; of a deleted one, those whose membership is yet to be cleared up.
    pub async fn members(&self, account: AccountId) -> Result<Vec<Membership>> {
        self.query(account_partition(account), MEMBER).await
    }

    /// Deletes memberships that outlived their account, for a while. It may stop anywhere and be run again, by several
    /// at once: nothing sees these memberships any more, since nothing looks at one without its account.
    async fn clear_members(&self, account: AccountId, members: &[Membership]) -> Result<()> {
        let batches = stream::iter(members.chunks(BATCH).map(Ok));
        let cleared = batches.try_for_each_concurrent(8, |batch| self.clear_batch(account, batch));
        tokio::time::timeout(CLEARING, cleared)
            .await
            .map_err(|late| Error::Unavailable { action: ACTION, source: late.into() })?
    }

    /// The side of the account goes last: as long as it is there, the other side can be found.
    async fn clear_batch(&self, account: AccountId, batch: &[Membership]) -> Result<()> {
        self.delete_all(ACTION, batch.iter().map(|member| Key::membership(member.user, account)))
            .await?;
        self.delete_all(ACTION, batch.iter().map(|member| Key::member(account, member.user))).await
    }
}

/// The account is gone whatever becomes of the clearing, so the client is not told of a failure; the log is.
fn note_left(account: AccountId, cleared: Result<()>) {
    if let Err(error) = cleared {
        tracing::warn!(%account, error = %Chain(&error), "memberships of a deleted account are left");
    }
}
