//! Reading: many keys at once, or a whole partition. Always strongly consistent.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::future::try_join_all;

use super::failure::failed_call;
use super::item::{Attributes, Item, Stored, stored};
use super::key::{Key, PK, SK};
use super::table::Table;
use crate::error::failed;
use crate::random::back_off;
use crate::{Error, Result};

/// The most keys that one BatchGetItem takes.
const BATCH: usize = 100;

/// How often keys that `DynamoDB` left unprocessed are asked for again, waiting twice as long each time.
const ATTEMPTS: u32 = 8;

/// What was found at a set of keys.
#[derive(Default)]
pub struct Items(HashMap<Key, Attributes>);

impl Items {
    /// The item at a key, if there is one.
    pub(in crate::table) fn take<T: Item>(&mut self, key: &Key) -> Result<Option<Stored<T>>> {
        self.0.remove(key).map(stored).transpose()
    }

    /// The same, for an item that is also taken.
    pub(in crate::table) fn see<T: Item>(&self, key: &Key) -> Result<Option<Stored<T>>> {
        self.0.get(key).cloned().map(stored).transpose()
    }

    /// The attributes at a key, if there are any.
    pub(in crate::table) fn take_attributes(&mut self, key: &Key) -> Option<Attributes> {
        self.0.remove(key)
    }

    /// Whether there is an item at a key.
    pub(in crate::table) fn has(&self, key: &Key) -> bool {
        self.0.contains_key(key)
    }
}

impl Table {
    /// Everything at these keys, in one round, however many they are.
    pub(in crate::table) async fn batch_get(&self, mut keys: Vec<Key>) -> Result<Items> {
        keys.sort_unstable();
        keys.dedup();
        let batches = try_join_all(keys.chunks(BATCH).map(|keys| self.get_batch(keys))).await?;
        Ok(Items(
            batches
                .into_iter()
                .flatten()
                .filter_map(|item| Some((Key::of(&item)?, item)))
                .collect(),
        ))
    }

    /// One batch, until `DynamoDB` has processed all its keys: a key left unprocessed is not a key without an item.
    async fn get_batch(&self, keys: &[Key]) -> Result<Vec<Attributes>> {
        let mut found = Vec::with_capacity(keys.len());
        let mut pending =
            keys_and_attributes(keys.iter().cloned().map(Key::into_attributes).collect())?;
        for attempt in 0..ATTEMPTS {
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.name, pending)
                .send()
                .await
                .map_err(failed_call("read items"))?;
            found.extend(answer.responses.into_iter().flat_map(HashMap::into_values).flatten());
            match answer
                .unprocessed_keys
                .and_then(|mut tables| tables.remove(&self.name))
                .filter(|rest| !rest.keys.is_empty())
            {
                None => return Ok(found),
                Some(rest) => pending = keys_and_attributes(rest.keys)?,
            }
            back_off(attempt).await?;
        }
        Err(Error::Unavailable { action: "read items", source: "keys stayed unprocessed".into() })
    }

    /// Every item of a partition whose sort key starts with `prefix`, page after page.
    pub(in crate::table) async fn query<T: Item>(
        &self,
        partition: String,
        prefix: &str,
    ) -> Result<Vec<T>> {
        let mut pages = self.listing(partition, prefix).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(stored::<T>(item.map_err(failed_call("read a list"))?)?.item);
        }
        Ok(found)
    }

    /// What of a partition has a sort key that starts with `prefix`.
    fn listing(&self, partition: String, prefix: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .key_condition_expression(format!("{PK} = :pk AND begins_with({SK}, :prefix)"))
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
    }

    /// The first items of a partition whose sort key starts with `prefix`, no more than `most`, page after page. What is
    /// beyond them is not read.
    pub(in crate::table) async fn query_first<T: Item>(
        &self,
        partition: String,
        prefix: &str,
        most: usize,
    ) -> Result<Vec<T>> {
        let (mut found, mut last) = (Vec::new(), None);
        while found.len() < most {
            let left = i32::try_from(most - found.len()).unwrap_or(i32::MAX);
            let (page, next) = self.page(partition.clone(), prefix, last, left).await?;
            found.extend(page);
            if next.is_none() {
                break;
            }
            last = next;
        }
        Ok(found)
    }

    /// Up to `limit` items of a partition whose sort key starts with `prefix`, from after `last` on; and whether that
    /// was the end of them.
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

    /// The same, and after which key to go on, unless that was the end.
    async fn page<T: Item>(
        &self,
        partition: String,
        prefix: &str,
        last: Option<Key>,
        limit: i32,
    ) -> Result<(Vec<T>, Option<Key>)> {
        let page = self
            .listing(partition, prefix)
            .set_exclusive_start_key(last.map(Key::into_attributes))
            .limit(limit)
            .send()
            .await
            .map_err(failed_call("read a list"))?;
        let next = page
            .last_evaluated_key
            .map(|last| Key::of(&last).ok_or_else(|| failed("read a list")("a page ends nowhere")))
            .transpose()?;
        let items = page.items.unwrap_or_default().into_iter();
        Ok((items.map(|item| Ok(stored::<T>(item)?.item)).collect::<Result<_>>()?, next))
    }
}

fn keys_and_attributes(keys: Vec<Attributes>) -> Result<KeysAndAttributes> {
    KeysAndAttributes::builder()
        .consistent_read(true)
        .set_keys(Some(keys))
        .build()
        .map_err(failed("read items"))
}
