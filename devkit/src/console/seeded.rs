//! Who a local service begins with.

use serde::{Deserialize, Serialize};

/// A user with a verified primary address and a personal account, and how to sign in as it. It has
/// no `Debug`: it must not be logged.
#[derive(Clone, Serialize, Deserialize)]
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

/// An OAuth client, and how it proves itself. It has no `Debug` either.
#[derive(Clone, Serialize, Deserialize)]
pub struct SeededClient {
    /// The identity.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
    /// The client's only redirect URI.
    pub redirect_uri: String,
}
