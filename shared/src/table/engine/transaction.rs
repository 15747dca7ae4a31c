//! Writing: what must hold together is one transaction, and each of its conditions names the error that its failure
//! means.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refusal;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use serde::Serialize;

use super::condition::Condition;
use super::failure::failed_call;
use super::item::{Attributes, Keyed, VERSION};
use super::key::Key;
use super::table::Table;
use crate::error::failed;
use crate::random::{self, back_off};
use crate::{Error, Result};

/// How often a transaction that met another one on the same items is tried again.
const ATTEMPTS: u32 = 6;

/// What it means when a condition fails.
pub(in crate::table) type OnConditionFailed = fn() -> Error;

/// A transaction in the making: at most 100 actions, all on different items.
pub(in crate::table) struct Transaction<'t> {
    table: &'t Table,
    action: &'static str,
    actions: Vec<Action>,
}

/// What happens to one item, if its condition holds.
struct Action {
    key: Key,
    kind: Kind,
    condition: Condition,
    refused: OnConditionFailed,
}

enum Kind {
    Put(Attributes),
    Update(Changes),
    Delete,
    Check,
}

/// New values for some attributes of an item; its version goes up by one.
pub(in crate::table) struct Changes {
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Changes {
    pub(in crate::table) fn new() -> Self {
        Self {
            expression: format!("SET #{VERSION} = #{VERSION} + :one"),
            names: HashMap::from([(format!("#{VERSION}"), VERSION.to_owned())]),
            values: HashMap::from([(":one".to_owned(), AttributeValue::N("1".to_owned()))]),
        }
    }

    pub(in crate::table) fn set(
        mut self,
        attribute: &'static str,
        value: impl Serialize,
    ) -> Result<Self> {
        self.expression = format!("{}, #{attribute} = :new_{attribute}", self.expression);
        self.names.insert(format!("#{attribute}"), attribute.to_owned());
        self.values.insert(
            format!(":new_{attribute}"),
            serde_dynamo::to_attribute_value(value).map_err(failed("write an item"))?,
        );
        Ok(self)
    }
}

impl Changes {
    /// Puts an entry into an attribute that is a map, or in place of the one of that name.
    pub(in crate::table) fn set_entry(
        mut self,
        map: &'static str,
        name: &str,
        value: impl Serialize,
    ) -> Result<Self> {
        self.expression = format!("{}, #{map}.#entry = :entry", self.expression);
        self.name_entry(map, name);
        self.values.insert(
            ":entry".to_owned(),
            serde_dynamo::to_attribute_value(value).map_err(failed("write an item"))?,
        );
        Ok(self)
    }

    /// Takes an entry out of an attribute that is a map; nothing can be set after it.
    pub(in crate::table) fn remove_entry(mut self, map: &'static str, name: &str) -> Self {
        self.expression = format!("{} REMOVE #{map}.#entry", self.expression);
        self.name_entry(map, name);
        self
    }

    fn name_entry(&mut self, map: &'static str, name: &str) {
        self.names.insert(format!("#{map}"), map.to_owned());
        self.names.insert("#entry".to_owned(), name.to_owned());
    }
}

impl<'t> Transaction<'t> {
    /// An empty transaction; `action` says in the log what could not be done.
    pub(in crate::table) const fn new(table: &'t Table, action: &'static str) -> Self {
        Self { table, action, actions: Vec::new() }
    }

    /// The table that it is about.
    pub(in crate::table) const fn table(&self) -> &'t Table {
        self.table
    }

    /// Adds an item where there is none.
    pub(in crate::table) fn insert(
        self,
        item: &impl Keyed,
        taken: OnConditionFailed,
    ) -> Result<Self> {
        self.put(item.at(item.key())?, Condition::absent(), taken)
    }

    /// Writes these attributes, whatever was there, if the condition holds of what was there.
    pub(in crate::table) fn put(
        self,
        attributes: Attributes,
        condition: Condition,
        refused: OnConditionFailed,
    ) -> Result<Self> {
        let key = Key::of(&attributes).ok_or_else(|| failed(self.action)("an item has no key"))?;
        Ok(self.with(key, Kind::Put(attributes), condition, refused))
    }

    /// Changes an item that is there.
    pub(in crate::table) fn update(
        self,
        key: Key,
        changes: Changes,
        condition: Condition,
        refused: OnConditionFailed,
    ) -> Self {
        self.with(key, Kind::Update(changes), condition, refused)
    }

    /// Deletes an item.
    pub(in crate::table) fn delete(
        self,
        key: Key,
        condition: Condition,
        refused: OnConditionFailed,
    ) -> Self {
        self.with(key, Kind::Delete, condition, refused)
    }

    /// Writes nothing, but demands something of an item.
    pub(in crate::table) fn check(
        self,
        key: Key,
        condition: Condition,
        refused: OnConditionFailed,
    ) -> Self {
        self.with(key, Kind::Check, condition, refused)
    }

