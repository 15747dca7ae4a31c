//! `reset-second-factor`: for a user who has lost the app, the recovery codes and the passkeys.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{UserId, Username};
use shared::table::{Actor, Table};

use super::user_ref::UserRef;
use super::{print_json, retry};

/// Take a user's second factor away, with the recovery codes and all passkeys: the password signs in
/// alone again, and nothing else ends
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
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    options.user.require(table).await?;
    let reset = retry(async || {
        let user = options.user.find(table).await?.into_inner();
        let passkeys = table.passkeys(user.id).await?;
        table.reset_second_factor(&Actor::operator(), &user, &passkeys)?.commit().await?;
        let second_factor = user.second_factor_since.is_some();
        let (id, username, passkeys) = (user.id, user.username, passkeys.len());
        Ok(FactorReset { id, username, second_factor, passkeys })
    })
    .await?;
    print_json(&reset)
}
