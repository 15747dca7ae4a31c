//! The figures of the functions when they were last accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use devkit::workspace;

/// The file of the baseline.
pub(crate) const FILE: &str = "bench/baseline.json";
/// The growth of a size that passes, in percent.
const MAX_GROWTH: u64 = 5;
/// That of instructions, whose counts agree within 0.1 %, and of a start's.
const MAX_GROWTH_OF_INSTRUCTIONS: u64 = 2;

/// Numbers by the name of what has them.
pub(crate) type Counts = BTreeMap<String, u64>;

/// All accepted figures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Baseline {
    /// The compiler that made the programs; another one makes others.
    pub(crate) with: String,
    /// The size of each function's program, in bytes.
    pub(crate) size: Counts,
    /// The instructions of a warm request of each kind.
    pub(crate) instructions: Counts,
    /// Those of a start up to its first response, by the request that it gets.
    #[serde(default)]
    pub(crate) start: Counts,
}

impl Baseline {
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(workspace::root().join(FILE));
        let text = text.with_context(|| {
            format!("cannot read {FILE}: `cargo xtask baseline --accept` makes it")
        })?;
        serde_json::from_str(&text).with_context(|| format!("cannot use {FILE}"))
    }

    pub(crate) fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(workspace::root().join(FILE), text)
            .with_context(|| format!("cannot write {FILE}"))
    }

    /// Every changed figure.
    pub(crate) fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = changes_of("size", &before.size, &self.size);
        changes.extend(changes_of("instructions", &before.instructions, &self.instructions));
        changes.extend(changes_of("instructions of a start", &before.start, &self.start));
        changes
    }

    /// Every figure that exceeds its limit or is on one side only.
    pub(crate) fn grown_to(&self, now: &Self) -> Vec<String> {
        let most = MAX_GROWTH_OF_INSTRUCTIONS;
        let mut grown = faults("size", MAX_GROWTH, &self.size, &now.size);
        grown.extend(faults("instructions", most, &self.instructions, &now.instructions));
        grown.extend(faults("instructions of a start", most, &self.start, &now.start));
        grown
    }
}

fn faults(what: &str, most: u64, accepted: &Counts, now: &Counts) -> Vec<String> {
    let names: BTreeSet<_> = accepted.keys().chain(now.keys()).collect();
    let fault = |name: &String| match (accepted.get(name), now.get(name)) {
        (Some(then), Some(now)) if *now > then + then * most / 100 => {
            Some(format!("{name}: {what} {now}, accepted {then}"))
        }
        (Some(_), Some(_)) => None,
        (None, _) => Some(format!("{name}: no {what} in {FILE}")),
        (_, None) => Some(format!("{name}: in {FILE}, and gone")),
    };
    names.into_iter().filter_map(fault).collect()
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^52")]
fn changes_of(what: &str, before: &Counts, now: &Counts) -> Vec<String> {
    let names: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let change = |name: &String| match (before.get(name), now.get(name)) {
        (Some(then), Some(now)) if then == now => None,
        (Some(then), Some(now)) => {
            let percent = 100.0 * (*now as f64 / *then as f64 - 1.0);
            Some(format!("{name}: {what} {now}, was {then} ({percent:+.1} %)"))
        }
        (None, Some(now)) => Some(format!("{name}: {what} {now}, is new")),
        (_, None) => Some(format!("{name}: {what} is gone")),
    };
    names.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use devkit::template::Template;

    fn baseline(size: u64, instructions: u64) -> Baseline {
        let of = |name: &str, count| [(name.to_owned(), count)].into();
        Baseline {
            with: "rustc 1.0.0 on x86_64".to_owned(),
            size: of("golem-accounts", size),
            instructions: of("golem-get-account", instructions),
            start: Counts::new(),
        }
    }

    #[test]
    fn growth_up_to_its_limit_passes_and_more_is_reported() {
        let accepted = baseline(1000, 2000);

        assert_eq!(accepted.grown_to(&baseline(1050, 2040)), Vec::<String>::new());
        assert_eq!(accepted.grown_to(&baseline(10, 20)), Vec::<String>::new());
        assert_eq!(
            accepted.grown_to(&baseline(1051, 2041)),
            [
                "golem-accounts: size 1051, accepted 1000",
                "golem-get-account: instructions 2041, accepted 2000"
            ]
        );
    }

    #[test]
    fn an_accepted_change_is_shown_with_its_previous_value() {
        let (before, now) = (baseline(1000, 2000), baseline(1050, 2000));

        let changes = ["golem-accounts: size 1050, was 1000 (+5.0 %)"];
        assert_eq!(now.changes_since(&before), changes);
        assert_eq!(before.changes_since(&before), Vec::<String>::new());
        let first =
            ["golem-accounts: size 1000, is new", "golem-get-account: instructions 2000, is new"];
        assert_eq!(before.changes_since(&Baseline::default()), first);
        let gone = ["golem-accounts: size is gone", "golem-get-account: instructions is gone"];
        assert_eq!(Baseline::default().changes_since(&before), gone);
    }

    #[test]
    fn the_baseline_has_the_size_of_every_function() {
        let template = Template::load().unwrap();
        let functions = template.functions().iter().map(|function| function.binary.as_str());

        let baseline = Baseline::read().unwrap();

        let names: BTreeSet<_> = baseline.size.keys().map(String::as_str).collect();
        assert_eq!(names, functions.collect());
        assert!(!baseline.instructions.is_empty());
    }

    #[test]
    fn new_and_missing_entries_are_reported() {
        let some = baseline(1, 1);

        assert_eq!(
            Baseline::default().grown_to(&some),
            [
                "golem-accounts: no size in bench/baseline.json",
                "golem-get-account: no instructions in bench/baseline.json"
            ]
        );
        assert_eq!(
            some.grown_to(&Baseline::default()),
            [
                "golem-accounts: in bench/baseline.json, and gone",
                "golem-get-account: in bench/baseline.json, and gone"
            ]
        );
    }
}
