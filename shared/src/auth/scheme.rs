//! The kinds of credentials.

use std::future::Future;

use super::permission::Credential;
use crate::http::ApiRequest;
use crate::model::{User, UserId};
use crate::table::{CredentialKey, Stored, StoredCredential};
use crate::{App, Result};

/// The kinds of credentials that a group of operations accepts.
pub trait AuthScheme: Sized + Send + Sync {
    /// Parses the `Authorization` header. Makes no call.
    fn from_request(request: &ApiRequest) -> Result<Self>;

    /// Identifies the credential among those of its user, for as long as it is valid. No spaces.
    fn principal_id(&self) -> String;

    /// The user that the credential claims to belong to, and where it is stored.
    fn credential_key(
        &self,
        app: &App,
    ) -> impl Future<Output = Result<(UserId, CredentialKey)>> + Send;

    /// The credential, if it matches the stored one and is still valid. The error is the same for
    /// one that is unknown, wrong, revoked or expired.
    fn verify(
        &self,
        app: &App,
        user: Option<&Stored<User>>,
        stored: StoredCredential,
    ) -> impl Future<Output = Result<Credential>> + Send;
}
