//! Users and what they have, as responses show them.

use serde::Serialize;
use shared::model::{
    ApiKey, ApiKeyId, Email, MakerId, SshKey, User, UserId, UserNumber, UtcMillis,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
    id: UserId,
    number: UserNumber,
    username: String,
    name: String,
    profile: ProfileView,
    primary_email: String,
    created_at: UtcMillis,
}

/// What a user may say of itself; an empty text where it says nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileView {
    location: String,
    company: String,
    url: String,
    gravatar_email: String,
    phone: String,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            number: user.number,
            username: user.username.to_string(),
            name: user.full_name.clone(),
            profile: ProfileView {
                location: user.location.clone(),
                company: user.company.clone(),
                url: user.profile_url.clone(),
                gravatar_email: user.gravatar_email.clone(),
                phone: user.phone.clone(),
            },
            primary_email: user.primary_email.to_string(),
            created_at: user.created_at.into(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailView {
    email: String,
    primary: bool,
    verified: bool,
    /// `null` until it is proved.
    proved_at: Option<UtcMillis>,
}

impl EmailView {
    /// An address of this user.
    pub(crate) fn new(email: &Email, user: &User) -> Self {
        let Email { address, verified, .. } = email;
        Self {
            email: address.to_string(),
            primary: user.primary_email.same_as(address),
            verified: *verified,
            proved_at: user.proved_at(email).map(UtcMillis::from),
        }
    }
}

/// What every response shows of an API key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApiKeyDescription {
    id: ApiKeyId,
    /// The key that signed requests name.
    api_key: String,
    created_at: UtcMillis,
    made_by: Option<MakerId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyView {
    #[serde(flatten)]
    description: ApiKeyDescription,
    last_used_at: Option<UtcMillis>,
}

/// A new API key, with its secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewApiKeyView {
    #[serde(flatten)]
    description: ApiKeyDescription,
    secret_key: String,
}

impl ApiKeyDescription {
    fn new(key: &ApiKey, owner: UserId) -> Self {
        Self {
            id: key.id,
            api_key: key.id.to_api_key(owner),
            created_at: key.created_at.into(),
            made_by: key.lineage.made_by,
        }
    }
}

impl ApiKeyView {
    pub(crate) fn new(key: &ApiKey, owner: UserId) -> Self {
        let last_used_at = key.last_used_at.map(UtcMillis::from);
        Self { description: ApiKeyDescription::new(key, owner), last_used_at }
    }
}

impl NewApiKeyView {
    pub(crate) fn new(key: &ApiKey, owner: UserId, secret_key: String) -> Self {
        Self { description: ApiKeyDescription::new(key, owner), secret_key }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SshKeyView {
    id: u64,
    name: String,
    fingerprint: String,
    public_key: String,
    created_at: UtcMillis,
    made_by: Option<MakerId>,
    /// Always `null`: where an SSH key is used, the service is not asked.
    last_used_at: Option<UtcMillis>,
}

impl From<SshKey> for SshKeyView {
    fn from(key: SshKey) -> Self {
        let SshKey { id, name, fingerprint, public_key, created_at, lineage } = key;
        Self {
            id,
            name,
            fingerprint,
            public_key,
            created_at: created_at.into(),
            made_by: lineage.made_by,
            last_used_at: None,
        }
    }
}
