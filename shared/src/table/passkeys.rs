//! Passkeys of users, and what they are asked to sign.

use crate::limits::PASSKEYS;
use crate::model::{
    AuditAction, Counts, MailKind, Passkey, PasskeyChallenge, PasskeyChallengeId, PasskeyId,
    PasskeyName, Session, SessionCredential, Timestamp, User, UserId,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Changes, Condition, Fetch, Items, Key, Keyed, NewNotice, OnConditionFailed, PASSKEY,
    Stored, Table, Trail, Transaction, expiring, user_partition,
};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// A passkey of the caller.
pub struct CallerPasskey(pub(in crate::table) PasskeyId);

impl Fetch for CallerPasskey {
    type Output = Option<Stored<Passkey>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::passkey(caller, self.0)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.take(&Key::passkey(caller, self.0))
    }
}

/// What a passkey was asked to sign.
pub struct PasskeyChallengeAt(pub(in crate::table) PasskeyChallengeId);

impl Fetch for PasskeyChallengeAt {
    type Output = Option<Stored<PasskeyChallenge>>;

    fn keys(&self, _: UserId) -> Vec<Key> {
        vec![Key::passkey_challenge(self.0)]
    }

    fn extract(self, _: UserId, items: &mut Items) -> Result<Self::Output> {
        items.take(&Key::passkey_challenge(self.0))
    }
}

/// A passkey whose signature was right and was not used yet: the write that it allows uses it up.
pub struct UsedPasskey {
    pub(crate) passkey: Stored<Passkey>,
    /// What it signed.
    pub(crate) challenge: PasskeyChallengeId,
    /// The passkey with what its device said of itself, as how often it was used.
    pub(crate) credential: String,
}

impl Table {
    /// The passkeys of a user, oldest first.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>> {
        let mut found: Vec<Passkey> = self.query(user_partition(user), PASSKEY).await?;
        found.sort_by_key(|passkey| (passkey.created_at, passkey.id));
        Ok(found)
    }

    /// Stores what a passkey is asked to sign.
    pub fn ask_passkey(
        &self,
        actor: &Actor,
        challenge: &PasskeyChallenge,
    ) -> Result<Write<'_, ()>> {
        let item = expiring(challenge, challenge.expires_at)?;
        let write = Transaction::without_trail(self, actor, "ask for a passkey");
        Ok(Write::new(write.put(item, Condition::absent(), || Error::WriteConflict)?, ()))
    }

    /// Adds a passkey to its user, who was asked for it.
    ///
    /// [`Error::LimitReached`] if the user has as many as are allowed, [`Error::Conflict`] if this
    /// is one of them, and [`Error::Invalid`] if the challenge was used or has ended.
    pub fn add_passkey(
        &self,
        actor: &Actor,
        counts: Option<&Stored<Counts>>,
        challenge: PasskeyChallengeId,
        passkey: Passkey,
    ) -> Result<Write<'_, Passkey>> {
        const HAVE_IT: OnConditionFailed = || Error::Conflict("you have this passkey already");
        const ENDED: OnConditionFailed = || Error::invalid("challenge", "was used, or has ended");
        let counts = existing(counts)?;
        Error::check_room(PASSKEYS, counts.passkeys.len())?;
        let notice = NewNotice::new(passkey.user, MailKind::PasskeyAdded);
        let added = Trail::of_user(passkey.user, AuditAction::PasskeyAdded);
        let counted = Changes::new().set_entry("passkeys", passkey.id, true)?;
        let room = Condition::fewer_entries("passkeys", PASSKEYS.max);
        let added = added.to(passkey.id).notifying(notice);
        let transaction = Transaction::new(self, actor, "add a passkey", added)
            .update(counts.key(), counted, room, || Error::LimitReached(PASSKEYS))
            .insert(&passkey, HAVE_IT)?
            .prioritize_last()
            .spend_challenge(challenge, ENDED);
        let write = Write::new(transaction, passkey);
        Ok(write.recorded_as(SecurityEvent::CredentialCreated))
    }

    /// Gives a passkey another name. [`Error::WriteConflict`] if it changed since it was read.
    pub fn rename_passkey(
        &self,
        actor: &Actor,
        passkey: &Stored<Passkey>,
        name: &PasskeyName,
    ) -> Result<Write<'_, ()>> {
        let renamed = Trail::of_user(passkey.user, AuditAction::PasskeyRenamed).to(passkey.id);
        let changes = Changes::new().set("name", name)?;
        let transaction = Transaction::new(self, actor, "rename a passkey", renamed).update(
            passkey.key(),
            changes,
            Condition::unchanged(passkey),
            || Error::WriteConflict,
        );
        Ok(Write::new(transaction, ()))
    }

    /// Removes a passkey, effective with the next request.
    ///
    /// [`Error::NotFound`] if the user does not have it, and [`Error::LastWayIn`] if nobody could
    /// sign in as the user then: there is no password, and no other passkey.
    pub fn remove_passkey(&self, actor: &Actor, user: &User, passkey: PasskeyId) -> Write<'_, ()> {
        const LAST: OnConditionFailed = || Error::LastWayIn;
        let notice = NewNotice::new(user.id, MailKind::PasskeyRemoved);
        let removed = Trail::of_user(user.id, AuditAction::PasskeyRemoved).to(passkey);
        let changes = Changes::new().remove_entry("passkeys", passkey);
        let key = Key::passkey(user.id, passkey);
        let transaction =
            Transaction::new(self, actor, "remove a passkey", removed.notifying(notice)).delete(
                key,
                Condition::present(),
                NO_PASSKEY,
            );
        let counts = Key::counts(user.id);
        let transaction = if user.password_hash.is_some() {
            transaction
                .update(counts, changes, Condition::present(), || Error::WriteConflict)
                .require_or(Key::user(user.id), Condition::has("passwordHash"), LAST)
        } else {
            transaction.update(counts, changes, Condition::more_entries("passkeys", 1), LAST)
        };
        Write::new(transaction, ()).recorded_as(SecurityEvent::CredentialRevoked)
    }

    /// Leaves an entry in the log of a user in whose passkey's name somebody answered wrongly, which
    /// names the actor who did: one round trip. Of one passkey come at most ten within 15 minutes.
    ///
    /// [`Error::WriteConflict`] if the passkey changed since it was read.
    pub async fn record_rejected_passkey(
        &self,
        actor: &Actor,
        passkey: &Stored<Passkey>,
    ) -> Result<()> {
        const ACTION: &str = "record a rejected sign-in";
        let Some(times) = passkey.with_rejection(Timestamp::now()) else { return Ok(()) };
        let rejected = Trail::of_user(passkey.user, AuditAction::SignInRejected);
        let rejected = rejected.to(passkey.id).by(actor);
        let changes = Changes::new().set("rejectedAt", times)?;
        let unchanged = Condition::unchanged(passkey);
        // The service writes it, as it does of a wrong password.
        Transaction::new(self, &actor.system_for(), ACTION, rejected)
            .update(passkey.key(), changes, unchanged, || Error::WriteConflict)
            .commit()
            .await
    }

    /// Deletes these passkeys of a user, which a change of the password ended. They do not
    /// authenticate anyone, deleted or not.
    pub(in crate::table) async fn delete_ended_passkeys(
        &self,
        user: UserId,
        ended: &[Passkey],
    ) -> Result<()> {
        if ended.is_empty() {
            return Ok(());
        }
        Transaction::without_trail(self, &Actor::system(), "delete passkeys that ended")
            .delete_passkeys(user, ended, Condition::present())
            .commit()
            .await
    }

    /// As [`Table::prove_session`], by a passkey of its user.
    pub fn prove_session_by_passkey(
        &self,
        actor: &Actor,
        session: &Stored<Session>,
        used: &UsedPasskey,
    ) -> Result<Write<'_, SessionCredential>> {
        self.prove_session(actor, session, None)?
            .and(|transaction| transaction.use_passkey(used, || PASSKEY_NOT_ACCEPTED))
    }
}

