//! Versions of items that were read, for optimistic locking.

use super::item::{Keyed, Stored};
use super::key::Key;
use super::transaction::Transaction;

/// Keys of items with the versions that were read. A write can require that none has changed.
#[derive(Debug, Clone, Default)]
pub struct ReadVersions(Vec<(Key, u64)>);

impl ReadVersions {
    /// Adds an item.
    #[must_use]
    pub fn and(mut self, item: &impl Versioned) -> Self {
        self.0.push(item.key_and_version());
        self
    }

    pub(in crate::table) fn add_conditions(self, transaction: Transaction<'_>) -> Transaction<'_> {
        self.0
            .into_iter()
            .fold(transaction, |transaction, (key, version)| transaction.unchanged(key, version))
    }
}

/// An item that was read, with its version.
pub trait Versioned {
    /// The version of this item alone.
    fn versions(&self) -> ReadVersions {
        ReadVersions(vec![self.key_and_version()])
    }

    /// The key of the item, and the version that was read.
    fn key_and_version(&self) -> (Key, u64);
}

impl<T: Keyed> Versioned for Stored<T> {
    fn key_and_version(&self) -> (Key, u64) {
        (self.item.key(), self.version)
    }
}
