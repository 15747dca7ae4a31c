//! The users and keys of a fresh development service.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::aws::Aws;
use shared::model::{ApiKey, S3Key, TokenKind, User};
use shared::seal::{OpeningKey, PUBLIC_KEY_VARIABLE};
use shared::service_key::{SECRET_VARIABLE, ServiceKey, ServiceKeys};
use shared::table::{Connection, NewToken, NewUser, Table};

use crate::secrets_manager::{SECRET, SecretsManager};

/// Everything that a fresh start draws at random. It has no `Debug`: it must not be logged.
#[derive(Serialize, Deserialize)]
pub struct Secrets {
    users: Vec<SeededUser>,
    sealing_public_key: String,
    sealing_private_key: String,
    service_key: Value,
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
    /// A key that signs requests.
    pub api_key: String,
    /// Its secret.
    pub secret_key: String,
}

/// Draws the keys that are older than any user.
pub fn keys() -> Result<Secrets> {
    let sealing = OpeningKey::generate();
    Ok(Secrets {
        users: Vec::new(),
        sealing_public_key: sealing.public_key(),
        sealing_private_key: sealing.reveal(),
        service_key: json!({ "current": "1", "1": random()? + &random()? }),
    })
}

impl Secrets {
    /// Creates two users who have nothing to do with each other.
    pub async fn seed(
        &mut self,
        endpoint: &str,
        table_name: &str,
        secrets_manager: &SecretsManager,
    ) -> Result<()> {
        let table = Table::connect(Connection::local(endpoint, table_name))?;
        let keys = ServiceKeys::new(Aws::local(secrets_manager.endpoint()), SECRET.to_owned())?;
        let key = keys.current().await?;
        self.users = vec![
            seed_user(&table, &key, "janedoe", "Jane Doe", "jane.doe@example.com").await?,
            seed_user(&table, &key, "johnroe", "John Roe", "john.roe@example.com").await?,
        ];
        Ok(())
    }
}

async fn seed_user(
    table: &Table,
    key: &ServiceKey,
    username: &str,
    full_name: &str,
    email: &str,
) -> Result<SeededUser> {
    let password = random()?;
    let (api_key, s3_key) = (ApiKey::generate(key)?, S3Key::generate(key)?);
    let new = NewUser {
        verified: true,
        password_hash: Some(shared::password::hash(&password)?),
        full_name: full_name.to_owned(),
        api_keys: vec![api_key.clone()],
        s3_key: Some(s3_key),
        ..NewUser::named(username.parse()?, email.parse()?)
    };
    let user = table.create_user(new).await?;
    Ok(SeededUser {
        id: user.id.to_string(),
        number: user.number.get(),
        username: user.username.to_string(),
        email: user.primary_email.to_string(),
        password,
        token: token(table, &user, TokenKind::User).await?,
        environment_token: token(table, &user, TokenKind::Environment).await?,
        account_id: user.current_account.map(|account| account.to_string()).unwrap_or_default(),
        api_key: api_key.id.key_of(user.id),
        secret_key: api_key.secret(user.id, key)?,
    })
}

async fn token(table: &Table, user: &User, kind: TokenKind) -> Result<String> {
    let new = NewToken { kind, name: "development".to_owned(), scopes: None, expires_at: None };
    Ok(table.create_token(user, None, new).await?.0.reveal())
}

/// 24 characters of 144 random bits.
fn random() -> Result<String> {
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
        vec![
            (PUBLIC_KEY_VARIABLE.to_owned(), self.sealing_public_key.clone()),
            (SECRET_VARIABLE.to_owned(), SECRET.to_owned()),
        ]
    }

    /// What the stand-in for Secrets Manager holds.
    pub fn service_key(&self) -> &Value {
        &self.service_key
    }

    /// One ready-to-paste line per dialect, as the first user.
    pub fn curl_lines(&self, base_url: &str) -> Vec<String> {
        let Some(SeededUser { token, api_key, secret_key, .. }) = self.users.first() else {
            return Vec::new();
        };
        vec![
            format!("curl -H 'Authorization: {token}' {base_url}/api/public/v1/accounts"),
            format!("curl -H 'Authorization: Bearer {token}' {base_url}/v1/accounts"),
            signed_curl(base_url, api_key, secret_key),
        ]
    }
}

/// A line whose signature openssl makes when it is pasted.
fn signed_curl(base_url: &str, api_key: &str, secret_key: &str) -> String {
    let host = base_url.trim_start_matches("http://");
    format!(
        "DATE=\"$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')\"; curl -H \"X-Date: $DATE\" -H \"Authorization: {api_key}:$(printf \
         'GET\\n{host}\\n%s\\n/v2/accounts\\n' \"$DATE\" | openssl dgst -sha256 -hmac '{secret_key}' -binary | base64)\" {base_url}/v2/accounts"
    )
}
