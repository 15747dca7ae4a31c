//! The output of `cargo lambda watch` without the lines that every start of every process repeats.

use std::io::{BufRead, BufReader, PipeReader};
use std::thread;
use std::time::{Duration, Instant};

use devkit::out;

/// Lines with one of these are of no use to a developer; the last is about a variable that the
/// server itself sets.
const NOISE: [&str; 5] = [
    "INFO starting Runtime server",
    "INFO spawning function instance",
    "INFO starting lambda function instance",
    "INFO terminating",
    "AWS_LAMBDA_MAX_CONCURRENCY is set to",
];
/// The server's line for each process that it ends because a source has changed.
const RELOAD: &str = "ERROR command killed";
/// All processes are ended within this time.
const RELOAD_BURST: Duration = Duration::from_secs(2);

/// Passes on the rest until the pipe closes.
pub(super) fn pass_on(pipe: PipeReader) {
    thread::spawn(move || {
        let mut filter = Filter::default();
        for line in BufReader::new(pipe).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line);
            if filter.pass(&line, Instant::now()).is_some_and(|line| out::line(line).is_err()) {
                return;
            }
        }
    });
}

#[derive(Default)]
struct Filter {
    reloaded: Option<Instant>,
}

impl Filter {
    fn pass<'a>(&mut self, line: &'a str, now: Instant) -> Option<&'a str> {
        if line.contains(RELOAD) {
            let known = self.reloaded.is_some_and(|last| now - last < RELOAD_BURST);
            self.reloaded = Some(now);
            return (!known).then_some("A source has changed: building and starting anew");
        }
        (!NOISE.iter().any(|noise| line.contains(noise))).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_silent_and_everything_else_passes() {
        let mut filter = Filter::default();

        for (line, passes) in [
            (" INFO spawning function instance function=\"not-found\"", false),
            ("error[E0425]: cannot find value", true),
            ("ERROR command exited code=101", true),
            ("{\"level\":\"INFO\"}", true),
        ] {
            assert_eq!(filter.pass(line, Instant::now()).is_some(), passes, "{line}");
        }
    }

    #[test]
    fn a_reload_of_many_processes_is_reported_once() {
        let mut filter = Filter::default();
        let start = Instant::now();
        let mut reported = |milliseconds| {
            let line = "ERROR command killed code=ForceStop";
            filter.pass(line, start + Duration::from_millis(milliseconds)).is_some()
        };

        assert_eq!(
            [reported(0), reported(1), reported(900), reported(9000)],
            [true, false, false, true]
        );
    }
}
