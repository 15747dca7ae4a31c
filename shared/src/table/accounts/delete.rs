//! Deleting accounts.

use super::memberships::{AdminOf, FetchedAccount};
use crate::model::{Account, AccountId, AuditAction, AuditLog, UserId};
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{Actor, Condition, Key, Stored, Table, Trail, Transaction};
use crate::table::write::{FollowUp, Write};
use crate::{Error, Result};

impl Table {
    /// Deletes an account.
    ///
    /// One transaction makes it invisible and releases its names. Then the other memberships are
    /// deleted, any number of them. The first page of them is read beside the transaction, and none
    /// is missed: adding a member increments the account's version, which the transaction requires
    /// to be unchanged. An interrupted cleanup is finished by the sweep, or by a repeated deletion,
    /// through [`Table::admin_for_deletion`].
    pub fn delete_account(
        &self,
        actor: &Actor,
        AdminOf { account, admin }: AdminOf,
    ) -> Result<Write<'_, ()>> {
        let follow_up = FollowUp::DeleteMembers(account.id, admin);
        Ok(Write::followed_by(self.deletion(actor, &account, admin)?, (), follow_up))
    }

    /// The proof of an admin, for a deletion: 404 and 403 as in [`FetchedAccount::admin`]. If the account
    /// is deleted already, finishes an interrupted cleanup first.
    pub async fn admin_for_deletion(
        &self,
        id: AccountId,
        access: FetchedAccount,
    ) -> Result<AdminOf> {
        if access.account.is_none() {
            self.finish_member_cleanup(id).await;
        }
        access.admin()
    }

    /// The transaction: the account, its names, both sides of the admin's membership, and, if there
    /// are other members, the cleanup task.
    pub(super) fn deletion(
        &self,
        actor: &Actor,
        account: &Stored<Account>,
        admin: UserId,
    ) -> Result<Transaction<'_>> {
        let id = account.id;
        let ours = Condition::one_of("account", [id.to_string()]);
        let deleted = Trail::of_account(id, AuditAction::AccountDeleted)
            .also_in(AuditLog::User(admin))
            .also_in(AuditLog::User(account.owner));
        let transaction = Transaction::new(self, actor, "delete an account", deleted)
            .delete(Key::account(id), Condition::unchanged(account), || Error::WriteConflict)
            .delete(Key::slug_claim(&account.slug), ours, || Error::WriteConflict)
            .delete(Key::membership(admin, id), Condition::is_admin(), || Error::WriteConflict)
            .delete(Key::member(id, admin), Condition::present(), || Error::WriteConflict)
            .uncount_account(account.owner, admin);
        // Without others nothing is left: whoever makes and deletes accounts leaves the sweep no work.
        let transaction = if account.member_count > 1 {
            transaction.record_cleanup(&CleanupTask::members(id))?
        } else {
            transaction
        };
        Ok(match &account.contact_email {
            Some(contact) => transaction.release_contact(id, contact),
            None => transaction,
        })
    }
}