    fn with(
        mut self,
        key: Key,
        kind: Kind,
        condition: Condition,
        refused: OnConditionFailed,
    ) -> Self {
        self.actions.push(Action { key, kind, condition, refused });
        self
    }

    /// Puts what was added last before all else: if several conditions fail, its meaning counts.
    pub(in crate::table) fn prioritize_last(mut self) -> Self {
        self.actions.rotate_right(1);
        self
    }

    /// Demands that an item still has the version that was read, whatever else is done with it.
    pub(in crate::table) fn unchanged(mut self, key: Key, version: u64) -> Self {
        let condition = Condition::version(version);
        let Some(action) = self.actions.iter_mut().find(|action| action.key == key) else {
            return self.check(key, condition, || Error::WriteConflict);
        };
        let own = std::mem::replace(&mut action.condition, Condition::present());
        action.condition = own.and(condition);
        action.refused = || Error::WriteConflict;
        self
    }

    /// Does all of it or nothing.
    ///
    /// The same client request token goes with every attempt, the SDK's own included, so that an attempt whose answer
    /// was lost is not taken for somebody else's write: `DynamoDB` answers a repeated token with success for 10 minutes.
    pub(in crate::table) async fn commit(self) -> Result<()> {
        if self.actions.is_empty() {
            return Ok(());
        }
        let token = format!("{:032x}", u128::from_be_bytes(random::bytes()?));
        let (name, action) = (&self.table.name, self.action);
        let meanings: Vec<OnConditionFailed> =
            self.actions.iter().map(|action| action.refused).collect();
        let writes = self.actions.into_iter().map(|action| action.into_item(name));
        let writes = writes.collect::<Result<Vec<_>, _>>().map_err(failed(action))?;
        for attempt in 0..ATTEMPTS {
            let request =
                self.table.client.transact_write_items().set_transact_items(Some(writes.clone()));
            let Err(error) = request.client_request_token(&token).send().await else {
                return Ok(());
            };
            if let Some(refused) =
                first_failed_condition(&error).and_then(|place| meanings.get(place))
            {
                return Err(refused());
            }
            if !is_conflict(&error) {
                return Err(failed_call(action)(error));
            }
            back_off(attempt).await?;
        }
        Err(Error::Unavailable { action, source: "other transactions were always first".into() })
    }
}

impl Action {
    /// The action as the SDK takes it.
    fn into_item(self, table: &str) -> Result<TransactWriteItem, BuildError> {
        let Condition { expression, names, values } = self.condition;
        let item = TransactWriteItem::builder();
        let item = match self.kind {
            Kind::Put(attributes) => item.put(
                Put::builder()
                    .table_name(table)
                    .set_item(Some(attributes))
                    .condition_expression(expression)
                    .set_expression_attribute_names(filled(names))
                    .set_expression_attribute_values(filled(values))
                    .build()?,
            ),
            Kind::Update(changes) => item.update(
                Update::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into_attributes()))
                    .update_expression(changes.expression)
                    .condition_expression(expression)
                    .set_expression_attribute_names(Some(
                        changes.names.into_iter().chain(names).collect(),
                    ))
                    .set_expression_attribute_values(Some(
                        changes.values.into_iter().chain(values).collect(),
                    ))
                    .build()?,
            ),
            Kind::Delete => item.delete(
                Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into_attributes()))
                    .condition_expression(expression)
                    .set_expression_attribute_names(filled(names))
                    .set_expression_attribute_values(filled(values))
                    .build()?,
            ),
            Kind::Check => item.condition_check(
                ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into_attributes()))
                    .condition_expression(expression)
                    .set_expression_attribute_names(filled(names))
                    .set_expression_attribute_values(filled(values))
                    .build()?,
            ),
        };
        Ok(item.build())
    }
}

/// The place of the first action whose condition failed, if it was a condition that failed. Not if an action before it
/// met another transaction: what that one does there may be why the condition failed, and counts first.
fn first_failed_condition<R>(error: &SdkError<Refusal, R>) -> Option<usize> {
    let settled = |reason: &CancellationReason| reason.code() != Some("TransactionConflict");
    let before_conflict = reasons(error).iter().take_while(|reason| settled(reason));
    before_conflict.into_iter().position(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

/// Whether the transaction met another one, or `DynamoDB` had no room for it just then: nothing was written.
fn is_conflict<R>(error: &SdkError<Refusal, R>) -> bool {
    const PASSING: [&str; 3] =
        ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    let in_progress = error
        .as_service_error()
        .is_some_and(|refusal| refusal.code() == Some("TransactionInProgressException"));
    in_progress
        || reasons(error)
            .iter()
            .any(|reason| reason.code().is_some_and(|code| PASSING.contains(&code)))
}

/// Why a transaction was cancelled, action by action; nothing for any other error.
fn reasons<R>(error: &SdkError<Refusal, R>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(Refusal::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

/// `DynamoDB` refuses an empty map.
fn filled<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}
