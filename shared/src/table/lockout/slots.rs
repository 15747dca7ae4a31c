//! A set of slots for attempts.
//!
//! An attempt reserves a free slot before the slow hash is computed, so that concurrent guesses
//! count. A right password gives the slot back, a wrong one keeps it for 15 minutes. The slot of an
//! interrupted attempt is free again after 30 seconds.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::lifetimes::{ATTEMPT_RESERVATION, LOCKOUT};
use crate::model::Timestamp;
use crate::table::engine::Attributes;
use crate::{Error, Result, random};

/// The attribute with the end of a lock, in milliseconds since 1970.
pub(super) const LOCKED: &str = "lockedUntil";
/// The attribute with the time of the last sign-in from a known source, likewise.
pub(super) const SIGNED_IN: &str = "signedInAt";

/// The attribute with the time at which a slot is free again, in milliseconds since 1970.
pub(super) fn until(place: usize) -> String {
    format!("until{place}")
}

/// The attribute that says that the password was wrong.
pub(super) fn wrong(place: usize) -> String {
    format!("wrong{place}")
}

/// A time as it is stored.
pub(super) fn number(time: Timestamp) -> AttributeValue {
    AttributeValue::N(time.as_millisecond().to_string())
}

/// Slots, of which each is free, reserved or a wrong password's.
#[derive(Debug, Clone)]
pub(super) struct SlotSet {
    slots: Vec<Slot>,
    locked_until: Timestamp,
    /// When somebody last signed in from the source whose set this is.
    pub(super) signed_in_at: Timestamp,
}

#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    until: Timestamp,
    is_wrong: bool,
}

impl SlotSet {
    /// A set of free slots.
    pub(super) fn new(capacity: usize) -> Self {
        let (locked_until, signed_in_at) = Default::default();
        Self { slots: vec![Slot::default(); capacity], locked_until, signed_in_at }
    }

    pub(super) fn from_attribute(capacity: usize, value: &AttributeValue) -> Self {
        let Ok(map) = value.as_m() else { return Self::new(capacity) };
        let slot = |place| Slot {
            until: time(map, &until(place)),
            is_wrong: map.contains_key(&wrong(place)),
        };
        Self {
            slots: (0..capacity).map(slot).collect(),
            locked_until: time(map, LOCKED),
            signed_in_at: time(map, SIGNED_IN),
        }
    }

    /// The set of a source from which somebody signs in now, as it is stored: it is locked for as
    /// long as the set is that attempts from there counted in.
    pub(super) fn of_sign_in(now: Timestamp, locked_until: Option<Timestamp>) -> AttributeValue {
        let lock = locked_until.map(|end| (LOCKED.to_owned(), number(end)));
        let signed_in = (SIGNED_IN.to_owned(), number(now));
        AttributeValue::M(std::iter::once(signed_in).chain(lock).collect())
    }

    /// The same set without its attempts.
    pub(super) fn cleared(&self) -> Self {
        Self { signed_in_at: self.signed_in_at, ..Self::new(self.slots.len()) }
    }

    /// A cleared set as it is stored, with one slot reserved, if any.
    pub(super) fn to_attribute(&self, reserved: Option<(usize, Timestamp)>) -> AttributeValue {
        let signed_in = Some(self.signed_in_at).filter(|time| *time != Timestamp::default());
        let signed_in = signed_in.map(|time| (SIGNED_IN.to_owned(), number(time)));
        let reserved = reserved.map(|(place, end)| (until(place), number(end)));
        AttributeValue::M(signed_in.into_iter().chain(reserved).collect())
    }

    /// Rejects every password while the set is locked, right or wrong.
    pub(super) fn check_not_locked(&self, now: Timestamp) -> Result<()> {
        match self.lock_left(now) {
            Some(retry_after) => Err(Error::TooManyAttempts { retry_after }),
            None => Ok(()),
        }
    }

