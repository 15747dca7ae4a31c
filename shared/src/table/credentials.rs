//! What a request wants to read beside its credential.

use crate::Result;
use crate::model::{Grant, GrantId, TokenId, User, UserId, UserToken};
use crate::table::engine::{Fetch, Items, Key, Stored, Table};
use crate::table::lockout::{LoginAttempts, LoginSubject};

/// Where a credential is kept.
#[derive(Debug, Clone)]
pub enum CredentialKey {
    /// Among the items of its user.
    Token(TokenId),
    /// In a grant of its user.
    Grant(GrantId),
    /// In the user itself.
    InUser,
    /// A password: in the user, with the attempts on it beside.
    Password(LoginSubject),
}

/// What was kept of a credential; nothing says yet that it is the one that was presented.
#[derive(Debug)]
pub enum StoredCredential {
    /// The token of that id.
    Token(Option<Stored<UserToken>>),
    /// The grant of that id.
    Grant(Option<Stored<Grant>>),
    /// It is in the user.
    InUser,
    /// It is in the user; these are the attempts on it.
    Password(LoginSubject, LoginAttempts),
}

impl CredentialKey {
    fn key(&self, user: UserId) -> Option<Key> {
        match self {
            Self::Token(token) => Some(Key::token(user, *token)),
            Self::Grant(grant) => Some(Key::grant(user, *grant)),
            Self::InUser => None,
            Self::Password(guessed) => Some(guessed.key()),
        }
    }

    fn pick(&self, user: UserId, items: &mut Items) -> Result<StoredCredential> {
        match self {
            Self::Token(token) => {
                Ok(StoredCredential::Token(items.take(&Key::token(user, *token))?))
            }
            Self::Grant(grant) => {
                Ok(StoredCredential::Grant(items.take(&Key::grant(user, *grant))?))
            }
            Self::InUser => Ok(StoredCredential::InUser),
            Self::Password(guessed) => {
                let attempts = LoginAttempts::of(items.take_attributes(&guessed.key()).as_ref());
                Ok(StoredCredential::Password(guessed.clone(), attempts))
            }
        }
    }
}

impl Table {
    /// A user and what else is wanted: one round, for the operator's commands, which need no credential of the user.
    pub async fn user_and<W: Fetch>(
        &self,
        user: UserId,
        wanted: W,
    ) -> Result<(Option<Stored<User>>, W::Output)> {
        let (_, user, found) =
            self.fetch_with_credential(user, CredentialKey::InUser, wanted).await?;
        Ok((user, found))
    }

    /// What is kept of a credential, its user, and what else is wanted: one round.
    pub async fn fetch_with_credential<W: Fetch>(
        &self,
        user: UserId,
        kept: CredentialKey,
        wanted: W,
    ) -> Result<(StoredCredential, Option<Stored<User>>, W::Output)> {
        let mut keys = wanted.keys(user);
        keys.push(Key::user(user));
        keys.extend(kept.key(user));
        let mut items = self.batch_get(keys).await?;
        // First, since what is wanted may be the credential itself.
        let found = wanted.pick(user, &mut items)?;
        Ok((kept.pick(user, &mut items)?, items.take(&Key::user(user))?, found))
    }
}
