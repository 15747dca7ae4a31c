//! `register-client`.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;
use shared::lifetimes::MAX_GRANT_DAYS;
use shared::limits::MAX_REDIRECT_URIS;
use shared::model::{Client, ClientId, ClientSecret, ParseError, Scope, parse_shown};
use shared::table::{Actor, Table};

use super::redirect_uri::RedirectUri;
use super::{print_json, retry};

/// Register an OAuth client
#[derive(Args)]
pub(super) struct Options {
    /// The name that users see
    #[arg(long, value_name = "TEXT", value_parser = name)]
    name: String,
    /// Where responses may be sent, once for each place; requests name it exactly, a public client's
    /// loopback address with any port, or none and mean the first
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    redirect_uris: Vec<RedirectUri>,
    /// A program on its users' own devices, which can keep no secret: it gets none, and must use
    /// PKCE
    #[arg(long)]
    public: bool,
    /// Have it use PKCE although it has a secret
    #[arg(long)]
    require_pkce: bool,
    /// A scope that users can grant it, once for each; all of hub's without any
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<Scope>,
    /// How many days its users' grants last, if fewer than 365
    #[arg(long, value_name = "DAYS", value_parser = days)]
    grant_days: Option<u16>,
}

fn name(raw: &str) -> Result<String, ParseError> {
    parse_shown(raw, 100)
}

/// A scope that clients can be granted.
pub(super) fn scope(raw: &str) -> Result<Scope, ParseError> {
    let offered = Client::GRANTABLE.into_iter().find(|scope| scope.as_str() == raw);
    let names = Client::GRANTABLE.map(Scope::as_str).join(", ");
    offered.ok_or_else(|| ParseError::new(format!("must be one of {names}")))
}

fn days(raw: &str) -> Result<u16, ParseError> {
    let days = raw.parse().ok().filter(|days| (1..=MAX_GRANT_DAYS).contains(days));
    days.ok_or_else(|| ParseError::new(format!("must be a number from 1 to {MAX_GRANT_DAYS}")))
}

#[derive(Serialize)]
struct RegisteredClient {
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    name: String,
    redirect_uris: Vec<String>,
    require_pkce: bool,
    scopes: BTreeSet<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_days: Option<u16>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    ensure!(
        options.redirect_uris.len() <= MAX_REDIRECT_URIS,
        "a client can have at most {MAX_REDIRECT_URIS} redirect URIs"
    );
    ensure!(
        options.public || !options.redirect_uris.iter().any(RedirectUri::is_at_port_0),
        "a redirect URI at port 0, which means any port, is for clients without a secret"
    );
    let secret = if options.public { None } else { Some(ClientSecret::generate()?) };
    let uris: Vec<String> = options.redirect_uris.iter().map(RedirectUri::to_string).collect();
    let client = retry(async || {
        let client = Client::new(options.name.clone(), uris.clone(), secret.as_ref())?;
        let scopes = options.scopes.iter().copied().collect();
        let client = Client {
            scopes: if options.scopes.is_empty() { client.scopes } else { scopes },
            requires_pkce: options.require_pkce,
            grant_days: options.grant_days,
            ..client
        };
        table.create_client(&Actor::operator(), &client).await.map(|()| client)
    })
    .await?;
    print_json(&RegisteredClient {
        require_pkce: client.must_use_pkce(),
        client_id: client.id,
        client_secret: secret.map(|secret| secret.reveal().to_owned()),
        name: client.name,
        redirect_uris: client.redirect_uris,
        scopes: client.scopes,
        grant_days: client.grant_days,
    })
}
