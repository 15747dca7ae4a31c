//! Writing: what must hold together is one transaction, and each of its conditions names the error that its failure
//! means.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError as Refusal;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem, Update,
};
use serde::Serialize;

use super::Table;
use super::condition::Condition;
use super::connection::failed_call;
use super::item::{Attributes, Keyed, VERSION};
use super::key::Key;
use crate::error::failed;
use crate::random::{self, back_off};
use crate::{Error, Result};

/// How often a transaction that met another one on the same items is tried again.
const ATTEMPTS: u32 = 6;

/// What it means when a condition fails.
pub(super) type Meaning = fn() -> Error;

/// A transaction in the making: at most 100 actions, all on different items.
pub(super) struct Transaction<'t> {
    table: &'t Table,
    action: &'static str,
    writes: Vec<TransactWriteItem>,
    meanings: Vec<Meaning>,
}

/// New values for some attributes of an item; its version goes up by one.
pub(super) struct Changes {
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self {
            expression: format!("SET #{VERSION} = #{VERSION} + :one"),
            names: HashMap::from([(format!("#{VERSION}"), VERSION.to_owned())]),
            values: HashMap::from([(":one".to_owned(), AttributeValue::N("1".to_owned()))]),
        }
    }

    pub(super) fn set(mut self, attribute: &'static str, value: impl Serialize) -> Result<Self> {
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
    pub(super) fn set_entry(
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
    pub(super) fn remove_entry(mut self, map: &'static str, name: &str) -> Self {
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
    pub(super) fn new(table: &'t Table, action: &'static str) -> Self {
        Self { table, action, writes: Vec::new(), meanings: Vec::new() }
    }

    /// Adds an item where there is none.
    pub(super) fn insert(self, item: &impl Keyed, taken: Meaning) -> Result<Self> {
        self.put(item.at(item.key())?, Condition::absent(), taken)
    }

    /// Writes these attributes, whatever was there, if the condition holds of what was there.
    pub(super) fn put(
        mut self,
        attributes: Attributes,
        condition: Condition,
        refused: Meaning,
    ) -> Result<Self> {
        let put = Put::builder()
            .table_name(&self.table.name)
            .set_item(Some(attributes))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(filled(condition.names))
            .set_expression_attribute_values(filled(condition.values));
        let put = put.build().map_err(failed(self.action))?;
        self.add(TransactWriteItem::builder().put(put).build(), refused);
        Ok(self)
    }

    /// Changes an item that is there.
    pub(super) fn update(
        mut self,
        key: Key,
        changes: Changes,
        condition: Condition,
        refused: Meaning,
    ) -> Result<Self> {
        let update = Update::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.into_attributes()))
            .update_expression(changes.expression)
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(
                changes.names.into_iter().chain(condition.names).collect(),
            ))
            .set_expression_attribute_values(Some(
                changes.values.into_iter().chain(condition.values).collect(),
            ));
        let update = update.build().map_err(failed(self.action))?;
        self.add(TransactWriteItem::builder().update(update).build(), refused);
        Ok(self)
    }

    /// Deletes an item.
    pub(super) fn delete(
        mut self,
        key: Key,
        condition: Condition,
        refused: Meaning,
    ) -> Result<Self> {
        let delete = Delete::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.into_attributes()))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(filled(condition.names))
            .set_expression_attribute_values(filled(condition.values));
        let delete = delete.build().map_err(failed(self.action))?;
        self.add(TransactWriteItem::builder().delete(delete).build(), refused);
        Ok(self)
    }

    /// Writes nothing, but demands something of an item.
    pub(super) fn check(
        mut self,
        key: Key,
        condition: Condition,
        refused: Meaning,
    ) -> Result<Self> {
        let check = ConditionCheck::builder()
            .table_name(&self.table.name)
            .set_key(Some(key.into_attributes()))
            .condition_expression(condition.expression)
            .set_expression_attribute_names(filled(condition.names))
            .set_expression_attribute_values(filled(condition.values));
        let check = check.build().map_err(failed(self.action))?;
        self.add(TransactWriteItem::builder().condition_check(check).build(), refused);
        Ok(self)
    }

    fn add(&mut self, write: TransactWriteItem, refused: Meaning) {
        self.writes.push(write);
        self.meanings.push(refused);
    }

    /// Does all of it or nothing.
    ///
    /// The same client request token goes with every attempt, the SDK's own included, so that an attempt whose answer
    /// was lost is not taken for somebody else's write: `DynamoDB` answers a repeated token with success for 10 minutes.
    pub(super) async fn commit(self) -> Result<()> {
        let token = format!("{:032x}", u128::from_be_bytes(random::bytes()?));
        for attempt in 0..ATTEMPTS {
            let request = self
                .table
                .client
                .transact_write_items()
                .set_transact_items(Some(self.writes.clone()));
            let Err(error) = request.client_request_token(&token).send().await else {
                return Ok(());
            };
            if let Some(meaning) = self.refused(&error) {
                return Err(meaning());
            }
            if !is_conflict(&error) {
                return Err(failed_call(self.action)(error));
            }
            back_off(attempt).await?;
        }
        Err(Error::Unavailable {
            action: self.action,
            source: "other transactions were always first".into(),
        })
    }

    /// What the first failed condition means, if it was a condition that failed.
    fn refused<R>(&self, error: &SdkError<Refusal, R>) -> Option<Meaning> {
        let place = reasons(error)
            .iter()
            .position(|reason| reason.code() == Some("ConditionalCheckFailed"))?;
        self.meanings.get(place).copied()
    }
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
