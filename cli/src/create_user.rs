//! `create-user`: also the first one of a table.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{
    AccountId, EmailAddress, ParseError, UserId, UserNumber, Username, parse_shown,
};
use shared::table::{Actor, NewUser, Table};

use super::password::PasswordOptions;
use super::{print_json, retry};

/// Make a user with a personal account
#[derive(Args)]
pub(super) struct Options {
    /// The name to sign in with
    #[arg(long, value_name = "NAME")]
    username: Username,
    /// The first address, which is the primary one
    #[arg(long, value_name = "ADDRESS")]
    email: EmailAddress,
    /// First and last name
    #[arg(long, value_name = "TEXT", value_parser = full_name)]
    full_name: Option<String>,
    /// The address is known to be the user's: it counts as proved, and nobody keeps it who has not
    /// proved it
    #[arg(long)]
    verified: bool,
    #[command(flatten)]
    password: PasswordOptions,
}

fn full_name(raw: &str) -> Result<String, ParseError> {
    parse_shown(raw, 255)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedUser {
    id: UserId,
    number: UserNumber,
    username: Username,
    email: String,
    account_id: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let chosen = options.password.choose()?;
    let hash = chosen.hash_for(&options.username, [&options.email])?;
    let user = retry(async || {
        let new = NewUser {
            verified: options.verified,
            password_hash: Some(hash.clone()),
            full_name: options.full_name.clone().unwrap_or_default(),
            ..NewUser::new(options.username.clone(), options.email.clone())
        };
        if options.verified {
            table.create_proved_user(new).await
        } else {
            table.create_user(&Actor::operator(), new).await
        }
    })
    .await?;
    print_json(&CreatedUser {
        id: user.id,
        number: user.number,
        username: user.username,
        email: user.primary_email.to_string(),
        account_id: user.current_account,
        password: chosen.generated(),
    })
}
