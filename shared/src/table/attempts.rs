//! Guessing passwords: ten wrong ones within 15 minutes lock a name for 15 minutes.
//!
//! Ten slots stand for ten attempts. An attempt takes a free one before the slow hash is computed, so that guesses made
//! at once count; a right password gives it back, a wrong one keeps it for 15 minutes. An attempt that never came to
//! an end gives its slot back by itself, after half a minute.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::Table;
use super::connection::failed_call;
use super::item::Attributes;
use super::key::Key;
use crate::model::{Timestamp, UserId, hex};
use crate::{Error, Result, random};
use crate::{lifetimes, limits};

/// The attribute that says until when the name is locked, in milliseconds since 1970.
const LOCKED: &str = "lockedUntil";

/// Whose password is being guessed.
#[derive(Debug, Clone)]
pub enum LoginSubject {
    /// A user's, by whatever name.
    User(UserId),
    /// Nobody's: a keyed hash of the name.
    Name([u8; 32]),
}

impl LoginSubject {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::User(user) => Key::attempts_of_user(*user),
            Self::Name(name) => Key::attempts_on_name(&hex(name)),
        }
    }
}

/// The attempts on one name.
#[derive(Debug, Default, Clone)]
pub struct LoginAttempts {
    slots: [Slot; limits::MAX_LOGIN_ATTEMPTS],
    locked_until: i64,
}

/// One attempt: free again after a time, and whether it was wrong.
#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    until: i64,
    wrong: bool,
}

/// A slot taken by an attempt that is under way.
#[derive(Debug)]
pub struct Reservation {
    key: Key,
    slot: usize,
    until: i64,
}

impl LoginAttempts {
    pub(super) fn of(item: Option<&Attributes>) -> Self {
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

    /// Refuses every password while the name is locked, right or wrong.
    pub fn refuse_if_locked(&self) -> Result<()> {
        let now = now();
        let left = self.locked_until(now) - now;
        if left > 0 { Err(Error::TooManyAttempts { retry_after: seconds(left) }) } else { Ok(()) }
    }

    /// Ten wrong ones lock even if the lock itself was not written, since an answer was lost or the process ended.
    fn locked_until(&self, now: i64) -> i64 {
        let last = self.slots.iter().map(|slot| slot.until).max().filter(|_| self.all_wrong(now));
        self.locked_until.max(last.unwrap_or_default())
    }

    /// A free slot at random, so that attempts made at once rarely meet.
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
    /// Takes a slot for an attempt, or refuses it: locked, or ten attempts are under way.
    pub async fn reserve_attempt(
        &self,
        guessed: &LoginSubject,
        seen: &LoginAttempts,
    ) -> Result<Reservation> {
        let mut attempts = seen.clone();
        for _ in 0..4 * limits::MAX_LOGIN_ATTEMPTS {
            attempts.refuse_if_locked()?;
            let now = now();
            let slot = attempts.free(now)?;
            // The odd milliseconds tell two attempts on one slot apart.
            let until =
                now + lifetimes::ATTEMPT_RESERVATION_MILLIS + i64::from(random::bytes::<1>()?[0]);
            let reservation = Reservation { key: guessed.key(), slot, until };
            match self.take(&reservation, now).await {
                Ok(()) => return Ok(reservation),
                Err(error) => attempts = Self::attempts_met(error)?,
            }
        }
        Err(Error::TooManyAttempts { retry_after: 1 })
    }

    async fn take(
        &self,
        reservation: &Reservation,
        now: i64,
    ) -> Result<(), SdkError<UpdateItemError>> {
        let Reservation { key, slot, until } = reservation;
        self.update(key)
            .update_expression("SET #until = :until, #ttl = :ttl REMOVE #wrong")
            .condition_expression("(attribute_not_exists(#until) OR #until <= :now) AND (attribute_not_exists(#locked) OR #locked <= :now)")
            .set_expression_attribute_names(Some(names(*slot, &["#until", "#wrong", "#locked", "#ttl"])))
            .set_expression_attribute_values(Some(values(&[(":until", *until), (":now", now), (":ttl", ttl(now))])))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await
            .map(|_| ())
    }

    /// What the table has instead, when another attempt took the slot first.
    fn attempts_met(error: SdkError<UpdateItemError>) -> Result<LoginAttempts> {
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(met)) => {
                Ok(LoginAttempts::of(met.item()))
            }
            _ => Err(failed_call("reserve an attempt")(error)),
        }
    }

    /// Gives the slot of a right password back. It may fail: the slot is free after half a minute.
    pub async fn give_back_attempt(&self, reservation: Reservation) {
        let Reservation { key, slot, until } = reservation;
        let given = self
            .update(&key)
            .update_expression("REMOVE #until")
            .condition_expression("#until = :until")
            .set_expression_attribute_names(Some(names(slot, &["#until"])))
            .set_expression_attribute_values(Some(values(&[(":until", until)])));
        let given_back = given.send().await.is_ok();
        tracing::debug!(given_back, "an attempt with the right password");
    }

    /// Keeps the slot of a wrong password; the tenth locks the name.
    pub async fn note_wrong_attempt(&self, reservation: Reservation) -> Result<()> {
        let Reservation { key, slot, until } = reservation;
        let now = now();
        let mut numbers = values(&[
            (":end", now + lifetimes::LOCKOUT_MILLIS),
            (":until", until),
            (":ttl", ttl(now)),
        ]);
        numbers.insert(":yes".to_owned(), AttributeValue::Bool(true));
        let noted = self
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
        let attempts = match noted {
            Ok(noted) => LoginAttempts::of(noted.attributes()),
            Err(error) => Self::attempts_met(error)?,
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

    /// Forgets every attempt on a user's password, and so lifts a lock.
    pub async fn forget_attempts(&self, user: UserId) -> Result<()> {
        let key = Key::attempts_of_user(user).into_attributes();
        let deletion = self.client.delete_item().table_name(&self.name).set_key(Some(key));
        deletion.send().await.map_err(failed_call("forget attempts"))?;
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

/// The names that an expression uses, for one slot.
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

/// When the item is of no use any more, in seconds since 1970.
const fn ttl(now: i64) -> i64 {
    (now + 2 * lifetimes::LOCKOUT_MILLIS) / 1000
}

/// Milliseconds as whole seconds, rounded up.
fn seconds(milliseconds: i64) -> u64 {
    u64::try_from((milliseconds + 999) / 1000).unwrap_or(1).max(1)
}
