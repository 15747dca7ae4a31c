//! Reads of many keys at once, or of a partition. Always strongly consistent.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;
use serde::Deserialize;

use super::failure::failed_call;
use super::item::{Attributes, Item, Stored};
use super::key::{Key, PK, SK};
use super::response::into_text;
use super::table::Table;
use super::text::{attributes, parse};
use crate::error::failed;
use crate::random::back_off;
use crate::{Error, Result};

/// The maximum number of keys in one BatchGetItem.
const MAX_BATCH: usize = 100;

/// How often unprocessed keys are requested again, with exponential backoff.
const MAX_ATTEMPTS: u32 = 8;

/// The items found at a set of keys.
#[derive(Default)]
pub struct Items(BTreeMap<Key, Unparsed>);

/// An item that was found.
struct Unparsed {
    version: u64,
    text: String,
}

/// What of every item is looked at when it is read.
#[derive(Deserialize)]
struct KeyAndVersion {
    pk: String,
    sk: String,
    #[serde(default)]
    version: u64,
}

impl Unparsed {
    fn new(item: Attributes) -> Result<(Key, Self)> {
        let text = into_text(item);
        let KeyAndVersion { pk, sk, version } = parse(&text).map_err(failed("read an item"))?;
        Ok((Key::new(pk, sk), Self { version, text }))
    }

    fn parse<T: Item>(&self) -> Result<Stored<T>> {
        let item = parse(&self.text).map_err(failed("read an item"))?;
        Ok(Stored { item, version: self.version })
    }
}

/// Parses an item of a list, with its key.
fn parse_listed<T: Item>(item: Attributes) -> Result<Stored<T>> {
    Unparsed::new(item)?.1.parse()
}

impl Items {
    /// Removes and parses the item at a key, if there is one.
    pub(in crate::table) fn take<T: Item>(&mut self, key: &Key) -> Result<Option<Stored<T>>> {
        self.0.remove(key).map(|item| item.parse()).transpose()
    }

    /// Parses the item at a key and leaves it for another reader.
    pub(in crate::table) fn peek<T: Item>(&self, key: &Key) -> Result<Option<Stored<T>>> {
        self.0.get(key).map(Unparsed::parse).transpose()
    }

    /// Removes the attributes at a key, if there are any.
    pub(in crate::table) fn take_attributes(&mut self, key: &Key) -> Result<Option<Attributes>> {
        let item = self.0.remove(key).map(|item| serde_json::from_str(&item.text)).transpose();
        Ok(item.map_err(failed("read an item"))?.map(attributes))
    }

