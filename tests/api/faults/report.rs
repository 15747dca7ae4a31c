//! What came of all cases, and the table of docs/reliability.md that says it.

use std::collections::BTreeSet;

use tests::Fault;

use super::judge::Came;
use super::play::{Case, FAULTS, Played};
use super::rehearsal::Rehearsal;
use super::write::Write;

/// The documentation that repeats it.
const DOCUMENTED: &str = include_str!("../../../docs/reliability.md");

/// What came of the cases played so far.
#[derive(Default)]
pub(super) struct Report {
    played: usize,
    failures: Vec<String>,
    rows: Vec<String>,
}

impl Report {
    /// Adds the cases of a write.
    pub(super) fn add(&mut self, played: Vec<Played>, of: &Rehearsal) {
        self.played += played.len();
        let mut came = vec![BTreeSet::new(); FAULTS.len()];
        for (case, outcome) in played {
            match outcome {
                // Of two calls made at once, nobody knows whether the one is done when the other ends all connections.
                Ok(_) if case.place.is_beside_another && case.fault() == Fault::Gone => {}
                Ok(outcome) => drop(came[case.fault].insert(outcome)),
                Err(failure) => self.failures.push(format!("{} × {case}: {failure}", of.write)),
            }
        }
        self.rows.push(row(of, &came));
    }

    /// Nothing failed, and the documentation says what came of it.
    pub(super) fn assert_good(mut self) {
        let is_documented = |row: &&String| DOCUMENTED.lines().any(|line| line == *row);
        let missing = self.rows.iter().filter(|row| !is_documented(row));
        self.failures.extend(missing.map(|row| format!("docs/reliability.md lacks: {row}")));
        let (failed, failures) = (self.failures.len(), self.failures.join("\n"));
        assert!(failed == 0, "{failed} failures in {} cases:\n{failures}", self.played);
    }
}

/// A write's row: what the same request is answered when it is done already, and what can come of each fault.
fn row(of: &Rehearsal, came: &[BTreeSet<Came>]) -> String {
    let again = if of.second.state.says_the_same(&of.first.state) { "same" } else { "more" };
    let cell = |outcomes: &BTreeSet<Came>| {
        outcomes.iter().map(|outcome| sign(*outcome)).collect::<Vec<_>>().join(" ")
    };
    let cells: Vec<String> = came.iter().map(cell).collect();
    format!("| {} | {} {again} | {} |", of.write, of.second.status, cells.join(" | "))
}

const fn sign(outcome: Came) -> &'static str {
    match outcome {
        Came::AsEver => "✓",
        Came::NothingDone => "∅",
        Came::Done => "!",
    }
}

/// Whether a case came out as the documentation says; a write that it does not know only has to come out well.
pub(super) fn is_documented(write: &Write, case: &Case, outcome: Option<Came>) -> bool {
    let Some(outcome) = outcome else { return false };
    let start = format!("| {write} | ");
    let row = DOCUMENTED.lines().find_map(|line| line.strip_prefix(&start));
    let cell = row.and_then(|row| row.split('|').nth(case.fault + 1));
    cell.is_none_or(|cell| cell.contains(sign(outcome)))
}

/// The writes that the documentation has rows for, in its order.
pub(super) fn documented_writes() -> Vec<String> {
    let (_, table) = DOCUMENTED.split_once("| write | asked again | ").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap_or_default().trim().to_owned()).collect()
}
