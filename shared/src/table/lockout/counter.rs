//! An item that counts attempts: sets of slots, and the writes to them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};

use super::login::Login;
use super::slots::{LOCKED, SIGNED_IN, SlotSet, number, reservation_end, until, wrong, wrong_end};
use crate::lifetimes::{ATTEMPT_RESERVATION, KNOWN_SOURCE_TTL, LOCKOUT};
use crate::limits::{MAX_KNOWN_SOURCES, MAX_LOGIN_ATTEMPTS, MAX_SOURCE_ATTEMPTS};
use crate::model::{MailKind, Timestamp, UserId};
use crate::random::back_off;
use crate::table::engine::{Attributes, Key, NewNotice, TTL, Table, failed_call};
use crate::telemetry::SecurityEvent::{SignInLocked, SourceLimitReached};
use crate::{Error, Result};

/// The attribute with the sets, by their names.
const SLOTS: &str = "slots";
/// The attribute with the epoch of the user's credentials that the attempts were made in.
const EPOCH: &str = "epoch";
/// The set for all sources that have none of their own.
const OTHER: &str = "other";

/// How often an attempt that lost its slot to another one tries the next.
const MAX_TRIES: usize = 4 * MAX_SOURCE_ATTEMPTS;

/// How often an update is sent again after a conflict with a transaction.
const MAX_CONFLICTS: u32 = 5;

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

/// A slot that an attempt in progress has reserved.
#[derive(Debug)]
pub(super) struct Slot {
    counter: Counter,
    set: String,
    place: usize,
    until: Timestamp,
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

