//! Deleting users, in steps that may stop anywhere.
//!
//! The first write disables the user and records a cleanup task, so that nothing new comes. Then
//! the user leaves its accounts one by one, and what it has is deleted. The last write requires that
//! no account is left. It deletes the user with its counts and its primary address, and keeps its
//! username and its number claimed by nobody; for half an hour it also leaves what rejects the
//! passwords of requests that have read the user before.
//!
//! An account may lose its last possible owner after the first write, so each run looks for one
//! before its first step. Without one the deletion is taken back, by a write that requires that the
//! account is still the user's: accounts go first, so nothing else was deleted then.

use std::collections::BTreeMap;

use crate::model::{AccountId, AuditAction, Email, MailKind, User, UserId};
use crate::random::back_off;
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{
    Actor, Changes, Claim, Condition, GRANT, INVITED, Key, Keyed, MADE, NewNotice,
    OnConditionFailed, PASSKEY, PROOF, RESPONSE, SESSION, SIGNATURE, Stored, TOKEN, Table, Trail,
    Transaction, user_partition,
};
use crate::table::lockout::attributes_of_deleted;
use crate::{Error, Result};

/// How often the steps are tried that others overtake.
const MAX_ATTEMPTS: u32 = 6;

/// Two actions each, of the 100 that a transaction takes.
const ADDRESSES_PER_TRANSACTION: usize = 40;

const CONFLICT: OnConditionFailed = || Error::WriteConflict;

/// What came of a deletion that was begun.
#[derive(Debug, PartialEq, Eq)]
pub enum UserDeletion {
    /// There is no such user any more.
    Finished,
    /// These accounts keep the user from being deleted; nothing more was.
    Blocked(Vec<AccountId>),
    /// The user exists, and its deletion was taken back meanwhile or never begun.
    NotBegun,
}

impl Table {
    /// The accounts that keep a user from being deleted: it owns them, others are members, and none
    /// of these can become the owner. They are looked at in the order in which the user leaves
    /// them, since who gets one may have no room for the next.
    pub async fn accounts_without_successor(&self, user: UserId) -> Result<Vec<AccountId>> {
        let memberships = self.memberships(user).await?;
        let accounts = self.accounts(&memberships).await?;
        let (mut found, mut gets) = (Vec::new(), BTreeMap::new());
        for membership in memberships {
            let of_this = accounts.iter().find(|account| account.id == membership.account);
            let Some(account) = of_this else { continue };
            if account.owner != user || account.member_count <= 1 {
                continue;
            }
            match self.successor(account, user, &gets).await? {
                Some(successor) => *gets.entry(successor).or_default() += 1,
                None => found.push(account.id),
            }
        }
        Ok(found)
    }

    /// The first step: rejects every credential of the user for good, and leaves the rest to
    /// [`Table::finish_user_deletion`], or to the sweep. Changes nothing if it was begun already.
    #[cfg(feature = "operator")]
    pub async fn begin_user_deletion(&self, actor: &Actor, user: &Stored<User>) -> Result<()> {
        let task = Key::user_cleanup(user.id);
        if user.disabled && self.batch_get(vec![task.clone()]).await?.contains(&task) {
            return Ok(());
        }
        let disabled = Changes::new().set("disabled", true)?;
        let begun = Trail::of_user(user.id, AuditAction::UserDeletionBegun);
        Transaction::new(self, actor, "delete a user", begun)
            .update(user.key(), disabled, Condition::same_disabled(user), CONFLICT)
            .record_cleanup(&CleanupTask::user(user))?
            .commit()
            .await
    }

    /// All further steps of a deletion that was begun. It may be interrupted, repeated and run
    /// concurrently.
    pub async fn finish_user_deletion(&self, actor: &Actor, user: UserId) -> Result<UserDeletion> {
        for attempt in 0..MAX_ATTEMPTS {
            match self.delete_user_in_steps(actor, user).await {
                Err(Error::WriteConflict) => back_off(attempt).await?,
                outcome => return outcome,
            }
        }
        Err(Error::WriteConflict)
    }

    /// Takes back a deletion that this account blocks: the user is disabled or not, as before.
    /// False if none was begun, or the sweep took it back.
    ///
    /// [`Error::WriteConflict`] if the account is not the user's any more.
    #[cfg(feature = "operator")]
    pub async fn take_user_deletion_back(
        &self,
        actor: &Actor,
        user: UserId,
        blocking: AccountId,
    ) -> Result<bool> {
        let was_disabled =
            |task: &CleanupTask| matches!(task, CleanupTask::User { was_disabled: true, .. });
        self.abandon_user_deletion(actor, user, blocking, was_disabled).await
    }

    /// The same as [`Table::finish_user_deletion`] for the sweep. A deletion that cannot be finished
    /// is forgotten, since no later run could either: an operator who asks again is told why. False
    /// then: the next task of the user would be another one.
    pub(in crate::table) async fn sweep_user_deletion(
        &self,
        actor: &Actor,
        user: UserId,
    ) -> Result<bool> {
        let UserDeletion::Blocked(accounts) = self.finish_user_deletion(actor, user).await? else {
            return Ok(true);
        };
        tracing::warn!(%user, ?accounts, "a user stays, disabled: no other admin can own these");
        if let Some(first) = accounts.first() {
            self.abandon_user_deletion(actor, user, *first, |_| true).await?;
        }
        Ok(false)
    }

