//! Deleting users, in steps that may stop anywhere.
//!
//! The first write disables the user and records a cleanup task, so that nothing new comes. Then
//! the user leaves its accounts one by one, and what it has is deleted. The last write requires that
//! no account is left. It deletes the user with its counts and its primary address, and keeps its
//! username and its number claimed by nobody.

#[cfg(feature = "operator")]
use crate::model::AccountId;
use crate::model::{Email, User, UserId};
use crate::random::back_off;
#[cfg(feature = "operator")]
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{
    Actor, Changes, Claim, Condition, GRANT, Key, Keyed, MAX_BATCH_DELETE, OnConditionFailed,
    RESPONSE, SIGNATURE, Stored, TOKEN, Table, Transaction, user_partition,
};
use crate::{Error, Result};

/// How often the steps are tried that others overtake.
const MAX_ATTEMPTS: u32 = 6;

const CONFLICT: OnConditionFailed = || Error::WriteConflict;

impl Table {
    /// The accounts that keep a user from being deleted: it owns them, others are members, and none
    /// of these can become the owner.
    #[cfg(feature = "operator")]
    pub async fn accounts_without_successor(&self, user: UserId) -> Result<Vec<AccountId>> {
        let memberships = self.memberships(user).await?;
        let mut found = Vec::new();
        for account in self.accounts(&memberships).await? {
            let is_needed = account.owner == user && account.member_count > 1;
            if is_needed && self.successor(&account, user).await?.is_none() {
                found.push(account.id);
            }
        }
        Ok(found)
    }

    /// The first step: rejects every credential of the user for good, and leaves the rest to
    /// [`Table::finish_user_deletion`], or to the sweep.
    #[cfg(feature = "operator")]
    pub async fn begin_user_deletion(&self, actor: &Actor, user: &Stored<User>) -> Result<()> {
        let task = CleanupTask::user(user.id);
        let disabled = Changes::new().set("disabled", true)?;
        Transaction::new(self, actor, "delete a user")
            .update(user.key(), disabled, Condition::unchanged(user), CONFLICT)
            .record_cleanup(&task)?
            .commit()
            .await
    }

    /// All further steps of a deletion that was begun. It may be interrupted, repeated and run
    /// concurrently.
    ///
    /// [`Error::Conflict`] if an account has lost its successor meanwhile.
    pub async fn finish_user_deletion(&self, actor: &Actor, user: UserId) -> Result<()> {
        for attempt in 0..MAX_ATTEMPTS {
            match self.delete_user_in_steps(actor, user).await {
                Err(Error::WriteConflict) => back_off(attempt).await?,
                outcome => return outcome,
            }
        }
        Err(Error::WriteConflict)
    }

    async fn delete_user_in_steps(&self, actor: &Actor, id: UserId) -> Result<()> {
        let Some(user) = self.user_to_delete(id).await? else { return Ok(()) };
        for membership in self.memberships(id).await? {
            self.leave_account(actor, &membership).await?;
        }
        self.delete_belongings(id).await?;
        let emails = self.emails(id).await?;
        let is_primary = |email: &&Email| user.primary_email.same_as(&email.address);
        let (primary, others): (Vec<_>, Vec<_>) = emails.iter().partition(is_primary);
        if others.is_empty() {
            return self.delete_user_itself(actor, &user, &primary).await;
        }
        let changes = Changes::new().set("emailCount", primary.len())?;
        let release = Transaction::new(self, actor, "delete the addresses of a user");
        let release = others.into_iter().fold(release, Transaction::release_email);
        release.update(user.key(), changes, Condition::unchanged(&user), CONFLICT).commit().await?;
        let user = self.user_to_delete(id).await?.ok_or(Error::WriteConflict)?;
        self.delete_user_itself(actor, &user, &primary).await
    }

    /// The user, if its deletion was begun. One who is not disabled was restored from a backup.
    async fn user_to_delete(&self, id: UserId) -> Result<Option<Stored<User>>> {
        let (user, task) = (Key::user(id), Key::user_cleanup(id));
        let mut items = self.batch_get(vec![user.clone(), task.clone()]).await?;
        let user: Option<Stored<User>> = items.take(&user)?;
        Ok(user.filter(|user| user.disabled && items.contains(&task)))
    }

    /// Tokens, grants and what is kept for a while. With the user disabled, nothing new comes.
    async fn delete_belongings(&self, user: UserId) -> Result<()> {
        let mut keys = vec![Key::user_lockout(user)];
        for prefix in [TOKEN, GRANT, RESPONSE, SIGNATURE] {
            keys.extend(self.keys(user_partition(user), prefix).await?);
        }
        for batch in keys.chunks(MAX_BATCH_DELETE) {
            self.batch_delete("delete what a user has", batch.iter().cloned()).await?;
        }
        Ok(())
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
        primary
            .iter()
            .copied()
            .fold(Transaction::new(self, actor, "delete a user"), Transaction::release_email)
            .delete(user.key(), Condition::unchanged(user), CONFLICT)
            .delete(Key::counts(user.id), no_account, CONFLICT)
            .put(Claim::by_nobody(username)?, ours(), CONFLICT)?
            .put(Claim::by_nobody(number)?, ours(), CONFLICT)?
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
