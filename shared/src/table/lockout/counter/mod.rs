//! An item that counts attempts in sets of slots: what it says, and in `write` what is written to it.

mod write;

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::login::Login;
use super::slots::SlotSet;
use crate::Result;
use crate::lifetimes::{ATTEMPT_RESERVATION, KNOWN_SOURCE_TTL, LOCKOUT};
use crate::limits::{MAX_KNOWN_SOURCES, MAX_LOGIN_ATTEMPTS, MAX_SOURCE_ATTEMPTS};
use crate::model::Timestamp;
use crate::table::engine::{Attributes, Key, TTL};
use crate::telemetry::SecurityEvent::{SignInLocked, SourceLimitReached};

pub(super) use write::Slot;
pub(in crate::table) use write::attributes_of_deleted;

/// The attribute with the sets, by their names.
const SLOTS: &str = "slots";
/// The attribute with the user's epoch of attempts that these were made in.
const EPOCH: &str = "epoch";
/// The set for all sources that have none of their own.
const OTHER: &str = "other";

/// The sets of slots in one item, as they were read.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    key: Key,
    capacity: usize,
    /// Whether a full set is locked for as long as if the last password were the first.
    locks: bool,
    /// When the table may delete the item, in seconds since 1970.
    stored_ttl: i64,
    /// The names of the set for the source of the attempt, the current one first; none if all
    /// sources have one set.
    own_sets: Vec<String>,
    /// The epoch that the attempts count in. Those of an earlier one are forgotten.
    epoch: u64,
    stored_epoch: Option<u64>,
    sets: BTreeMap<String, SlotSet>,
    /// The sets of an earlier epoch, as they are stored.
    earlier_sets: Option<AttributeValue>,
}

impl Counter {
    /// What counts for the user or the name.
    pub(super) fn of_subject(login: &Login, epoch: u64) -> Self {
        let ids = std::iter::once(&login.source.id).chain(&login.source.other_ids);
        Self {
            own_sets: ids.map(ToString::to_string).collect(),
            epoch,
            ..Self::new(login.subject.key(), MAX_LOGIN_ATTEMPTS, true)
        }
    }

    /// What counts for a user, wherever an attempt comes from.
    #[cfg(feature = "operator")]
    pub(super) fn of_user(key: Key, epoch: u64) -> Self {
        Self { epoch, ..Self::new(key, MAX_LOGIN_ATTEMPTS, true) }
    }

    /// Until when the set for all other sources is locked, and the set of each known source.
    #[cfg(feature = "operator")]
    pub(super) fn locks(&self, now: Timestamp) -> (Option<Timestamp>, Vec<Option<Timestamp>>) {
        let is_known = |set: &&SlotSet| set.signed_in_at + KNOWN_SOURCE_TTL > now;
        let known = self.sets.values().filter(is_known).map(|set| set.locked_until(now));
        (self.sets.get(OTHER).and_then(|set| set.locked_until(now)), known.collect())
    }

    /// What counts for the source.
    pub(super) fn of_source(login: &Login) -> Self {
        Self::new(login.source_key(), MAX_SOURCE_ATTEMPTS, false)
    }

    fn new(key: Key, capacity: usize, locks: bool) -> Self {
        let (own_sets, sets) = (Vec::new(), BTreeMap::new());
        let (stored_ttl, epoch, stored_epoch, earlier_sets) = (0, 0, None, None);
        Self { key, capacity, locks, stored_ttl, own_sets, epoch, stored_epoch, sets, earlier_sets }
    }

    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// The same counter, as the item says.
    pub(super) fn read(self, item: Option<&Attributes>) -> Self {
        let stored = item.and_then(|item| item.get(SLOTS));
        let number = |name| item.and_then(|item| item.get(name)?.as_n().ok());
        let stored_epoch = number(EPOCH).and_then(|epoch| epoch.parse().ok());
        let stored_ttl = number(TTL).and_then(|ttl| ttl.parse().ok()).unwrap_or_default();
        let is_current = stored_epoch == Some(self.epoch);
        let set = |(name, value): (&String, &AttributeValue)| {
            let set = SlotSet::from_attribute(self.capacity, value);
            (name.clone(), if is_current { set } else { set.cleared() })
        };
        let sets = stored.and_then(|stored| stored.as_m().ok()).into_iter().flatten().map(set);
        let sets = sets.collect();
        let earlier_sets = stored.filter(|_| !is_current).cloned();
        Self { stored_ttl, stored_epoch, sets, earlier_sets, ..self }
    }

