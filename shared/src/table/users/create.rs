//! Users and what is made with them.

use crate::error::failed;
use crate::model::{
    Account, AccountId, AccountName, ApiKey, Email, EmailAddress, Membership, Role, S3Key, Slug,
    TokenId, User, UserId, UserNumber, Username,
};
use crate::table::accounts::{AdminOf, NewAccount};
use crate::table::engine::{
    Changes, Claim, Condition, Key, OnConditionFailed, Stored, Table, Transaction,
};
use crate::table::write::Write;
use crate::{Error, Result};

/// What a new user is to be.
pub struct NewUser {
    /// The identity, from which secrets may have been derived.
    pub id: UserId,
    /// The name to sign in with.
    pub username: Username,
    /// Whether another name would do as well.
    pub username_is_derived: bool,
    /// The first address, which is the primary one.
    pub email: EmailAddress,
    /// Whether the address is said to be verified.
    pub verified: bool,
    /// The argon2id hash of the password, as a PHC string.
    pub password_hash: Option<String>,
    /// First and last name.
    pub full_name: String,
    /// What of it is the first name, if that is known.
    pub first_name: Option<String>,
    /// The phone number.
    pub phone: String,
    /// Keys that sign requests.
    pub api_keys: Vec<ApiKey>,
    /// The key for S3 storage.
    pub s3_key: Option<S3Key>,
    /// The account that the user also becomes a member of, and whose admin says so.
    pub member_of: Option<AdminOf>,
    /// The admin's token that the user is made with, if it is one.
    pub created_by_token: Option<TokenId>,
}

impl NewUser {
    /// A user of this name with this address, not verified, and nothing else.
    pub fn named(username: Username, email: EmailAddress) -> Self {
        Self {
            id: UserId::generate(),
            username,
            username_is_derived: false,
            email,
            verified: false,
            password_hash: None,
            full_name: String::new(),
            first_name: None,
            phone: String::new(),
            api_keys: Vec::new(),
            s3_key: None,
            member_of: None,
            created_by_token: None,
        }
    }
}

impl NewUser {
    /// The user with this personal account.
    fn made(self, account: &Account) -> Result<User> {
        Ok(User {
            id: self.id,
            number: UserNumber::generate()?,
            username: self.username,
            primary_email: self.email,
            password_hash: self.password_hash,
            current_account: Some(account.id),
            disabled: false,
            full_name: self.full_name,
            first_name: self.first_name,
            location: String::new(),
            company: String::new(),
            profile_url: String::new(),
            gravatar_email: String::new(),
            phone: self.phone,
            api_keys: self.api_keys.into_iter().map(|key| (key.id.to_string(), key)).collect(),
            s3_key: self.s3_key,
            ssh_keys: Vec::new(),
            email_count: 1,
            credential_epoch: 0,
            retained_token: None,
            created_at: account.created_at,
        })
    }
}

impl Transaction<'_> {
    /// Adds a user with everything that must be its alone.
    fn insert_user(
        self,
        user: &User,
        email: &Email,
        name_taken: OnConditionFailed,
    ) -> Result<Self> {
        let claim = |key| Claim::of_user(user.id, key);
        self.insert(user, || Error::WriteConflict)?
            .put(claim(Key::username_claim(&user.username))?, Condition::absent(), name_taken)?
            .put(claim(Key::number_claim(user.number))?, Condition::absent(), || {
                Error::WriteConflict
            })?
            .insert(email, || Error::WriteConflict)?
            .put(claim(Key::email_claim(&email.address))?, Condition::absent(), || {
                Error::Conflict("the e-mail address is taken")
            })
    }

    /// Makes a new user a member of an account too, whose admin says so with this token, if it is one.
    fn insert_user_of(
        self,
        user: &User,
        AdminOf { account, admin }: AdminOf,
        token: Option<TokenId>,
    ) -> Result<Self> {
        let member = Membership {
            account: account.id,
            user: user.id,
            role: Role::Member,
            joined_at: user.created_at,
        };
        let is_admin = Condition::one_of("role", ["admin".to_owned()]);
        self.check(Key::membership(admin, account.id), is_admin, || Error::WriteConflict)
            .check(Key::user(admin), Condition::enabled(), || Error::InvalidCredential)
            .check_token(admin, token)
            .insert_member(&member)
    }
}

impl Table {
    /// Makes a user with its address and its personal account, whose slug is read first.
    ///
    /// Errors as [`Table::create_user_with`].
    pub async fn create_user(&self, new: NewUser) -> Result<User> {
        let name: AccountName =
            new.username.to_string().parse().map_err(failed("name an account"))?;
        let slug = self.free_slug(&name, new.id).await?;
        self.create_user_with(new, slug)?.commit().await
    }

    /// Makes a user with its address and its personal account, or nothing of it.
    ///
    /// Fails with [`Error::Conflict`] when the username or the address is taken, and with [`Error::WriteConflict`] when somebody
    /// else took the same slug, number or derived name first: then it may be called again, with what is free now.
    pub fn create_user_with(&self, mut new: NewUser, slug: Slug) -> Result<Write<'_, User>> {
        let name = new.username.to_string().parse().map_err(failed("name an account"))?;
        let account =
            NewAccount { name, contact_email: None, registry: None }.opened(slug, new.id)?;
        let (member_of, created_by_token) = (new.member_of.take(), new.created_by_token);
        let name_taken: OnConditionFailed = if new.username_is_derived {
            || Error::WriteConflict
        } else {
            || Error::Conflict("the username is taken")
        };
        let email = Email {
            user: new.id,
            address: new.email.clone(),
            verified: new.verified,
            added_at: account.created_at,
        };
        let user = new.made(&account)?;
        let mut transaction = Transaction::new(self, "create a user")
            .insert_user(&user, &email, name_taken)?
            .insert_account(&account)?;
        if let Some(admin) = member_of {
            transaction = transaction.insert_user_of(&user, admin, created_by_token)?;
        }
        Ok(Write::new(transaction, user))
    }

    /// Makes an account that the user belongs to the current one, of a user as it was read: a call that arrives long after
    /// its client has given up does not undo what was chosen since.
    pub fn set_current_account(
        &self,
        user: &Stored<User>,
        account: AccountId,
    ) -> Result<Write<'_, User>> {
        let transaction = Transaction::new(self, "set the current account")
            .update(
                Key::user(user.id),
                Changes::new().set("currentAccount", account)?,
                Condition::unchanged(user),
                || Error::WriteConflict,
            )
            .check(Key::account(account), Condition::present(), || Error::NotFound("account"))
            .check(Key::membership(user.id, account), Condition::present(), || {
                Error::Forbidden("you are not a member of this account")
            });
        let after = User { current_account: Some(account), ..user.item.clone() };
        Ok(Write::new(transaction, after))
    }
}
