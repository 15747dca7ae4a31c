//! Deleting many items, when nothing depends on their going together.

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};

use super::failure::failed_call;
use super::key::Key;
use super::table::Table;
use crate::error::failed;
use crate::random::back_off;
use crate::{Error, Result};

/// How many items one BatchWriteItem takes.
pub(in crate::table) const BATCH: usize = 25;

/// How often items that `DynamoDB` left unprocessed are sent again, waiting twice as long each time.
const ATTEMPTS: u32 = 8;

impl Table {
    /// Deletes what is at these keys, at most [`BATCH`] of them; `action` says in the log what could not be done.
    pub(in crate::table) async fn delete_all(
        &self,
        action: &'static str,
        keys: impl Iterator<Item = Key>,
    ) -> Result<()> {
        let mut pending = keys.map(|key| deletion(action, key)).collect::<Result<Vec<_>>>()?;
        for attempt in 0..ATTEMPTS {
            let answer =
                self.client.batch_write_item().request_items(&self.name, pending).send().await;
            let answer = answer.map_err(failed_call(action))?;
            pending = answer
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
