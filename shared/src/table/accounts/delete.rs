//! Deleting accounts.

use super::memberships::{Access, AdminOf};
use crate::model::{Account, AccountId, UserId};
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{Condition, Key, Stored, Table, Transaction};
use crate::table::write::{FollowUp, Write};
use crate::{Error, Result};

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
            self.finish_member_cleanup(id).await;
        }
        access.admin()
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
}
