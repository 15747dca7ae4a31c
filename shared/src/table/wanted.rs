//! What a request wants to read beside its credential.

use super::Table;
use super::attempts::{Attempts, Guessed};
use super::item::Stored;
use super::key::Key;
use super::read::Items;
use crate::Result;
use crate::model::{TokenId, User, UserId, UserToken};

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

/// Where a credential is kept.
#[derive(Debug, Clone)]
pub enum Kept {
    /// Among the items of its user.
    Token(TokenId),
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
    /// It is in the user.
    InUser,
    /// It is in the user; these are the attempts on it.
    Password(Guessed, Attempts),
}

impl Kept {
    fn key(&self, user: UserId) -> Option<Key> {
        match self {
            Self::Token(token) => Some(Key::token(user, *token)),
            Self::InUser => None,
            Self::Password(guessed) => Some(guessed.key()),
        }
    }

    fn pick(&self, user: UserId, items: &mut Items) -> Result<KeptCredential> {
        match self {
            Self::Token(token) => Ok(KeptCredential::Token(items.take(&Key::token(user, *token))?)),
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
        Ok((
            kept.pick(user, &mut items)?,
            items.take(&Key::user(user))?,
            wanted.pick(user, &mut items)?,
        ))
    }
}
