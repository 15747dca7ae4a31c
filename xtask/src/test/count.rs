//! Counts of passed and failed checks.

use std::fmt;
use std::ops::AddAssign;

/// A tally of checks and tests; shown as `3 passed, 0 failed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Count {
    /// One check.
    pub(super) fn one(success: bool) -> Self {
        Self { passed: success.into(), failed: (!success).into() }
    }

    /// The tests of one `cargo test`. What it did wrong besides them, such as not compiling, counts
    /// as one failure, and so does having run none.
    pub(super) fn from_tests(success: bool, output: &str) -> Self {
        let mut count = Self::default();
        output.lines().filter_map(result).for_each(|result| count += result);
        if count.failed == 0 && (!success || count.passed == 0) {
            count.failed = 1;
        }
        count
    }

    /// Nothing failed, and something was done at all.
    pub(super) fn is_success(self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn result(line: &str) -> Option<Count> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |name: &str| {
        let entry = numbers.split("; ").find_map(|entry| entry.strip_suffix(name))?;
        entry.trim().parse().ok()
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 3 tests
test a ... ok
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests shared
test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.10s
";

    #[test]
    fn every_result_line_counts() {
        assert_eq!(Count::from_tests(false, OUTPUT), Count { passed: 4, failed: 2 });
    }

    #[test]
    fn a_run_that_failed_without_a_failed_test_is_one_failure() {
        let passed = OUTPUT.lines().take(3).collect::<Vec<_>>().join("\n");

        assert_eq!(Count::from_tests(false, &passed), Count { passed: 3, failed: 1 });
        assert_eq!(Count::from_tests(false, "error: could not compile"), Count::one(false));
    }

    #[test]
    fn a_run_of_no_tests_is_a_failure() {
        let none = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";

        assert_eq!(Count::from_tests(true, none), Count::one(false));
        assert!(!Count::default().is_success());
    }

    #[test]
    fn the_last_line_reads_as_documented() {
        assert_eq!(Count { passed: 12, failed: 1 }.to_string(), "12 passed, 1 failed");
    }
}
