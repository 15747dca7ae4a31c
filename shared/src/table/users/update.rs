//! Updating users.

use crate::limits::MAX_GIVEN_PASSWORDS;
use crate::model::{AccountId, AuditAction, MailKind, Session, SessionCredential, User, UserId};
use crate::table::cleanup::CleanupTask;
use crate::table::engine::{
    Actor, Changes, Condition, Key, Keyed, NewNotice, Stored, Table, Trail, Transaction,
};
use crate::table::write::{FollowUp, Write};
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// The changes to a user. Absent fields stay as they are.
#[derive(Default)]
pub struct UserChange {
    /// First and last name.
    pub full_name: Option<String>,
    /// The first name within the full name.
    pub first_name: Option<String>,
    /// The last name within the full name.
    pub last_name: Option<String>,
    /// The location.
    pub location: Option<String>,
    /// The employer.
    pub company: Option<String>,
    /// The URL of a page about the user.
    pub profile_url: Option<String>,
    /// The e-mail address for Gravatar.
    pub gravatar_email: Option<String>,
    /// The phone number.
    pub phone: Option<String>,
}

/// A new password.
pub struct PasswordChange {
    /// Its argon2id hash, as a PHC string.
    pub hash: String,
    /// Whether API keys, environment tokens, SSH keys and passkeys end with it, and the S3 secret
    /// is replaced.
    pub revoke_keys: bool,
    /// Whether it is one that somebody else set before: then it is still not the user's own.
    pub is_reused: bool,
}

impl UserChange {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.set_fields().next().is_none()
    }

    fn apply_to(&self, user: &User) -> User {
        let text = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        User {
            full_name: text(&self.full_name, &user.full_name),
            first_name: self.first_name_after(user),
            last_name: self.last_name_after(user),
            location: text(&self.location, &user.location),
            company: text(&self.company, &user.company),
            profile_url: text(&self.profile_url, &user.profile_url),
            gravatar_email: text(&self.gravatar_email, &user.gravatar_email),
            phone: text(&self.phone, &user.phone),
            ..user.clone()
        }
    }

    /// A part of the name that held no longer is forgotten with the next change of the whole, so
    /// that it does not come back with a whole that happens to have it.
    fn first_name_after(&self, user: &User) -> Option<String> {
        let known = || match self.full_name {
            Some(_) => user.known_first_name().map(str::to_owned),
            None => user.first_name.clone(),
        };
        self.first_name.clone().or_else(known)
    }

    fn last_name_after(&self, user: &User) -> Option<String> {
        let known = || match self.full_name {
            Some(_) => user.known_last_name().map(str::to_owned),
            None => user.last_name.clone(),
        };
        self.last_name.clone().or_else(known)
    }

    fn add_to(&self, user: &User, mut changes: Changes) -> Result<Changes> {
        if self.full_name.is_some() {
            changes = changes
                .set("firstName", self.first_name_after(user))?
                .set("lastName", self.last_name_after(user))?;
        }
        for (attribute, value) in self.set_fields() {
            changes = changes.set(attribute, value)?;
        }
        Ok(changes)
    }

    /// The fields that are set, by their attributes.
    fn set_fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = [
            ("fullName", &self.full_name),
            ("location", &self.location),
            ("company", &self.company),
            ("profileUrl", &self.profile_url),
            ("gravatarEmail", &self.gravatar_email),
            ("phone", &self.phone),
        ];
        fields.into_iter().filter_map(|(field, value)| Some((field, value.as_deref()?)))
    }

    fn in_trail(&self, trail: Trail) -> Trail {
        trail.changed(self.set_fields().map(|(field, _)| field))
    }
}

/// Ends the API keys, SSH keys and sent invitations, and gives the S3 key another secret, whatever
/// is made meanwhile. The condition is that there still is an S3 key, or none.
fn end_keys(changes: Changes, user: &mut User) -> Result<(Changes, Condition)> {
    user.api_keys.clear();
    user.ssh_keys.clear();
    user.invitation_epoch += 1;
    let changes = changes
        .set("apiKeys", &user.api_keys)?
        .set("sshKeys", &user.ssh_keys)?
        .add("invitationEpoch", 1);
    let Some(key) = &mut user.s3_key else {
        return Ok((changes, Condition::lacks("s3Key")));
    };
    *key = key.renewed()?;
    let changes = changes
        .set_entry("s3Key", "nonce", &key.nonce)?
        .set_entry("s3Key", "createdAt", key.created_at)?
        .remove_entry("s3Key", "lineage");
    Ok((changes, Condition::has("s3Key")))
}

