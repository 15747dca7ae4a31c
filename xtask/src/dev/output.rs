//! What `cargo lambda watch` prints, without what every start of every process repeats.

use std::io::{BufRead, BufReader, PipeReader};
use std::thread;

use crate::out;

/// A line with one of these tells a developer nothing; the last is about a variable that the server itself sets.
const NOISE: [&str; 7] = [
    "Blocking waiting for file lock",
    "Running `",
    "INFO starting Runtime server",
    "INFO spawning function instance",
    "INFO starting lambda function instance",
    "INFO terminating lambda",
    "AWS_LAMBDA_MAX_CONCURRENCY is set to",
];

/// Passes on the rest until the pipe closes.
pub(super) fn pass_on(pipe: PipeReader) {
    thread::spawn(move || {
        let mut filter = Filter::default();
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line);
            if filter.passes(&line) && out::line(line).is_err() {
                return;
            }
        }
    });
}

/// Cargo says that it has finished also when there was nothing to do.
#[derive(Default)]
struct Filter {
    compiling: bool,
}

impl Filter {
    fn passes(&mut self, line: &str) -> bool {
        if line.contains("Finished `") {
            return std::mem::take(&mut self.compiling);
        }
        self.compiling |= line.contains("Compiling ");
        !NOISE.iter().any(|noise| line.contains(noise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_is_shown_and_a_mere_start_is_not() {
        let passed = |lines: &[&str]| {
            let mut filter = Filter::default();
            lines.iter().filter(|line| filter.passes(line)).count()
        };
        let finished = "    Finished `dev` profile [unoptimized] target(s) in 0.31s";
        let running = "     Running `target/debug/not-found`";

        assert_eq!(passed(&[" INFO starting Runtime server", finished, running]), 0);
        assert_eq!(passed(&["   Compiling not-found v0.1.0", finished, running, finished]), 2);
        assert_eq!(passed(&["error[E0425]: cannot find value", "{\"level\":\"INFO\"}"]), 2);
    }
}