    /// The source's own set, if the user signed in from there recently.
    fn known_source(&self, now: Timestamp) -> Option<&str> {
        let is_known = |name: &&String| {
            self.sets.get(*name).is_some_and(|set| set.signed_in_at + KNOWN_SOURCE_TTL > now)
        };
        self.own_sets.iter().find(is_known).map(String::as_str)
    }

    pub(super) fn knows_source(&self, now: Timestamp) -> bool {
        self.known_source(now).is_some()
    }

    /// Whether the user signed in from any source recently.
    fn knows_any_source(&self, now: Timestamp) -> bool {
        self.sets.values().any(|set| set.signed_in_at + KNOWN_SOURCE_TTL > now)
    }

    /// The one set that an attempt counts in, with its name.
    fn set(&self, now: Timestamp) -> (&str, SlotSet) {
        let name = self.known_source(now).unwrap_or(OTHER);
        let set = self.sets.get(name).cloned();
        (name, set.unwrap_or_else(|| SlotSet::new(self.capacity)))
    }

    /// Rejects every password while the set is locked, right or wrong.
    pub(super) fn check_not_locked(&self, now: Timestamp) -> Result<()> {
        let checked = self.set(now).1.check_not_locked(now);
        if checked.is_err() {
            let event = if self.locks { SignInLocked } else { SourceLimitReached };
            event.record();
        }
        checked
    }

    /// All sets as they are stored in a new epoch, with this slot of one reserved, if any, but
    /// those of sources that are known no more.
    fn cleared(
        &self,
        slot: Option<(&str, usize, Timestamp)>,
        now: Timestamp,
    ) -> HashMap<String, AttributeValue> {
        let reserved = |name: &str| {
            slot.filter(|(set, ..)| *set == name).map(|(_, place, until)| (place, until))
        };
        let mut sets: HashMap<_, _> = self
            .sets
            .iter()
            .filter(|(_, own)| own.signed_in_at + KNOWN_SOURCE_TTL > now)
            .map(|(name, own)| (name.clone(), own.cleared().to_attribute(reserved(name))))
            .collect();
        let other = SlotSet::new(self.capacity).to_attribute(reserved(OTHER));
        sets.entry(OTHER.to_owned()).or_insert(other);
        sets
    }

    /// The same without a slot, and with a source from which the user signs in now.
    fn cleared_with(&self, source: &str, now: Timestamp) -> HashMap<String, AttributeValue> {
        let mut sets = self.cleared(None, now);
        if !sets.contains_key(source) {
            for name in self.to_forget(now) {
                sets.remove(&name);
            }
        }
        sets.insert(source.to_owned(), SlotSet::of_sign_in(now, None));
        sets
    }

    /// The sources to forget when another one becomes known: those that are known no more, and
    /// those unused for longest if there are too many.
    fn to_forget(&self, now: Timestamp) -> Vec<String> {
        let mut known: Vec<_> = self.sets.iter().filter(|(name, _)| *name != OTHER).collect();
        known.sort_by_key(|(_, set)| std::cmp::Reverse(set.signed_in_at));
        let is_kept = |(place, (_, set)): &(usize, &(&String, &SlotSet))| {
            *place + 1 < MAX_KNOWN_SOURCES && set.signed_in_at + KNOWN_SOURCE_TTL > now
        };
        let forgotten = known.iter().enumerate().filter(|known| !is_kept(known));
        forgotten.map(|(_, (name, _))| (*name).clone()).collect()
    }

    /// The sources that are known no more, and whose attempts count no more.
    fn expired(&self, now: Timestamp) -> impl Iterator<Item = &String> {
        let is_expired = move |(name, set): &(&String, &SlotSet)| {
            *name != OTHER && set.signed_in_at + KNOWN_SOURCE_TTL <= now && set.is_idle(now)
        };
        self.sets.iter().filter(is_expired).map(|(name, _)| name)
    }

    /// When the table may delete the item, if that is to be later, so that an attempt counts for as
    /// long as it should. An attempt does not prolong what is kept of sources: a sign-in does.
    fn later_ttl(&self, now: Timestamp) -> Option<i64> {
        let needed = now + LOCKOUT + 2 * ATTEMPT_RESERVATION;
        (self.stored_ttl < needed.as_second()).then(|| (now + 2 * LOCKOUT).as_second())
    }

    /// When the table may delete an item whose sets are all written, in seconds since 1970.
    fn new_ttl(&self, now: Timestamp) -> i64 {
        let known = self.sets.values().map(|set| set.signed_in_at + KNOWN_SOURCE_TTL);
        known.max().unwrap_or_default().max(now + 2 * LOCKOUT).as_second()
    }
}
