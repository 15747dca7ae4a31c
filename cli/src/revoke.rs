//! `revoke-token`, `revoke-grants` and `revoke-invitations`.

use anyhow::Result;
use clap::Args;
use serde_json::json;
use shared::model::{AccountId, ClientId, TokenId};
use shared::table::{Actor, Table, fetch};
use shared::{Error, Result as TableResult};

use super::user_ref::UserRef;
use super::{print_json, retry};

/// Revoke a user token or an environment token, from the next request on
#[derive(Args)]
pub(super) struct Revocation {
    /// Whose: username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: UserRef,
    /// The token's id, as `show-user` lists it
    #[arg(long, value_name = "ID")]
    token: TokenId,
    /// Also revoke what came from it: tokens, API keys, SSH keys, the S3 secret and proofs of
    /// addresses; and all waiting invitations that the user sent
    #[arg(long)]
    descendants: bool,
}

/// Revoke all that a user granted to OAuth clients, or all that a client was granted by anybody
#[derive(Args)]
pub(super) struct Grants {
    #[command(flatten)]
    of: GrantsOf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct GrantsOf {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: Option<UserRef>,
    /// Which client, which stays registered
    #[arg(long, value_name = "ID")]
    client: Option<ClientId>,
}

/// End the invitations that a user sent to any account, or all of an account, as far as they wait;
/// whoever may invite may send others
#[derive(Args)]
pub(super) struct Invitations {
    #[command(flatten)]
    of: InvitationsOf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct InvitationsOf {
    /// Username, e-mail address or id
    #[arg(long, value_name = "WHO")]
    user: Option<UserRef>,
    /// Which account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
}

pub(super) async fn token(table: &Table, options: Revocation) -> Result<()> {
    let Revocation { user, token, descendants } = options;
    let id = user.require(table).await?.id;
    retry(async || {
        if descendants {
            revoke_with_descendants(table, &UserRef::Id(id), token).await
        } else {
            table.delete_token(&Actor::operator(), id, token).commit().await
        }
    })
    .await?;
    print_json(&json!({ "userId": id, "id": token, "descendants": descendants }))
}

/// Revokes a token and what came from it.
pub(super) async fn revoke_with_descendants(
    table: &Table,
    user: &UserRef,
    id: TokenId,
) -> TableResult<()> {
    let user = user.find(table).await?;
    let (_, (token, counts)) =
        table.user_and(user.id, fetch::both(fetch::token(id), fetch::counts())).await?;
    let token = token.ok_or(Error::NotFound("token"))?;
    let (all, emails) = (table.all_tokens(user.id).await?, table.emails(user.id).await?);
    let (operator, counts) = (Actor::operator(), counts.as_ref());
    table
        .delete_token_with_descendants(&operator, &user, counts, &token, &all, &emails)?
        .commit()
        .await
}

pub(super) async fn grants(table: &Table, options: Grants) -> Result<()> {
    let operator = Actor::operator();
    if let Some(client) = options.of.client {
        table.revoke_grants_to(&operator, client).await?;
        return print_json(&json!({ "client_id": client }));
    }
    let Some(user) = options.of.user else { return Ok(()) };
    let id = user.require(table).await?.id;
    let all = retry(async || {
        let all = table.all_grants(id).await?;
        table.delete_grants(&operator, id, &all).await.map(|()| all)
    })
    .await?;
    let grants: Vec<_> = all.iter().map(|grant| grant.id).collect();
    print_json(&json!({ "userId": id, "grants": grants }))
}

pub(super) async fn invitations(table: &Table, options: Invitations) -> Result<()> {
    let operator = Actor::operator();
    if let Some(account) = options.of.account {
        let revoked = table.revoke_invitations_to(&operator, account).await?;
        let revoked: Vec<_> = revoked.iter().map(ToString::to_string).collect();
        return print_json(&json!({ "accountId": account, "invitations": revoked }));
    }
    let Some(user) = options.of.user else { return Ok(()) };
    let id = user.require(table).await?.id;
    table.revoke_invitations_by(&operator, id).await?;
    print_json(&json!({ "userId": id }))
}
