//! The operator's command: what no API offers, on any table.
//!
//! Each of its commands writes one JSON object to standard output, and what there is to say beside it to standard error. A
//! secret stands in the output of the command that made it and nowhere else.

mod assign_plan;
mod create_token;
mod create_user;
mod disabling;
mod list_plans;
mod password;
mod put_plan;
mod redirect_uri;
mod register_client;
mod reset_password;
mod who;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use shared::Error;
use shared::table::{Connection, Table};

use crate::out;

/// How often something is tried that others change at the same time.
const ATTEMPTS: u32 = 6;

/// Look after the users, clients and plans of a table, with the AWS credentials and region of the environment
#[derive(Args)]
pub struct Options {
    /// The table's name, which must be given
    #[arg(long, value_name = "NAME", global = true)]
    table: Option<String>,
    /// Where DynamoDB is, if not at AWS
    #[arg(long, value_name = "URL", global = true)]
    endpoint_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    CreateUser(create_user::NewUserOptions),
    ResetPassword(reset_password::Reset),
    CreateToken(create_token::NewTokenOptions),
    RegisterClient(register_client::Registration),
    /// List all plans, the default one included
    ListPlans,
    PutPlan(put_plan::PlanOptions),
    AssignPlan(assign_plan::Assignment),
    /// Refuse every credential of a user, from the next request on
    DisableUser(disabling::Whose),
    /// Take the credentials of a disabled user again
    EnableUser(disabling::Whose),
}

/// Does what the command says.
pub async fn run(options: Options) -> Result<()> {
    let name = options.table.context("--table NAME is missing")?;
    let table = &Table::connect(Connection::from_env_to(name, options.endpoint_url)?)?;
    match options.command {
        Command::CreateUser(new) => create_user::run(table, new).await,
        Command::ResetPassword(reset) => reset_password::run(table, reset).await,
        Command::CreateToken(new) => create_token::run(table, new).await,
        Command::RegisterClient(registration) => register_client::run(table, registration).await,
        Command::ListPlans => list_plans::run(table).await,
        Command::PutPlan(plan) => put_plan::run(table, plan).await,
        Command::AssignPlan(assignment) => assign_plan::run(table, assignment).await,
        Command::DisableUser(whose) => disabling::run(table, whose, true).await,
        Command::EnableUser(whose) => disabling::run(table, whose, false).await,
    }
}

/// Reads and writes again for as long as others change the same data in between.
async fn retried<T>(mut action: impl AsyncFnMut() -> shared::Result<T>) -> Result<T> {
    for attempt in 0..ATTEMPTS {
        match action().await {
            Err(Error::WriteConflict) => {
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await
            }
            outcome => return Ok(outcome?),
        }
    }
    bail!("others kept changing the same data; nothing was done, try again")
}

fn print(made: &impl Serialize) -> Result<()> {
    Ok(out::line(serde_json::to_string(made)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_others_were_first_with_is_tried_again_and_not_for_ever() {
        for (races, is_done) in [(0, true), (2, true), (ATTEMPTS, false)] {
            let mut calls = 0;
            let outcome = retried(async || {
                calls += 1;
                if calls <= races { Err(Error::WriteConflict) } else { Ok(()) }
            });

            assert_eq!(outcome.await.is_ok(), is_done, "{races}");
            assert_eq!(calls, ATTEMPTS.min(races + 1));
        }
    }

    #[tokio::test]
    async fn any_other_error_ends_it_at_once() {
        let mut calls = 0;
        let outcome: Result<()> = retried(async || {
            calls += 1;
            Err(Error::Conflict("the username is taken"))
        })
        .await;

        assert_eq!(
            (calls, outcome.unwrap_err().to_string()),
            (1, "the username is taken".to_owned())
        );
    }
}
