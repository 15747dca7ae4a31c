//! The users, the OAuth client and the keys of a fresh development service.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::aws::Aws;
use shared::model::{ApiKey, Client, ClientSecret, S3Key, TokenKind, User};
use shared::seal::{PUBLIC_KEY_VARIABLE, SealPrivateKey};
use shared::service_key::{SECRET_VARIABLE, ServiceKey, ServiceKeys};
use shared::table::{Actor, ClientChange, Connection, NewToken, NewUser, Table, fetch};

use devkit::console::{SeededClient, SeededUser};
use devkit::random;
use devkit::secrets_manager::{SECRET, SecretsManager};

/// Everything that a fresh start draws at random. It has no `Debug`: it must not be logged.
#[derive(Serialize, Deserialize)]
pub struct Secrets {
    users: Vec<SeededUser>,
    #[serde(default)]
    oauth_client: Option<SeededClient>,
    sealing_public_key: String,
    sealing_private_key: String,
    service_key: Value,
}

/// Draws the keys that are older than any user.
pub fn keys() -> Result<Secrets> {
    let sealing = SealPrivateKey::generate();
    Ok(Secrets {
        users: Vec::new(),
        oauth_client: None,
        sealing_public_key: sealing.public_key(),
        sealing_private_key: sealing.reveal(),
        service_key: json!({ "current": "1", "1": random::text()? + &random::text()? }),
    })
}

impl Secrets {
    /// Creates what does not exist yet: two unrelated users, and an OAuth client, which data of an
    /// earlier version lacks. Has the client redirect to this URI, which earlier starts may not have
    /// had. Returns whether anything was created or changed.
    pub async fn seed(
        &mut self,
        endpoint: &str,
        table_name: &str,
        secrets_manager: &SecretsManager,
        redirect_uri: &str,
    ) -> Result<bool> {
        let table = Table::connect(Connection::local(endpoint, table_name))?;
        let has_users = !self.users.is_empty();
        if !has_users {
            self.seed_users(&table, secrets_manager).await?;
        }
        match &mut self.oauth_client {
            Some(client) if client.redirect_uri == redirect_uri => return Ok(!has_users),
            Some(client) => redirect(&table, client, redirect_uri).await?,
            none => *none = Some(seed_client(&table, redirect_uri).await?),
        }
        Ok(true)
    }

    async fn seed_users(&mut self, table: &Table, secrets_manager: &SecretsManager) -> Result<()> {
        let keys = ServiceKeys::new(Aws::local(secrets_manager.endpoint()), SECRET.to_owned());
        let key = keys.current().await?;
        self.users = vec![
            seed_user(table, &key, "janedoe", "Jane Doe", "jane.doe@example.com").await?,
            seed_user(table, &key, "johnroe", "John Roe", "john.roe@example.com").await?,
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
    let password = random::text()?;
    let (api_key, s3_key) = (ApiKey::generate(key)?, S3Key::generate(key)?);
    let new = NewUser {
        verified: true,
        password_hash: Some(shared::password::hash(&password)?),
        // So that trying out a change of the password ends no key and no token of the file.
        password_is_own: true,
        full_name: full_name.to_owned(),
        api_keys: vec![api_key.clone()],
        s3_key: Some(s3_key),
        ..NewUser::new(username.parse()?, email.parse()?)
    };
    let user = table.create_proved_user(new).await?;
    Ok(SeededUser {
        id: user.id.to_string(),
        number: user.number.get(),
        username: user.username.to_string(),
        email: user.primary_email.to_string(),
        password,
        token: token(table, &user, TokenKind::User).await?,
        environment_token: token(table, &user, TokenKind::Environment).await?,
        account_id: user.current_account.map(|account| account.to_string()).unwrap_or_default(),
        api_key: api_key.id.to_api_key(user.id),
        secret_key: api_key.secret(user.id, key)?,
    })
}

async fn token(table: &Table, user: &User, kind: TokenKind) -> Result<String> {
    let new = NewToken { kind, name: "development".to_owned(), scopes: None, expires_at: None };
    let (_, counts) = table.user_and(user.id, fetch::counts()).await?;
    Ok(table
        .create_token(&Actor::operator(), user, counts.as_ref(), new)?
        .commit()
        .await?
        .0
        .reveal())
}

async fn seed_client(table: &Table, redirect_uri: &str) -> Result<SeededClient> {
    let secret = ClientSecret::generate()?;
    let client =
        Client::new("Development".to_owned(), vec![redirect_uri.to_owned()], Some(&secret))?;
    table.create_client(&Actor::operator(), &client).await?;
    Ok(SeededClient {
        client_id: client.id.to_string(),
        client_secret: secret.reveal().to_owned(),
        redirect_uri: redirect_uri.to_owned(),
    })
}

async fn redirect(table: &Table, client: &mut SeededClient, redirect_uri: &str) -> Result<()> {
    let change = ClientChange {
        redirect_uris: Some(vec![redirect_uri.to_owned()]),
        ..ClientChange::default()
    };
    table.change_client(&Actor::operator(), client.client_id.parse()?, &change).await?;
    redirect_uri.clone_into(&mut client.redirect_uri);
    Ok(())
}

impl Secrets {
    /// The users of `dev.json`.
    pub fn users(&self) -> &[SeededUser] {
        &self.users
    }

    /// The OAuth client of `dev.json`.
    pub const fn oauth_client(&self) -> Option<&SeededClient> {
        self.oauth_client.as_ref()
    }

    /// The key that opens registry passwords.
    pub fn sealing_private_key(&self) -> &str {
        &self.sealing_private_key
    }

    /// The environment of the functions beside the table.
    pub fn function_environment(&self) -> Vec<(String, String)> {
        vec![
            (PUBLIC_KEY_VARIABLE.to_owned(), self.sealing_public_key.clone()),
            (SECRET_VARIABLE.to_owned(), SECRET.to_owned()),
        ]
    }

    /// The secret in the stand-in for Secrets Manager.
    pub fn service_key(&self) -> &Value {
        &self.service_key
    }

    /// One ready-to-paste line per dialect, as the first user.
    pub fn curl_lines(&self, base_url: &str) -> Vec<String> {
        let Some(SeededUser { username, password, token, api_key, secret_key, .. }) =
            self.users.first()
        else {
            return Vec::new();
        };
        vec![
            format!("curl -H 'Authorization: {token}' {base_url}/api/public/v1/accounts"),
            format!("curl -H 'Authorization: Bearer {token}' {base_url}/v1/accounts"),
            signed_curl(base_url, api_key, secret_key),
            format!("curl -u {username}:{password} {base_url}/api/v1.1/users/{username}/"),
            format!("curl -u {username}:{password} {base_url}/rollcall/v1/tokens"),
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
