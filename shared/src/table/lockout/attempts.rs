//! Login attempts: ten wrong passwords within 15 minutes lock a name for 15 minutes.
//!
//! A name has ten slots. An attempt reserves a free one before the slow hash is computed, so that
//! concurrent guesses count. A correct password releases the slot, a wrong one keeps it for
//! 15 minutes. The slot of an interrupted attempt is free again after 30 seconds.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::model::{Timestamp, UserId, hex};
use crate::table::engine::{Attributes, Key, Table, failed_call};
use crate::{Error, Result, random};
use crate::{lifetimes, limits};

/// The attribute with the end of the lock, in milliseconds since 1970.
const LOCKED: &str = "lockedUntil";

/// Whose password is attempted.
#[derive(Debug, Clone)]
pub enum LoginSubject {
    /// A user's, under any of the user's names.
    User(UserId),
    /// No user's: a keyed hash of the name.
    Name([u8; 32]),
}

impl LoginSubject {
    pub(in crate::table) fn key(&self) -> Key {
        match self {
            Self::User(user) => Key::user_lockout(*user),
            Self::Name(name) => Key::name_lockout(&hex(name)),
        }
    }
}

/// The login attempts for one name.
#[derive(Debug, Default, Clone)]
pub struct LoginAttempts {
    slots: [Slot; limits::MAX_LOGIN_ATTEMPTS],
    locked_until: i64,
}

/// One attempt: when its slot is free again, and whether the password was wrong.
#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    until: i64,
    wrong: bool,
}

/// The slot of an attempt in progress.
#[derive(Debug)]
pub struct Reservation {
    key: Key,
    slot: usize,
    until: i64,
}

impl LoginAttempts {
    pub(in crate::table) fn from_item(item: Option<&Attributes>) -> Self {
        let Some(item) = item else { return Self::default() };
        let number = |name: &str| {
            item.get(name).and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
        };
        let slot = |place: usize| Slot {
            until: number(&until(place)),
            wrong: item.contains_key(&wrong(place)),
        };
        Self { slots: std::array::from_fn(slot), locked_until: number(LOCKED) }
    }

    /// Rejects every password while the name is locked, correct or wrong.
    pub fn check_not_locked(&self) -> Result<()> {
        let now = now();
        let left = self.locked_until(now) - now;
        if left > 0 { Err(Error::TooManyAttempts { retry_after: seconds(left) }) } else { Ok(()) }
    }

    /// Ten wrong passwords lock even if the lock was not written, because the request was
    /// interrupted.
    fn locked_until(&self, now: i64) -> i64 {
        let last = self.slots.iter().map(|slot| slot.until).max().filter(|_| self.all_wrong(now));
        self.locked_until.max(last.unwrap_or_default())
    }

    /// A random free slot, so that concurrent attempts rarely collide.
    fn free(&self, now: i64) -> Result<usize> {
        let free: Vec<usize> = (0..limits::MAX_LOGIN_ATTEMPTS)
            .filter(|place| self.slots[*place].until <= now)
            .collect();
        let at = usize::from(random::bytes::<1>()?[0]);
        if let Some(place) = free.get(at.checked_rem(free.len()).unwrap_or_default()) {
            return Ok(*place);
        }
        Err(Error::TooManyAttempts { retry_after: 1 })
    }

    fn all_wrong(&self, now: i64) -> bool {
        self.slots.iter().all(|slot| slot.wrong && slot.until > now)
    }
}

impl Table {
    /// Reserves a slot for an attempt. Fails if the name is locked or all slots are reserved.
    pub async fn reserve_attempt(
        &self,
        subject: &LoginSubject,
        read: &LoginAttempts,
    ) -> Result<Reservation> {
        let mut attempts = read.clone();
        for _ in 0..4 * limits::MAX_LOGIN_ATTEMPTS {
            attempts.check_not_locked()?;
            let now = now();
            let slot = attempts.free(now)?;
            // Random milliseconds tell two attempts on one slot apart.
            let until =
                now + lifetimes::ATTEMPT_RESERVATION_MILLIS + i64::from(random::bytes::<1>()?[0]);
            let reservation = Reservation { key: subject.key(), slot, until };
            match self.reserve_slot(&reservation, now).await {
                Ok(()) => return Ok(reservation),
                Err(error) => attempts = Self::current_attempts(error)?,
            }
        }
        Err(Error::TooManyAttempts { retry_after: 1 })
    }

