//! Deletes the tokens, grants, sessions and passkeys that a password change revoked.

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::Result;
use crate::error::ErrorChain;
use crate::model::{Grant, Session, User, UserToken};
use crate::table::engine::{
    GRANT, Key, Keyed, MAX_BATCH_DELETE, SESSION, TOKEN, Table, user_partition,
};
use crate::timeouts;

impl Table {
    /// Deletes the credentials that a password change revoked, within the time budget. Failures are
    /// logged.
    pub(in crate::table) async fn delete_revoked_in_time(&self, changed: &User) {
        match timeout(
            timeouts::CLEANUP_AFTER_PASSWORD_CHANGE,
            self.complete_credential_cleanup(changed),
        )
        .await
        {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(user = %changed.id, error = %ErrorChain(&error), "revoked tokens remain");
            }
            Err(_) => {
                tracing::warn!(user = %changed.id, "revoked tokens remain: timed out");
            }
        }
    }

    /// Deletes revoked credentials, then the cleanup task. If there were none the task is left to
    /// the sweep, which saves a round trip.
    async fn complete_credential_cleanup(&self, user: &User) -> Result<()> {
        if self.delete_revoked(user).await? > 0 {
            self.complete_cleanup(Key::credential_cleanup(user.id, user.credential_epoch)).await?;
        }
        Ok(())
    }

    /// Deletes the tokens, grants, sessions and passkeys that a password change revoked; returns
    /// their number. They do not authenticate anyone, deleted or not.
    pub(in crate::table) async fn delete_revoked(&self, user: &User) -> Result<usize> {
        // Until a change has ended keys it has ended no passkey.
        let has_ended_keys = user.environment_epoch > 0;
        let passkeys =
            async { if has_ended_keys { self.passkeys(user.id).await } else { Ok(Vec::new()) } };
        let (tokens, grants, sessions, mut passkeys) = tokio::try_join!(
            self.query::<UserToken>(user_partition(user.id), TOKEN),
            self.query::<Grant>(user_partition(user.id), GRANT),
            self.query::<Session>(user_partition(user.id), SESSION),
            // Boxed: the SDK's futures are large.
            Box::pin(passkeys),
        )?;
        // Only older ones: newer ones may exist after a later password change.
        let tokens = tokens
            .iter()
            .filter(|token| !user.accepts_epoch(token) && token.epoch < user.credential_epoch)
            .map(UserToken::key);
        let grants =
            grants.iter().filter(|grant| grant.epoch < user.credential_epoch).map(Grant::key);
        let sessions =
            sessions.iter().filter(|own| own.epoch < user.credential_epoch).map(Session::key);
        let revoked: Vec<Key> = tokens.chain(grants).chain(sessions).collect();
        let batches = revoked
            .chunks(MAX_BATCH_DELETE)
            .map(|batch| self.batch_delete("delete revoked tokens", batch.iter().cloned()));
        join_all(batches).await.into_iter().collect::<Result<()>>()?;
        passkeys.retain(|own| !user.accepts_passkey(own));
        Box::pin(self.delete_ended_passkeys(user.id, &passkeys)).await?;
        Ok(revoked.len() + passkeys.len())
    }
}
