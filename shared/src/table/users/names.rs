//! Usernames and who has them.

use crate::Result;
use crate::error::failed;
use crate::model::{AccountName, Email, EmailAddress, Slug, UserId, Username};
use crate::table::accounts::FreeSlug;
use crate::table::engine::{Claim, Fetch, Items, Key, Stored, Table};

/// The names that a new user should take: the username, and the slug of the personal account.
#[derive(Clone)]
pub struct FreeNames {
    /// The name wished for, or derived.
    pub username: Username,
    /// Whether another one will do.
    pub is_derived: bool,
}

impl FreeNames {
    /// The name of the personal account.
    fn account_name(username: &Username) -> Result<AccountName> {
        username.to_string().parse().map_err(failed("name an account"))
    }
}

impl Fetch for FreeNames {
    /// Nothing if the username is taken and no other will do.
    type Output = Option<(Username, Slug)>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let slugs = Self::account_name(&self.username).map(|name| FreeSlug(name).keys(caller));
        let mut keys = slugs.unwrap_or_default();
        keys.push(Key::username_claim(&self.username));
        keys
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        if !items.has(&Key::username_claim(&self.username)) {
            let slug = FreeSlug(Self::account_name(&self.username)?).pick(caller, items)?;
            return Ok(Some((self.username, slug)));
        }
        if !self.is_derived {
            return Ok(None);
        }
        let username = self.username.with_random_digits()?;
        // Nobody has looked at its slugs, but with eight random digits the first is free.
        let slug = FreeSlug(Self::account_name(&username)?).pick(caller, items)?;
        Ok(Some((username, slug)))
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

impl Table {
    /// Whose address this is: one round.
    pub async fn user_of_address(&self, address: &EmailAddress) -> Result<Option<UserId>> {
        self.claim_owner(Key::email_claim(address)).await
    }

    /// Whose username this is: one round.
    pub async fn user_of_username(&self, username: &Username) -> Result<Option<UserId>> {
        self.claim_owner(Key::username_claim(username)).await
    }

    /// Asks as much as the other two, for a name that nobody can have.
    pub async fn dummy_lookup(&self) -> Result<Option<UserId>> {
        self.claim_owner(Key::no_claim()).await
    }
}
