//! Deletion of many items, without a transaction.

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use futures_util::stream::{self, TryStreamExt};

use super::failure::failed_call;
use super::key::Key;
use super::table::Table;
use crate::error::failed;
use crate::random::back_off;
use crate::{Error, Result};

/// The maximum number of items in one BatchWriteItem.
pub(in crate::table) const MAX_BATCH_DELETE: usize = 25;

/// How often unprocessed deletions are sent again, with exponential backoff.
const MAX_ATTEMPTS: u32 = 8;

/// Items that are listed before the first of them is deleted.
const PAGE_SIZE: i32 = 1000;

/// Batches that are deleted at once.
const CONCURRENCY: usize = 4;

impl Table {
    /// Deletes all items of a partition whose sort key starts with `prefix`, any number of them. If
    /// it is interrupted, those of the pages before are gone.
    pub(in crate::table) async fn delete_all(
        &self,
        action: &'static str,
        partition: &str,
        prefix: &str,
    ) -> Result<()> {
        loop {
            let (keys, ended) = self.first_keys(partition, prefix, PAGE_SIZE).await?;
            stream::iter(keys.chunks(MAX_BATCH_DELETE).map(Ok))
                .try_for_each_concurrent(CONCURRENCY, |batch| {
                    self.batch_delete(action, batch.iter().cloned())
                })
                .await?;
            if ended {
                return Ok(());
            }
        }
    }

    /// Deletes the items at these keys, at most [`MAX_BATCH_DELETE`] of them; `action` names the
    /// operation in errors.
    pub(in crate::table) async fn batch_delete(
        &self,
        action: &'static str,
        keys: impl Iterator<Item = Key>,
    ) -> Result<()> {
        let mut pending = keys.map(|key| deletion(action, key)).collect::<Result<Vec<_>>>()?;
        for attempt in 0..MAX_ATTEMPTS {
            let output =
                self.client.batch_write_item().request_items(&self.name, pending).send().await;
            let output = output.map_err(failed_call(action))?;
            pending = output
                .unprocessed_items
                .and_then(|mut tables| tables.remove(&self.name))
                .unwrap_or_default();
            if pending.is_empty() {
                return Ok(());
            }
            back_off(attempt).await?;
        }
        Err(Error::Unavailable { action, source: "items stayed unprocessed".into() })
    }
}

fn deletion(action: &'static str, key: Key) -> Result<WriteRequest> {
    let delete = DeleteRequest::builder().set_key(Some(key.into_attributes())).build();
    let delete = delete.map_err(failed(action))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
