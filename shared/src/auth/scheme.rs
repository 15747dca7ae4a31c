//! The kinds of credentials.

use std::future::Future;

use super::permission::Credential;
use crate::http::ApiRequest;
use crate::model::{User, UserId};
use crate::table::{CredentialKey, Reservation, Stored, StoredCredential, Table};
use crate::{App, Result};

/// A credential that was verified.
pub struct Verified {
    credential: Credential,
    /// What a right password gives back.
    attempt: Option<Reservation>,
}

impl Verified {
    /// A right password.
    #[cfg(feature = "password")]
    pub(super) const fn password(attempt: Option<Reservation>) -> Self {
        Self { credential: Credential::Password, attempt }
    }

    /// Gives the login attempt back, if it was one, of a password that alone does not sign in.
    #[cfg(feature = "password")]
    pub(super) async fn give_back(self, table: &Table) {
        if let Some(attempt) = self.attempt {
            Box::pin(table.return_attempt(attempt)).await;
        }
    }

    /// Gives the login attempt back, if it was one.
    pub(super) async fn settle(self, table: &Table) -> Credential {
        let Self { credential, attempt } = self;
        if let Some(attempt) = attempt {
            // Boxed, as in `respond`: the SDK's futures are large.
            table.release_attempt(attempt).await;
        }
        credential
    }
}

impl From<Credential> for Verified {
    fn from(credential: Credential) -> Self {
        Self { credential, attempt: None }
    }
}

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
    ) -> impl Future<Output = Result<Verified>> + Send;

    /// Whether it may be a guess. Before a guess is verified, nothing is read that takes longer for
    /// a name that somebody has.
    fn is_guess(&self, _: &App, _: UserId) -> bool {
        false
    }
}
