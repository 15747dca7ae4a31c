//! `delete-user`.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use shared::Error;
use shared::model::{AccountId, UserId, Username};
use shared::table::{Actor, Table, UserDeletion};

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
    // Without a successor nothing is begun, and what an interrupted command began is taken back.
    let mut blocking = table.accounts_without_successor(id).await?;
    if blocking.is_empty() {
        let deleted = retry(async || delete(table, id).await).await;
        blocking = deleted.with_context(|| {
            format!("{username} may be disabled and deleted in part; run the command again")
        })?;
    } else {
        retry(async || take_back(table, id, &blocking).await).await?;
    }
    reject(&username, &blocking)?;
    print_json(&DeletedUser { id, username })
}

/// Deletes the user, or returns the accounts that keep it from being deleted; it is as before then.
async fn delete(table: &Table, id: UserId) -> shared::Result<Vec<AccountId>> {
    let operator = Actor::operator();
    match UserRef::Id(id).find(table).await {
        Ok(user) => table.begin_user_deletion(&operator, &user).await?,
        Err(Error::NotFound(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    match table.finish_user_deletion(&operator, id).await? {
        UserDeletion::Finished => Ok(Vec::new()),
        UserDeletion::NotBegun => Err(Error::WriteConflict),
        UserDeletion::Blocked(accounts) => {
            take_back(table, id, &accounts).await?;
            Ok(accounts)
        }
    }
}

async fn take_back(table: &Table, id: UserId, blocking: &[AccountId]) -> shared::Result<()> {
    match blocking.first() {
        Some(first) => table.take_user_deletion_back(&Actor::operator(), id, *first).await,
        None => Ok(()),
    }
}

fn reject(username: &Username, blocking: &[AccountId]) -> Result<()> {
    if blocking.is_empty() {
        return Ok(());
    }
    let list = blocking.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    bail!(
        "{username} owns accounts with other members, of whom none is an admin who can own them: \
         {list}; make one an admin with `rollcall set-role --account ID --user WHO --role admin`"
    )
}
