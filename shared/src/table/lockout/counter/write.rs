//! The writes to a counter: each is conditional on what it rests on.

use std::collections::HashMap;
use std::fmt::Write;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};

use super::{Counter, EPOCH, OTHER, SLOTS};
use crate::lifetimes::{KNOWN_SOURCE_TTL, LOCKOUT};
use crate::limits::MAX_SOURCE_ATTEMPTS;
use crate::model::{MailKind, Timestamp, UserId};
use crate::random::back_off;
use crate::table::engine::{
    Attributes, Key, NewNotice, TTL, Table, failed_call, is_conflict, reasons,
};
use crate::table::lockout::slots::{
    LOCKED, SIGNED_IN, SlotSet, number, reservation_end, until, wrong, wrong_end,
};
use crate::{Error, Result};

/// How often an attempt that lost its slot to another one tries the next.
const MAX_TRIES: usize = 4 * MAX_SOURCE_ATTEMPTS;

/// How often an update is sent again after a conflict with a transaction.
const MAX_CONFLICTS: u32 = 5;

/// A slot that an attempt in progress has reserved.
#[derive(Debug)]
pub(in crate::table::lockout) struct Slot {
    counter: Counter,
    set: String,
    place: usize,
    until: Timestamp,
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
    pub(in crate::table::lockout) async fn reserve_slot(&self, read: Counter) -> Result<Slot> {
        let mut counter = read;
        for _ in 0..MAX_TRIES {
            let now = Timestamp::now();
            if counter.stored_epoch > Some(counter.epoch) {
                // The user was read before a change of the password that forgets the attempts.
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
            // The first attempt, or the first since earlier ones were forgotten.
            let sets = counter.cleared(Some((slot.set.as_str(), slot.place, slot.until)), now);
            begin_epoch(with_ttl(update, counter.new_ttl(now)), counter, sets)
        };
        send(update).await.map(|_| ())
    }

    /// Gives a slot back. A failure is ignored: the reservation ends by itself.
    pub(in crate::table::lockout) async fn release_slot(&self, slot: &Slot) {
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
    pub(in crate::table::lockout) async fn release_slot_of_known_source(
        &self,
        slot: Slot,
        user: Option<UserId>,
    ) {
        let mut slot = slot;
        for _ in 0..MAX_TRIES {
            let put = self.put_known_source(&slot.counter, Some(&slot), user, Timestamp::now());
            let put = Box::pin(put).await;
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

    /// Notes likewise that the user signed in from the source of an attempt that took no slot.
    pub(in crate::table::lockout) async fn note_known_source(
        &self,
        read: Counter,
        user: Option<UserId>,
    ) {
        let mut counter = read;
        for _ in 0..MAX_TRIES {
            if counter.stored_epoch > Some(counter.epoch) {
                // The user was read before a change of the password that forgets the attempts.
                return;
            }
            let put = self.put_known_source(&counter, None, user, Timestamp::now());
            let Err(Some(stored)) = Box::pin(put).await else { return };
            counter = counter.read(Some(&stored));
        }
    }

    /// Gives this slot back, too, if there is one. The error is the item as it is stored, if it was
    /// changed meanwhile.
    async fn put_known_source(
        &self,
        counter: &Counter,
        slot: Option<&Slot>,
        user: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), Option<Attributes>> {
        let Some(source) = counter.own_sets.first() else { return Ok(()) };
        let update = with_ttl(self.update_counter(counter), (now + KNOWN_SOURCE_TTL).as_second())
            .expression_attribute_values(":epoch", epoch(counter.epoch));
        let update = if slot.is_none() && counter.stored_epoch != Some(counter.epoch) {
            begin_epoch(update, counter, counter.cleared_with(source, now))
        } else {
            note_source(update, counter, source, slot, now)
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
            if !is_conflict(&error) || back_off(attempt).await.is_err() {
                let own = reasons(&error).first();
                return Err(own.and_then(|reason| reason.item().cloned()));
            }
        }
        Err(None)
    }

    /// Keeps the slot of a wrong password. The last free one of a user's set locks the set: then it
    /// returns true.
    pub(in crate::table::lockout) async fn record_wrong_slot(&self, slot: Slot) -> Result<bool> {
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
    pub(in crate::table::lockout) async fn touch_counter(&self, counter: &Counter) -> Result<()> {
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

/// Puts the sets of a new epoch in place of those of an earlier one, or of none. They have to be as
/// they were read: a source that became known meanwhile stays so.
fn begin_epoch(
    update: UpdateItemFluentBuilder,
    counter: &Counter,
    sets: HashMap<String, AttributeValue>,
) -> UpdateItemFluentBuilder {
    let update = update
        .update_expression(format!("SET {SLOTS} = :sets, {EPOCH} = :epoch, #ttl = :ttl"))
        .expression_attribute_values(":sets", AttributeValue::M(sets));
    match counter.stored_epoch.zip(counter.earlier_sets.clone()) {
        None => update.condition_expression(format!("attribute_not_exists({EPOCH})")),
        Some((stored, sets)) => update
            .condition_expression(format!("{EPOCH} = :stored AND {SLOTS} = :earlier"))
            .expression_attribute_values(":stored", epoch(stored))
            .expression_attribute_values(":earlier", sets),
    }
}

/// Makes a source known, and gives a slot back, if there is one.
///
/// Where attempts from the source were locked until now they stay so: else a sign-in without a
/// password would lift the lock.
fn note_source(
    update: UpdateItemFluentBuilder,
    counter: &Counter,
    source: &str,
    slot: Option<&Slot>,
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    let (name, set) = counter.set(now);
    let lock = set.locked_until(now).filter(|_| name != source);
    let mut update = update.expression_attribute_names("#source", source);
    let mut conditions = vec![format!("{EPOCH} = :epoch")];
    let mut removed = Vec::new();
    if let Some(slot) = slot {
        update = update
            .expression_attribute_names("#set", &slot.set)
            .expression_attribute_values(":until", number(slot.until));
        conditions.push(format!("{} = :until", slot.until()));
        removed.push(slot.until());
    }
    let (update, noted) = if counter.sets.contains_key(source) {
        conditions.push(format!("attribute_exists({SLOTS}.#source)"));
        renew_source(update, lock, now)
    } else {
        let size = AttributeValue::N(counter.sets.len().to_string());
        conditions.push(format!("attribute_not_exists({SLOTS}.#source) AND size({SLOTS}) = :size"));
        let update = update
            .expression_attribute_values(":source", SlotSet::of_sign_in(now, lock))
            .expression_attribute_values(":size", size);
        let forgotten = counter.to_forget(now);
        // Under an earlier service key the source may be among them.
        if slot.is_some_and(|slot| forgotten.contains(&slot.set)) {
            removed.clear();
        }
        let update = forget_sources(update, forgotten, &mut conditions, &mut removed);
        (update, format!("{SLOTS}.#source = :source"))
    };
    let remove = Some(removed.join(", ")).filter(|removed| !removed.is_empty());
    let remove = remove.map(|removed| format!(" REMOVE {removed}")).unwrap_or_default();
    update
        .update_expression(format!("SET {noted}, #ttl = :ttl{remove}"))
        .condition_expression(conditions.join(" AND "))
}

/// Notes in the set of a known source that the user signed in, and a lock that stays.
fn renew_source(
    update: UpdateItemFluentBuilder,
    lock: Option<Timestamp>,
    now: Timestamp,
) -> (UpdateItemFluentBuilder, String) {
    let update = update.expression_attribute_values(":signed_in", number(now));
    let signed_in = format!("{SLOTS}.#source.{SIGNED_IN} = :signed_in");
    let Some(end) = lock else { return (update, signed_in) };
    let update = update.expression_attribute_values(":locked", number(end));
    (update, format!("{signed_in}, {SLOTS}.#source.{LOCKED} = :locked"))
}

/// Removes the sets of these sources, which still have to be there.
fn forget_sources(
    update: UpdateItemFluentBuilder,
    forgotten: Vec<String>,
    conditions: &mut Vec<String>,
    removed: &mut Vec<String>,
) -> UpdateItemFluentBuilder {
    forgotten.into_iter().enumerate().fold(update, |update, (place, name)| {
        removed.push(format!("{SLOTS}.#old{place}"));
        conditions.push(format!("attribute_exists({SLOTS}.#old{place})"));
        update.expression_attribute_names(format!("#old{place}"), name)
    })
}

/// Sends an update, again after a conflict with a transaction: the notice of a sign-in is one.
async fn send(
    update: UpdateItemFluentBuilder,
) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
    for attempt in 0..MAX_CONFLICTS {
        // Boxed: the SDK's futures are large.
        let sent = Box::pin(update.clone().send()).await;
        let conflicts = |error: &SdkError<UpdateItemError>| {
            let error = error.as_service_error();
            error.is_some_and(UpdateItemError::is_transaction_conflict_exception)
        };
        if !sent.as_ref().is_err_and(conflicts) || back_off(attempt).await.is_err() {
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
