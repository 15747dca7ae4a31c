//! Reads of credentials.

use crate::Result;
use crate::model::{
    Client, Grant, GrantId, Session, SessionId, SignatureDigest, TokenId, User, UserId, UserToken,
};
use crate::table::engine::{Fetch, Items, Key, Stored, Table};
use crate::table::lockout::{Login, LoginAttempts};

/// Where a credential is stored.
#[derive(Debug, Clone)]
pub enum CredentialKey {
    /// In a token of the user.
    Token(TokenId),
    /// In a session of the user.
    Session(SessionId),
    /// In a grant of the user, which works for as long as its client accepts it.
    Grant(GrantId),
    /// In the user.
    InUser,
    /// In the user, with the item by which a signature counts once.
    Signature(SignatureDigest),
    /// A password: in the user, with login attempts in items of their own.
    Password(Login),
}

/// A credential as it is stored. The presented one has not been compared with it yet.
#[derive(Debug)]
pub enum StoredCredential {
    /// The token with the id.
    Token(Option<Stored<UserToken>>),
    /// The session with the id.
    Session(Option<Stored<Session>>),
    /// The grant with the id, if its client still exists and its grants were not revoked; with the
    /// scopes that the client can still be granted.
    Grant(Option<AcceptedGrant>),
    /// In the user.
    InUser,
    /// In the user; whether a write was made with the signature.
    Signature {
        /// Whether it was.
        is_used: bool,
    },
    /// In the user, with its login attempts.
    Password(LoginAttempts),
}

/// A grant that its client accepts, as both were read.
#[derive(Debug)]
pub struct AcceptedGrant {
    /// The grant.
    pub grant: Stored<Grant>,
    /// The version of its client.
    pub client_version: u64,
}

impl CredentialKey {
    fn keys(&self, user: UserId) -> Vec<Key> {
        match self {
            Self::Token(token) => vec![Key::token(user, *token)],
            Self::Session(session) => vec![Key::session(user, *session)],
            Self::Grant(grant) => vec![Key::grant(user, *grant), Key::client(grant.client())],
            Self::InUser => Vec::new(),
            Self::Signature(digest) => vec![Key::signature(user, *digest)],
            Self::Password(login) => login.keys(),
        }
    }

    /// `epoch` is the one of the user's attempts to sign in.
    fn extract(&self, user: UserId, epoch: u64, items: &mut Items) -> Result<StoredCredential> {
        match self {
            Self::Token(token) => {
                Ok(StoredCredential::Token(items.take(&Key::token(user, *token))?))
            }
            Self::Session(session) => {
                Ok(StoredCredential::Session(items.take(&Key::session(user, *session))?))
            }
            Self::Grant(grant) => {
                let client: Option<Stored<Client>> = items.take(&Key::client(grant.client()))?;
                let stored: Option<Stored<Grant>> = items.take(&Key::grant(user, *grant))?;
                let accepted = stored.zip(client);
                let accepted = accepted.filter(|(grant, client)| grant.is_accepted_by(client));
                let limited = accepted.map(|(mut grant, client)| {
                    grant.item.limit_to(&client);
                    AcceptedGrant { grant, client_version: client.version }
                });
                Ok(StoredCredential::Grant(limited))
            }
            Self::InUser => Ok(StoredCredential::InUser),
            Self::Signature(digest) => {
                let key = Key::signature(user, *digest);
                Ok(StoredCredential::Signature { is_used: items.contains(&key) })
            }
            Self::Password(login) => {
                Ok(StoredCredential::Password(LoginAttempts::extract(login, epoch, items)?))
            }
        }
    }
}

impl Table {
    /// A user and more items in one round trip. For the operator's commands, which do not
    /// authenticate the user, and for what is authenticated after it.
    pub async fn user_and<F: Fetch>(
        &self,
        user: UserId,
        fetch: F,
    ) -> Result<(Option<Stored<User>>, F::Output)> {
        let (_, user, found) =
            self.fetch_with_credential(user, CredentialKey::InUser, fetch).await?;
        Ok((user, found))
    }

    /// A stored credential, its user, and more items in one round trip.
    pub async fn fetch_with_credential<F: Fetch>(
        &self,
        user: UserId,
        credential: CredentialKey,
        fetch: F,
    ) -> Result<(StoredCredential, Option<Stored<User>>, F::Output)> {
        let credential_keys = credential.keys(user);
        let mut keys = fetch.keys(user);
        keys.push(Key::user(user));
        keys.extend_from_slice(&credential_keys);
        // Between two calls a revoked credential may be deleted, and no longer named by its user.
        let mut items = self.batch_get_and_last(keys, &credential_keys).await?;
        // First, since the credential itself may be among the fetched items.
        let found = fetch.extract(user, &mut items)?;
        let stored_user: Option<Stored<User>> = items.take(&Key::user(user))?;
        let epoch = stored_user.as_ref().map_or(0, |user| user.attempts_epoch);
        Ok((credential.extract(user, epoch, &mut items)?, stored_user, found))
    }
}
