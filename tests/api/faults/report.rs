//! The outcomes of all cases, and the table of docs/reliability-data.md.

use std::collections::BTreeSet;

use testkit::Fault;

use super::judge::Came;
use super::page;
use super::play::{Case, FAULTS, Played};
use super::rehearsal::Rehearsal;
use super::sample::Sample;
use super::write::Write;

/// The outcomes of the cases so far.
pub(super) struct Report {
    /// Names the sample; none if all cases run.
    sample: Option<String>,
    played: usize,
    failures: Vec<String>,
    rows: Vec<String>,
    /// The outcomes of the faults in the last write without a key.
    plain: Vec<BTreeSet<Came>>,
}

impl Report {
    pub(super) fn new(sample: &Sample) -> Self {
        Self {
            sample: (!sample.is_whole()).then(|| sample.to_string()),
            played: 0,
            failures: Vec::new(),
            rows: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Adds the cases of a write.
    pub(super) fn add(&mut self, played: Vec<Played>, of: &Rehearsal) {
        self.played += played.len();
        let mut came = vec![BTreeSet::new(); FAULTS.len()];
        for (case, outcome) in played {
            match outcome {
                // Of two concurrent calls, either may be done when the other ends all connections.
                Ok(_) if case.place.is_beside_another && case.fault() == Fault::Gone => {}
                Ok(outcome) => {
                    if self.sample.is_some() && !is_documented(&of.write, &case, outcome) {
                        let sign = sign(outcome);
                        self.failures
                            .push(format!("{} × {case}: {sign} is not documented", of.write));
                    }
                    came[case.fault].insert(outcome);
                }
                Err(failure) => self.failures.push(format!("{} × {case}: {failure}", of.write)),
            }
        }
        if of.write.is_keyed {
            self.add_keyed(of, &came);
        } else {
            self.rows.push(row(of, &came));
            self.plain = came;
        }
    }

    /// Under a key the outcomes are those without one, except for the response to a retry.
    fn add_keyed(&mut self, of: &Rehearsal, came: &[BTreeSet<Came>]) {
        let has_response = of.second.status == of.first.status || of.write.ends_its_credential();
        if !has_response || !of.second.state.is_like(&of.first.state) {
            self.failures.push(format!("{} has another response than before", of.write));
        }
        if self.sample.is_none()
            && came.iter().zip(&self.plain).any(|(keyed, plain)| !keyed.is_subset(plain))
        {
            self.failures.push(format!("{} comes out otherwise: {}", of.write, cells(came)));
        }
    }

    /// Nothing failed, and the documentation says what came of it: exactly that, if all cases were
    /// played.
    pub(super) fn assert_good(mut self) {
        if self.sample.is_none() {
            self.compare_rows();
        }
        let (failed, failures) = (self.failures.len(), self.failures.join("\n"));
        let sample = self.sample.unwrap_or_default();
        assert!(failed == 0, "{failed} failures in {} cases{sample}:\n{failures}", self.played);
    }

    fn compare_rows(&mut self) {
        if page::is_rewritten() {
            page::rewrite(&self.rows);
        }
        let documented = page::rows();
        let missing = self.rows.iter().filter(|row| !documented.contains(row));
        self.failures.extend(missing.map(|row| format!("docs/reliability-data.md lacks: {row}")));
    }

    /// How many cases were played.
    pub(super) const fn played(&self) -> usize {
        self.played
    }
}

/// A write's row: the response to the same request when it is done already, and the outcomes of
/// each fault.
fn row(of: &Rehearsal, came: &[BTreeSet<Came>]) -> String {
    let again = if of.second.state.says_the_same(&of.first.state) { "same" } else { "more" };
    format!("| {} | {} {again}{}", of.write, of.second.status, cells(came))
}

/// The outcomes of each fault.
fn cells(came: &[BTreeSet<Came>]) -> String {
    let cell = |outcomes: &BTreeSet<Came>| {
        outcomes.iter().map(|outcome| sign(*outcome)).collect::<Vec<_>>().join(" ")
    };
    format!(" | {} |", came.iter().map(cell).collect::<Vec<_>>().join(" | "))
}

const fn sign(outcome: Came) -> &'static str {
    match outcome {
        Came::AsEver => "✓",
        Came::NothingDone => "∅",
        Came::Done => "!",
    }
}

/// Whether a case came out as the documentation says; a write that it does not know only has to
/// come out well.
pub(super) fn is_documented(write: &Write, case: &Case, outcome: Came) -> bool {
    let rows = page::rows();
    let row = rows.iter().find(|row| page::name(row) == write.name());
    let cell = row.and_then(|row| row.split('|').nth(case.fault + 3));
    page::is_rewritten() || cell.is_none_or(|cell| cell.contains(sign(outcome)))
}
