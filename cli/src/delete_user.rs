//! `delete-user`.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;
use shared::Error;
use shared::limits::ACCOUNTS_OWNED;
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
    let blocking = table.accounts_without_successor(id).await?;
    if !blocking.is_empty() {
        let was_begun = retry(async || take_back(table, id, &blocking).await).await?;
        if user.disabled && !was_begun {
            eprintln!(
                "{username} is disabled; `rollcall enable-user --user {id}` accepts it again"
            );
        }
        return reject(&username, &blocking);
    }
    let deletion = delete(table, id).await;
    let deletion = deletion.with_context(|| {
        format!("{username} may be disabled and deleted in part; run the command again")
    })?;
    match deletion {
        UserDeletion::Finished => print_json(&DeletedUser { id, username }),
        UserDeletion::Blocked(accounts) => reject(&username, &accounts),
        UserDeletion::NotBegun => bail!(
            "the deletion of {username} was taken back meanwhile, since none of an account's other \
             members is an admin who can own it; the user may stay disabled: run the command again \
             to see which account it is, or `rollcall enable-user --user {id}`"
        ),
    }
}

/// Deletes the user. It is begun only once: a second time would take a user for disabled whose
/// deletion the sweep has taken back. One that is blocked is as before.
pub(super) async fn delete(table: &Table, id: UserId) -> Result<UserDeletion> {
    let operator = Actor::operator();
    let exists = retry(async || match UserRef::Id(id).find(table).await {
        Ok(user) => table.begin_user_deletion(&operator, &user).await.map(|()| true),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    });
    if !exists.await? {
        return Ok(UserDeletion::Finished);
    }
    retry(async || match table.finish_user_deletion(&operator, id).await? {
        UserDeletion::Blocked(accounts) if !take_back(table, id, &accounts).await? => {
            Ok(UserDeletion::NotBegun)
        }
        deletion => Ok(deletion),
    })
    .await
}

async fn take_back(table: &Table, id: UserId, blocking: &[AccountId]) -> shared::Result<bool> {
    match blocking.first() {
        Some(first) => table.take_user_deletion_back(&Actor::operator(), id, *first).await,
        None => Ok(false),
    }
}

fn reject(username: &Username, blocking: &[AccountId]) -> Result<()> {
    let list = blocking.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    bail!(
        "{username} owns accounts with other members, of whom none is an admin who can own them: \
         {list}; make one an admin with `rollcall set-role --account ID --user WHO --role admin`, or \
         enable an admin with `rollcall enable-user --user WHO`; one who owns {} accounts can own no \
         other",
        ACCOUNTS_OWNED.max
    )
}
