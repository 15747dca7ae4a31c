//! The threat model points at tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::root;

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let tests = [root().join("tests"), root().join("xtask/tests")].map(|folder| names(&folder));
    let known: BTreeSet<String> = tests.into_iter().flatten().collect();

    let rows = text.lines().filter(|line| line.starts_with("| API"));
    let named: Vec<&str> = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).collect();

    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !known.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The names of all functions in the sources of a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(self::names(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = fs::read_to_string(path).unwrap();
            let functions = source.split("fn ").skip(1);
            names.extend(functions.filter_map(|rest| rest.split('(').next().map(str::to_owned)));
        }
    }
    names
}