    /// A set without a free slot whose passwords were all wrong is locked even if no lock was
    /// written: the request may have been interrupted, and a source is not locked for longer than
    /// its passwords count.
    fn lock_left(&self, now: Timestamp) -> Option<Duration> {
        let first = self.slots.iter().map(|slot| slot.until).min();
        let first = first.filter(|_| self.is_all_wrong(now));
        let end = self.locked_until.max(first.unwrap_or_default());
        Duration::try_from(end.duration_since(now)).ok().filter(|left| !left.is_zero())
    }

    /// Until when the set is locked, if it is.
    pub(super) fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock_left(now).map(|left| now + left)
    }

    /// A random free slot, so that concurrent attempts rarely collide.
    pub(super) fn free(&self, now: Timestamp) -> Result<usize> {
        let is_free = |place: &usize| self.slots[*place].until <= now;
        let free: Vec<usize> = (0..self.slots.len()).filter(is_free).collect();
        let at = usize::from(random::bytes::<1>()?[0]);
        let place = free.get(at.checked_rem(free.len()).unwrap_or_default());
        place.copied().ok_or(Error::AttemptsInProgress)
    }

    pub(super) fn is_all_wrong(&self, now: Timestamp) -> bool {
        self.slots.iter().all(|slot| slot.is_wrong && slot.until > now)
    }

    /// Whether no attempt counts and none is in progress.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.locked_until <= now && self.slots.iter().all(|slot| slot.until <= now)
    }

    /// Whether the slot is still reserved until this time.
    pub(super) fn is_reserved(&self, place: usize, until: Timestamp) -> bool {
        self.slots.get(place).is_some_and(|slot| !slot.is_wrong && slot.until == until)
    }
}

/// When the reservation of an attempt that begins now ends. Random milliseconds tell two attempts
/// on one slot apart.
pub(super) fn reservation_end(now: Timestamp) -> Result<Timestamp> {
    let jitter = Duration::from_millis(u64::from(random::bytes::<1>()?[0]));
    Ok(to_milliseconds(now + ATTEMPT_RESERVATION + jitter))
}

/// When a password that is wrong now counts no more.
pub(super) fn wrong_end(now: Timestamp) -> Timestamp {
    to_milliseconds(now + LOCKOUT)
}

/// The time as it is read back from the table.
fn to_milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

fn time(map: &Attributes, name: &str) -> Timestamp {
    let milliseconds = map.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
    milliseconds.and_then(|time| Timestamp::from_millisecond(time).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set whose slots are wrong until so many seconds from now.
    fn wrong_for(seconds: &[u64], now: Timestamp) -> SlotSet {
        let slot = |left: &u64| Slot { until: now + Duration::from_secs(*left), is_wrong: true };
        SlotSet { slots: seconds.iter().map(slot).collect(), ..SlotSet::new(0) }
    }

    #[test]
    fn a_set_of_wrong_passwords_is_locked_until_the_first_one_counts_no_more() {
        let now = Timestamp::now();
        let left = |set: &SlotSet| set.lock_left(now).map(|left| left.as_secs());

        assert_eq!(left(&wrong_for(&[900, 300, 600], now)), Some(300));
        assert_eq!(left(&wrong_for(&[900, 0, 600], now)), None, "one is free");
        let reserved = Slot { until: now + Duration::from_secs(20), is_wrong: false };
        let mut set = wrong_for(&[900, 300, 600], now);
        set.slots[1] = reserved;
        assert_eq!(left(&set), None, "in progress is no lock");
        assert!(matches!(set.free(now), Err(Error::AttemptsInProgress)));
    }

    #[test]
    fn a_lock_lasts_as_long_as_it_says_whatever_the_slots_are() {
        let now = Timestamp::now();
        let locked = SlotSet { locked_until: now + Duration::from_mins(1), ..SlotSet::new(10) };

        assert!(locked.check_not_locked(now).is_err());
        assert!(locked.check_not_locked(now + Duration::from_mins(1)).is_ok());
    }
}
