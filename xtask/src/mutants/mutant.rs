//! A mutant: a patch with a header that names the rule it breaks and the tests that must find it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use devkit::workspace;

/// One change of the sources that breaks a rule.
#[derive(Debug)]
pub(super) struct Mutant {
    /// Of its file, without the ending.
    pub(super) name: String,
    /// The rule that it breaks.
    pub(super) rule: String,
    /// The tests of `api` that must fail.
    pub(super) found_by: Vec<String>,
    pub(super) patch: PathBuf,
}

impl Mutant {
    /// All of `tests/mutants`, by name.
    pub(super) fn all() -> Result<Vec<Self>> {
        let folder = workspace::root().join("tests/mutants");
        let files = fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?
            .map(|file| Ok(file?.path()))
            .collect::<Result<Vec<_>>>()?;
        let patches =
            files.iter().filter(|file| file.extension().is_some_and(|end| end == "patch"));
        let mut all = patches.map(|patch| Self::read(patch)).collect::<Result<Vec<_>>>()?;
        all.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    fn read(patch: &Path) -> Result<Self> {
        let text = fs::read_to_string(patch)
            .with_context(|| format!("cannot read {}", patch.display()))?;
        let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::parse(name, patch, &text).with_context(|| format!("in {}", patch.display()))
    }

    fn parse(name: String, patch: &Path, text: &str) -> Result<Self> {
        let head = || text.lines().take_while(|line| !line.starts_with("diff "));
        let named = |name: &'static str| head().filter_map(move |line| line.strip_prefix(name));
        let rule = named("Rule: ").next().context("no line `Rule: …` before the patch")?.to_owned();
        let found_by: Vec<_> = named("Found by: ").map(str::to_owned).collect();
        ensure!(!found_by.is_empty(), "no line `Found by: …` before the patch");
        Ok(Self { name, rule, found_by, patch: patch.to_owned() })
    }
}

/// Whether a test passed, as the test harness prints it; nothing if it was not run.
pub(super) fn verdict(output: &str, test: &str) -> Option<bool> {
    let line = |line: &str| {
        line.strip_prefix("test ")?.strip_prefix(test)?.strip_prefix(" ... ").map(str::to_owned)
    };
    let result = output.lines().find_map(line)?;
    Some(result == "ok")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn every_mutant_applies_to_the_sources_and_names_existing_tests() {
        for mutant in Mutant::all().unwrap() {
            let mut git = Command::new("git");
            git.args(["apply", "--check"]).arg(&mutant.patch).current_dir(workspace::root());
            let checked = git.output().unwrap();
            let failure = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success(), "{}: {failure}", mutant.name);
            for test in &mutant.found_by {
                assert!(there_is(test), "{}: {test}", mutant.name);
            }
        }
    }

    fn there_is(test: &str) -> bool {
        let (module, name) = test.rsplit_once("::").unwrap();
        let folder = workspace::root().join("tests/api");
        let file = folder.join(module.replace("::", "/"));
        [file.with_extension("rs"), file.join("mod.rs")].iter().any(|file| {
            fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("async fn {name}(")))
        })
    }

    #[test]
    fn a_mutant_says_what_it_breaks_and_what_finds_it() {
        let text = "Rule: a rule\nFound by: some::test\nFound by: some::other\n\ndiff --git a/x b/x\nRule: no\n";
        let mutant = Mutant::parse("m".into(), Path::new("m.patch"), text).unwrap();

        assert_eq!(mutant.rule, "a rule");
        assert_eq!(mutant.found_by, ["some::test", "some::other"]);
        for text in ["Rule: a rule\ndiff --git a/x b/x\n", "Found by: some::test\n", ""] {
            assert!(Mutant::parse("m".into(), Path::new("m.patch"), text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_verdict_is_of_the_test_of_that_name_alone() {
        let output =
            "running 3 tests\ntest a::b ... ok\ntest a::bc ... FAILED\nfailures:\n    a::b\n";

        assert_eq!(verdict(output, "a::b"), Some(true));
        assert_eq!(verdict(output, "a::bc"), Some(false));
        assert_eq!(verdict(output, "a"), None);
    }
}
