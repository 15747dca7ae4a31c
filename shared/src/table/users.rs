//! Users and what is made with them.

use super::Table;
use super::accounts::NewAccount;
use super::condition::Condition;
use super::item::{Claim, Stored};
use super::key::Key;
use super::transaction::{Changes, Transaction};
use crate::model::{
    AccountId, AccountName, Email, EmailAddress, User, UserId, UserNumber, Username,
};
use crate::{Error, Result};

/// What a new user is to be.
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The first address, which is the primary one.
    pub email: EmailAddress,
    /// Whether the address is said to be verified.
    pub verified: bool,
    /// The argon2id hash of the password, as a PHC string.
    pub password_hash: Option<String>,
}

impl Table {
    /// Makes a user with its address and its personal account, or nothing of it.
    ///
    /// Fails with [`Error::Conflict`] when the username or the address is taken, and with [`Error::Raced`] when somebody
    /// else took the same slug or number first: then it may be called again.
    pub async fn create_user(&self, new: NewUser) -> Result<User> {
        let name: AccountName =
            new.username.to_string().parse().map_err(crate::error::failed("name an account"))?;
        let id = UserId::generate();
        let slug = self.free_slug(&name, id).await?;
        let account = NewAccount { name, contact_email: None, registry: None }.opened(slug, id)?;
        let now = account.created_at;
        let user = User {
            id,
            number: UserNumber::generate()?,
            username: new.username,
            primary_email: new.email.clone(),
            password_hash: new.password_hash,
            current_account: Some(account.id),
            disabled: false,
            created_at: now,
        };
        let email =
            Email { user: user.id, address: new.email, verified: new.verified, added_at: now };
        let transaction = Transaction::new(self, "create a user")
            .insert(&user, || Error::Raced)?
            .put(
                Claim::of_user(user.id, Key::username_claim(&user.username))?,
                Condition::absent(),
                || Error::Conflict("the username is taken"),
            )?
            .put(
                Claim::of_user(user.id, Key::number_claim(user.number))?,
                Condition::absent(),
                || Error::Raced,
            )?
            .insert(&email, || Error::Raced)?
            .put(
                Claim::of_user(user.id, Key::email_claim(&email.address))?,
                Condition::absent(),
                || Error::Conflict("the e-mail address is taken"),
            )?;
        transaction.insert_account(&account)?.commit().await?;
        Ok(user)
    }

    /// Makes an account that the user belongs to the current one.
    pub async fn set_current_account(
        &self,
        user: &Stored<User>,
        account: AccountId,
    ) -> Result<User> {
        Transaction::new(self, "set the current account")
            .update(
                Key::user(user.id),
                Changes::new().set("currentAccount", account)?,
                Condition::present(),
                || Error::BadCredential,
            )?
            .check(Key::account(account), Condition::present(), || Error::NotFound("account"))?
            .check(Key::membership(user.id, account), Condition::present(), || {
                Error::Forbidden("you are not a member of this account")
            })?
            .commit()
            .await?;
        Ok(User { current_account: Some(account), ..user.item.clone() })
    }

    /// The users of these ids, those that there are.
    pub(super) async fn users(
        &self,
        ids: impl Iterator<Item = UserId>,
    ) -> Result<Vec<Stored<User>>> {
        let keys: Vec<Key> = ids.map(Key::user).collect();
        let mut items = self.batch_get(keys.clone()).await?;
        keys.iter().filter_map(|key| items.take(key).transpose()).collect()
    }
}
