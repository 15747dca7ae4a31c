//! Memberships of users in accounts.

use crate::model::{Account, AccountId, AuditAction, Membership, Role, Timestamp, User, UserId};
use crate::table::engine::{
    Actor, Changes, Condition, Fetch, Item, Items, Key, MEMBER, OnConditionFailed, Stored, Table,
    Trail, Transaction, account_partition, user_partition,
};
use crate::telemetry::request::observe;
use crate::{Error, Result, limits};

const NO_CURRENT_ACCOUNT: Error = Error::Forbidden("you have no usable current account");

pub(super) const NEEDS_ADMIN: Error = Error::Forbidden("this needs an admin of the account");

/// The current account of a user whose operation requires one; 403 without one.
pub fn require_current_account(user: &User) -> Result<AccountId> {
    user.current_account.ok_or(NO_CURRENT_ACCOUNT)
}

/// An account and the caller's membership in it. Either may be missing.
#[derive(Debug)]
pub struct FetchedAccount {
    pub(in crate::table) account: Option<Stored<Account>>,
    pub(in crate::table) membership: Option<Stored<Membership>>,
}

/// Proof that a user was an admin of this account when it was read. Writes check it again, as a
/// condition.
#[derive(Debug)]
pub struct AdminOf {
    pub(in crate::table) account: Stored<Account>,
    pub(in crate::table) admin: UserId,
}

impl AdminOf {
    /// The account.
    pub const fn account(&self) -> &Stored<Account> {
        &self.account
    }
}

impl FetchedAccount {
    /// The account, for members: 404 without the account, 403 without a membership.
    pub fn member(self) -> Result<Stored<Account>> {
        self.membership().map(|(account, _)| account)
    }

    /// The account with the membership, for members: errors as in [`FetchedAccount::member`].
    pub fn membership(self) -> Result<(Stored<Account>, Stored<Membership>)> {
        let account = self.account.ok_or(Error::NotFound("account"))?;
        let membership = self.membership;
        let membership =
            membership.ok_or(Error::Forbidden("you are not a member of this account"))?;
        Ok((account, membership))
    }

    /// The proof, for admins: 404 without the account, 403 for everyone else.
    pub fn admin(self) -> Result<AdminOf> {
        let account = self.account.ok_or(Error::NotFound("account"))?;
        match self.membership {
            Some(membership) if membership.role == Role::Admin => {
                Ok(AdminOf { account, admin: membership.user })
            }
            Some(_) => Err(NEEDS_ADMIN),
            None => Err(Error::Forbidden("you are not a member of this account")),
        }
    }

    /// The caller's role: 403 if the account or the membership is missing.
    pub fn role(&self) -> Result<Role> {
        match (&self.account, &self.membership) {
            (Some(_), Some(membership)) => Ok(membership.role),
            _ => Err(NO_CURRENT_ACCOUNT),
        }
    }

    /// Whether the account can be the current account of the caller.
    pub(in crate::table) const fn is_usable(&self) -> bool {
        self.account.is_some() && self.membership.is_some()
    }
}

/// The account with this id, and the caller's membership.
pub struct AccountAccess(pub(in crate::table) AccountId);

impl Fetch for AccountAccess {
    type Output = FetchedAccount;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        vec![Key::account(self.0), Key::membership(caller, self.0)]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<FetchedAccount> {
        observe(|observed| observed.account = Some(self.0.to_string()));
        Ok(FetchedAccount {
            account: items.take(&Key::account(self.0))?,
            membership: items.take(&Key::membership(caller, self.0))?,
        })
    }
}

impl Transaction<'_> {
    /// Checks that a user is an admin of an account, who may be disabled, unless it is the actor.
    pub(in crate::table) fn check_admin(self, admin: UserId, account: AccountId) -> Self {
        let membership = Key::membership(admin, account);
        self.check(membership, Condition::is_admin(), || Error::WriteConflict)
    }

    /// Inserts both sides of a membership and counts it in the account, which increments its
    /// version: a concurrent deletion of the account fails and reads its members again.
    pub(in crate::table) fn insert_member(
        self,
        member: &Membership,
        no_room: OnConditionFailed,
    ) -> Result<Self> {
        const EXISTS: fn() -> Error = || Error::AlreadyMember;
        let admins = i64::from(member.role == Role::Admin);
        let changes = Changes::new().add("memberCount", 1).add("adminCount", admins);
        let room = Condition::below("memberCount", limits::MEMBERS.max);
        self.update(Key::account(member.account), changes, room, no_room)
            .insert(member, EXISTS)?
            .put(
                member.to_attributes(Key::member(member.account, member.user))?,
                Condition::absent(),
                EXISTS,
            )
    }
}

/// What a new membership leaves in the logs of both its sides.
pub(in crate::table) fn member_added(member: &Membership) -> Trail {
    Trail::of_member(member.account, member.user, AuditAction::MemberAdded)
        .with("role", member.role.as_str())
}

impl Table {
    /// An account and a user's membership in it.
    pub async fn access(&self, user: UserId, account: AccountId) -> Result<FetchedAccount> {
        let access = AccountAccess(account);
        let mut items = self.batch_get(access.keys(user)).await?;
        access.extract(user, &mut items)
    }

    /// All memberships of a user, possibly with some of deleted accounts.
    pub async fn memberships(&self, user: UserId) -> Result<Vec<Membership>> {
        self.query(user_partition(user), MEMBER).await
    }

    /// The `limit` oldest users among the members of an account, oldest first: memberships are
    /// sorted by user id, which starts with the time of creation. A deleted account may still have
    /// some.
    pub async fn oldest_members(
        &self,
        account: AccountId,
        limit: usize,
    ) -> Result<Vec<Membership>> {
        self.query_first(account_partition(account), MEMBER, limit).await
    }

    /// Makes a user a member of an account.
    ///
    /// [`Error::AlreadyMember`]; [`Error::LimitReached`] if the account has as many members as are
    /// allowed, or the user as many memberships.
    pub async fn add_member(
        &self,
        actor: &Actor,
        account: AccountId,
        user: UserId,
        role: Role,
    ) -> Result<()> {
        const FULL: fn() -> Error = || Error::LimitReached(limits::MEMBERS);
        let member = Membership { account, user, role, joined_at: Timestamp::now() };
        let added = Transaction::new(self, actor, "add a member", member_added(&member))
            .check(Key::user(user), Condition::enabled(), || Error::NotFound("user"))
            .insert_member(&member, FULL)?
            .count_membership(user)
            .commit()
            .await;
        match added {
            // The condition fails of an account that does not exist too.
            Err(Error::LimitReached(limits::MEMBERS))
                if self.access(user, account).await?.account.is_none() =>
            {
                Err(Error::NotFound("account"))
            }
            added => added,
        }
    }
}
