//! Whether a history is linearizable: Wing and Gong's search with Lowe's cache of what was tried.
//!
//! The search takes one operation after another that no unfinished one precedes in time, and
//! follows every state that it may leave. An operation whose outcome nobody knows may come at any
//! time after it was requested, or never. What was tried, the set of operations taken and the
//! state, is not tried again.

use std::collections::HashSet;

use super::rules::{Event, State};

/// More configurations than any history of a run needs; a search that comes so far is given up.
const MAX_STATES: usize = 400_000;

/// An operation on one object.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The client and its request.
    pub what: String,
    /// When it was sent, by a logical clock.
    pub invoked: u64,
    /// When its response came; none if the outcome is unknown: it may have happened at any later
    /// time, or never.
    pub returned: Option<u64>,
    /// What that says of the object.
    pub event: Event,
}

/// What the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Some order explains every response.
    Linearizable,
    /// No order does. The last states that any order reaches before it gets stuck.
    Violated(Vec<State>),
    /// The search was given up.
    Undecided,
}

/// Which entries an order has taken so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Taken(Vec<u64>);

impl Taken {
    fn none(length: usize) -> Self {
        Self(vec![0; length.div_ceil(64)])
    }

    fn has(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    fn and(&self, place: usize) -> Self {
        let mut with = self.clone();
        with.0[place / 64] |= 1 << (place % 64);
        with
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

/// How far an order has come.
type Configuration = (Taken, State);

/// Searches for an order of the entries, which are sorted by when they were invoked, from this
/// state on.
pub fn check(initial: &State, entries: &[Entry]) -> Verdict {
    check_within(MAX_STATES, initial, entries)
}

/// The same, given up after so many configurations.
pub(super) fn check_within(most: usize, initial: &State, entries: &[Entry]) -> Verdict {
    let start = (Taken::none(entries.len()), initial.clone());
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    let (mut furthest, mut stuck) = (0, Vec::new());
    while let Some(configuration) = open.pop() {
        let Some(next) = successors(&configuration, entries) else { return Verdict::Linearizable };
        if next.is_empty() && configuration.0.count() >= furthest {
            if configuration.0.count() > furthest {
                stuck.clear();
            }
            furthest = configuration.0.count();
            stuck.push(configuration.1);
        }
        // The one that was invoked first is tried first.
        open.extend(next.into_iter().rev().filter(|next| seen.insert(next.clone())));
        if seen.len() > most {
            return Verdict::Undecided;
        }
    }
    stuck.dedup();
    Verdict::Violated(stuck)
}

/// Every configuration that may follow; nothing if all that is known to have happened is in order.
fn successors((taken, state): &Configuration, entries: &[Entry]) -> Option<Vec<Configuration>> {
    let candidates = candidates(taken, entries);
    let is_known = |place: &usize| entries[*place].returned.is_some();
    if !candidates.iter().any(is_known) {
        return None;
    }
    // A read that agrees with the state can come next at once: it blocks nothing.
    let looks = |place: &&usize| {
        let event = &entries[**place].event;
        is_known(place) && event.is_read() && !event.after(state).is_empty()
    };
    if let Some(place) = candidates.iter().find(looks) {
        return Some(vec![(taken.and(*place), state.clone())]);
    }
    let mut next = Vec::new();
    for place in candidates {
        let after = entries[place].event.after(state).into_iter();
        // What may never have happened need not happen now if it would change nothing.
        let after = after.filter(|after| entries[place].returned.is_some() || after != state);
        next.extend(after.map(|after| (taken.and(place), after)));
    }
    Some(next)
}

/// The entries that may come next: those sent before the response of every other one that is left.
fn candidates(taken: &Taken, entries: &[Entry]) -> Vec<usize> {
    let (mut found, mut limit) = (Vec::new(), u64::MAX);
    for (place, entry) in entries.iter().enumerate() {
        if taken.has(place) {
            continue;
        }
        if entry.invoked > limit {
            break;
        }
        limit = limit.min(entry.returned.unwrap_or(u64::MAX));
        found.push(place);
    }
    found
}
