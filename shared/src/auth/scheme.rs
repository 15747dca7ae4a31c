//! What a kind of credentials has to offer.

use std::future::Future;

use super::permission::Credential;
use crate::http::ApiRequest;
use crate::model::{User, UserId};
use crate::table::{CredentialKey, Stored, StoredCredential};
use crate::{App, Result};

/// The kinds of credentials that a group of operations takes.
pub trait AuthScheme: Sized + Send + Sync {
    /// What checking one takes beside the table.
    type Means: Send + Sync;

    /// Reads the header; asks nobody.
    fn of(call: &ApiRequest) -> Result<Self>;

    /// What it is called among its user's, without a space in it: the same for as long as it works.
    fn name(&self) -> String;

    /// Whose credential it says it is, and where it is kept.
    fn locate(
        &self,
        app: &App<Self::Means>,
    ) -> impl Future<Output = Result<(UserId, CredentialKey)>> + Send;

    /// The credential, if it is the one that was kept and still works. Nobody learns from the error whether it is
    /// unknown, wrong, revoked or expired.
    fn check(
        &self,
        app: &App<Self::Means>,
        user: Option<&Stored<User>>,
        kept: StoredCredential,
    ) -> impl Future<Output = Result<Credential>> + Send;
}
