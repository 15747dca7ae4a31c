//! The project's own commands: `cargo xtask --help` lists them.

use std::process::ExitCode;

use clap::Parser;
use xtask::{
    bench, costs, dev, engine, guard, mutants, operator, package, sealing, soak, test, tools,
};

#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", about = "The project's own commands")]
enum Task {
    Dev(dev::Options),
    Test(test::Options),
    Engine(engine::Options),
    Package(package::Options),
    Soak(soak::Options),
    Mutants(mutants::Options),
    SealingKey(sealing::NewKey),
    Unseal(sealing::Unseal),
    Operator(operator::Options),
    Costs(costs::Options),
    Bench(bench::Options),
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
        Task::SealingKey(options) => sealing::new_key(&options).map(|()| ExitCode::SUCCESS),
        Task::Unseal(options) => sealing::unseal(options).await.map(|()| ExitCode::SUCCESS),
        Task::Operator(options) => operator::run(options).await.map(|()| ExitCode::SUCCESS),
        Task::Costs(options) => costs::run(options).await.map(|()| ExitCode::SUCCESS),
        Task::Test(options) => test::run(options).await,
        Task::Bench(options) => bench::run(options).await,
        Task::Package(options) => package::run(options).await,
        Task::Soak(options) => soak::run(options).await,
        Task::Mutants(options) => mutants::run(options).await,
        Task::Tools(options) => tools::run(&options).map(|()| ExitCode::SUCCESS),
        Task::Guard(options) => guard::run(options).await,
    }
}