    async fn abandon_user_deletion(
        &self,
        actor: &Actor,
        id: UserId,
        blocking: AccountId,
        is_disabled_after: impl FnOnce(&CleanupTask) -> bool,
    ) -> Result<bool> {
        let (key, task_key) = (Key::user(id), Key::user_cleanup(id));
        let mut items = self.batch_get(vec![key.clone(), task_key.clone()]).await?;
        let task: Option<Stored<CleanupTask>> = items.take(&task_key)?;
        let (Some(task), Some(user)) = (task, items.take::<User>(&key)?) else { return Ok(false) };
        let disabled = Changes::new().set("disabled", is_disabled_after(&task))?;
        let still_owned = Condition::one_of("owner", [id.to_string()]);
        let cancelled = Trail::of_user(id, AuditAction::UserDeletionCancelled);
        Transaction::new(self, actor, "take the deletion of a user back", cancelled)
            .update(key, disabled, Condition::unchanged(&user), CONFLICT)
            .delete(task_key, Condition::unchanged(&task), CONFLICT)
            .check(Key::account(blocking), still_owned, CONFLICT)
            .commit()
            .await?;
        Ok(true)
    }

    async fn delete_user_in_steps(&self, actor: &Actor, id: UserId) -> Result<UserDeletion> {
        let (user, has_begun) = self.user_to_delete(id).await?;
        let Some(user) = user else { return Ok(UserDeletion::Finished) };
        if !has_begun {
            return Ok(UserDeletion::NotBegun);
        }
        let blocking = self.accounts_without_successor(id).await?;
        if !blocking.is_empty() {
            return Ok(UserDeletion::Blocked(blocking));
        }
        for membership in self.memberships(id).await? {
            self.leave_account(actor, &membership).await?;
        }
        self.delete_belongings(id).await?;
        let emails = self.emails(id).await?;
        let is_primary = |email: &&Email| user.primary_email.same_as(&email.address);
        let (primary, others): (Vec<_>, Vec<_>) = emails.iter().partition(is_primary);
        let (mut user, mut left) = (user, emails.len());
        for addresses in others.chunks(ADDRESSES_PER_TRANSACTION) {
            left -= addresses.len();
            let changes = Changes::of_emails().set("emailCount", left)?;
            let removed = Trail::of_user(id, AuditAction::EmailRemoved);
            let release = Transaction::new(self, actor, "delete the addresses of a user", removed);
            let release = addresses.iter().copied().fold(release, Transaction::release_email);
            let release =
                release.update(user.key(), changes, Condition::unchanged(&user), CONFLICT);
            release.commit().await?;
            user = self.user_to_delete(id).await?.0.ok_or(Error::WriteConflict)?;
        }
        self.delete_user_itself(actor, &user, &primary).await?;
        Ok(UserDeletion::Finished)
    }

    /// The user, and whether its deletion was begun. One who is not disabled was restored from a
    /// backup.
    async fn user_to_delete(&self, id: UserId) -> Result<(Option<Stored<User>>, bool)> {
        let (user, task) = (Key::user(id), Key::user_cleanup(id));
        let mut items = self.batch_get(vec![user.clone(), task.clone()]).await?;
        let user: Option<Stored<User>> = items.take(&user)?;
        let is_disabled = user.as_ref().is_some_and(|user| user.disabled);
        Ok((user, is_disabled && items.contains(&task)))
    }

    /// Tokens, grants and what is kept for a while. With the user disabled, nothing new comes.
    /// Of stored responses there may be any number.
    async fn delete_belongings(&self, user: UserId) -> Result<()> {
        const ACTION: &str = "delete what a user has";
        for prefix in [PROOF, TOKEN, GRANT, SESSION, PASSKEY, RESPONSE, SIGNATURE, MADE, INVITED] {
            self.delete_all(ACTION, &user_partition(user), prefix).await?;
        }
        let keys = [Key::password_reset(user), Key::second_factor(user)];
        self.batch_delete(ACTION, keys.into_iter()).await
    }

    async fn delete_user_itself(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        primary: &[&Email],
    ) -> Result<()> {
        let ours = || Condition::one_of("user", [user.id.to_string()]);
        let no_account =
            Condition::below("memberships", 1).and(Condition::below("accountsOwned", 1));
        let (username, number) =
            (Key::username_claim(&user.username), Key::number_claim(user.number));
        let notice = NewNotice::new(user.id, MailKind::UserDeleted).also_to(&user.primary_email);
        let deleted = Trail::of_user(user.id, AuditAction::UserDeleted).notifying(notice);
        let transaction = Transaction::new(self, actor, "delete a user", deleted);
        primary
            .iter()
            .copied()
            .fold(transaction, Transaction::release_email)
            .delete(user.key(), Condition::unchanged(user), CONFLICT)
            .delete(Key::counts(user.id), no_account, CONFLICT)
            .put(Claim::by_nobody(username)?, ours(), CONFLICT)?
            .put(Claim::by_nobody(number)?, ours(), CONFLICT)?
            .put(attributes_of_deleted(user.id), Condition::always(), CONFLICT)?
            .delete(Key::user_cleanup(user.id), Condition::present(), CONFLICT)
            .commit()
            .await
    }
}

impl Transaction<'_> {
    /// Deletes an address of a user, which is free again.
    fn release_email(self, email: &Email) -> Self {
        let ours = Condition::one_of("user", [email.user.to_string()]);
        self.delete(email.key(), Condition::present(), CONFLICT).delete(
            Key::email_claim(&email.address),
            ours,
            CONFLICT,
        )
    }
}
