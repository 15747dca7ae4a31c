//! The fuzzer's own workspace agrees with this one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use testkit::fuzz::{TARGETS, corpus};
use testkit::root;

/// The most that all input may take, in bytes: it is read with every run of the tests.
const MAX_BYTES: usize = 1024 * 1024;

/// The versions of every package in a lock file.
fn locked(file: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for package in text.split("[[package]]").skip(1) {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim_matches('"').to_owned()
        };
        versions.entry(field("name = ")).or_default().insert(field("version = "));
    }
    versions
}

#[test]
fn the_fuzzer_builds_the_same_versions_as_everything_else() {
    const OWN: [&str; 4] = ["arbitrary", "fuzz", "jobserver", "libfuzzer-sys"];
    let (main, fuzz) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));

    for (package, versions) in fuzz {
        let known = main.get(&package);
        let is_same = known.is_some_and(|known| versions.is_subset(known));
        assert!(
            is_same || OWN.contains(&package.as_str()),
            "{package} {versions:?}, not {known:?}"
        );
    }
}

#[test]
fn every_property_is_a_target_and_every_target_a_property() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let names = manifest.split("[[bin]]").skip(1).map(|target| target.split('"').nth(1).unwrap());

    assert!(names.eq(TARGETS.map(|(name, _)| name)));
    for (name, _) in TARGETS {
        let file = root().join(format!("fuzz/fuzz_targets/{name}.rs"));
        let source = fs::read_to_string(file).unwrap();
        assert!(source.contains(&format!("testkit::fuzz::{name}(")), "{name}");
    }
}

#[test]
fn the_corpus_of_the_fuzzer_is_small() {
    let sizes =
        TARGETS.map(|(name, _)| corpus(name).iter().map(|(_, input)| input.len()).sum::<usize>());

    assert!(sizes.iter().sum::<usize>() < MAX_BYTES, "{sizes:?}");
}
