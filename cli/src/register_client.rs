//! `register-client`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{Client, ClientId, ClientSecret, ParseError, parse_text};
use shared::table::{Actor, Table};

use super::redirect_uri::RedirectUri;
use super::{print_json, retry};

/// Register an OAuth client
#[derive(Args)]
pub(super) struct Options {
    /// The name that users see
    #[arg(long, value_name = "TEXT", value_parser = name)]
    name: String,
    /// Where responses may be sent, once for each place; requests must name it exactly
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    redirect_uris: Vec<RedirectUri>,
    /// A program on its users' own devices, which can keep no secret: it gets none, and must use
    /// PKCE
    #[arg(long)]
    public: bool,
}

fn name(raw: &str) -> Result<String, ParseError> {
    parse_text(raw, 100)
}

#[derive(Serialize)]
struct RegisteredClient {
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    name: String,
    redirect_uris: Vec<String>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let secret = if options.public { None } else { Some(ClientSecret::generate()?) };
    let uris: Vec<String> = options.redirect_uris.iter().map(RedirectUri::to_string).collect();
    let client = retry(async || {
        let client = Client::new(options.name.clone(), uris.clone(), secret.as_ref())?;
        table.create_client(&Actor::operator(), &client).await.map(|()| client)
    })
    .await?;
    print_json(&RegisteredClient {
        client_id: client.id,
        client_secret: secret.map(|secret| secret.reveal().to_owned()),
        name: client.name,
        redirect_uris: client.redirect_uris,
    })
}
