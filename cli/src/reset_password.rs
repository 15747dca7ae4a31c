//! `reset-password`: for a user who is locked out, or whose password is known to others.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{UserId, Username};
use shared::table::{Actor, PasswordChange, Table, UserChange};

use super::password::PasswordOptions;
use super::user_ref::UserRef;
use super::{print_json, retry};

/// Give a user another password: revokes the user tokens and OAuth grants, ends the sessions, and
/// lifts a lock after too many wrong passwords. Once the user sets another one in its place, all
/// that is older ends
#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
    /// Also end the API keys, environment tokens, SSH keys, passkeys, waiting invitations that the
    /// user sent and proofs of addresses by tokens, and replace the S3 secret
    #[arg(long)]
    revoke_keys: bool,
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
    let chosen = options.password.choose()?;
    let user = options.user.require(table).await?;
    let emails = table.emails(user.id).await?;
    let hash = chosen.hash_for(&user.username, emails.iter().map(|email| &email.address))?;
    let user = retry(async || {
        let user = options.user.find(table).await?;
        let (hash, revoke_keys) = (hash.clone(), options.revoke_keys);
        let password = PasswordChange { hash, revoke_keys, is_reused: false };
        table
            .change_password(&Actor::operator(), &user, &UserChange::default(), password)?
            .commit()
            .await
    })
    .await?;
    print_json(&PasswordReset {
        id: user.id,
        username: user.username,
        password: chosen.generated(),
    })
}
