//! `list-users` and `list-clients`: one object a line, as the table is read.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;
use shared::model::{Client, ClientId, Scope, User, UserId, UserNumber, Username, UtcMillis};
use shared::table::Table;

use super::print_line;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedUser {
    id: UserId,
    number: UserNumber,
    username: Username,
    email: String,
    disabled: bool,
    created_at: UtcMillis,
}

impl From<User> for ListedUser {
    fn from(user: User) -> Self {
        let User { id, number, username, primary_email, disabled, created_at, .. } = user;
        let (email, created_at) = (primary_email.to_string(), created_at.into());
        Self { id, number, username, email, disabled, created_at }
    }
}

#[derive(Serialize)]
struct ListedClient {
    client_id: ClientId,
    name: String,
    redirect_uris: Vec<String>,
    public: bool,
    require_pkce: bool,
    scopes: BTreeSet<Scope>,
    /// How many days its grants last, if fewer than others.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_days: Option<u16>,
    created_at: UtcMillis,
}

impl From<Client> for ListedClient {
    fn from(client: Client) -> Self {
        let (public, require_pkce) = (client.secret_hash.is_none(), client.must_use_pkce());
        let Client {
            id: client_id,
            name,
            secret_hash: _,
            redirect_uris,
            scopes,
            scope_epoch: _,
            scopes_since: _,
            requires_pkce: _,
            grant_days,
            grant_epoch: _,
            created_at,
        } = client;
        Self {
            client_id,
            name,
            redirect_uris,
            public,
            require_pkce,
            scopes,
            grant_days,
            created_at: created_at.into(),
        }
    }
}

pub(super) async fn users(table: &Table) -> Result<()> {
    let mut position = None;
    loop {
        let (users, next) = table.scan_users(position).await?;
        print_all(users.into_iter().map(ListedUser::from))?;
        if next.is_none() {
            return Ok(());
        }
        position = next;
    }
}

pub(super) async fn clients(table: &Table) -> Result<()> {
    let mut position = None;
    loop {
        let (clients, next) = table.scan_clients(position).await?;
        print_all(clients.into_iter().map(ListedClient::from))?;
        if next.is_none() {
            return Ok(());
        }
        position = next;
    }
}

fn print_all(mut items: impl Iterator<Item = impl Serialize>) -> Result<()> {
    items.try_for_each(|item| print_line(&serde_json::to_string(&item)?))
}
