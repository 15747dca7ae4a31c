//! `delete-user`.

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use shared::model::{AccountId, UserId, Username};
use shared::table::{Actor, Table};

use super::user_ref::UserRef;
use super::{print_json, retry};

/// Delete a user for good: every credential ends at once, addresses become free, the username and
/// the number stay taken. Accounts without other members go; those that the user owns pass to the
/// admin who joined first. It may be interrupted and run again; the sweep finishes it too
#[derive(Args)]
pub(super) struct Options {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
}

#[derive(Serialize)]
struct DeletedUser {
    id: UserId,
    username: Username,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let user = options.user.require(table).await?;
    let (id, username) = (user.id, user.username.clone());
    let blocked = table.accounts_without_successor(id).await?;
    if !blocked.is_empty() {
        bail!(
            "{username} owns accounts with other members, of whom none is an admin who can own \
             them: {}; make one an admin with `rollcall set-role --account ID --user WHO --role \
             admin`",
            list(&blocked)
        );
    }
    let operator = Actor::operator();
    let user_id = UserRef::Id(id);
    retry(async || {
        let user = user_id.find(table).await?;
        table.begin_user_deletion(&operator, &user).await
    })
    .await?;
    retry(async || table.finish_user_deletion(&operator, id).await).await?;
    print_json(&DeletedUser { id, username })
}

fn list(accounts: &[AccountId]) -> String {
    accounts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
