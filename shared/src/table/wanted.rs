//! What a request wants to read beside its credential.

use super::Table;
use super::attempts::{Attempts, Guessed};
use super::item::{Claim, Stored};
use super::key::Key;
use super::read::Items;
use crate::Result;
use crate::model::{
    Email, EmailAddress, Grant, GrantId, TokenId, User, UserId, UserToken, Username,
};

/// Something that is fetched in the same round as the credential. Only the table can implement it, since nobody else
/// can spell a key.
pub trait Wanted {
    /// What comes of it.
    type Found;

    /// The keys to fetch when `caller` asks.
    fn keys(&self, caller: UserId) -> Vec<Key>;

    /// Picks from what was fetched.
    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Found>;
}

/// Nothing more.
impl Wanted for () {
    type Found = ();

    fn keys(&self, _: UserId) -> Vec<Key> {
        Vec::new()
    }

    fn pick(self, _: UserId, _: &mut Items) -> Result<()> {
        Ok(())
    }
}

/// A token of the caller, which may be the one that was presented.
impl Wanted for TokenId {
    type Found = Option<Stored<UserToken>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::token(caller, *self)]
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Found> {
        items.see(&Key::token(caller, self))
    }
}

/// Who has a username, which is none if it could be nobody's.
pub struct UserNamed(pub Option<Username>);

impl UserNamed {
    fn key(&self) -> Key {
        self.0.as_ref().map_or_else(Key::no_claim, Key::username_claim)
    }
}

impl Wanted for UserNamed {
    type Found = Option<UserId>;

    fn keys(&self, _: UserId) -> Vec<Key> {
        vec![self.key()]
    }

    fn pick(self, _: UserId, items: &mut Items) -> Result<Self::Found> {
        Ok(items.take::<Claim>(&self.key())?.and_then(|claim| claim.user))
    }
}

/// An address of the caller, beside who has a username.
pub struct EmailOf(pub UserNamed, pub EmailAddress);

impl Wanted for EmailOf {
    type Found = (Option<UserId>, Option<Stored<Email>>);

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = self.0.keys(caller);
        keys.push(Key::email(caller, &self.1));
        keys
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Found> {
        let email = items.take(&Key::email(caller, &self.1))?;
        Ok((self.0.pick(caller, items)?, email))
    }
}

/// Where a credential is kept.
#[derive(Debug, Clone)]
pub enum Kept {
    /// Among the items of its user.
    Token(TokenId),
    /// In a grant of its user.
    Grant(GrantId),
    /// In the user itself.
    InUser,
    /// A password: in the user, with the attempts on it beside.
    Password(Guessed),
}

/// What was kept of a credential; nothing says yet that it is the one that was presented.
#[derive(Debug)]
pub enum KeptCredential {
    /// The token of that id.
    Token(Option<Stored<UserToken>>),
    /// The grant of that id.
    Grant(Option<Stored<Grant>>),
    /// It is in the user.
    InUser,
    /// It is in the user; these are the attempts on it.
    Password(Guessed, Attempts),
}

impl Kept {
    fn key(&self, user: UserId) -> Option<Key> {
        match self {
            Self::Token(token) => Some(Key::token(user, *token)),
            Self::Grant(grant) => Some(Key::grant(user, *grant)),
            Self::InUser => None,
            Self::Password(guessed) => Some(guessed.key()),
        }
    }

    fn pick(&self, user: UserId, items: &mut Items) -> Result<KeptCredential> {
        match self {
            Self::Token(token) => Ok(KeptCredential::Token(items.take(&Key::token(user, *token))?)),
            Self::Grant(grant) => Ok(KeptCredential::Grant(items.take(&Key::grant(user, *grant))?)),
            Self::InUser => Ok(KeptCredential::InUser),
            Self::Password(guessed) => {
                let attempts = Attempts::of(items.take_attributes(&guessed.key()).as_ref());
                Ok(KeptCredential::Password(guessed.clone(), attempts))
            }
        }
    }
}

impl Table {
    /// A user and what else is wanted: one round, for the operator's commands, which need no credential of the user.
    pub async fn user_and<W: Wanted>(
        &self,
        user: UserId,
        wanted: W,
    ) -> Result<(Option<Stored<User>>, W::Found)> {
        let (_, user, found) = self.credential_and(user, Kept::InUser, wanted).await?;
        Ok((user, found))
    }

    /// What is kept of a credential, its user, and what else is wanted: one round.
    pub async fn credential_and<W: Wanted>(
        &self,
        user: UserId,
        kept: Kept,
        wanted: W,
    ) -> Result<(KeptCredential, Option<Stored<User>>, W::Found)> {
        let mut keys = wanted.keys(user);
        keys.push(Key::user(user));
        keys.extend(kept.key(user));
        let mut items = self.batch_get(keys).await?;
        // First, since what is wanted may be the credential itself.
        let found = wanted.pick(user, &mut items)?;
        Ok((kept.pick(user, &mut items)?, items.take(&Key::user(user))?, found))
    }
}
