//! Reading the members of accounts, and the proofs of what a caller may do with one.

use super::memberships::{AccountAccess, FetchedAccount, NEEDS_ADMIN};
use crate::model::{Account, AccountId, Membership, Role, User, UserId};
use crate::table::engine::{
    Fetch, Items, Key, MEMBER, ReadVersions, Stored, Table, Versioned, account_partition,
};
use crate::table::pages::Page;
use crate::{Error, Result};

/// An account, the caller's membership, and another user's membership, or the caller's again.
pub struct MemberAccess {
    pub(in crate::table) account: AccountId,
    pub(in crate::table) user: UserId,
}

/// What was found of all these. Any may be missing.
#[derive(Debug)]
pub struct FetchedMember {
    access: FetchedAccount,
    membership: Option<Stored<Membership>>,
    user: Option<Stored<User>>,
}

/// A member of an account, as another member sees it.
#[derive(Debug)]
pub struct AccountMember {
    pub(in crate::table) account: Stored<Account>,
    /// The member who asks.
    pub(in crate::table) caller: Stored<Membership>,
    pub(in crate::table) membership: Stored<Membership>,
    user: Stored<User>,
}

/// Proof that a member was an admin when it was read, who may give this member another role. Writes
/// check it again, as a condition.
#[derive(Debug)]
pub struct ChangeableMember(pub(in crate::table) AccountMember);

/// Proof that a member was an admin when it was read, or the same member, who may end this
/// membership. Writes check it again, as a condition.
#[derive(Debug)]
pub struct RemovableMember(pub(in crate::table) AccountMember);

/// Proof that a user owned this account when it was read, and that the successor was one of its
/// admins. Writes check both again, as conditions.
#[derive(Debug)]
pub struct Handover {
    pub(in crate::table) account: Stored<Account>,
    membership: Stored<Membership>,
    pub(in crate::table) successor: Stored<User>,
}

impl Fetch for MemberAccess {
    type Output = FetchedMember;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = AccountAccess(self.account).keys(caller);
        keys.extend([Key::membership(self.user, self.account), Key::user(self.user)]);
        keys
    }

    /// The user and the membership may be the caller's, which others take.
    fn extract(self, caller: UserId, items: &mut Items) -> Result<FetchedMember> {
        let membership = items.peek(&Key::membership(self.user, self.account))?;
        let user = items.peek(&Key::user(self.user))?;
        let access = AccountAccess(self.account).extract(caller, items)?;
        Ok(FetchedMember { access, membership, user })
    }
}

impl FetchedMember {
    /// The member, for members: 404 without the account, 403 for who is no member of it, 404 for a
    /// user who is none.
    pub fn member(self) -> Result<AccountMember> {
        let (account, caller) = self.access.membership()?;
        let found = self.membership.zip(self.user);
        let (membership, user) = found.ok_or(Error::NotFound("member"))?;
        Ok(AccountMember { account, caller, membership, user })
    }

    /// The proof, for the owner: 404 without the account, 403 for everyone else.
    ///
    /// [`Error::NotAdmin`] unless the user is an admin of the account.
    pub fn handover(self) -> Result<Handover> {
        let (account, caller) = self.access.membership()?;
        if account.owner != caller.user {
            return Err(Error::Forbidden("this needs the owner of the account"));
        }
        let admin = self.membership.filter(|membership| membership.role == Role::Admin);
        let (membership, successor) = admin.zip(self.user).ok_or(Error::NotAdmin)?;
        Ok(Handover { account, membership, successor })
    }
}

impl AccountMember {
    /// The membership.
    pub const fn membership(&self) -> &Stored<Membership> {
        &self.membership
    }

    /// The user.
    pub const fn user(&self) -> &Stored<User> {
        &self.user
    }

    /// The versions of what a response shows of the member.
    pub fn versions(&self) -> ReadVersions {
        self.membership.versions().and(&self.user)
    }

    /// The proof, for admins: 403 for everyone else.
    pub fn changeable(self) -> Result<ChangeableMember> {
        if self.caller.role == Role::Admin { Ok(ChangeableMember(self)) } else { Err(NEEDS_ADMIN) }
    }

    /// The proof, for admins and the member itself: 403 for everyone else.
    pub fn removable(self) -> Result<RemovableMember> {
        if self.caller.role == Role::Admin || self.caller.user == self.membership.user {
            Ok(RemovableMember(self))
        } else {
            Err(NEEDS_ADMIN)
        }
    }
}

impl ChangeableMember {
    /// The member.
    pub const fn member(&self) -> &AccountMember {
        &self.0
    }
}

impl RemovableMember {
    /// The member.
    pub const fn member(&self) -> &AccountMember {
        &self.0
    }
}

impl Handover {
    /// The account.
    pub const fn account(&self) -> &Stored<Account> {
        &self.account
    }

    /// The membership of who is to own it.
    pub const fn membership(&self) -> &Stored<Membership> {
        &self.membership
    }

    /// Who is to own it.
    pub const fn successor(&self) -> &Stored<User> {
        &self.successor
    }
}

impl Table {
    /// A page of the members of an account, in the order of their ids, which start with the time of
    /// a user's creation. A deleted account may still have some.
    pub async fn members_after(
        &self,
        account: AccountId,
        after: Option<UserId>,
        limit: u8,
    ) -> Result<Page<Membership, UserId>> {
        let last = after.map(|user| Key::member(account, user));
        // One more than the page, to know whether another page follows.
        let count = i32::from(limit) + 1;
        let read = self.query_page(account_partition(account), MEMBER, last, count);
        let (mut items, ended): (Vec<Membership>, bool) = read.await?;
        let is_last = ended && items.len() <= usize::from(limit);
        items.truncate(limit.into());
        let next = items.last().map(|member| member.user).filter(|_| !is_last);
        Ok(Page { items, next })
    }

    /// These members with their users, without those whose user is gone.
    pub async fn with_users(&self, members: Vec<Membership>) -> Result<Vec<(Membership, User)>> {
        let mut items =
            self.batch_get(members.iter().map(|member| Key::user(member.user)).collect()).await?;
        let found = members.into_iter().filter_map(|member| {
            let user = items.take::<User>(&Key::user(member.user)).transpose()?;
            Some(user.map(|user| (member, user.into_inner())))
        });
        found.collect()
    }
}
