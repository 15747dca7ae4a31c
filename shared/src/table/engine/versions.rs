//! What an answer rests on: the items, as they were read.

use super::item::{Keyed, Stored};
use super::key::Key;
use super::transaction::Transaction;

/// Items with the versions that were read. A write can demand that all of them are still so.
#[derive(Debug, Clone, Default)]
pub struct ReadVersions(Vec<(Key, u64)>);

impl ReadVersions {
    /// This item too.
    #[must_use]
    pub fn and(mut self, item: &impl Versioned) -> Self {
        self.0.push(item.read());
        self
    }

    pub(in crate::table) fn demanded_by(self, transaction: Transaction<'_>) -> Transaction<'_> {
        self.0
            .into_iter()
            .fold(transaction, |transaction, (key, version)| transaction.unchanged(key, version))
    }
}

/// Something that was read and has a version.
pub trait Versioned {
    /// What it rests on by itself.
    fn basis(&self) -> ReadVersions {
        ReadVersions(vec![self.read()])
    }

    /// Where it is, and the version that was read.
    fn read(&self) -> (Key, u64);
}

impl<T: Keyed> Versioned for Stored<T> {
    fn read(&self) -> (Key, u64) {
        (self.item.key(), self.version)
    }
}