    /// The type of the item at a key, if there is one.
    pub(in crate::table) fn kind(&self, key: &Key) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: String,
        }
        let kind = self.0.get(key).map(|item| parse::<Kind>(&item.text));
        Ok(kind.transpose().map_err(failed("read an item"))?.map(|Kind { r#type }| r#type))
    }

    /// Whether there is an item at a key.
    pub(in crate::table) fn contains(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }
}

impl Table {
    /// Reads all items at these keys in one round trip, any number of them.
    pub(in crate::table) async fn batch_get(&self, keys: Vec<Key>) -> Result<Items> {
        self.batch_get_and_last(keys, &[]).await
    }

    /// The same, with the items at some of the keys, at most [`MAX_BATCH`], as they are when all
    /// others are read: again, if keys stayed unprocessed.
    pub(in crate::table) async fn batch_get_and_last(
        &self,
        mut keys: Vec<Key>,
        last: &[Key],
    ) -> Result<Items> {
        keys.sort_unstable();
        keys.dedup();
        let batches = keys.chunks(MAX_BATCH).map(|keys| self.get_batch(keys));
        // Boxed, as everything that calls the table: the SDK's futures are large.
        let batches = Box::pin(try_join_all(batches)).await?;
        let in_parts = batches.iter().any(|(_, in_parts)| *in_parts);
        let mut found: BTreeMap<_, _> = batches.into_iter().flat_map(|(found, _)| found).collect();
        if in_parts && !last.is_empty() {
            found.retain(|key, _| !last.contains(key));
            found.extend(Box::pin(self.get_batch(last)).await?.0);
        }
        Ok(Items(found))
    }

    /// Reads one batch until all its keys are processed: an unprocessed key is not a missing item.
    /// Also whether that took several calls.
    async fn get_batch(&self, keys: &[Key]) -> Result<(Vec<(Key, Unparsed)>, bool)> {
        let mut found = Vec::with_capacity(keys.len());
        let mut pending = keys.to_vec();
        for attempt in 0..MAX_ATTEMPTS {
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.name, keys_and_attributes(pending)?)
                .send()
                .await
                .map_err(failed_call("read items"))?;
            let items = output.responses.into_iter().flat_map(HashMap::into_values).flatten();
            for item in items {
                found.push(Unparsed::new(item)?);
            }
            let rest = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
            let rest = rest.into_iter().flat_map(|rest| rest.keys);
            pending = rest.map(|key| key_of("read items", &key)).collect::<Result<_>>()?;
            if pending.is_empty() {
                return Ok((found, attempt > 0));
            }
            back_off(attempt).await?;
        }
        Err(Error::Unavailable { action: "read items", source: "keys stayed unprocessed".into() })
    }

    /// Reads all items of a partition whose sort key starts with `prefix`, page by page.
    pub(in crate::table) async fn query<T: Item>(
        &self,
        partition: String,
        prefix: &str,
    ) -> Result<Vec<T>> {
        let stored = self.query_stored(partition, prefix).await?;
        Ok(stored.into_iter().map(Stored::into_inner).collect())
    }

    /// The same, with their versions.
    pub(in crate::table) async fn query_stored<T: Item>(
        &self,
        partition: String,
        prefix: &str,
    ) -> Result<Vec<Stored<T>>> {
        let mut pages = self.query_prefix(partition, prefix).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(parse_listed(item.map_err(failed_call("read a list"))?)?);
        }
        Ok(found)
    }

    /// The keys of all items of a partition whose sort key starts with `prefix`.
    pub(in crate::table) async fn keys(&self, partition: String, prefix: &str) -> Result<Vec<Key>> {
        let keys =
            self.query_prefix(partition, prefix).projection_expression(format!("{PK}, {SK}"));
        let mut pages = keys.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(Unparsed::new(item.map_err(failed_call("read a list"))?)?.0);
        }
        Ok(found)
    }

    /// The first `limit` of these keys, and whether there are no more.
    pub(super) async fn first_keys(
        &self,
        partition: &str,
        prefix: &str,
        limit: i32,
    ) -> Result<(Vec<Key>, bool)> {
        let keys = self.query_prefix(partition.to_owned(), prefix).limit(limit);
        let page = keys.projection_expression(format!("{PK}, {SK}")).send().await;
        let page = page.map_err(failed_call("read a list"))?;
        let ended = page.last_evaluated_key.is_none();
        let keys = page.items.into_iter().flatten().map(|item| Ok(Unparsed::new(item)?.0));
        Ok((keys.collect::<Result<_>>()?, ended))
    }

    /// A query for the items of a partition whose sort key starts with `prefix`.
    fn query_prefix(&self, partition: String, prefix: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression(format!("{PK} = :pk AND begins_with({SK}, :prefix)"))
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
    }

    /// Reads the first `limit` items of a partition whose sort key starts with `prefix`, page by
    /// page, and nothing beyond them.
    pub(in crate::table) async fn query_first<T: Item>(
        &self,
        partition: String,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<T>> {
        let (mut found, mut last) = (Vec::new(), None);
        while found.len() < limit {
            let left = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let (page, next) = self.page(partition.clone(), prefix, last, left).await?;
            found.extend(page);
            if next.is_none() {
                break;
            }
            last = next;
        }
        Ok(found)
    }

    /// Reads up to `limit` items of a partition whose sort key starts with `prefix`, after `last`;
    /// also returns whether the end was reached.
    pub(in crate::table) async fn query_page<T: Item>(
        &self,
        partition: String,
        prefix: &str,
        last: Option<Key>,
        limit: i32,
    ) -> Result<(Vec<T>, bool)> {
        let (items, next) = self.page(partition, prefix, last, limit).await?;
        Ok((items, next.is_none()))
    }

    /// The same, with the key to continue after, unless the end was reached.
    async fn page<T: Item>(
        &self,
        partition: String,
        prefix: &str,
        last: Option<Key>,
        limit: i32,
    ) -> Result<(Vec<T>, Option<Key>)> {
        let page = self
            .query_prefix(partition, prefix)
            .set_exclusive_start_key(last.map(Key::into_attributes))
            .limit(limit)
            .send()
            .await
            .map_err(failed_call("read a list"))?;
        let next = page.last_evaluated_key.map(|last| key_of("read a list", &last)).transpose()?;
        let items = page.items.into_iter().flatten();
        Ok((items.map(|item| Ok(parse_listed::<T>(item)?.item)).collect::<Result<_>>()?, next))
    }

    /// Reads up to `limit` items from one key down to another of its partition, both included; also
    /// returns whether the lower one was reached. The keys may not be there.
    pub(in crate::table) async fn query_down<T: Item>(
        &self,
        last: Key,
        first: Key,
        limit: i32,
    ) -> Result<(Vec<T>, bool)> {
        let ((partition, first), (_, last)) = (first.into_parts(), last.into_parts());
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(false)
            .key_condition_expression(format!("{PK} = :pk AND {SK} BETWEEN :first AND :last"))
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":first", AttributeValue::S(first))
            .expression_attribute_values(":last", AttributeValue::S(last))
            .limit(limit)
            .send()
            .await
            .map_err(failed_call("read a list"))?;
        let ended = page.last_evaluated_key.is_none();
        let items = page.items.into_iter().flatten();
        Ok((items.map(|item| Ok(parse_listed::<T>(item)?.item)).collect::<Result<_>>()?, ended))
    }
}

/// A key that a response names, in place of an item.
fn key_of(action: &'static str, attributes: &Attributes) -> Result<Key> {
    let key = Key::from_attributes(attributes);
    key.ok_or_else(|| Error::internal(action, "a key in the response is malformed"))
}

fn keys_and_attributes(keys: Vec<Key>) -> Result<KeysAndAttributes> {
    KeysAndAttributes::builder()
        .consistent_read(true)
        .set_keys(Some(keys.into_iter().map(Key::into_attributes).collect()))
        .build()
        .map_err(failed("read items"))
}
