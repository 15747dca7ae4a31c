//! libFuzzer's report of a run.

use std::fmt;

/// The outcome of a run; shown as `1234 executions, coverage 567, features 890, at most 70 MiB`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    executions: u64,
    /// Edges between basic blocks.
    coverage: u64,
    /// Edges by how often they were taken, and comparisons by how far they got.
    features: u64,
    memory: u64,
    /// The file with the input that broke something.
    pub(super) finding: Option<String>,
}

impl Report {
    pub(super) fn read(output: &str) -> Self {
        let mut report = Self::default();
        output.lines().for_each(|line| report.note(line));
        report
    }

    fn note(&mut self, line: &str) {
        if let Some((_, file)) = line.split_once("Test unit written to ") {
            self.finding = Some(file.to_owned());
        }
        let number = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            rest.split_whitespace().next()?.parse().ok()
        };
        let pulse =
            line.strip_prefix('#').and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let set = |place: &mut u64, value: Option<u64>| *place = value.unwrap_or(*place);
        set(&mut self.executions, pulse);
        set(&mut self.executions, number("stat::number_of_executed_units: "));
        set(&mut self.memory, number("stat::peak_rss_mb: "));
        if line.starts_with('#') {
            set(&mut self.coverage, number(" cov: "));
            set(&mut self.features, number(" ft: "));
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { executions, coverage, features, memory, finding: _ } = self;
        write!(
            f,
            "{executions} executions, coverage {coverage}, features {features}, at most {memory} MiB"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_reported_by_its_last_figures() {
        let output = "\
INFO: seed corpus: files: 3 min: 2b max: 9b total: 17b rss: 40Mb
#4	INITED cov: 21 ft: 22 corp: 3/17b exec/s: 0 rss: 41Mb
#812	NEW    cov: 25 ft: 30 corp: 4/26b lim: 9 exec/s: 0 rss: 42Mb L: 9/9 MS: 1 CopyPart-
#9000	DONE   cov: 25 ft: 31 corp: 4/26b lim: 9 exec/s: 4500 rss: 70Mb
stat::number_of_executed_units: 9001
stat::peak_rss_mb:              71
";
        let report = Report::read(output);

        assert_eq!(report.to_string(), "9001 executions, coverage 25, features 31, at most 71 MiB");
        assert_eq!(report.finding, None);
    }

    #[test]
    fn the_file_of_a_finding_is_found() {
        let output =
            "#7 NEW cov: 1 ft: 1\nartifact_prefix='/f/'; Test unit written to /f/crash-0a1b\n";

        let report = Report::read(output);

        assert_eq!(report.finding.as_deref(), Some("/f/crash-0a1b"));
        assert_eq!(report.executions, 7);
    }
}
