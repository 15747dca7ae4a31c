//! What clients might have seen, for tests of what is said of it.

use super::run::judged;
use super::shared_state::{Done, Known, Projection, SharedState};

/// An operation that had its response.
pub(super) fn returned(
    invoked: u64,
    returned: u64,
    projections: impl IntoIterator<Item = Projection>,
) -> Done {
    Done { returned: Some(returned), ..lost(invoked, projections) }
}

/// An operation with an unknown outcome.
pub(super) fn lost(invoked: u64, projections: impl IntoIterator<Item = Projection>) -> Done {
    let projections = projections.into_iter().collect();
    Done { what: format!("at {invoked}"), invoked, returned: None, projections }
}

/// Of how many objects the history cannot be explained.
pub(super) fn violations(log: Vec<Done>) -> usize {
    violations_given(Known::default(), log)
}

/// The same, if the clients know this.
pub(super) fn violations_given(known: Known, log: Vec<Done>) -> usize {
    let shared = SharedState::default();
    *shared.known() = known;
    *shared.log() = log;
    judged(&shared).violations.len()
}
