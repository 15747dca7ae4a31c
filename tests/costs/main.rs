//! What docs/costs.md says is what is measured.

mod engine;

use std::collections::BTreeMap;

use tests::root;
use xtask::costs::{Assumptions, Facts, Measured, PATH, in_document, section, sizes};

#[tokio::test]
async fn the_documentation_says_what_operations_and_idle_stacks_cost() {
    let document = std::fs::read_to_string(root().join(PATH)).unwrap();
    let facts = with_documented_sizes(tests::facts().await, &sizes(&document));

    let current = in_document(&document, &section(&facts, &Assumptions::default()).unwrap());

    let (current, written) = (current.unwrap(), document.lines());
    let differing: Vec<_> =
        current.lines().filter(|line| !written.clone().any(|own| own == *line)).collect();
    assert!(
        current == document,
        "{PATH} is out of date: run `cargo xtask costs --write`. What it should say: {differing:#?}"
    );
}

/// With the documented sizes where those are right by five in a hundred: numbers and times have more or fewer digits.
fn with_documented_sizes(facts: Facts, documented: &BTreeMap<String, (usize, usize)>) -> Facts {
    let sized = |measured: Measured| match documented.get(&measured.name) {
        Some(&(log, answer))
            if is_about(measured.log_bytes, log) && is_about(measured.answer_bytes, answer) =>
        {
            Measured { log_bytes: log, answer_bytes: answer, ..measured }
        }
        _ => measured,
    };
    let all = |measured: Vec<Measured>| measured.into_iter().map(sized).collect();
    Facts { operations: all(facts.operations), credentials: all(facts.credentials), ..facts }
}

fn is_about(measured: usize, documented: usize) -> bool {
    20 * measured.abs_diff(documented) <= documented
}
