//! Measures the functions' times, memory, size and instructions, and what requests cost.
//!
//! `cargo xtask bench`, `cargo xtask baseline` and `cargo xtask costs` run it, built as each needs
//! it.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and sizes are far below 2^52 and not negative"
)]

mod baseline;
mod costs;
mod measure;
mod order;
mod performance;
mod scale;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use devkit::shutdown::ShutdownSignals;
use devkit::supervise;

#[derive(Parser)]
#[command(name = "bench", about = "Measure the functions, and what requests cost")]
enum Task {
    Bench(performance::Options),
    Baseline(baseline::Options),
    Costs(costs::Options),
    #[command(hide = true)]
    Supervise(supervise::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    run(Task::parse()).await.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Ends early on a signal; child processes end with it.
async fn run(task: Task) -> Result<ExitCode> {
    let measure = async {
        match task {
            Task::Bench(options) => performance::run(options).await,
            Task::Baseline(options) => baseline::run(options).await,
            Task::Costs(options) => costs::run(options).await,
            Task::Supervise(options) => return supervise::run(options).await,
        }?;
        Ok(ExitCode::SUCCESS)
    };
    let mut signals = ShutdownSignals::catch()?;
    tokio::select! {
        done = measure => done,
        signal = signals.next() => Ok(ExitCode::from(128 + signal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measuring_command_of_the_documentation_parses() {
        for name in ["bench", "baseline", "costs"] {
            let lines = devkit::documentation::commands(&format!("cargo xtask {name}"));
            let inline = devkit::documentation::inline_commands(&format!("cargo xtask {name}"));
            assert!(!inline.is_empty(), "no page names `cargo xtask {name}`");
            for (page, command) in lines.iter().chain(&inline) {
                let words = ["bench", name].into_iter().chain(command.split_whitespace().skip(3));
                // Help is no error.
                let parses = Task::try_parse_from(words)
                    .map_or_else(|error| error.exit_code() == 0, |_| true);
                assert!(parses, "{page}: {command}");
            }
        }
    }
}
