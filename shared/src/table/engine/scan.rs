//! The Scan, for the operator alone: no function is built with it or may do it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::failure::failed_call;
use super::item::{Attributes, Item, from_attributes};
use super::key::Key;
use super::table::Table;
use crate::model::{AuditEntry, AuditLog};
use crate::{Error, Result};

/// Where a pass over the table continues.
pub struct ScanPosition(HashMap<String, AttributeValue>);

impl Table {
    /// The items of one kind among the next megabyte of the table, in no order; also where to
    /// continue, until the end is reached.
    pub(in crate::table) async fn scan_page<T: Item>(
        &self,
        after: Option<ScanPosition>,
    ) -> Result<(Vec<T>, Option<ScanPosition>)> {
        self.scan::<T, _>(after, |item| Ok(from_attributes(item)?.item)).await
    }

    /// The entries of all audit logs among the next megabyte of the table, likewise.
    pub(in crate::table) async fn scan_audit_logs(
        &self,
        after: Option<ScanPosition>,
    ) -> Result<(Vec<(AuditLog, AuditEntry)>, Option<ScanPosition>)> {
        self.scan::<AuditEntry, _>(after, |item| {
            let log = Key::from_attributes(&item).and_then(|key| key.audit_log());
            let log =
                log.ok_or_else(|| Error::internal("read an item", "it is in no audit log"))?;
            Ok((log, from_attributes(item)?.item))
        })
        .await
    }

    async fn scan<T: Item, R>(
        &self,
        after: Option<ScanPosition>,
        parse: impl Fn(Attributes) -> Result<R>,
    ) -> Result<(Vec<R>, Option<ScanPosition>)> {
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .filter_expression("#type = :type")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":type", AttributeValue::S(T::TYPE.to_owned()))
            .set_exclusive_start_key(after.map(|position| position.0))
            .send()
            .await
            .map_err(failed_call("scan the table"))?;
        let items = page.items.unwrap_or_default().into_iter().map(parse);
        Ok((items.collect::<Result<_>>()?, page.last_evaluated_key.map(ScanPosition)))
    }
}
