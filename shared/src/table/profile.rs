//! Changing users.

use futures_util::future::join_all;
use tokio::time::timeout;

use super::Table;
use super::clearing::CleanupTask;
use super::condition::Condition;
use super::deleting::BATCH;
use super::item::{Keyed, Stored};
use super::key::{GRANT, Key, TOKEN, user_partition};
use super::transaction::{Changes, Transaction};
use super::write::{FollowUp, Write};
use crate::error::ErrorChain;
use crate::model::{ApiKey, ApiKeyId, Grant, SshKey, TokenId, TokenKind, User, UserId, UserToken};
use crate::timeouts;
use crate::{Error, Result};

/// What is to change of a user; what is absent stays.
#[derive(Default)]
pub struct UserChange {
    /// First and last name.
    pub full_name: Option<String>,
    /// What of it is the first name.
    pub first_name: Option<String>,
    /// Where the user is.
    pub location: Option<String>,
    /// Whom the user works for.
    pub company: Option<String>,
    /// The user's own page.
    pub profile_url: Option<String>,
    /// The address whose picture is shown.
    pub gravatar_email: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
    /// A key that signs requests.
    pub api_key: Option<ApiKeyChange>,
    /// Public keys for SSH, all of them.
    pub ssh_keys: Option<Vec<SshKey>>,
}

/// What becomes of one API key; the others are left alone, and so is what is noted of their use meanwhile.
pub enum ApiKeyChange {
    /// It is new, or takes the place of the one with its id.
    Put(ApiKey),
    /// It is gone.
    Remove(ApiKeyId),
}

impl UserChange {
    fn of(&self, user: &User) -> User {
        let mut api_keys = user.api_keys.clone();
        match &self.api_key {
            Some(ApiKeyChange::Put(key)) => {
                api_keys.insert(key.id.to_string(), key.clone());
            }
            Some(ApiKeyChange::Remove(id)) => {
                api_keys.remove(&id.to_string());
            }
            None => {}
        }
        let text = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        User {
            full_name: text(&self.full_name, &user.full_name),
            first_name: self.first_name.clone().or_else(|| user.first_name.clone()),
            location: text(&self.location, &user.location),
            company: text(&self.company, &user.company),
            profile_url: text(&self.profile_url, &user.profile_url),
            gravatar_email: text(&self.gravatar_email, &user.gravatar_email),
            phone: text(&self.phone, &user.phone),
            api_keys,
            ssh_keys: self.ssh_keys.as_ref().unwrap_or(&user.ssh_keys).clone(),
            ..user.clone()
        }
    }

    fn added_to(&self, mut changes: Changes) -> Result<Changes> {
        for (attribute, value) in [
            ("fullName", &self.full_name),
            ("firstName", &self.first_name),
            ("location", &self.location),
            ("company", &self.company),
            ("profileUrl", &self.profile_url),
            ("gravatarEmail", &self.gravatar_email),
            ("phone", &self.phone),
        ] {
            if let Some(value) = value {
                changes = changes.set(attribute, value)?;
            }
        }
        if let Some(keys) = &self.ssh_keys {
            changes = changes.set("sshKeys", keys)?;
        }
        match &self.api_key {
            Some(ApiKeyChange::Put(key)) => changes.set_entry("apiKeys", &key.id.to_string(), key),
            Some(ApiKeyChange::Remove(id)) => Ok(changes.remove_entry("apiKeys", &id.to_string())),
            None => Ok(changes),
        }
    }
}

impl Table {
    /// Changes a user, as it was read, with this token, if it is one.
    pub fn change_user(
        &self,
        user: &Stored<User>,
        token: Option<TokenId>,
        change: &UserChange,
    ) -> Result<Write<'_, User>> {
        let transaction = self.update_user(user, token, change.added_to(Changes::new())?);
        Ok(Write::new(transaction, change.of(user)))
    }

    /// Changes a user and its password, which revokes its OAuth grants and its user tokens, but for the one that asks.
    ///
    /// That is one write, by the user's epoch; what no longer works is cleared up after it.
    pub fn change_password(
        &self,
        user: &Stored<User>,
        change: &UserChange,
        password_hash: &str,
        spared: Option<TokenId>,
    ) -> Result<Write<'_, User>> {
        let epoch = user.credential_epoch + 1;
        let changes = Changes::new()
            .set("passwordHash", password_hash)?
            .set("credentialEpoch", epoch)?
            .set("retainedToken", spared)?;
        let changes = change.added_to(changes)?;
        let transaction = self
            .update_user(user, spared, changes)
            .note_clearing(&CleanupTask::credentials(user.id, epoch))?;
        let after = User {
            password_hash: Some(password_hash.to_owned()),
            credential_epoch: epoch,
            retained_token: spared,
            ..change.of(user)
        };
        let aftermath = FollowUp::Revoked(Box::new(after.clone()));
        Ok(Write::followed_by(transaction, after, aftermath))
    }

    /// Clears up after a changed password, for a while.
    pub(super) async fn clear_after(&self, changed: &User) {
        match timeout(timeouts::CLEANUP_AFTER_PASSWORD_CHANGE, self.clear_after_change(changed))
            .await
        {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(user = %changed.id, error = %ErrorChain(&error), "revoked tokens are left");
            }
            Err(_) => {
                tracing::warn!(user = %changed.id, "revoked tokens are left for lack of time");
            }
        }
    }

    /// Says whether every credential of a user is refused.
    pub async fn set_disabled(&self, user: UserId, disabled: bool) -> Result<()> {
        let changes = Changes::new().set("disabled", disabled)?;
        Transaction::new(self, "disable or enable a user")
            .update(Key::user(user), changes, Condition::present(), || Error::NotFound("user"))
            .commit()
            .await
    }

    fn update_user(
        &self,
        user: &Stored<User>,
        token: Option<TokenId>,
        changes: Changes,
    ) -> Transaction<'_> {
        Transaction::new(self, "change a user")
            .update(user.key(), changes, Condition::unchanged(user), || Error::WriteConflict)
            .check_token(user.id, token)
    }

    /// Clears up and says so. Where there was nothing the note is left to the sweep, which spares a round.
    async fn clear_after_change(&self, user: &User) -> Result<()> {
        if self.clear_revoked(user).await? > 0 {
            self.cleared(Key::clearing_of_credentials(user.id, user.credential_epoch)).await?;
        }
        Ok(())
    }

    /// Deletes the tokens and grants that stopped working with a change of the password; how many they were. Whatever
    /// becomes of it, nobody is let in by them.
    pub(super) async fn clear_revoked(&self, user: &User) -> Result<usize> {
        let (tokens, grants) = tokio::try_join!(
            self.query::<UserToken>(user_partition(user.id), TOKEN),
            self.query::<Grant>(user_partition(user.id), GRANT),
        )?;
        // Only what is older: a later change of the password may already have been followed by new ones.
        let tokens = tokens
            .iter()
            .filter(|token| token.kind == TokenKind::User && !user.accepts_epoch(token))
            .filter(|token| token.epoch < user.credential_epoch)
            .map(UserToken::key);
        let grants =
            grants.iter().filter(|grant| grant.epoch < user.credential_epoch).map(Grant::key);
        let revoked: Vec<Key> = tokens.chain(grants).collect();
        let batches = revoked
            .chunks(BATCH)
            .map(|batch| self.delete_all("clear up revoked tokens", batch.iter().cloned()));
        join_all(batches).await.into_iter().collect::<Result<()>>()?;
        Ok(revoked.len())
    }
}