    /// All sets as they are stored in a new epoch, with one slot reserved, but those of sources that
    /// are known no more.
    fn cleared(
        &self,
        (set, place, until): (&str, usize, Timestamp),
        now: Timestamp,
    ) -> AttributeValue {
        let reserved = |name: &str| (name == set).then_some((place, until));
        let mut sets: HashMap<_, _> = self
            .sets
            .iter()
            .filter(|(_, own)| own.signed_in_at + KNOWN_SOURCE_TTL > now)
            .map(|(name, own)| (name.clone(), own.cleared().to_attribute(reserved(name))))
            .collect();
        let other = SlotSet::new(self.capacity).to_attribute(reserved(OTHER));
        sets.entry(OTHER.to_owned()).or_insert(other);
        AttributeValue::M(sets)
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

/// The item of a user who is being deleted: an attempt by somebody who has read the user before
/// finds a later epoch, and writes nothing that would outlive the user.
pub(in crate::table) fn attributes_of_deleted(user: UserId) -> Attributes {
    let ttl = (Timestamp::now() + 2 * LOCKOUT).as_second();
    let mut attributes = Key::user_lockout(user).into_attributes();
    attributes.insert(EPOCH.to_owned(), epoch(u64::MAX));
    attributes.insert(TTL.to_owned(), seconds(ttl));
    attributes
}

/// An attribute of the set that an expression names `#set`.
fn in_set(attribute: &str) -> String {
    format!("{SLOTS}.#set.{attribute}")
}

impl Slot {
    fn until(&self) -> String {
        in_set(&until(self.place))
    }

    /// The same slot, once it is reserved in the table: the item exists and is of the epoch.
    fn stored(mut self) -> Self {
        let Counter { capacity, epoch, .. } = self.counter;
        self.counter.stored_epoch = Some(epoch);
        self.counter.sets.entry(OTHER.to_owned()).or_insert_with(|| SlotSet::new(capacity));
        self
    }
}

impl Table {
    /// Reserves a slot. Fails if the set is locked or all slots are reserved.
    pub(super) async fn reserve_slot(&self, read: Counter) -> Result<Slot> {
        let mut counter = read;
        for _ in 0..MAX_TRIES {
            let now = Timestamp::now();
            if counter.stored_epoch > Some(counter.epoch) {
                // The user was read before a change of the password.
                return Err(Error::WriteConflict);
            }
            counter.check_not_locked(now)?;
            let (name, set) = counter.set(now);
            let (place, until) = (set.free(now)?, reservation_end(now)?);
            let slot = Slot { set: name.to_owned(), place, until, counter };
            // Boxed: the SDK's futures are large.
            match Box::pin(self.put_reservation(&slot, now)).await {
                Ok(()) => return Ok(slot.stored()),
                Err(error) => counter = current(slot.counter, error)?,
            }
        }
        Err(Error::AttemptsInProgress)
    }

    async fn put_reservation(
        &self,
        slot: &Slot,
        now: Timestamp,
    ) -> Result<(), SdkError<UpdateItemError>> {
        let (counter, path) = (&slot.counter, slot.until());
        let update = self
            .update_counter(counter)
            .expression_attribute_values(":epoch", epoch(counter.epoch));
        let update = if counter.stored_epoch == Some(counter.epoch) {
            let (mut ttl, mut removed, mut more) = (String::new(), String::new(), String::new());
            let mut update = update;
            if let Some(later) = counter.later_ttl(now) {
                ttl.push_str(", #ttl = :ttl");
                // It may be later since: somebody signed in.
                more.push_str(" AND (attribute_not_exists(#ttl) OR #ttl <= :ttl)");
                update = with_ttl(update, later);
            }
            let expired = counter.expired(now).filter(|name| **name != slot.set);
            for (place, name) in expired.enumerate() {
                let old = format!("{SLOTS}.#old{place}");
                let _ = write!(removed, ", {old}");
                // Somebody may have signed in from there since.
                let _ = write!(more, " AND {old}.{SIGNED_IN} <= :expired");
                update = update
                    .expression_attribute_names(format!("#old{place}"), name)
                    .expression_attribute_values(":expired", number(now - KNOWN_SOURCE_TTL));
            }
            update
                .update_expression(format!(
                    "SET {path} = :until{ttl} REMOVE {}{removed}",
                    in_set(&wrong(slot.place))
                ))
                .condition_expression(format!(
                    "{EPOCH} = :epoch AND attribute_exists({SLOTS}.#set) \
                     AND (attribute_not_exists({path}) OR {path} <= :now) \
                     AND (attribute_not_exists({locked}) OR {locked} <= :now){more}",
                    locked = in_set(LOCKED)
                ))
                .expression_attribute_names("#set", &slot.set)
                .expression_attribute_values(":until", number(slot.until))
                .expression_attribute_values(":now", number(now))
        } else {
            // The first attempt, or the first since the password was changed.
            let sets = counter.cleared((&slot.set, slot.place, slot.until), now);
            let update = with_ttl(update, counter.new_ttl(now))
                .update_expression(format!("SET {SLOTS} = :sets, {EPOCH} = :epoch, #ttl = :ttl"))
                .expression_attribute_values(":sets", sets);
            match counter.stored_epoch.zip(counter.earlier_sets.clone()) {
                None => update.condition_expression(format!("attribute_not_exists({EPOCH})")),
                // A source that became known meanwhile stays so.
                Some((stored, sets)) => update
                    .condition_expression(format!("{EPOCH} = :stored AND {SLOTS} = :earlier"))
                    .expression_attribute_values(":stored", epoch(stored))
                    .expression_attribute_values(":earlier", sets),
            }
        };
        send(update).await.map(|_| ())
    }

    /// Gives a slot back. A failure is ignored: the reservation ends by itself.
    pub(super) async fn release_slot(&self, slot: &Slot) {
        let update = self
            .update_counter(&slot.counter)
            .update_expression(format!("REMOVE {}", slot.until()))
            .condition_expression(format!("{EPOCH} = :epoch AND {} = :until", slot.until()))
            .expression_attribute_names("#set", &slot.set)
            .expression_attribute_values(":until", number(slot.until))
            .expression_attribute_values(":epoch", epoch(slot.counter.epoch));
        let released = send(update).await.is_ok();
        tracing::debug!(released, "login attempt given back");
    }

    /// Gives a slot back, and notes that the user signed in from its source. If it is another one
    /// than those that the user is known from, the user is told. A failure is ignored: the next
    /// sign-in notes it.
    pub(super) async fn release_slot_of_known_source(&self, slot: Slot, user: Option<UserId>) {
        let mut slot = slot;
        for _ in 0..MAX_TRIES {
            let put = self.put_known_source(&slot, user, Timestamp::now()).await;
            let Err(Some(stored)) = put else { return };
            let counter = slot.counter.read(Some(&stored));
            let set = counter.sets.get(&slot.set);
            let is_reserved = set.is_some_and(|set| set.is_reserved(slot.place, slot.until));
            if !is_reserved || counter.stored_epoch != Some(counter.epoch) {
                return;
            }
            slot = Slot { counter, ..slot };
        }
    }

    /// The error is the item as it is stored, if it was changed meanwhile.
    async fn put_known_source(
        &self,
        slot: &Slot,
        user: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), Option<Attributes>> {
        let (counter, path) = (&slot.counter, slot.until());
        let Some(source) = counter.own_sets.first() else { return Ok(()) };
        let update = with_ttl(self.update_counter(counter), (now + KNOWN_SOURCE_TTL).as_second())
            .expression_attribute_names("#set", &slot.set)
            .expression_attribute_names("#source", source)
            .expression_attribute_values(":until", number(slot.until))
            .expression_attribute_values(":epoch", epoch(counter.epoch));
        let condition = format!("{EPOCH} = :epoch AND {path} = :until");
        let update = if counter.sets.contains_key(source) {
            update
                .update_expression(format!(
                    "SET {SLOTS}.#source.{SIGNED_IN} = :signed_in, #ttl = :ttl REMOVE {path}"
                ))
                .condition_expression(format!("{condition} AND attribute_exists({SLOTS}.#source)"))
                .expression_attribute_values(":signed_in", number(now))
        } else {
            let forgotten = counter.to_forget(now);
            // Under an earlier service key the source may be among them.
            let is_forgotten = forgotten.contains(&slot.set);
            let mut removed = if is_forgotten { Vec::new() } else { vec![path] };
            let mut condition = format!(
                "{condition} AND attribute_not_exists({SLOTS}.#source) AND size({SLOTS}) = :size"
            );
            let mut update = update;
            for (place, name) in forgotten.into_iter().enumerate() {
                removed.push(format!("{SLOTS}.#old{place}"));
                condition = format!("{condition} AND attribute_exists({SLOTS}.#old{place})");
                update = update.expression_attribute_names(format!("#old{place}"), name);
            }
            let removed = removed.join(", ");
            let size = AttributeValue::N(counter.sets.len().to_string());
            update
                .update_expression(format!(
                    "SET {SLOTS}.#source = :source, #ttl = :ttl REMOVE {removed}"
                ))
                .condition_expression(condition)
                .expression_attribute_values(":source", SlotSet::of_sign_in(now))
                .expression_attribute_values(":size", size)
        };
        let is_new = !counter.knows_source(now) && counter.knows_any_source(now);
        match user.filter(|_| is_new && self.sends_mail()) {
            Some(user) => self.update_with_notice(update, user).await,
            None => send(update).await.map(|_| ()).map_err(|error| {
                let error = error.into_service_error();
                let UpdateItemError::ConditionalCheckFailedException(failed) = error else {
                    return None;
                };
                failed.item
            }),
        }
    }

    /// Makes an update together with the notice of a sign-in from another source.
    async fn update_with_notice(
        &self,
        update: UpdateItemFluentBuilder,
        user: UserId,
    ) -> Result<(), Option<Attributes>> {
        let notice = NewNotice::new(user, MailKind::NewSignIn).into_attributes();
        let put = notice.ok().and_then(|notice| {
            Put::builder().table_name(&self.name).set_item(Some(notice)).build().ok()
        });
        let put = put.ok_or(None)?;
        let input = update.as_input();
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(input.get_key().clone())
            .set_update_expression(input.get_update_expression().clone())
            .set_condition_expression(input.get_condition_expression().clone())
            .set_expression_attribute_names(input.get_expression_attribute_names().clone())
            .set_expression_attribute_values(input.get_expression_attribute_values().clone())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|_| None)?;
        let actions = [
            TransactWriteItem::builder().update(update).build(),
            TransactWriteItem::builder().put(put).build(),
        ];
        for attempt in 0..MAX_CONFLICTS {
            let write = self.client.transact_write_items();
            let sent = Box::pin(write.set_transact_items(Some(actions.to_vec())).send()).await;
            let Err(error) = sent else { return Ok(()) };
            let TransactWriteItemsError::TransactionCanceledException(cancelled) =
                error.into_service_error()
            else {
                return Err(None);
            };
            let reason = cancelled.cancellation_reasons.unwrap_or_default().into_iter().next();
            let is_conflict =
                reason.as_ref().is_some_and(|own| own.code() == Some("TransactionConflict"));
            if !is_conflict || back_off(attempt).await.is_err() {
                return Err(reason.and_then(|reason| reason.item));
            }
        }
        Err(None)
    }

    /// Keeps the slot of a wrong password. The last free one of a user's set locks the set: then it
    /// returns true.
    pub(super) async fn record_wrong_slot(&self, slot: Slot) -> Result<bool> {
        let (now, path) = (Timestamp::now(), slot.until());
        let update = |expression: String, condition: String| {
            self.update_counter(&slot.counter)
                .update_expression(expression)
                .condition_expression(format!(
                    "{EPOCH} = :epoch AND attribute_exists({SLOTS}.#set){condition}"
                ))
                .expression_attribute_names("#set", &slot.set)
                .expression_attribute_values(":epoch", epoch(slot.counter.epoch))
                .expression_attribute_values(":end", number(wrong_end(now)))
        };
        let wrong = update(
            format!("SET {path} = :end, {} = :yes", in_set(&wrong(slot.place))),
            format!(" AND ({path} = :until OR attribute_not_exists({path}) OR {path} < :until)"),
        )
        .expression_attribute_values(":until", number(slot.until))
        .expression_attribute_values(":yes", AttributeValue::Bool(true))
        .return_values(ReturnValue::AllNew);
        let recorded = send(wrong).await;
        let counter = match recorded {
            Ok(updated) => slot.counter.clone().read(updated.attributes()),
            Err(error) => current(slot.counter.clone(), error)?,
        };
        let is_full = counter.sets.get(&slot.set).is_some_and(|set| set.is_all_wrong(now));
        if !is_full || !counter.locks {
            return Ok(false);
        }
        let locked = update(format!("SET {} = :end", in_set(LOCKED)), String::new());
        match send(locked).await {
            Ok(_) => Ok(true),
            Err(error) => current(counter, error).map(|_| false),
        }
    }

    /// A write that changes nothing that counts: an attempt costs as much from a source that the
    /// user is known from as from any other, so that its duration does not tell who is known.
    pub(super) async fn touch_counter(&self, counter: &Counter) -> Result<()> {
        let ttl = (Timestamp::now() + 2 * LOCKOUT).as_second();
        let update = with_ttl(self.update_counter(counter), ttl);
        let touched = update.update_expression("SET #ttl = :ttl").send().await;
        touched.map(|_| ()).map_err(failed_call("reserve a login attempt"))
    }

    fn update_counter(&self, counter: &Counter) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(counter.key.clone().into_attributes()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// Sends an update, again after a conflict with a transaction: the notice of a sign-in is one.
async fn send(
    update: UpdateItemFluentBuilder,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    for attempt in 0..MAX_CONFLICTS {
        // Boxed: the SDK's futures are large.
        let sent = Box::pin(update.clone().send()).await;
        let is_conflict = |error: &SdkError<UpdateItemError>| {
            let error = error.as_service_error();
            error.is_some_and(UpdateItemError::is_transaction_conflict_exception)
        };
        if !sent.as_ref().is_err_and(is_conflict) || back_off(attempt).await.is_err() {
            return sent;
        }
    }
    Box::pin(update.send()).await
}

/// Names the TTL attribute `#ttl`, and its new value, in seconds since 1970, `:ttl`.
fn with_ttl(update: UpdateItemFluentBuilder, ttl: i64) -> UpdateItemFluentBuilder {
    update.expression_attribute_names("#ttl", TTL).expression_attribute_values(":ttl", seconds(ttl))
}

fn seconds(time: i64) -> AttributeValue {
    AttributeValue::N(time.to_string())
}

fn epoch(epoch: u64) -> AttributeValue {
    AttributeValue::N(epoch.to_string())
}

/// The counter as it is stored, if the write failed because of it.
fn current(counter: Counter, error: SdkError<UpdateItemError>) -> Result<Counter> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            Ok(counter.read(failed.item()))
        }
        _ => Err(failed_call("count a login attempt")(error)),
    }
}
