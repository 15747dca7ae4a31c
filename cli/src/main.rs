//! `rollcall`, the operator's command: what no API offers, on any table.
//!
//! Commands that change something print one JSON object to standard output; errors and notes go to
//! standard error. A secret is printed once, by the command that creates it.

mod assign_plan;
mod connect;
mod create_token;
mod create_user;
mod disable_user;
mod list_plans;
mod password;
mod put_plan;
mod redirect_uri;
mod register_client;
mod reset_password;
mod sealing;
mod user_ref;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use serde::Serialize;
use shared::Error;

use connect::TableOptions;

/// Attempts at a write that others keep overtaking.
const MAX_ATTEMPTS: u32 = 6;

#[derive(Parser)]
#[command(name = "rollcall", version, about = "Look after the users, clients and plans of a table")]
struct Cli {
    #[command(flatten)]
    table: TableOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    CreateUser(create_user::Options),
    ResetPassword(reset_password::Options),
    CreateToken(create_token::Options),
    RegisterClient(register_client::Options),
    /// List all plans, the default one included
    ListPlans,
    PutPlan(put_plan::Options),
    AssignPlan(assign_plan::Options),
    /// Reject every credential of a user, from the next request on
    DisableUser(disable_user::Options),
    /// Accept the credentials of a disabled user again
    EnableUser(disable_user::Options),
    SealingKey(sealing::NewKey),
    Unseal(sealing::Unseal),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Cli { table, command }: Cli) -> Result<()> {
    match command {
        Command::CreateUser(options) => create_user::run(&table.connect().await?, options).await,
        Command::ResetPassword(options) => {
            reset_password::run(&table.connect().await?, options).await
        }
        Command::CreateToken(options) => create_token::run(&table.connect().await?, options).await,
        Command::RegisterClient(options) => {
            register_client::run(&table.connect().await?, options).await
        }
        Command::ListPlans => list_plans::run(&table.connect().await?).await,
        Command::PutPlan(options) => put_plan::run(&table.connect().await?, options).await,
        Command::AssignPlan(options) => assign_plan::run(&table.connect().await?, options).await,
        Command::DisableUser(options) => {
            disable_user::run(&table.connect().await?, options, true).await
        }
        Command::EnableUser(options) => {
            disable_user::run(&table.connect().await?, options, false).await
        }
        Command::SealingKey(options) => sealing::new_key(&options),
        Command::Unseal(options) => sealing::unseal(table, options).await,
    }
}

/// Reads and writes again while others change the same data in between.
async fn retry<T>(mut action: impl AsyncFnMut() -> shared::Result<T>) -> Result<T> {
    for attempt in 0..MAX_ATTEMPTS {
        match action().await {
            Err(Error::WriteConflict) => {
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
            }
            outcome => return Ok(outcome?),
        }
    }
    bail!("others kept changing the same data; nothing was done, try again")
}

fn print_json(value: &impl Serialize) -> Result<()> {
    print_line(&serde_json::to_string(value)?)
}

fn print_line(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lost_race_is_retried_a_bounded_number_of_times() {
        for (races, is_done) in [(0, true), (2, true), (MAX_ATTEMPTS, false)] {
            let mut calls = 0;
            let outcome = retry(async || {
                calls += 1;
                if calls <= races { Err(Error::WriteConflict) } else { Ok(()) }
            });

            assert_eq!(outcome.await.is_ok(), is_done, "{races}");
            assert_eq!(calls, MAX_ATTEMPTS.min(races + 1));
        }
    }

    #[tokio::test]
    async fn any_other_error_is_final() {
        let mut calls = 0;
        let outcome: Result<()> = retry(async || {
            calls += 1;
            Err(Error::Conflict("the username is taken"))
        })
        .await;

        assert_eq!(
            (calls, outcome.unwrap_err().to_string()),
            (1, "the username is taken".to_owned())
        );
    }

    #[test]
    fn every_rollcall_command_of_the_documentation_parses() {
        let commands = devkit::documentation::commands("rollcall");

        for (page, command) in &commands {
            // Help is no error.
            let parses = Cli::try_parse_from(command.split_whitespace())
                .map_or_else(|error| error.exit_code() == 0, |_| true);
            assert!(parses, "{page}: {command}");
        }
        assert!(commands.len() > 3, "{commands:?}");
    }
}
