//! Tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Table;
use super::condition::Condition;
use super::connection::failed_call;
use super::item::{Item, Keyed, Stored};
use super::key::{Key, PK};
use super::transaction::Transaction;
use crate::model::{Scope, Timestamp, TokenCredential, TokenKind, UserId, UserToken};
use crate::{Error, Result};

const HOUR: i64 = 3600;

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose.
    pub user: UserId,
    /// What for.
    pub kind: TokenKind,
    /// What its user calls it.
    pub name: String,
    /// What it may do; without a list, everything.
    pub scopes: Option<BTreeSet<Scope>>,
    /// When it stops working, if ever.
    pub expires_at: Option<Timestamp>,
}

impl Table {
    /// Makes a token. What is returned is the only copy of its secret.
    pub async fn create_token(&self, new: NewToken) -> Result<TokenCredential> {
        let credential = TokenCredential::generate(new.kind, new.user)?;
        let token = UserToken {
            id: credential.id(),
            user: new.user,
            kind: new.kind,
            name: new.name,
            secret_hash: credential.secret_hash(),
            scopes: new.scopes,
            created_at: Timestamp::now(),
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let mut attributes = token.at(token.key())?;
        if let Some(end) = token.expires_at {
            attributes.insert("ttl".to_owned(), AttributeValue::N(end.as_second().to_string()));
        }
        let transaction = Transaction::new(self, "create a token");
        transaction.put(attributes, Condition::absent(), || Error::Raced)?.commit().await?;
        Ok(credential)
    }

    /// Revokes a token: it stops working with the next request. A token that is not there is as good as revoked.
    pub async fn revoke_token(&self, token: &TokenCredential) -> Result<()> {
        let key = Key::token(token.owner(), token.id());
        let delete =
            self.client.delete_item().table_name(&self.name).set_key(Some(key.into_attributes()));
        delete.send().await.map_err(failed_call("revoke a token"))?;
        Ok(())
    }

    /// Notes the hour of a token's use, at most once an hour.
    ///
    /// The write never brings a revoked token back, leaves the version alone, so that it is in nobody's way, and may
    /// fail: the request goes on without it.
    pub async fn mark_used(&self, token: &Stored<UserToken>, now: Timestamp) {
        let hour = now.as_second() - now.as_second().rem_euclid(HOUR);
        let Ok(hour) = Timestamp::from_second(hour) else { return };
        if token.last_used_at.is_some_and(|last| last >= hour) {
            return;
        }
        let quickly = aws_sdk_dynamodb::config::Builder::new()
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().operation_timeout(Duration::from_millis(300)).build(),
            );
        let mark = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(token.key().into_attributes()))
            .update_expression("SET lastUsedAt = :hour")
            .condition_expression(format!("attribute_exists({PK}) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt < :hour)"))
            .expression_attribute_values(":hour", AttributeValue::S(hour.to_string()));
        let outcome = mark.customize().config_override(quickly).send().await;
        tracing::debug!(marked = outcome.is_ok(), "last use of a token");
    }
}
