//! What the processes of the functions hold while a soak runs: memory and descriptors. Neither may
//! grow once they have warmed up.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use devkit::template::Template;
use tokio::time::sleep;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(10);
/// Looks at a process without which nothing is said of it: those of some seven minutes.
const ENOUGH: usize = 40;
/// Growth that passes: a connection more or less, and what an allocator cannot return.
const MORE_DESCRIPTORS: u64 = 8;
const MORE_KIB: u64 = 4096;

/// What each process held at each look, by its id.
#[derive(Default)]
pub(super) struct Held(BTreeMap<u32, Looks>);

/// One process of a function.
#[derive(Default)]
struct Looks {
    function: String,
    resident_kib: Vec<u64>,
    descriptors: Vec<u64>,
}

impl Held {
    /// Looks again and again. Where there is no `/proc` it sees nothing.
    pub(super) async fn watch(&mut self) -> Result<Infallible> {
        let template = Template::load()?;
        let names = template.functions().iter().map(|function| function.binary.clone()).collect();
        loop {
            self.look(&names);
            sleep(INTERVAL).await;
        }
    }

    /// At the functions among the processes below this one.
    fn look(&mut self, names: &BTreeSet<String>) {
        let mut parents = BTreeMap::new();
        let mut functions = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            // One that has ended meanwhile has no files any more.
            let Some((id, parent, resident_kib)) = status(&entry.path()) else { continue };
            parents.insert(id, parent);
            let program = fs::read_link(entry.path().join("exe")).unwrap_or_default();
            let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if names.contains(&name) {
                let descriptors = fs::read_dir(entry.path().join("fd")).into_iter().flatten();
                functions.push((id, name, resident_kib, descriptors.count() as u64));
            }
        }
        for (id, function, resident_kib, descriptors) in functions {
            if is_below(std::process::id(), id, &parents) {
                let looks = self.0.entry(id).or_default();
                looks.function = function;
                looks.resident_kib.push(resident_kib);
                looks.descriptors.push(descriptors);
            }
        }
    }

    /// How many processes were looked at for long enough.
    pub(super) fn judged(&self) -> usize {
        self.0.values().filter(|looks| looks.resident_kib.len() >= ENOUGH).count()
    }

    /// What grew, in words.
    pub(super) fn grown(&self) -> Vec<String> {
        let judged = self.0.values().filter(|looks| looks.resident_kib.len() >= ENOUGH);
        let grown = judged.flat_map(|Looks { function, resident_kib, descriptors }| {
            let more_kib = MORE_KIB + resident_kib.iter().max().unwrap_or(&0) / 10;
            let memory = growth(resident_kib, more_kib).map(|it| format!("{function}: KiB {it}"));
            let files = growth(descriptors, MORE_DESCRIPTORS)
                .map(|it| format!("{function}: descriptors {it}"));
            [memory, files]
        });
        grown.flatten().collect()
    }
}

/// The most in the last quarter, if it is so much above the most in the second one.
fn growth(values: &[u64], more: u64) -> Option<String> {
    let quarter = values.len() / 4;
    let most = |from: usize| values.iter().skip(from).take(quarter).max().copied();
    let (then, now) = most(quarter).zip(most(values.len() - quarter))?;
    (now > then + more).then(|| format!("{now}, after warming up {then}"))
}

/// Id, parent, and resident memory in KiB.
fn status(process: &Path) -> Option<(u32, u32, u64)> {
    let id = process.file_name()?.to_str()?.parse().ok()?;
    let status = fs::read_to_string(process.join("status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Some((id, u32::try_from(field("PPid:")?).ok()?, field("VmRSS:").unwrap_or(0)))
}

fn is_below(ancestor: u32, mut id: u32, parents: &BTreeMap<u32, u32>) -> bool {
    while let Some(parent) = parents.get(&id) {
        if *parent == ancestor {
            return true;
        }
        id = *parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(resident_kib: &[u64], descriptors: &[u64]) -> Held {
        let spread = |quarters: &[u64]| {
            quarters.iter().flat_map(|value| [*value; ENOUGH / 4]).collect::<Vec<_>>()
        };
        let looks = Looks {
            function: "pages".to_owned(),
            resident_kib: spread(resident_kib),
            descriptors: spread(descriptors),
        };
        Held([(7, looks)].into())
    }

    #[test]
    fn what_grows_after_warming_up_is_named_and_what_is_flat_is_not() {
        let flat = held(&[10_000, 30_000, 30_000, 37_000], &[3, 12, 9, 20]);
        assert_eq!(flat.grown(), [""; 0]);
        assert_eq!(flat.judged(), 1);

        let grown = held(&[10_000, 30_000, 35_000, 40_000], &[3, 12, 15, 21]).grown();

        assert_eq!(
            grown,
            [
                "pages: KiB 40000, after warming up 30000",
                "pages: descriptors 21, after warming up 12"
            ]
        );
        assert_eq!(held(&[10_000, 90_000], &[3, 90]).judged(), 0);
    }

    #[test]
    fn a_process_below_this_one_is_found_and_this_one_is_not_below_itself() {
        let parents = BTreeMap::from([(9, 8), (8, 7), (7, 1), (1, 0)]);

        assert!(is_below(7, 9, &parents));
        assert!(!is_below(7, 7, &parents) && !is_below(7, 5, &parents));
    }
}
