//! The users and keys of a fresh development service.

use serde::{Deserialize, Serialize};

/// What `FILE.secrets` keeps.
#[derive(Debug, Serialize, Deserialize)]
pub struct Secrets {
    users: Vec<SeededUser>,
    sealing_public_key: String,
    sealing_private_key: String,
}

/// A user as `dev.json` shows it.
#[derive(Debug, Serialize, Deserialize)]
pub struct SeededUser {
    username: String,
}

/// Creates the users and keys.
#[expect(clippy::unused_async, reason = "stand-in")]
pub async fn seed(_endpoint: &str, _table_name: &str) -> anyhow::Result<Secrets> {
    Ok(Secrets {
        users: Vec::new(),
        sealing_public_key: String::new(),
        sealing_private_key: String::new(),
    })
}

impl Secrets {
    /// The users of `dev.json`.
    pub fn users(&self) -> &[SeededUser] {
        &self.users
    }

    /// What the functions get beside the table.
    pub fn function_environment(&self) -> Vec<(String, String)> {
        vec![("SEALING_PUBLIC_KEY".to_owned(), self.sealing_public_key.clone())]
    }

    /// One line per dialect.
    pub fn curl_lines(&self, base_url: &str) -> Vec<String> {
        vec![format!("curl {base_url}/v1/accounts")]
    }
}
