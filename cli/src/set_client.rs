//! `set-client`.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use clap::{ArgGroup, Args};
use serde::Serialize;
use shared::model::{ClientId, Scope};
use shared::table::{Actor, ClientChange, Table};

use super::register_client::scope;
use super::set_account::Switch;
use super::{print_json, retry};

/// Change what an OAuth client may ask for, from the next request on
#[derive(Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub(super) struct Options {
    /// Which client
    #[arg(long, value_name = "ID")]
    client: ClientId,
    /// Whether it must use PKCE although it has a secret
    #[arg(long, value_enum, value_name = "STATE", group = "change")]
    require_pkce: Option<Switch>,
    /// A scope that users can grant it, once for each; any other is taken from what they granted,
    /// for good
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope, group = "change")]
    scopes: Vec<Scope>,
}

#[derive(Serialize)]
struct ChangedClient {
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    require_pkce: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<BTreeSet<Scope>>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let Options { client, require_pkce, scopes } = options;
    if require_pkce.is_some_and(|state| !state.is_on()) {
        // A client never gets or loses a secret, so what is read stays so.
        let stored = table.client(client).await?;
        let is_public = stored.is_some_and(|client| client.secret_hash.is_none());
        ensure!(!is_public, "a client without a secret must use PKCE");
    }
    let change = ClientChange {
        scopes: Some(scopes).filter(|scopes| !scopes.is_empty()).map(BTreeSet::from_iter),
        requires_pkce: require_pkce.map(Switch::is_on),
        ..ClientChange::default()
    };
    retry(async || table.change_client(&Actor::operator(), client, &change).await).await?;
    let ClientChange { scopes, requires_pkce: require_pkce, .. } = change;
    print_json(&ChangedClient { client_id: client, require_pkce, scopes })
}
