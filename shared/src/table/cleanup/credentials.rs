//! Tokens and grants that a changed password revoked.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::Result;
use crate::error::ErrorChain;
use crate::model::{Grant, TokenKind, User, UserToken};
use crate::table::engine::{BATCH, GRANT, Key, Keyed, TOKEN, Table, user_partition};

/// For so long a request clears up after a change of the password; what is left lets nobody in and waits for the next
/// change, or for the sweep.
const CLEARING: Duration = Duration::from_secs(2);

impl Table {
    /// Clears up after a changed password, for a while.
    pub(in crate::table) async fn clear_after(&self, changed: &User) {
        match timeout(CLEARING, self.clear_after_change(changed)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(user = %changed.id, error = %ErrorChain(&error), "revoked tokens are left");
            }
            Err(_) => {
                tracing::warn!(user = %changed.id, "revoked tokens are left for lack of time");
            }
        }
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
    pub(in crate::table) async fn clear_revoked(&self, user: &User) -> Result<usize> {
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
