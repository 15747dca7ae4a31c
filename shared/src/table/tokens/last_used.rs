//! The last use of credentials, recorded as an hour, at most once per hour.
//!
//! The update never recreates a revoked credential and does not change versions, so that it causes
//! no conflicts. Failures are ignored.

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::model::{ApiKey, Grant, Session, Timestamp, User, UserToken};
use crate::table::engine::{Key, Keyed, PK, Stored, Table};
use crate::{lifetimes, timeouts};

impl Table {
    /// Records the use of a token, in the table and in `token`.
    pub async fn touch_token(&self, token: &mut Stored<UserToken>, now: Timestamp) {
        self.touch_item(token.key(), token.last_used_at, now).await;
        token.item.last_used_at = hour_to_record(token.last_used_at, now).or(token.last_used_at);
    }

    /// Records the use of a session.
    pub async fn touch_session(&self, session: &Stored<Session>, now: Timestamp) {
        self.touch_item(session.key(), session.last_used_at, now).await;
    }

    /// Records the use of an access token, in its grant.
    pub async fn touch_grant(&self, grant: &Stored<Grant>, now: Timestamp) {
        self.touch_item(grant.key(), grant.last_used_at, now).await;
    }

    async fn touch_item(&self, key: Key, last: Option<Timestamp>, now: Timestamp) {
        let Some(hour) = hour_to_record(last, now) else { return };
        let update = self
            .touch(key, hour)
            .update_expression("SET lastUsedAt = :hour")
            .condition_expression(format!(
                "attribute_exists({PK}) \
                 AND (attribute_not_exists(lastUsedAt) OR lastUsedAt < :hour)"
            ));
        let recorded = update.customize().config_override(best_effort()).send().await.is_ok();
        tracing::debug!(recorded, "last use of a credential");
    }

    /// Records the use of an API key, in its user.
    pub async fn touch_api_key(&self, user: &Stored<User>, key: &ApiKey, now: Timestamp) {
        let Some(hour) = hour_to_record(key.last_used_at, now) else { return };
        let update = self
            .touch(user.key(), hour)
            .update_expression("SET apiKeys.#key.lastUsedAt = :hour")
            .condition_expression(
                "attribute_exists(apiKeys.#key) \
                 AND (attribute_not_exists(apiKeys.#key.lastUsedAt) \
                 OR apiKeys.#key.lastUsedAt < :hour)",
            )
            .expression_attribute_names("#key", key.id.to_string());
        let recorded = update.customize().config_override(best_effort()).send().await.is_ok();
        tracing::debug!(recorded, "last use of an API key");
    }

    fn touch(&self, key: Key, hour: Timestamp) -> UpdateItemFluentBuilder {
        let update =
            self.client.update_item().table_name(&self.name).set_key(Some(key.into_attributes()));
        update.expression_attribute_values(":hour", AttributeValue::S(hour.to_string()))
    }
}

impl Stored<UserToken> {
    /// The same token, with this last use.
    #[must_use]
    pub fn with_last_used(mut self, last_used_at: Option<Timestamp>) -> Self {
        self.item.last_used_at = last_used_at;
        self
    }
}

/// One attempt with a short timeout, since the request waits for it.
fn best_effort() -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::new()
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(timeouts::TOUCH).build())
}

/// The start of the current hour, if it is not recorded yet.
fn hour_to_record(last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let hour = Timestamp::from_second(
        now.as_second() - now.as_second().rem_euclid(lifetimes::LAST_USED_PRECISION),
    )
    .ok()?;
    last.is_none_or(|last| last < hour).then_some(hour)
}
