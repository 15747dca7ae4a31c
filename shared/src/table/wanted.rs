//! What a request wants to read beside its credential.

use super::Table;
use super::attempts::{LoginAttempts, LoginSubject};
use super::item::{Claim, Stored};
use super::key::Key;
use super::read::Items;
use crate::Result;
use crate::model::{
    Email, EmailAddress, Grant, GrantId, TokenId, User, UserId, UserToken, Username,
};

/// Something that is fetched in the same round as the credential. Only the table can implement it, since nobody else
/// can spell a key.
pub trait Fetch {
    /// What comes of it.
    type Output;

    /// The keys to fetch when `caller` asks.
    fn keys(&self, caller: UserId) -> Vec<Key>;

    /// Picks from what was fetched.
    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output>;
}

/// Nothing more.
impl Fetch for () {
    type Output = ();

    fn keys(&self, _: UserId) -> Vec<Key> {
        Vec::new()
    }

    fn pick(self, _: UserId, _: &mut Items) -> Result<()> {
        Ok(())
    }
}

/// A token of the caller, which may be the presented one.
pub struct CallerToken(pub(super) TokenId);

impl Fetch for CallerToken {
    type Output = Option<Stored<UserToken>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::token(caller, self.0)]
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.see(&Key::token(caller, self.0))
    }
}

/// Who has a username, which is none if it could be nobody's.
pub struct UserIdByUsername(pub Option<Username>);

impl UserIdByUsername {
    fn key(&self) -> Key {
        self.0.as_ref().map_or_else(Key::no_claim, Key::username_claim)
    }
}

impl Fetch for UserIdByUsername {
    type Output = Option<UserId>;

    fn keys(&self, _: UserId) -> Vec<Key> {
        vec![self.key()]
    }

    fn pick(self, _: UserId, items: &mut Items) -> Result<Self::Output> {
        Ok(items.take::<Claim>(&self.key())?.and_then(|claim| claim.user))
    }
}

/// An address of the caller, beside who has a username.
pub struct CallerEmail(pub UserIdByUsername, pub EmailAddress);

impl Fetch for CallerEmail {
    type Output = (Option<UserId>, Option<Stored<Email>>);

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = self.0.keys(caller);
        keys.push(Key::email(caller, &self.1));
        keys
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        let email = items.take(&Key::email(caller, &self.1))?;
        Ok((self.0.pick(caller, items)?, email))
    }
}

/// Two fetches in one round trip.
pub(crate) struct Both<A, B>(pub(super) A, pub(super) B);

impl<A: Fetch, B: Fetch> Fetch for Both<A, B> {
    type Output = (A::Output, B::Output);

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = self.0.keys(caller);
        keys.extend(self.1.keys(caller));
        keys
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        Ok((self.0.pick(caller, items)?, self.1.pick(caller, items)?))
    }
}

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
