//! What the functions of the e24 dialect share.

use serde::Serialize;

use crate::limits::{MAX_NAME_PART, MAX_PHONE};
use crate::model::{ApiKey, Lineage, MakerId, OptionalText, S3Key, SshKey, Text, User, UserId};

/// A first or last name; both fit into the one name that is stored.
pub type Name = Text<MAX_NAME_PART>;

/// A phone number as it was sent; empty for none.
pub type Phone = OptionalText<MAX_PHONE>;

/// The format of every success.
#[derive(Serialize)]
pub struct Success<T> {
    success: bool,
    #[serde(flatten)]
    fields: T,
}

impl<T> Success<T> {
    /// The fields beside `"success": true`; `fields` must be a structure.
    pub const fn new(fields: T) -> Self {
        Self { success: true, fields }
    }
}

/// A user as e24's clients see it.
#[derive(Serialize)]
pub struct UserView {
    id: UserId,
    username: String,
    state: &'static str,
    name: String,
    active: bool,
    email: String,
    phone: String,
    e24files: FilesView,
    api: Vec<ApiKeyView>,
    sshkeys: Vec<ListedSshKeyView>,
}

/// The key for S3 storage.
#[derive(Serialize)]
pub struct FilesView {
    s3: S3View,
}

#[derive(Serialize)]
#[serde(untagged)]
enum S3View {
    /// With its secret, which is shown once.
    New { api_id: String, secret_key: String },
    /// As it is listed, with the credential that was shown its secret.
    Listed { api_id: String, made_by: Option<String> },
}

/// An API key.
#[derive(Serialize)]
#[serde(untagged)]
pub enum ApiKeyView {
    /// With its secret, which is shown once.
    New {
        /// The key.
        api_key: String,
        /// What it signs with.
        secret_key: String,
    },
    /// As it is listed.
    Listed {
        /// The key.
        api_key: String,
        /// The credential that made it; `null` if none did.
        made_by: Option<String>,
    },
}

/// A public key for SSH, with the private one only when that is new.
#[derive(Serialize)]
pub struct SshKeyView {
    id: u64,
    name: String,
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
}

/// A public key for SSH as it is listed.
#[derive(Serialize)]
struct ListedSshKeyView {
    #[serde(flatten)]
    key: SshKeyView,
    /// The credential that added it; `null` if none did.
    made_by: Option<String>,
}

/// The secrets of a new user, which are shown once.
pub struct NewSecrets {
    /// Of the S3 key.
    pub s3: String,
    /// Of the one API key.
    pub api: String,
}

impl UserView {
    /// The user with its secrets, right after its creation, or without.
    pub fn new(user: &User, secrets: Option<NewSecrets>) -> Self {
        let (s3_secret, api_secret) = secrets.map(|NewSecrets { s3, api }| (s3, api)).unzip();
        let mut keys: Vec<&ApiKey> = user.api_keys.values().collect();
        keys.sort_by_key(|key| key.created_at);
        let view = |key: &ApiKey| ApiKeyView::new(key, user.id, api_secret.clone());
        Self {
            id: user.id,
            username: user.username.to_string(),
            state: "created",
            name: user.full_name.clone(),
            active: !user.disabled,
            email: user.primary_email.to_string(),
            phone: user.phone.clone(),
            e24files: FilesView::new(user.id, user.s3_key.as_ref(), s3_secret),
            api: keys.into_iter().map(view).collect(),
            sshkeys: user.ssh_keys.iter().map(|key| ListedSshKeyView::new(key, user.id)).collect(),
        }
    }
}

impl FilesView {
    /// The key of a user, stored or not; with its secret if that is new.
    pub fn new(owner: UserId, stored: Option<&S3Key>, secret_key: Option<String>) -> Self {
        let api_id = S3Key::id_of(owner, stored);
        let made_by = stored.and_then(|key| maker(&key.lineage, owner));
        Self {
            s3: match secret_key {
                Some(secret_key) => S3View::New { api_id, secret_key },
                None => S3View::Listed { api_id, made_by },
            },
        }
    }
}

impl ApiKeyView {
    /// The key; with its secret if that is new.
    pub fn new(key: &ApiKey, owner: UserId, secret_key: Option<String>) -> Self {
        let api_key = key.id.to_api_key(owner);
        match secret_key {
            Some(secret_key) => Self::New { api_key, secret_key },
            None => Self::Listed { api_key, made_by: maker(&key.lineage, owner) },
        }
    }
}

impl SshKeyView {
    /// The key; with its private half if that is new.
    pub fn new(key: &SshKey, private_key: Option<String>) -> Self {
        let (name, fingerprint) = (key.name.clone(), key.fingerprint.clone());
        Self { id: key.id, name, fingerprint, private_key }
    }
}

impl ListedSshKeyView {
    fn new(key: &SshKey, owner: UserId) -> Self {
        Self { key: SshKeyView::new(key, None), made_by: maker(&key.lineage, owner) }
    }
}

/// The credential that made a key of this owner, as its owner knows it.
fn maker(lineage: &Lineage, owner: UserId) -> Option<String> {
    lineage.made_by.map(|maker| match maker {
        MakerId::Token(token) => token.to_string(),
        MakerId::ApiKey(key) => key.to_api_key(owner),
    })
}
