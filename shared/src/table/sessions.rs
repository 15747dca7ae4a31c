//! Sessions of users.

use crate::model::{
    AuditAction, Counts, Session, SessionCredential, SessionId, Timestamp, User, UserId,
};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Changes, Condition, Fetch, Items, Key, Keyed, SESSION, Stored, Table, Trail,
    Transaction, expiring,
};
use crate::table::pages::{Page, Paged, ReadItems};
use crate::table::second_factor::{SignInProof, UsedFactor};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::{Error, Result};

/// A session of the caller, perhaps the one that it is signed in with.
pub struct CallerSession(pub(in crate::table) SessionId);

impl Fetch for CallerSession {
    type Output = Option<Stored<Session>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::session(caller, self.0)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.peek(&Key::session(caller, self.0))
    }
}

impl Paged for Session {
    type Id = SessionId;
    const PREFIX: &'static str = SESSION;

    fn id(&self) -> SessionId {
        self.id
    }

    fn key_of(user: UserId, id: SessionId) -> Key {
        Key::session(user, id)
    }

    fn is_active(&self, user: &User, now: Timestamp) -> bool {
        self.is_active(user, now)
    }
}

impl Table {
    /// Signs a user in, in a browser of this kind. The returned credential is the only copy of the
    /// secret. It replaces this session of the user, if the browser had one, and the oldest if there
    /// are as many as are allowed. It uses up what the user signs in by.
    ///
    /// [`Error::WriteConflict`] if the user was disabled, or changed the password or the second
    /// factor meanwhile.
    pub fn create_session(
        &self,
        actor: &Actor,
        user: &User,
        counts: Option<&Stored<Counts>>,
        browser: String,
        replaced: Option<SessionId>,
        proof: &SignInProof,
    ) -> Result<Write<'_, SessionCredential>> {
        let counts = existing(counts)?;
        let ended = counts.ended_sessions(user, Timestamp::now());
        let mut gone = counts.replaced_sessions(&ended, replaced);
        let credential = SessionCredential::generate(user.id)?;
        let session = Session::begin(user, &credential, browser)?;
        let created = Trail::of_user(user.id, AuditAction::SessionCreated)
            .to(session.id)
            .with("factors", proof.factors())
            .with_all("replaced", &gone);
        gone.extend(ended);
        let transaction = Transaction::new(self, actor, "sign a user in", created)
            .put(expiring(&session, session.expires_at)?, Condition::absent(), || {
                Error::WriteConflict
            })?
            .count_session(counts, &session, gone)?
            .use_proof(proof)?;
        let write = Write::new(transaction, credential);
        Ok(write.recorded_as(SecurityEvent::SessionCreated))
    }

    /// Gives a session whose user entered the password or a code again another secret, and full
    /// access for a while. [`Error::WriteConflict`] if it ended, or was proved, or the code was used
    /// meanwhile.
    pub fn prove_session(
        &self,
        actor: &Actor,
        session: &Stored<Session>,
        used: Option<&UsedFactor>,
    ) -> Result<Write<'_, SessionCredential>> {
        let credential = SessionCredential::renewed(session)?;
        let changes = Changes::new()
            .set("secretHash", credential.secret_hash())?
            .set("provedAt", Timestamp::now())?;
        let proved = Trail::of_user(session.user, AuditAction::SessionProved).to(session.id);
        let transaction = Transaction::new(self, actor, "prove a session", proved).update(
            session.key(),
            changes,
            Condition::unchanged(session),
            || Error::WriteConflict,
        );
        let transaction = match used {
            Some(used) => transaction.use_factor(used)?,
            None => transaction,
        };
        Ok(Write::new(transaction, credential))
    }

    /// Ends a session, effective with the next request. [`Error::NotFound`] if it does not exist.
    pub fn delete_session(&self, actor: &Actor, user: UserId, session: SessionId) -> Write<'_, ()> {
        let ended = Trail::of_user(user, AuditAction::SessionEnded).to(session);
        let transaction = Transaction::new(self, actor, "end a session", ended)
            .delete(Key::session(user, session), Condition::present(), || {
                Error::NotFound("session")
            })
            .uncount_sessions(user, [session]);
        Write::new(transaction, ()).recorded_as(SecurityEvent::SessionEnded)
    }

    /// Ends all sessions of a user but this one, effective with the next request.
    ///
    /// [`Error::WriteConflict`] if one began or ended since the counts were read.
    pub fn delete_other_sessions(
        &self,
        actor: &Actor,
        user: UserId,
        counts: Option<&Stored<Counts>>,
        kept: Option<SessionId>,
    ) -> Result<Write<'_, ()>> {
        const ACTION: &str = "end the sessions of a user";
        let counts = existing(counts)?;
        let others: Vec<_> =
            counts.sessions.keys().copied().filter(|id| Some(*id) != kept).collect();
        if others.is_empty() {
            return Ok(Write::new(Transaction::without_trail(self, actor, ACTION), ()));
        }
        let ended = Trail::of_user(user, AuditAction::SessionEnded).with_all("sessions", &others);
        let transaction = Transaction::new(self, actor, ACTION, ended);
        let transaction = others.iter().fold(transaction, |transaction, id| {
            transaction
                .delete(Key::session(user, *id), Condition::always(), || Error::WriteConflict)
        });
        let changes =
            others.iter().fold(Changes::new(), |changes, id| changes.remove_entry("sessions", id));
        let unchanged = Condition::unchanged(counts);
        let transaction =
            transaction.update(counts.key(), changes, unchanged, || Error::WriteConflict);
        Ok(Write::new(transaction, ()).recorded_as(SecurityEvent::SessionEnded))
    }

    /// Reads the sessions of a user after this one, for a page of `limit`. It needs only the user's
    /// id, so it can run beside the read of the credential. [`Table::active_sessions`] makes the
    /// page.
    pub async fn sessions_after(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u8,
    ) -> Result<ReadItems<Session>> {
        self.items_after(user, after, limit).await
    }

    /// A page of the sessions that work, oldest first.
    pub async fn active_sessions(
        &self,
        user: &User,
        read: ReadItems<Session>,
        limit: u8,
    ) -> Result<Page<Session, SessionId>> {
        self.active_items(user, read, limit).await
    }
}

impl Transaction<'_> {
    /// Keeps a session beyond a change of the password, with another secret: a copy of its cookie
    /// ends as all other sessions do.
    pub(in crate::table) fn keep_session(
        self,
        session: &Stored<Session>,
        epoch: u64,
        credential: &SessionCredential,
    ) -> Result<Self> {
        let conflict = || Error::WriteConflict;
        let changes = Changes::new()
            .set("epoch", epoch)?
            .set("secretHash", credential.secret_hash())?
            .set("provedAt", Timestamp::now())?;
        let counted = Changes::new().set_in_entry("sessions", session.id, "epoch", epoch)?;
        let is_counted = Condition::has_entry("sessions", session.id);
        Ok(self.update(session.key(), changes, Condition::unchanged(session), conflict).update(
            Key::counts(session.user),
            counted,
            is_counted,
            conflict,
        ))
    }
}
