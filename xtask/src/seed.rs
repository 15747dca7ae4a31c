//! The users and keys of a fresh development service.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::model::{TokenKind, UserId};
use shared::seal::{OpeningKey, PUBLIC_KEY_VARIABLE};
use shared::table::{Connection, NewToken, NewUser, Table};

/// Everything that a fresh start draws at random. It has no `Debug`: it must not be logged.
#[derive(Serialize, Deserialize)]
pub struct Secrets {
    users: Vec<SeededUser>,
    sealing_public_key: String,
    sealing_private_key: String,
}

/// A user with a verified primary address and a personal account, and how to sign in as it.
#[derive(Serialize, Deserialize)]
pub struct SeededUser {
    /// A UUID.
    pub id: String,
    /// The user's number.
    pub number: u64,
    /// The name to sign in with.
    pub username: String,
    /// The primary address.
    pub email: String,
    /// The password.
    pub password: String,
    /// A user token without a list of scopes.
    pub token: String,
    /// An environment token.
    pub environment_token: String,
    /// The personal account.
    pub account_id: String,
}

/// Creates two users who have nothing to do with each other, and the pair of sealing keys.
pub async fn seed(endpoint: &str, table_name: &str) -> Result<Secrets> {
    let table = Table::connect(Connection::local(endpoint, table_name))?;
    let sealing = OpeningKey::generate();
    Ok(Secrets {
        users: vec![
            seed_user(&table, "janedoe", "jane.doe@example.com").await?,
            seed_user(&table, "johnroe", "john.roe@example.com").await?,
        ],
        sealing_public_key: sealing.public_key(),
        sealing_private_key: sealing.reveal(),
    })
}

async fn seed_user(table: &Table, username: &str, email: &str) -> Result<SeededUser> {
    let password = password()?;
    let new = NewUser {
        verified: true,
        password_hash: Some(shared::password::hash(&password)?),
        ..NewUser::named(username.parse()?, email.parse()?)
    };
    let user = table.create_user(new).await?;
    Ok(SeededUser {
        id: user.id.to_string(),
        number: user.number.get(),
        username: user.username.to_string(),
        email: user.primary_email.to_string(),
        password,
        token: token(table, user.id, TokenKind::User).await?,
        environment_token: token(table, user.id, TokenKind::Environment).await?,
        account_id: user.current_account.map(|account| account.to_string()).unwrap_or_default(),
    })
}

async fn token(table: &Table, user: UserId, kind: TokenKind) -> Result<String> {
    let new =
        NewToken { user, kind, name: "development".to_owned(), scopes: None, expires_at: None };
    Ok(table.create_token(new).await?.reveal())
}

fn password() -> Result<String> {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Secrets {
    /// The users of `dev.json`.
    pub fn users(&self) -> &[SeededUser] {
        &self.users
    }

    /// What the functions get from the environment beside the table.
    pub fn function_environment(&self) -> Vec<(String, String)> {
        vec![(PUBLIC_KEY_VARIABLE.to_owned(), self.sealing_public_key.clone())]
    }

    /// One ready-to-paste line per dialect, as the first user.
    pub fn curl_lines(&self, base_url: &str) -> Vec<String> {
        let Some(SeededUser { token, .. }) = self.users.first() else { return Vec::new() };
        vec![
            format!("curl -H 'Authorization: {token}' {base_url}/api/public/v1/accounts"),
            format!("curl -H 'Authorization: Bearer {token}' {base_url}/v1/accounts"),
        ]
    }
}
