//! Reading users.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::Result;
use crate::model::{User, UserId};
use crate::table::engine::{Key, Stored, Table};

/// Users that [`Table::users_until`] reads at once.
const BATCH: usize = 100;

/// Batches that it reads ahead: with all of them, users as large as they can be would not fit into
/// a function's memory.
const BATCHES_AHEAD: usize = 2;

impl Table {
    /// Hands the users with these ids to `take`, in this order and as far as they exist, until it
    /// does not take one. Returns how many ids that was.
    pub async fn users_until(
        &self,
        ids: &[UserId],
        mut take: impl FnMut(&User) -> Result<bool> + Send,
    ) -> Result<usize> {
        let batches: Vec<Vec<UserId>> = ids.chunks(BATCH).map(<[UserId]>::to_vec).collect();
        let mut batches = stream::iter(batches)
            .map(|batch| self.users(batch.into_iter()))
            .buffered(BATCHES_AHEAD);
        while let Some(users) = batches.try_next().await? {
            for user in users {
                if !take(&user)? {
                    return Ok(ids.iter().position(|id| *id == user.id).unwrap_or_default());
                }
            }
        }
        Ok(ids.len())
    }

    /// The users with these ids, as far as they exist.
    pub async fn users(&self, ids: impl Iterator<Item = UserId>) -> Result<Vec<Stored<User>>> {
        let keys: Vec<Key> = ids.map(Key::user).collect();
        let mut items = self.batch_get(keys.clone()).await?;
        keys.iter().filter_map(|key| items.take(key).transpose()).collect()
    }
}