const NO_PASSKEY: OnConditionFailed = || Error::NotFound("passkey");

/// What a passkey that does not prove a session is answered with, whatever is wrong with it.
pub(crate) const PASSKEY_NOT_ACCEPTED: Error = Error::Forbidden("the passkey is not accepted");

impl Transaction<'_> {
    /// Takes what a passkey signed away, so that it counts once.
    fn spend_challenge(self, challenge: PasskeyChallengeId, on_ended: OnConditionFailed) -> Self {
        let unexpired = Condition::unexpired(Timestamp::now());
        self.delete(Key::passkey_challenge(challenge), unexpired, on_ended).prioritize_last()
    }

    /// Uses a passkey up to what it signed: a device that counts is behind from then on if it is a
    /// copy. Of two uses at once the second one finds the challenge gone, or another counter.
    ///
    /// `on_ended` is the error if what it signed was used or has ended.
    pub(in crate::table) fn use_passkey(
        self,
        used: &UsedPasskey,
        on_ended: OnConditionFailed,
    ) -> Result<Self> {
        let UsedPasskey { passkey, challenge, credential } = used;
        let changes =
            Changes::new().set("credential", credential)?.set("lastUsedAt", Timestamp::now())?;
        let unchanged = Condition::unchanged(passkey);
        Ok(self
            .update(passkey.key(), changes, unchanged, || Error::WriteConflict)
            .spend_challenge(*challenge, on_ended))
    }

    /// Removes all passkeys of a user, which are these: none was added meanwhile.
    #[cfg(feature = "operator")]
    pub(in crate::table) fn remove_all_passkeys(self, user: UserId, passkeys: &[Passkey]) -> Self {
        let read = u32::try_from(passkeys.len()).unwrap_or(u32::MAX);
        let no_more = Condition::fewer_entries("passkeys", read.saturating_add(1));
        self.delete_passkeys(user, passkeys, no_more)
    }

    /// Deletes these passkeys of a user, if this holds of the counts.
    fn delete_passkeys(self, user: UserId, passkeys: &[Passkey], counts: Condition) -> Self {
        let conflict: OnConditionFailed = || Error::WriteConflict;
        let delete = |transaction: Self, passkey: &Passkey| {
            transaction.delete(passkey.key(), Condition::present(), conflict)
        };
        let remove = |changes: Changes, own: &Passkey| changes.remove_entry("passkeys", own.id);
        let changes = passkeys.iter().fold(Changes::new(), remove);
        passkeys.iter().fold(self, delete).update(Key::counts(user), changes, counts, conflict)
    }
}
