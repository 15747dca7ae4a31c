//! docs/costs.md agrees with the measurements.

use std::collections::BTreeMap;

use super::MEASURING;
use super::document::{PATH, in_document, section};
use super::facts::{Facts, Measured};
use super::measure::facts;
use super::request::Assumptions;
use devkit::workspace::root;

#[tokio::test]
async fn the_documentation_says_what_operations_and_idle_stacks_cost() {
    let _alone = MEASURING.lock().await;
    let document = std::fs::read_to_string(root().join(PATH)).unwrap();
    let facts = with_documented_sizes(facts().await, &sizes(&document));

    let current = in_document(&document, &section(&facts, &Assumptions::default()).unwrap());

    let (current, written) = (current.unwrap(), document.lines());
    let differing: Vec<_> =
        current.lines().filter(|line| !written.clone().any(|own| own == *line)).collect();
    assert!(
        current == document,
        "{PATH} is out of date: run `cargo xtask costs --write`. What it should say: {differing:#?}"
    );
}

/// The page with a QR code, whose drawing has more or fewer squares.
const WITH_QR_CODE: &str = "pages-set-up-second-factor";

/// With the documented sizes where those are right to a twentieth, as numbers and times have more or
/// fewer digits: to 24 bytes at least for a line in the log, to a tenth for the page with a QR code.
fn with_documented_sizes(facts: Facts, documented: &BTreeMap<String, (usize, usize)>) -> Facts {
    let sized = |measured: Measured| match documented.get(&measured.name) {
        Some(&(log, response))
            if is_within(measured.log_bytes, log, (log / 20).max(24))
                && is_within(measured.response_bytes, response, tolerance(&measured, response)) =>
        {
            Measured { log_bytes: log, response_bytes: response, ..measured }
        }
        _ => measured,
    };
    let all = |measured: Vec<Measured>| measured.into_iter().map(sized).collect();
    Facts { operations: all(facts.operations), credentials: all(facts.credentials), ..facts }
}

fn tolerance(measured: &Measured, response: usize) -> usize {
    response / if measured.name == WITH_QR_CODE { 10 } else { 20 }
}

fn is_within(measured: usize, documented: usize, most: usize) -> bool {
    measured.abs_diff(documented) <= most
}

/// Sizes of the line in the log and of the response, as a document has them, by operation and
/// credential. They differ by some bytes from run to run, since numbers and times have more or
/// fewer digits.
fn sizes(document: &str) -> BTreeMap<String, (usize, usize)> {
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, _, _, _, log, response, ..] = cells[..] else { return None };
        let sizes = (log.parse().ok()?, response.parse().ok()?);
        Some((name.trim_matches('`').to_owned(), sizes))
    });
    rows.collect()
}

#[test]
fn sizes_are_read_back_from_the_rows() {
    let row = "| `hub-get-user` | hub-users, 1024 | 1 BatchGetItem; in 1 round trip \
               | 3 | 0 | 612 | 845 | 0.38 |";

    assert_eq!(sizes(row), [("hub-get-user".to_owned(), (612, 845))].into());
    assert!(sizes("| item | dev | prod |").is_empty());
}
