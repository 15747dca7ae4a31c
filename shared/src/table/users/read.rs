//! Reading users.

use crate::Result;
use crate::model::{User, UserId};
use crate::table::engine::{Key, Stored, Table};

impl Table {
    /// The users with these ids, as far as they exist.
    pub async fn users(&self, ids: impl Iterator<Item = UserId>) -> Result<Vec<Stored<User>>> {
        let keys: Vec<Key> = ids.map(Key::user).collect();
        let mut items = self.batch_get(keys.clone()).await?;
        keys.iter().filter_map(|key| items.take(key).transpose()).collect()
    }
}
