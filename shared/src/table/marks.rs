//! Noting when a credential was used last: the hour, at most once an hour.
//!
//! The write never brings a revoked credential back, leaves versions alone, so that it is in nobody's way, and may fail:
//! the request goes on without it.

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Table;
use super::item::{Keyed, Stored};
use super::key::{Key, PK};
use crate::model::{ApiKey, Grant, Timestamp, User, UserToken};

impl Table {
    /// Notes the use of a token, which from then on says so itself, whatever became of the note.
    pub async fn mark_token_used(&self, token: &mut Stored<UserToken>, now: Timestamp) {
        self.mark_item_used(token.key(), token.last_used_at, now).await;
        token.item.last_used_at = to_mark(token.last_used_at, now).or(token.last_used_at);
    }

    /// Notes the use of an access token, in its grant.
    pub async fn mark_grant_used(&self, grant: &Stored<Grant>, now: Timestamp) {
        self.mark_item_used(grant.key(), grant.last_used_at, now).await;
    }

    async fn mark_item_used(&self, key: Key, last: Option<Timestamp>, now: Timestamp) {
        let Some(hour) = to_mark(last, now) else { return };
        let mark = self
            .marking(key, hour)
            .update_expression("SET lastUsedAt = :hour")
            .condition_expression(format!("attribute_exists({PK}) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt < :hour)"));
        let marked = mark.customize().config_override(quickly()).send().await.is_ok();
        tracing::debug!(marked, "last use of a token");
    }

    /// Notes the use of an API key, in its user.
    pub async fn mark_key_used(&self, user: &Stored<User>, key: &ApiKey, now: Timestamp) {
        let Some(hour) = to_mark(key.last_used_at, now) else { return };
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

impl Stored<UserToken> {
    /// The same, last used then.
    #[must_use]
    pub fn used_at(mut self, last_used_at: Option<Timestamp>) -> Self {
        self.item.last_used_at = last_used_at;
        self
    }
}

/// One attempt, and not for long: nobody waits for a mark.
fn quickly() -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(crate::timeouts::TOUCH).build())
}

/// The beginning of this hour, if it is not noted yet.
fn to_mark(last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let hour = Timestamp::from_second(
        now.as_second() - now.as_second().rem_euclid(crate::lifetimes::LAST_USED_PRECISION),
    )
    .ok()?;
    last.is_none_or(|last| last < hour).then_some(hour)
}
