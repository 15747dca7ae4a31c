//! Who belongs to which account.

use super::Table;
use super::condition::Condition;
use super::item::{Item, Stored};
use super::key::{Key, MEMBER, account_partition, user_partition};
use super::read::Items;
use super::transaction::{Changes, Transaction};
use super::wanted::Fetch;
use crate::model::{Account, AccountId, Membership, Role, Timestamp, User, UserId};
use crate::telemetry::request::observe;
use crate::{Error, Result};

const NO_CURRENT_ACCOUNT: Error = Error::Forbidden("you have no usable current account");

/// The current account of a user whose operation requires one; 403 without one.
pub fn require_current_account(user: &User) -> Result<AccountId> {
    user.current_account.ok_or(NO_CURRENT_ACCOUNT)
}

/// An account and the caller's membership; either may be missing.
#[derive(Debug)]
pub struct Access {
    pub(super) account: Option<Stored<Account>>,
    pub(super) membership: Option<Stored<Membership>>,
}

/// Proof that a user was an admin of this account when it was read. The write repeats it as a condition.
#[derive(Debug)]
pub struct AdminOf {
    pub(super) account: Stored<Account>,
    pub(super) admin: UserId,
}

impl AdminOf {
    /// The account.
    pub const fn account(&self) -> &Stored<Account> {
        &self.account
    }
}

impl Access {
    /// The account, for any of its members: 404 without the account, 403 without a membership.
    pub fn member(self) -> Result<Stored<Account>> {
        let account = self.account.ok_or(Error::NotFound("account"))?;
        match self.membership {
            Some(_) => Ok(account),
            None => Err(Error::Forbidden("you are not a member of this account")),
        }
    }

    /// The proof, for an admin of the account: 404 without the account, 403 for anybody else.
    pub fn admin(self) -> Result<AdminOf> {
        let account = self.account.ok_or(Error::NotFound("account"))?;
        match self.membership {
            Some(membership) if membership.role == Role::Admin => {
                Ok(AdminOf { account, admin: membership.user })
            }
            Some(_) => Err(Error::Forbidden("this needs an admin of the account")),
            None => Err(Error::Forbidden("you are not a member of this account")),
        }
    }

    /// The caller's role in the current account; 403 if account or membership is gone.
    pub fn role(&self) -> Result<Role> {
        match (&self.account, &self.membership) {
            (Some(_), Some(membership)) => Ok(membership.role),
            _ => Err(NO_CURRENT_ACCOUNT),
        }
    }

    /// Whether the caller could still use the account as the current one.
    pub(super) const fn is_usable(&self) -> bool {
        self.account.is_some() && self.membership.is_some()
    }
}

/// The account of this id, and the caller's membership.
pub struct AccountAccess(pub(super) AccountId);

impl Fetch for AccountAccess {
    type Output = Access;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::account(self.0), Key::membership(caller, self.0)]
    }

    fn pick(self, caller: UserId, items: &mut Items) -> Result<Access> {
        observe(|observed| observed.account = Some(self.0.to_string()));
        Ok(Access {
            account: items.take(&Key::account(self.0))?,
            membership: items.take(&Key::membership(caller, self.0))?,
        })
    }
}

impl Transaction<'_> {
    /// Adds a membership on both sides, and raises the account's version, so that a deletion that listed its members
    /// before fails and lists them again.
    pub(super) fn insert_member(self, member: &Membership) -> Result<Self> {
        const TWICE: fn() -> Error = || Error::Conflict("the user is a member already");
        self.update(Key::account(member.account), Changes::new(), Condition::present(), || {
            Error::NotFound("account")
        })
        .insert(member, TWICE)?
        .put(
            member.at(Key::member(member.account, member.user))?,
            Condition::absent(),
            TWICE,
        )
    }
}

impl Table {
    /// A user's place in an account.
    pub async fn access(&self, user: UserId, account: AccountId) -> Result<Access> {
        let access = AccountAccess(account);
        let mut items = self.batch_get(access.keys(user)).await?;
        access.pick(user, &mut items)
    }

    /// All memberships of a user; those of deleted accounts may still be among them.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>> {
        self.query(user_partition(user), MEMBER).await
    }

    /// The oldest users among the members of an account, no more than `most`, oldest first: a user's id begins with the time
    /// of its making, and the table keeps members by their ids. Of a deleted account, those whose membership is yet to be
    /// cleared up.
    pub async fn oldest_members(&self, account: AccountId, most: usize) -> Result<Vec<Membership>> {
        self.query_first(account_partition(account), MEMBER, most).await
    }

    /// Makes a user a member of an account.
    pub async fn add_member(&self, account: AccountId, user: UserId, role: Role) -> Result<()> {
        let member = Membership { account, user, role, joined_at: Timestamp::now() };
        Transaction::new(self, "add a member")
            .check(Key::user(user), Condition::enabled(), || Error::NotFound("user"))
            .insert_member(&member)?
            .commit()
            .await
    }
}
