//! What a request wants to read beside its credential.

use super::Table;
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

/// What the table has for a token that was presented; nothing says yet that it is the right one.
#[derive(Debug)]
pub struct Credential {
    /// The token of that id.
    pub token: Option<Stored<UserToken>>,
    /// The user that it names.
    pub user: Option<Stored<User>>,
}

impl Table {
    /// A user and what else is wanted: one round, for the operator's commands, which need no credential of the user.
    pub async fn user_and<W: Wanted>(
        &self,
        user: UserId,
        wanted: W,
    ) -> Result<(Option<Stored<User>>, W::Found)> {
        let mut keys = wanted.keys(user);
        keys.push(Key::user(user));
        let mut items = self.batch_get(keys).await?;
        Ok((items.take(&Key::user(user))?, wanted.pick(user, &mut items)?))
    }

    /// A token, its user, and what else is wanted: one round.
    pub async fn credential_and<W: Wanted>(
        &self,
        user: UserId,
        token: TokenId,
        wanted: W,
    ) -> Result<(Credential, W::Found)> {
        let (token_key, user_key) = (Key::token(user, token), Key::user(user));
        let mut keys = wanted.keys(user);
        keys.extend([token_key.clone(), user_key.clone()]);
        let mut items = self.batch_get(keys).await?;
        let credential =
            Credential { token: items.take(&token_key)?, user: items.take(&user_key)? };
        Ok((credential, wanted.pick(user, &mut items)?))
    }
}
