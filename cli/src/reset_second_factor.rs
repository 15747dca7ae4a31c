//! `reset-second-factor`: for a user who has lost the app, the recovery codes and the passkeys.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{UserId, Username};
use shared::table::{Actor, Table};

use super::user_ref::UserRef;
use super::{print_json, retry};

/// Take a user's second factor away, with the recovery codes and all passkeys: the password signs in
/// alone again, if there is one, and nothing else ends
#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
}

/// What was taken away.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactorReset {
    id: UserId,
    username: Username,
    second_factor: bool,
    passkeys: usize,
    /// Whether there is a way to sign in left.
    has_password: bool,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    options.user.require(table).await?;
    let reset = retry(async || {
        let user = options.user.find(table).await?.into_inner();
        let passkeys = table.passkeys(user.id).await?;
        table.reset_second_factor(&Actor::operator(), &user, &passkeys)?.commit().await?;
        let second_factor = user.second_factor_since.is_some();
        let (has_password, passkeys) = (user.password_hash.is_some(), passkeys.len());
        let (id, username) = (user.id, user.username);
        Ok(FactorReset { id, username, second_factor, passkeys, has_password })
    })
    .await?;
    if !reset.has_password {
        let FactorReset { id, username, .. } = &reset;
        eprintln!(
            "{username} has no password, so nobody can sign in as this user until there is one: \
             `rollcall reset-password --user {id}` sets one, and so does a reset by mail"
        );
    }
    print_json(&reset)
}
