//! The project's own commands: `cargo xtask --help` lists them.

use std::process::ExitCode;

use clap::Parser;
use xtask::{
    baseline, bench, costs, dev, engine, fuzz, guard, mutants, operator, package, sealing, soak,
    test, tools,
};

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
    SealPublicKey(sealing::NewKey),
    Unseal(sealing::Unseal),
    Operator(operator::Options),
    Costs(costs::Options),
    Bench(bench::Options),
    Baseline(baseline::Options),
    Tools(tools::Options),
    #[command(hide = true)]
    Guard(guard::Options),
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
        Task::SealPublicKey(options) => sealing::new_key(&options).map(|()| ExitCode::SUCCESS),
        Task::Unseal(options) => sealing::unseal(options).await.map(|()| ExitCode::SUCCESS),
        Task::Operator(options) => operator::run(options).await.map(|()| ExitCode::SUCCESS),
        Task::Costs(options) => costs::run(options).await.map(|()| ExitCode::SUCCESS),
        Task::Test(options) => test::run(options).await,
        Task::Verify(options) => test::verify(options).await,
        Task::Bench(options) => bench::run(options).await,
        Task::Baseline(options) => baseline::run(options).await,
        Task::Package(options) => package::run(options).await,
        Task::Soak(options) => soak::run(options).await,
        Task::Mutants(options) => mutants::run(options).await,
        Task::Fuzz(options) => fuzz::run(options).await,
        Task::Tools(options) => tools::run(&options).map(|()| ExitCode::SUCCESS),
        Task::Guard(options) => guard::run(options).await,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use xtask::workspace;

    use super::*;

    #[test]
    fn every_command_of_the_documentation_is_understood() {
        let mut count = 0;
        for page in pages() {
            let text = fs::read_to_string(&page).unwrap();
            for command in commands(&text) {
                let words = command.split_whitespace();
                // Help is no error.
                let understood = match Task::try_parse_from(words) {
                    Ok(_) => true,
                    Err(error) => error.exit_code() == 0,
                };
                assert!(understood, "{}: cargo {command}", page.display());
                count += 1;
            }
        }
        assert!(count > 5, "{count}");
    }

    fn pages() -> Vec<PathBuf> {
        let in_docs = fs::read_dir(workspace::root().join("docs")).unwrap();
        let in_docs = in_docs.map(|file| file.unwrap().path());
        let pages = ["README.md", "CONTRIBUTING.md"].map(|page| workspace::root().join(page));
        let is_page = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "md");
        pages.into_iter().chain(in_docs.filter(is_page)).collect()
    }

    /// The lines of a page's blocks that run this program, up to what the shell makes of the rest.
    fn commands(text: &str) -> Vec<String> {
        let text = text.replace("\\\n", " ");
        let blocks = text.split("\n```").skip(1).step_by(2);
        let lines = blocks.flat_map(str::lines);
        let commands = lines.filter_map(|line| {
            let line = line.trim_start_matches("$ ").strip_prefix("cargo xtask ")?;
            let end = line.find(['#', '|', '>', '<', '&', ';']).unwrap_or(line.len());
            Some(format!("xtask {}", &line[..end]))
        });
        commands.collect()
    }
}
