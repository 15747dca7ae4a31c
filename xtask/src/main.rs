//! The project's own commands: `cargo xtask --help` lists them.

use std::process::ExitCode;

use clap::Parser;
use devkit::{supervise, tools};
use xtask::bench::Measurement;
use xtask::{bench, dev, engine, fuzz, mutants, openapi, package, soak, test};

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "The project's own commands")]
enum Task {
    Dev(dev::Options),
    Test(test::Options),
    Verify(test::Verify),
    Engine(engine::Options),
    Package(package::Options),
    Soak(soak::Options),
    Mutants(mutants::Options),
    Fuzz(fuzz::Options),
    /// Work out what requests and an idle stack cost, from measured calls and a table of prices
    Costs(bench::Options),
    /// Measure the functions' cold starts, warm requests, memory and size against floors
    Bench(bench::Options),
    /// Compare the size of every function, and the instructions of its requests, with the accepted
    /// baseline
    Baseline(bench::Options),
    /// Write the OpenAPI documents, `openapi/*.yaml`
    Openapi,
    Tools(tools::Options),
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

async fn run(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Dev(options) => dev::run(options).await.map(|()| ExitCode::SUCCESS),
        Task::Engine(options) => engine::run(options).await.map(|()| ExitCode::SUCCESS),
        Task::Costs(options) => bench::run(Measurement::Costs, options).await,
        Task::Test(options) => test::run(options).await,
        Task::Verify(options) => test::verify(options).await,
        Task::Bench(options) => bench::run(Measurement::Bench, options).await,
        Task::Baseline(options) => bench::run(Measurement::Baseline, options).await,
        Task::Package(options) => package::run(options).await,
        Task::Soak(options) => soak::run(options).await,
        Task::Mutants(options) => mutants::run(options).await,
        Task::Fuzz(options) => fuzz::run(options).await,
        Task::Openapi => openapi::run().await,
        Task::Tools(options) => tools::run(&options).map(|()| ExitCode::SUCCESS),
        Task::Supervise(options) => supervise::run(options).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_documentation_parses() {
        let commands = devkit::documentation::commands("cargo xtask");

        for (page, command) in &commands {
            // Help is no error.
            let parses = Task::try_parse_from(command.split_whitespace().skip(1))
                .map_or_else(|error| error.exit_code() == 0, |_| true);
            assert!(parses, "{page}: {command}");
        }
        assert!(commands.len() > 5, "{commands:?}");
    }
}
