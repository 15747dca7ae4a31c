//! Deletes the tokens that were revoked together with the one that made them.

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::timeout;

use crate::Result;
use crate::error::ErrorChain;
use crate::model::{TokenId, User, UserId};
use crate::table::engine::{Key, MAX_BATCH_DELETE, PK, Stored, Table, failed_call};
use crate::timeouts;

/// The name of the operation in errors.
const ACTION: &str = "delete revoked tokens";

impl Table {
    /// Deletes revoked tokens and the cleanup task within the time budget. Failures are logged.
    pub(in crate::table) async fn delete_tokens_in_time(
        &self,
        user: UserId,
        task: TokenId,
        revoked: &[TokenId],
    ) {
        let deletion = async {
            self.delete_tokens(user, revoked).await?;
            self.complete_cleanup(Key::token_cleanup(user, task)).await
        };
        match timeout(timeouts::CLEANUP_AFTER_PASSWORD_CHANGE, deletion).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%user, error = %ErrorChain(&error), "revoked tokens remain");
            }
            Err(_) => tracing::warn!(%user, "revoked tokens remain: timed out"),
        }
    }

    /// Deletes all tokens that the user names as revoked.
    pub(in crate::table) async fn delete_revoked_tokens(&self, user: UserId) -> Result<()> {
        let key = Key::user(user);
        let user: Option<Stored<User>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        let Some(user) = user else { return Ok(()) };
        let revoked: Vec<TokenId> = user.revoked_tokens.iter().copied().collect();
        self.delete_tokens(user.id, &revoked).await
    }

    /// Deletes tokens, and then no longer names them in the user. It may be interrupted, repeated
    /// and run concurrently: those that are named do not work, those that are gone need no name.
    async fn delete_tokens(&self, user: UserId, revoked: &[TokenId]) -> Result<()> {
        for batch in revoked.chunks(MAX_BATCH_DELETE) {
            self.batch_delete(ACTION, batch.iter().map(|token| Key::token(user, *token))).await?;
        }
        if revoked.is_empty() {
            return Ok(());
        }
        // The version stays: for everything else the user is the same.
        let gone = AttributeValue::Ss(revoked.iter().map(TokenId::to_string).collect());
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(Key::user(user).into_attributes()))
            .update_expression("DELETE revokedTokens :gone")
            .condition_expression(format!("attribute_exists({PK})"))
            .expression_attribute_values(":gone", gone)
            .send()
            .await
            .map_err(failed_call(ACTION))?;
        Ok(())
    }
}
