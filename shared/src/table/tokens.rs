//! Tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Table;
use super::condition::Condition;
use super::connection::failed_call;
use super::item::{Item, Keyed, Stored};
use super::key::{Key, PK};
use super::transaction::Transaction;
use crate::model::{ApiKey, Scope, Timestamp, TokenCredential, TokenKind, User, UserId, UserToken};
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
        let Some(hour) = hour_of(now) else { return };
        if token.last_used_at.is_some_and(|last| last >= hour) {
            return;
        }
        let mark = self
            .marking(token.key(), hour)
            .update_expression("SET lastUsedAt = :hour")
            .condition_expression(format!("attribute_exists({PK}) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt < :hour)"));
        let marked = mark.customize().config_override(quickly()).send().await.is_ok();
        tracing::debug!(marked, "last use of a token");
    }

    /// The same for an API key of a user.
    pub async fn mark_key_used(&self, user: &Stored<User>, key: &ApiKey, now: Timestamp) {
        let Some(hour) = hour_of(now) else { return };
        if key.last_used_at.is_some_and(|last| last >= hour) {
            return;
        }
        let mark = self
            .marking(user.key(), hour)
            .update_expression("SET apiKeys.#key.lastUsedAt = :hour")
            .condition_expression("attribute_exists(apiKeys.#key) AND (attribute_not_exists(apiKeys.#key.lastUsedAt) OR apiKeys.#key.lastUsedAt < :hour)")
            .expression_attribute_names("#key", key.id.to_string());
        let marked = mark.customize().config_override(quickly()).send().await.is_ok();
        tracing::debug!(marked, "last use of an API key");
    }

    fn marking(&self, key: Key, hour: Timestamp) -> UpdateItemFluentBuilder {
        let update =
            self.client.update_item().table_name(&self.name).set_key(Some(key.into_attributes()));
        update.expression_attribute_values(":hour", AttributeValue::S(hour.to_string()))
    }
}

/// One attempt, and not for long: nobody waits for a mark.
fn quickly() -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(1)).build())
}

/// The beginning of the hour.
fn hour_of(now: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(HOUR)).ok()
}