    async fn reserve_slot(
        &self,
        reservation: &Reservation,
        now: i64,
    ) -> Result<(), SdkError<UpdateItemError>> {
        let Reservation { key, slot, until } = reservation;
        self.update(key)
            .update_expression("SET #until = :until, #ttl = :ttl REMOVE #wrong")
            .condition_expression(
                "(attribute_not_exists(#until) OR #until <= :now) \
                 AND (attribute_not_exists(#locked) OR #locked <= :now)",
            )
            .set_expression_attribute_names(Some(names(
                *slot,
                &["#until", "#wrong", "#locked", "#ttl"],
            )))
            .set_expression_attribute_values(Some(values(&[
                (":until", *until),
                (":now", now),
                (":ttl", ttl(now)),
            ])))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await
            .map(|_| ())
    }

    /// The stored attempts, if another attempt has reserved the slot first.
    fn current_attempts(error: SdkError<UpdateItemError>) -> Result<LoginAttempts> {
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(LoginAttempts::from_item(failed.item()))
            }
            _ => Err(failed_call("reserve a login attempt")(error)),
        }
    }

    /// Releases the slot of a correct password. Failures are ignored: the reservation ends by
    /// itself.
    pub async fn release_attempt(&self, reservation: Reservation) {
        let Reservation { key, slot, until } = reservation;
        let update = self
            .update(&key)
            .update_expression("REMOVE #until")
            .condition_expression("#until = :until")
            .set_expression_attribute_names(Some(names(slot, &["#until"])))
            .set_expression_attribute_values(Some(values(&[(":until", until)])));
        let released = update.send().await.is_ok();
        tracing::debug!(released, "login attempt succeeded");
    }

    /// Keeps the slot of a wrong password. The tenth locks the name.
    pub async fn record_failed_attempt(&self, reservation: Reservation) -> Result<()> {
        let Reservation { key, slot, until } = reservation;
        let now = now();
        let mut numbers = values(&[
            (":end", now + lifetimes::LOCKOUT_MILLIS),
            (":until", until),
            (":ttl", ttl(now)),
        ]);
        numbers.insert(":yes".to_owned(), AttributeValue::Bool(true));
        let recorded = self
            .update(&key)
            .update_expression("SET #until = :end, #wrong = :yes, #ttl = :ttl")
            .condition_expression(
                "#until = :until OR attribute_not_exists(#until) OR #until < :until",
            )
            .set_expression_attribute_names(Some(names(slot, &["#until", "#wrong", "#ttl"])))
            .set_expression_attribute_values(Some(numbers))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let attempts = match recorded {
            Ok(updated) => LoginAttempts::from_item(updated.attributes()),
            Err(error) => Self::current_attempts(error)?,
        };
        if !attempts.all_wrong(now) {
            return Ok(());
        }
        let lock = self
            .update(&key)
            .update_expression("SET #locked = :end, #ttl = :ttl")
            .set_expression_attribute_names(Some(names(slot, &["#locked", "#ttl"])))
            .set_expression_attribute_values(Some(values(&[
                (":end", now + lifetimes::LOCKOUT_MILLIS),
                (":ttl", ttl(now)),
            ])));
        lock.send().await.map_err(failed_call("lock a name"))?;
        Ok(())
    }

    /// Deletes all login attempts of a user, which ends a lock.
    pub async fn reset_attempts(&self, user: UserId) -> Result<()> {
        let key = Key::user_lockout(user).into_attributes();
        let deletion = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        deletion.send().await.map_err(failed_call("reset login attempts"))?;
        Ok(())
    }

    fn update(
        &self,
        key: &Key,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key.clone().into_attributes()))
    }
}

fn until(place: usize) -> String {
    format!("until{place}")
}

fn wrong(place: usize) -> String {
    format!("wrong{place}")
}

/// Expression attribute names, for one slot.
fn names(slot: usize, used: &[&str]) -> HashMap<String, String> {
    let all = [
        ("#until", until(slot)),
        ("#wrong", wrong(slot)),
        ("#locked", LOCKED.to_owned()),
        ("#ttl", "ttl".to_owned()),
    ];
    all.into_iter()
        .filter(|(name, _)| used.contains(name))
        .map(|(name, attribute)| (name.to_owned(), attribute))
        .collect()
}

fn values(numbers: &[(&str, i64)]) -> HashMap<String, AttributeValue> {
    numbers
        .iter()
        .map(|(name, number)| ((*name).to_owned(), AttributeValue::N(number.to_string())))
        .collect()
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// When the item can be deleted, in seconds since 1970.
const fn ttl(now: i64) -> i64 {
    (now + 2 * lifetimes::LOCKOUT_MILLIS) / 1000
}

/// Milliseconds as whole seconds, rounded up.
fn seconds(milliseconds: i64) -> u64 {
    u64::try_from((milliseconds + 999) / 1000).unwrap_or(1).max(1)
}
