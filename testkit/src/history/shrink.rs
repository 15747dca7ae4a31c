//! A history that is not linearizable, made small enough to read.

use std::fmt;

use super::linearizable::{Entry, Verdict, check_within};
use super::rules::State;

/// So many of the last operations are shown at most.
const SHOWN: usize = 8;

/// So many configurations are tried for each step.
const TRIED: usize = 20_000;

/// What of a history is not linearizable by itself.
#[derive(Debug)]
pub struct Counterexample {
    entries: Vec<Entry>,
    states: Vec<State>,
}

/// A part of a history that is not linearizable by itself: up to the first wrong response, without
/// reads that are not needed to see it.
pub fn shrink(initial: &State, entries: &[Entry]) -> Counterexample {
    let mut small = shortest(initial, entries);
    let mut size = small.len().next_power_of_two();
    while size > 0 {
        // From the end, where the wrong observation is.
        for place in (0..small.len()).step_by(size).collect::<Vec<_>>().into_iter().rev() {
            let without = without_looks(&small, place, size);
            if without.len() < small.len() && is_violated(initial, &without) {
                small = without;
            }
        }
        size /= 2;
    }
    let states = match check_within(TRIED, initial, &small) {
        Verdict::Violated(states) => states,
        Verdict::Linearizable | Verdict::Undecided => Vec::new(),
    };
    Counterexample { entries: small, states }
}

fn is_violated(initial: &State, entries: &[Entry]) -> bool {
    matches!(check_within(TRIED, initial, entries), Verdict::Violated(_))
}

/// The history up to the first response with which it is not linearizable.
fn shortest(initial: &State, entries: &[Entry]) -> Vec<Entry> {
    let mut ends: Vec<u64> = entries.iter().filter_map(|entry| entry.returned).collect();
    ends.sort_unstable();
    let first = ends.partition_point(|end| !is_violated(initial, &until(entries, *end)));
    ends.get(first).map_or_else(|| entries.to_vec(), |end| until(entries, *end))
}

/// What was known at a time: of an operation without a response yet, only that it was sent.
fn until(entries: &[Entry], end: u64) -> Vec<Entry> {
    let start = entries.iter().filter(|entry| entry.invoked <= end).cloned();
    let known =
        start.map(|entry| Entry { returned: entry.returned.filter(|at| *at <= end), ..entry });
    known.filter(|entry| entry.returned.is_some() || !entry.event.is_read()).collect()
}

/// The same without the looks among so many entries from a place on.
fn without_looks(entries: &[Entry], place: usize, size: usize) -> Vec<Entry> {
    let among = place..place + size;
    let kept = entries.iter().enumerate();
    let kept = kept.filter(|(place, entry)| !among.contains(place) || !entry.event.is_read());
    kept.map(|(_, entry)| entry.clone()).collect()
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.entries.len().saturating_sub(SHOWN);
        if before > 0 {
            writeln!(f, "    … {before} operations before")?;
        }
        for Entry { what, invoked, returned, event } in &self.entries[before..] {
            let returned = returned.map_or("?".to_owned(), |returned| returned.to_string());
            writeln!(f, "    {invoked:>7} to {returned:<7} {what}: {event}")?;
        }
        for state in self.states.iter().take(3) {
            writeln!(f, "    stuck at {state}")?;
        }
        Ok(())
    }
}
