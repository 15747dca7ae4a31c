//! The locks of a user, for the operator.

use super::counter::Counter;
use crate::model::{Timestamp, User};
use crate::table::engine::{Attributes, Key};

/// Whether passwords of a user are rejected, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockState {
    /// Until when, from all sources that the user is not known from.
    pub elsewhere_until: Option<Timestamp>,
    /// The sources that the user is known from.
    pub known_sources: usize,
    /// How many of these are locked.
    pub locked_sources: usize,
}

impl LockState {
    pub(in crate::table) fn new(user: &User, item: Option<&Attributes>, now: Timestamp) -> Self {
        let counter = Counter::of_user(Key::user_lockout(user.id), user.attempts_epoch);
        let (elsewhere_until, known) = counter.read(item).locks(now);
        let known_sources = known.len();
        let locked_sources = known.into_iter().flatten().count();
        Self { elsewhere_until, known_sources, locked_sources }
    }
}
