//! Usernames, and who has a name.

use crate::Result;
use crate::error::failed;
use crate::model::{AccountName, Email, EmailAddress, Slug, UserId, Username};
use crate::table::accounts::FreeSlug;
use crate::table::engine::{Claim, Fetch, Items, Key, Stored, Table};

/// Free names for a new user: the username, and the slug of the personal account.
#[derive(Clone)]
pub struct FreeNames {
    /// The requested or derived username.
    pub username: Username,
    /// Whether it is derived, so that another one will do.
    pub is_derived: bool,
    /// Whether only the operator may give it to a user.
    pub is_reserved: bool,
}

impl FreeNames {
    /// The name of the personal account.
    fn account_name(username: &Username) -> Result<AccountName> {
        username.to_string().parse().map_err(failed("name an account"))
    }
}

impl Fetch for FreeNames {
    /// None if the username is taken or reserved, and no other will do.
    type Output = Option<(Username, Slug)>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let slugs = Self::account_name(&self.username).map(|name| FreeSlug(name).keys(caller));
        let mut keys = slugs.unwrap_or_default();
        keys.push(Key::username_claim(&self.username));
        keys
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        let is_taken = items.contains(&Key::username_claim(&self.username));
        if !is_taken && !self.is_reserved {
            let slug = FreeSlug(Self::account_name(&self.username)?).extract(caller, items)?;
            return Ok(Some((self.username, slug)));
        }
        if !self.is_derived {
            return Ok(None);
        }
        let username = self.username.with_random_digits()?;
        // Its slugs were not read, but with eight random digits the first one is free.
        let slug = FreeSlug(Self::account_name(&username)?).extract(caller, items)?;
        Ok(Some((username, slug)))
    }
}

/// The id of the user with this username; a dummy lookup if it is not a valid username.
pub struct UserIdByUsername(pub Option<Username>);

impl UserIdByUsername {
    fn key(&self) -> Key {
        self.0.as_ref().map_or_else(Key::dummy_claim, Key::username_claim)
    }
}

impl Fetch for UserIdByUsername {
    type Output = Option<UserId>;

    fn keys(&self, _: UserId) -> Vec<Key> {
        vec![self.key()]
    }

    fn extract(self, _: UserId, items: &mut Items) -> Result<Self::Output> {
        Ok(items.take::<Claim>(&self.key())?.and_then(|claim| claim.user))
    }
}

/// One of the caller's e-mail addresses.
pub struct CallerEmail(pub EmailAddress);

impl Fetch for CallerEmail {
    type Output = Option<Stored<Email>>;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::email(caller, &self.0)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        items.take(&Key::email(caller, &self.0))
    }
}

impl Table {
    /// The id of the user with this address: one round trip.
    pub async fn user_id_by_email(&self, address: &EmailAddress) -> Result<Option<UserId>> {
        self.claim_owner(Key::email_claim(address)).await
    }

    /// The id of the user with this username: one round trip.
    pub async fn user_id_by_username(&self, username: &Username) -> Result<Option<UserId>> {
        self.claim_owner(Key::username_claim(username)).await
    }

    /// Reads a claim that never exists, for equal timing with the lookups above.
    pub async fn dummy_lookup(&self) -> Result<Option<UserId>> {
        self.claim_owner(Key::dummy_claim()).await
    }
}
