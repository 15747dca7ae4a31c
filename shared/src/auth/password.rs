//! Verifying a password, however it was presented, and the lockout after wrong ones.

use super::permission::{Caller, Permission};
use super::rejection::record_rejection;
use super::source::login_source;
use crate::model::{User, UserId};
use crate::table::{
    Actor, CredentialKey, Login, LoginAttempts, LoginSubject, Reservation, Stored,
    StoredCredential, Table,
};
use crate::telemetry::request::observe;
use crate::{App, Error, Result, password};

/// Verifies a password, unless the name is locked: by its hash, or from the cache if it was
/// verified a moment ago. The attempt that is returned must be given back.
///
/// It is reserved before the hash is computed, so that concurrent guesses count. The log of a wrong
/// one names the actor.
pub(super) async fn verify_password(
    app: &App,
    user: Option<&Stored<User>>,
    attempts: LoginAttempts,
    password: &str,
    actor: &Actor,
) -> Result<Option<Reservation>> {
    let source = attempts.source_id();
    let verified = verify_unless_locked(app, user, attempts, password, actor).await;
    observe(|observed| {
        observed.user = user.map(|user| user.id.to_string());
        observed.source = Some(source);
    });
    if let Err(error) = &verified {
        record_rejection(error);
    }
    verified
}

async fn verify_unless_locked(
    app: &App,
    user: Option<&Stored<User>>,
    attempts: LoginAttempts,
    password: &str,
    actor: &Actor,
) -> Result<Option<Reservation>> {
    let user = user.filter(|user| !user.disabled);
    let id = user.map_or_else(UserId::generate, |user| user.id);
    let hash = user.and_then(|user| user.password_hash.as_deref());
    let source = attempts.source_id();
    attempts.check_not_locked()?;
    // From a source that is not known yet, the sign-in has to make it known.
    if attempts.knows_source()
        && hash.is_some_and(|hash| app.password_cache.contains(id, &source, hash, password))
    {
        return Ok(None);
    }
    let reservation = app.table.reserve_attempt(attempts).await?;
    if app.password_cache.verify(id, &source, hash, password)? {
        if let Some(user) = user {
            rehash_if_outdated(&app.table, user, password).await;
        }
        return Ok(Some(reservation));
    }
    app.table.record_failed_attempt(actor, reservation).await?;
    Err(Error::InvalidCredential)
}

/// Replaces a hash of an outdated cost. A failure is ignored: the next sign-in tries again.
async fn rehash_if_outdated(table: &Table, user: &Stored<User>, password: &str) {
    let Some(old) = user.password_hash.as_deref().filter(|hash| password::is_outdated(hash)) else {
        return;
    };
    let outcome = match password::hash(password) {
        Ok(new) => table.replace_hash(user.id, old, &new).await,
        Err(error) => Err(error),
    };
    tracing::debug!(rehashed = outcome.is_ok(), "password hash of an older cost");
}

impl<N: Permission> Caller<N> {
    /// Verifies the caller's password, for what takes it beside another credential. A wrong one is
    /// 403 and counts like any other.
    pub async fn verify_current_password(&self, app: &App, password: &str) -> Result<()> {
        let source = login_source(app, &self.source).await?;
        let login = Login { subject: LoginSubject::User(self.user.id), source };
        let key = CredentialKey::Password(login);
        let (stored, user, ()) = app.table.fetch_with_credential(self.user.id, key, ()).await?;
        let StoredCredential::Password(attempts) = stored else {
            return Err(Error::internal("check a password", "its attempts were not fetched"));
        };
        match verify_password(app, user.as_ref(), attempts, password, &self.actor()).await {
            Ok(Some(attempt)) => {
                if user.is_some_and(|user| user.second_factor_since.is_some()) {
                    // The password alone does not sign in, and makes no source known here either.
                    app.table.return_attempt(attempt).await;
                } else {
                    app.table.release_attempt(attempt).await;
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Error::InvalidCredential) => {
                Err(Error::Forbidden("the current password is not right"))
            }
            Err(error) => Err(error),
        }
    }
}
