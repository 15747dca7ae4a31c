//! `reset-password`: for a user who is locked out, or whose password is known to others.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{UserId, Username};
use shared::table::{Actor, Table, UserChange};

use super::password::{ChosenPassword, PasswordOptions};
use super::user_ref::UserRef;
use super::{print_json, retry};

/// Give a user another password: revokes the user tokens and OAuth grants, not the API keys, and
/// lifts a lock after too many wrong passwords
#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
    #[command(flatten)]
    password: PasswordOptions,
}

#[derive(Serialize)]
struct PasswordReset {
    id: UserId,
    username: Username,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let ChosenPassword { hash, generated: password } = options.password.choose()?;
    let user = retry(async || {
        let user = options.user.find(table).await?;
        table
            .change_password(&Actor::operator(), &user, &UserChange::default(), &hash)?
            .commit()
            .await
    })
    .await?;
    print_json(&PasswordReset { id: user.id, username: user.username, password })
}
