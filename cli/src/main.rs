//! `rollcall`, the operator's command: what no API offers, on any table.
//!
//! Most commands print one JSON object to standard output, indented on a terminal; lists of users
//! and clients print one a line. Errors and notes go to standard error. A secret is printed once, by
//! the command that creates it.

mod advice;
mod assign_plan;
mod audit;
mod connect;
mod create_token;
mod create_user;
mod delete_client;
mod delete_user;
mod disable_user;
mod list;
mod list_plans;
mod mail;
mod members;
mod password;
mod put_plan;
mod redirect_uri;
mod register_client;
mod replay;
mod reset_password;
mod reset_second_factor;
mod revoke;
mod sealing;
mod set_account;
mod set_client;
mod show_user;
mod smoke;
mod user_ref;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fmt};

use anyhow::{Result, bail};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use serde::Serialize;
use shared::Error;
use shared::table::Table;

use advice::{Context, advice};
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

impl Cli {
    /// Reads the arguments, of which the first one is the program.
    fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let cli = Self::try_parse_from(arguments)?;
        match connect::contradiction(arguments) {
            Some(problem) => Err(Self::command().error(ErrorKind::ArgumentConflict, problem)),
            None => Ok(cli),
        }
    }
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Table(TableCommand),
    SealingKey(sealing::NewKey),
    Unseal(sealing::Unseal),
}

#[derive(Subcommand)]
enum TableCommand {
    CreateUser(create_user::Options),
    ResetPassword(reset_password::Options),
    ResetSecondFactor(reset_second_factor::Options),
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
    /// List all users, one a line; reads the whole table
    ListUsers,
    /// List all OAuth clients, one a line; reads the whole table
    ListClients,
    ShowUser(show_user::Options),
    DeleteUser(delete_user::Options),
    DeleteClient(delete_client::Options),
    SetClient(set_client::Options),
    RevokeToken(revoke::Revocation),
    RevokeGrants(revoke::Grants),
    RevokeInvitations(revoke::Invitations),
    /// Take a member from an account; neither its owner nor its only admin
    RemoveMember(members::Member),
    SetRole(members::NewRole),
    SetAccount(set_account::Options),
    /// Read audit logs
    #[command(subcommand)]
    Audit(audit::Command),
    /// Work with mail that waits
    #[command(subcommand)]
    Mail(mail::Command),
    Replay(replay::Options),
    Smoke(smoke::Options),
}

impl Command {
    /// Whether it changes anything.
    const fn writes(&self) -> bool {
        !matches!(
            self,
            Self::Unseal(_)
                | Self::Table(
                    TableCommand::ListPlans
                        | TableCommand::ListUsers
                        | TableCommand::ListClients
                        | TableCommand::ShowUser(_)
                        | TableCommand::Audit(_)
                )
        )
    }

    /// What to do if the output was lost.
    const fn advice_on_lost_output(&self) -> &'static str {
        match self {
            Self::SealingKey(_) => advice::LOST_PUBLIC_KEY,
            Self::Table(TableCommand::Replay(_)) => advice::LOST_REPLAY,
            Self::Table(TableCommand::Smoke(_)) => advice::LOST_CHECKS,
            command if command.writes() => advice::LOST_OUTPUT,
            _ => "",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().collect();
    let cli = Cli::read(&arguments).unwrap_or_else(|error| error.exit());
    let context = Context {
        is_local: cli.table.is_local(),
        writes: cli.command.writes(),
        on_lost_output: cli.command.advice_on_lost_output(),
    };
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads a list may stop, as `head` does. What a write prints must be read.
        Err(error) if !context.writes && is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}{}", advice(&error, context));
            ExitCode::FAILURE
        }
    }
}

async fn run(Cli { table, command }: Cli) -> Result<()> {
    match command {
        Command::SealingKey(options) => sealing::new_key(&options),
        Command::Unseal(options) => sealing::unseal(table, options).await,
        Command::Table(command) => run_on_table(&table.connect().await?, command).await,
    }
}

async fn run_on_table(table: &Table, command: TableCommand) -> Result<()> {
    match command {
        TableCommand::CreateUser(options) => create_user::run(table, options).await,
        TableCommand::ResetPassword(options) => reset_password::run(table, options).await,
        TableCommand::ResetSecondFactor(options) => reset_second_factor::run(table, options).await,
        TableCommand::CreateToken(options) => create_token::run(table, options).await,
        TableCommand::RegisterClient(options) => register_client::run(table, options).await,
        TableCommand::ListPlans => list_plans::run(table).await,
        TableCommand::PutPlan(options) => put_plan::run(table, options).await,
        TableCommand::AssignPlan(options) => assign_plan::run(table, options).await,
        TableCommand::DisableUser(options) => disable_user::run(table, options, true).await,
        TableCommand::EnableUser(options) => disable_user::run(table, options, false).await,
        TableCommand::ListUsers => list::users(table).await,
        TableCommand::ListClients => list::clients(table).await,
        TableCommand::ShowUser(options) => show_user::run(table, options).await,
        TableCommand::DeleteUser(options) => delete_user::run(table, options).await,
        TableCommand::DeleteClient(options) => delete_client::run(table, options).await,
        TableCommand::SetClient(options) => set_client::run(table, options).await,
        TableCommand::RevokeToken(options) => revoke::token(table, options).await,
        TableCommand::RevokeGrants(options) => revoke::grants(table, options).await,
        TableCommand::RevokeInvitations(options) => revoke::invitations(table, options).await,
        TableCommand::RemoveMember(member) => members::remove(table, member).await,
        TableCommand::SetRole(options) => members::set_role(table, options).await,
        TableCommand::SetAccount(options) => set_account::run(table, options).await,
        TableCommand::Audit(command) => audit::run(table, command).await,
        TableCommand::Mail(command) => mail::run(table, command).await,
        TableCommand::Replay(options) => replay::run(table, options).await,
        TableCommand::Smoke(options) => smoke::run(table, options).await,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<OutputError>();
    cause.is_some_and(|OutputError(error)| error.kind() == io::ErrorKind::BrokenPipe)
}

/// The output could not be written.
#[derive(Debug)]
struct OutputError(io::Error);

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the output cannot be written: {}", self.0)
    }
}

impl std::error::Error for OutputError {}

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
    let is_read = io::stdout().is_terminal();
    print_line(&if is_read {
        serde_json::to_string_pretty(value)?
    } else {
        serde_json::to_string(value)?
    })
}

fn print_line(text: &str) -> Result<()> {
    print_text(&format!("{text}\n"))
}

/// Prints it as it is.
fn print_text(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    Ok(written.map_err(OutputError)?)
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
            let command = command
                .replace("$ACCOUNT", "7bac299a850cb38626620174")
                .replace("$AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000")
                // Any other variable is its own name.
                .replace(['$', '{', '}'], "");
            let arguments: Vec<_> = command.split_whitespace().map(OsString::from).collect();
            // Help is no error.
            let parses =
                Cli::read(&arguments).map_or_else(|error| error.exit_code() == 0, |_| true);
            assert!(parses, "{page}: {command}");
        }
        assert!(commands.len() > 3, "{commands:?}");
    }
}