/// Wrong passwords and codes count no more, unless a second factor is on and a credential of the
/// user makes the change: it takes no code, and would give whoever makes it the next ten.
fn forget_attempts(changes: Changes, user: &mut User, actor: &Actor) -> Changes {
    if actor.has_user_credential() && user.second_factor_since.is_some() {
        return changes;
    }
    user.attempts_epoch += 1;
    changes.add("attemptsEpoch", 1)
}

/// The kinds of what ends with a password, as the audit log names them. With the keys the proofs of
/// addresses end that tokens asked for; with the first password of the user's own, all.
fn revoked_kinds(ends_keys: bool, ends_all_proofs: bool) -> impl Iterator<Item = &'static str> {
    let keys = ["environmentTokens", "apiKeys", "sshKeys", "passkeys", "invitations"];
    let proofs = if ends_all_proofs { "emailProofs" } else { "emailProofsByTokens" };
    ["userTokens", "grants", "sessions"]
        .into_iter()
        .chain(keys.into_iter().chain([proofs]).filter(move |_| ends_keys))
}

impl Table {
    /// Changes a user that is unchanged since it was read.
    pub fn change_user(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        change: &UserChange,
    ) -> Result<Write<'_, User>> {
        let trail = change.in_trail(Trail::of_user(user.id, AuditAction::UserUpdated));
        let changes = change.add_to(user, Changes::new())?;
        let unchanged = Condition::unchanged(user);
        let transaction = self.update_user(actor, user, changes, unchanged, trail);
        Ok(Write::new(transaction, change.apply_to(user)))
    }

    /// Changes a user and the password, which must be the one that was read. That revokes all OAuth
    /// grants and user tokens except the retained one.
    ///
    /// Somebody else who set the password may have kept any credential of the user. So the first
    /// password that the user sets in its place ends all, the retained token, API keys, environment
    /// tokens, SSH keys and passkeys too, and replaces the S3 secret. No address is proved any
    /// longer either, except by the operator's word.
    ///
    /// One transaction revokes them, tokens and grants by incrementing the user's epoch; those are
    /// deleted after it. Beside the password only the addresses, with which the new one was
    /// compared, have to be unchanged, so that nobody who writes the profile holds it up; what
    /// changes the profile, too, requires all of the user to be.
    pub fn change_password(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        change: &UserChange,
        password: PasswordChange,
    ) -> Result<Write<'_, User>> {
        let epoch = user.credential_epoch + 1;
        let is_own = actor.is_user() && !password.is_reused;
        let is_first = is_own && !user.password_is_own;
        let ends_keys = is_first || password.revoke_keys;
        // What others have set stays theirs, whoever sets the next one.
        let new = Some(&password.hash).filter(|_| !actor.is_user());
        let given = new.into_iter().chain(user.given_passwords());
        let mut after = User {
            given_hashes: given.take(MAX_GIVEN_PASSWORDS).cloned().collect(),
            password_hash: Some(password.hash),
            password_is_own: is_own,
            credential_epoch: epoch,
            environment_epoch: if ends_keys { epoch } else { user.environment_epoch },
            proof_epoch: if is_first { epoch } else { user.proof_epoch },
            retained_token: actor.token().filter(|_| !is_first),
            ..change.apply_to(user)
        };
        let mut changes = change
            .add_to(user, Changes::of_credentials())?
            .set("passwordHash", &after.password_hash)?
            .set("passwordIsOwn", is_own)?
            .set("givenHashes", &after.given_hashes)?
            .set("credentialEpoch", epoch)?
            .set("environmentEpoch", after.environment_epoch)?
            .set("proofEpoch", after.proof_epoch)?
            .set("retainedToken", after.retained_token)?;
        let mut unchanged = if change.is_empty() {
            Condition::same_password(user).and(Condition::same_emails(user))
        } else {
            Condition::unchanged(user)
        };
        if ends_keys {
            let (with_keys_ended, same_key) = end_keys(changes, &mut after)?;
            changes = with_keys_ended;
            unchanged = unchanged.and(same_key);
        }
        changes = forget_attempts(changes, &mut after, actor);
        let trail = Trail::of_user(user.id, AuditAction::PasswordChanged)
            .notifying(NewNotice::new(user.id, MailKind::PasswordChanged))
            .with_all("revoked", revoked_kinds(ends_keys, is_first))
            .changed(user.s3_key.as_ref().filter(|_| ends_keys).map(|_| "s3Key"));
        let transaction = self
            .update_user(actor, user, changes, unchanged, change.in_trail(trail))
            .record_cleanup(&CleanupTask::credentials(user.id, epoch))?;
        let follow_up = FollowUp::DeleteRevoked(Box::new(after.clone()));
        let write = Write::followed_by(transaction, after, follow_up);
        Ok(write.recorded_as(SecurityEvent::PasswordChanged))
    }

    /// The same in a session of the user, which goes on with another secret: the outcome. It ends
    /// as all others do with the first password that a user sets in place of somebody else's.
    pub fn change_password_in_session(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        session: &Stored<Session>,
        password: PasswordChange,
    ) -> Result<Write<'_, Option<SessionCredential>>> {
        let write = self.change_password(actor, user, &UserChange::default(), password)?;
        let (after, write) = write.split();
        if after.password_is_own && !user.password_is_own {
            return Ok(write.with_outcome(None));
        }
        let credential = SessionCredential::renewed(session)?;
        let write = write.and(|transaction| {
            transaction.keep_session(session, after.credential_epoch, &credential)
        })?;
        Ok(write.with_outcome(Some(credential)))
    }

    /// Ends all proofs of a user's addresses but for the operator's word, as the first password of
    /// the user's own does.
    #[cfg(feature = "operator")]
    pub fn end_email_proofs(&self, actor: &Actor, user: &Stored<User>) -> Result<Write<'_, ()>> {
        let changes = Changes::of_credentials().set("proofEpoch", user.credential_epoch)?;
        let trail = Trail::of_user(user.id, AuditAction::EmailUpdated).changed(["provedAt"]);
        let unchanged = Condition::unchanged(user);
        Ok(Write::new(self.update_user(actor, user, changes, unchanged, trail), ()))
    }

    /// Makes an account the current one of a member. Requires the user to be unchanged, so that a
    /// delayed request does not undo a later choice.
    pub fn set_current_account(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        account: AccountId,
    ) -> Result<Write<'_, User>> {
        let updated = Trail::of_user(user.id, AuditAction::UserUpdated)
            .changed(["currentAccount"])
            .with("account", &account);
        let transaction = Transaction::new(self, actor, "set the current account", updated)
            .update(
                Key::user(user.id),
                Changes::new().set("currentAccount", account)?,
                Condition::unchanged(user),
                || Error::WriteConflict,
            )
            .check(Key::account(account), Condition::present(), || Error::NotFound("account"))
            .check(Key::membership(user.id, account), Condition::present(), || {
                Error::Forbidden("you are not a member of this account")
            });
        let after = User { current_account: Some(account), ..user.item.clone() };
        Ok(Write::new(transaction, after))
    }

    /// Replaces a password hash by one with a higher cost, unless the password was changed
    /// meanwhile.
    pub async fn replace_hash(&self, user: UserId, old: &str, new: &str) -> Result<()> {
        let unchanged = Condition::one_of("passwordHash", [old.to_owned()]);
        let changes = Changes::new().set("passwordHash", new)?;
        Transaction::without_trail(self, &Actor::system(), "replace a password hash")
            .update(Key::user(user), changes, unchanged, || Error::WriteConflict)
            .commit()
            .await
    }

    /// Disables or enables a user. All credentials of a disabled user are rejected. One whose
    /// deletion has begun stays disabled if that is taken back.
    ///
    /// [`Error::Conflict`] if the user is to be enabled and its deletion has begun.
    pub async fn set_disabled(&self, actor: &Actor, user: UserId, disabled: bool) -> Result<()> {
        let changes = Changes::new().set("disabled", disabled)?;
        let action = if disabled { AuditAction::UserDisabled } else { AuditAction::UserEnabled };
        let trail = Trail::of_user(user, action);
        let transaction = Transaction::new(self, actor, "disable or enable a user", trail).update(
            Key::user(user),
            changes,
            Condition::present(),
            || Error::NotFound("user"),
        );
        let task = Key::user_cleanup(user);
        let transaction = if !disabled {
            transaction
                .check(task, Condition::absent(), || Error::Conflict("the user is being deleted"))
        } else if self.batch_get(vec![task.clone()]).await?.contains(&task) {
            let changes = Changes::new().set("wasDisabled", true)?;
            transaction.update(task, changes, Condition::present(), || Error::WriteConflict)
        } else {
            transaction.check(task, Condition::absent(), || Error::WriteConflict)
        };
        transaction.commit().await
    }

    pub(super) fn update_user(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        changes: Changes,
        condition: Condition,
        trail: Trail,
    ) -> Transaction<'_> {
        Transaction::new(self, actor, "change a user", trail).update(
            user.key(),
            changes,
            condition,
            || Error::WriteConflict,
        )
    }
}
