//! Members who leave an account or get another role. An account always keeps its owner, who is an
//! admin.

use std::collections::BTreeMap;

use super::member_access::{AccountMember, ChangeableMember, Handover, RemovableMember};
use super::memberships::FetchedAccount;
use crate::model::{
    Account, AccountId, AuditAction, AuditLog, Counts, Membership, Role, User, UserId,
};
use crate::table::engine::{
    Actor, Changes, Condition, Key, MEMBER, Stored, Table, Trail, Transaction, account_partition,
};
use crate::table::write::Write;
use crate::{Error, Result, limits};

/// The name of the operation in errors.
const SET_ROLE: &str = "set the role of a member";

/// Rejects what would leave an account without its owner or without an admin.
fn check_dispensable(account: &Account, member: &Membership) -> Result<()> {
    if account.owner == member.user {
        return Err(Error::OwnerMustTransfer);
    }
    if member.role == Role::Admin && account.admin_count <= 1 {
        return Err(Error::LastAdmin);
    }
    Ok(())
}

/// The account exists, belongs to somebody else, and has another admin if the member is one.
fn is_dispensable(member: &Membership) -> Condition {
    let of_other = Condition::present().and(Condition::differs("owner", member.user.to_string()));
    match member.role {
        Role::Admin => of_other.and(Condition::above("adminCount", 1)),
        Role::Member => of_other,
    }
}

/// The account has one member less.
fn one_less(member: &Membership) -> Changes {
    let admins = if member.role == Role::Admin { -1 } else { 0 };
    Changes::new().add("memberCount", -1).add("adminCount", admins)
}

/// What the end of a membership leaves in the logs of both its sides.
fn member_removed(member: &Membership) -> Trail {
    Trail::of_member(member.account, member.user, AuditAction::MemberRemoved)
}

/// What a new owner leaves in the logs of the account and of the owner.
fn owner_changed(account: &Account, to: UserId) -> Trail {
    Trail::of_account(account.id, AuditAction::AccountOwnerChanged)
        .also_in(AuditLog::User(to))
        .with("from", &account.owner)
        .with("to", &to)
}

impl Transaction<'_> {
    /// Requires that who changes a membership still is an admin. Of whoever changes the own one, the
    /// role that was read is required anyway.
    fn by_admin(self, caller: &Membership, member: &Membership) -> Self {
        if caller.user == member.user {
            self
        } else {
            self.check_admin(caller.user, caller.account)
        }
    }

    /// Deletes both sides of a membership that still has the role that was read.
    fn delete_membership(self, member: &Membership) -> Self {
        let (user, account) = (member.user, member.account);
        self.delete(Key::membership(user, account), has_role(member.role), || Error::WriteConflict)
            .delete(Key::member(account, user), Condition::present(), || Error::WriteConflict)
    }

    /// Requires that the deletion of a user was begun, and was not taken back.
    fn while_being_deleted(self, user: UserId) -> Self {
        self.check(Key::user_cleanup(user), Condition::present(), || Error::WriteConflict)
    }
}

fn has_role(role: Role) -> Condition {
    Condition::one_of("role", [role.as_str().to_owned()])
}

impl Table {
    /// Takes a member from an account, for the operator: its access ends with the next request.
    ///
    /// [`Error::NotFound`] without the account or the member, [`Error::OwnerMustTransfer`] and
    /// [`Error::LastAdmin`] for those who must stay.
    pub async fn remove_member(
        &self,
        actor: &Actor,
        account: AccountId,
        user: UserId,
    ) -> Result<()> {
        let (account, member) = self.member(account, user).await?;
        check_dispensable(&account, &member)?;
        self.removal(actor, &member).commit().await
    }

    /// Gives a member another role, for the operator. It holds from the next request on.
    ///
    /// Errors as in [`Table::remove_member`].
    pub async fn set_role(
        &self,
        actor: &Actor,
        account: AccountId,
        user: UserId,
        role: Role,
    ) -> Result<()> {
        let (account, member) = self.member(account, user).await?;
        if member.role == role {
            return Ok(());
        }
        self.role_change(actor, &account, &member, role)?.commit().await
    }

    /// Gives a member another role, which holds from the next request on, for an admin.
    ///
    /// [`Error::OwnerMustTransfer`] and [`Error::LastAdmin`] for those who must stay admins.
    pub fn change_role(
        &self,
        actor: &Actor,
        ChangeableMember(member): ChangeableMember,
        role: Role,
    ) -> Result<Write<'_, Membership>> {
        let AccountMember { account, caller, membership, .. } = member;
        let changed = Membership { role, ..membership.item };
        if membership.role == role {
            // The request may still add a stored response.
            return Ok(Write::new(Transaction::without_trail(self, actor, SET_ROLE), changed));
        }
        let change = self.role_change(actor, &account, &membership, role)?;
        Ok(Write::new(change.by_admin(&caller, &membership), changed))
    }

    /// Ends a membership, for an admin or the member itself: its access ends with the next request.
    ///
    /// [`Error::OwnerMustTransfer`] and [`Error::LastAdmin`] for those who must stay.
    pub fn end_membership(
        &self,
        actor: &Actor,
        RemovableMember(member): RemovableMember,
    ) -> Result<Write<'_, ()>> {
        let AccountMember { account, caller, membership, .. } = member;
        check_dispensable(&account, &membership)?;
        let removal = self.removal(actor, &membership).by_admin(&caller, &membership);
        Ok(Write::new(removal, ()))
    }

    /// Makes an admin of an account its owner, in place of the one who is now, who stays an admin.
    ///
    /// [`Error::LimitReached`] if the new owner has as many accounts as are allowed.
    pub fn hand_over(
        &self,
        actor: &Actor,
        Handover { account, successor, .. }: Handover,
    ) -> Result<Write<'_, Account>> {
        const ACTION: &str = "hand an account over";
        let (from, to) = (account.owner, successor.id);
        let handed_over = Account { owner: to, ..account.item.clone() };
        if from == to {
            // The request may still add a stored response.
            return Ok(Write::new(Transaction::without_trail(self, actor, ACTION), handed_over));
        }
        let changes = Changes::new().set("owner", to)?;
        // Not unchanged: members who come and go hold nothing up.
        let still_owned = Condition::one_of("owner", [from.to_string()]);
        let trail = owner_changed(&account, to).also_in(AuditLog::User(from));
        let transaction = Transaction::new(self, actor, ACTION, trail)
            .update(Key::account(account.id), changes, still_owned, || Error::WriteConflict)
            .check_admin(to, account.id)
            .count_handover(from, to);
        Ok(Write::new(transaction, handed_over))
    }

    /// Changes the role on both sides of a membership that still has the one that was read, and the
    /// number of admins.
    fn role_change(
        &self,
        actor: &Actor,
        account: &Account,
        member: &Membership,
        role: Role,
    ) -> Result<Transaction<'_>> {
        let (admins, condition) = match role {
            Role::Admin => (1, Condition::present()),
            Role::Member => {
                check_dispensable(account, member)?;
                (-1, is_dispensable(member))
            }
        };
        let trail = Trail::of_member(account.id, member.user, AuditAction::MemberRoleChanged)
            .with("role", role.as_str());
        let counted = Changes::new().add("adminCount", admins);
        let mut transaction = Transaction::new(self, actor, SET_ROLE, trail).update(
            Key::account(account.id),
            counted,
            condition,
            || Error::WriteConflict,
        );
        for side in [Key::membership(member.user, account.id), Key::member(account.id, member.user)]
        {
            let changes = Changes::new().set("role", role)?;
            transaction =
                transaction.update(side, changes, has_role(member.role), || Error::WriteConflict);
        }
        Ok(transaction)
    }

    async fn member(
        &self,
        account: AccountId,
        user: UserId,
    ) -> Result<(Stored<Account>, Membership)> {
        let FetchedAccount { account, membership } = self.access(user, account).await?;
        let account = account.ok_or(Error::NotFound("account"))?;
        Ok((account, membership.ok_or(Error::NotFound("member"))?.into_inner()))
    }

    fn removal(&self, actor: &Actor, member: &Membership) -> Transaction<'_> {
        Transaction::new(self, actor, "remove a member", member_removed(member))
            .update(Key::account(member.account), one_less(member), is_dispensable(member), || {
                Error::WriteConflict
            })
            .delete_membership(member)
            .uncount_membership(member.user)
    }

    /// Takes a user who is being deleted from an account. An account without other members goes;
    /// one that the user owns passes to its [successor](Table::successor) in the same write.
    ///
    /// Each write requires that the deletion was not taken back. [`Error::WriteConflict`] if it was,
    /// or if there is no successor any more.
    pub(in crate::table) async fn leave_account(
        &self,
        actor: &Actor,
        member: &Membership,
    ) -> Result<()> {
        let (id, user) = (member.account, member.user);
        let FetchedAccount { account, membership } = self.access(user, id).await?;
        let Some(member) = membership.map(Stored::into_inner) else { return Ok(()) };
        let Some(account) = account else { return self.delete_single_member(id, user).await };
        if account.member_count <= 1 {
            let deletion = self.deletion(actor, &account, user)?.while_being_deleted(user);
            Box::pin(self.commit_deletion(deletion, id, user)).await?;
            return self.complete_cleanup(Key::member_cleanup(id)).await;
        }
        if account.owner != user {
            let removal = self.removal(actor, &member);
            return removal.while_being_deleted(user).commit().await;
        }
        let successor = self.successor(&account, user, &BTreeMap::new()).await?;
        let successor = successor.ok_or(Error::WriteConflict)?;
        let passing = self.pass_on(actor, &account, &member, successor)?;
        passing.while_being_deleted(user).commit().await
    }

    /// The account passes to an admin who is not disabled and may own another one, and its owner
    /// leaves it. Whoever else writes the account meanwhile does not hold that up.
    fn pass_on(
        &self,
        actor: &Actor,
        account: &Account,
        owner: &Membership,
        successor: UserId,
    ) -> Result<Transaction<'_>> {
        let changes = one_less(owner).set("owner", successor)?;
        let still_owned = Condition::one_of("owner", [owner.user.to_string()]);
        let passed = owner_changed(account, successor);
        Ok(Transaction::new(self, actor, "pass an account on", passed)
            .leaving(member_removed(owner))
            .update(Key::account(account.id), changes, still_owned, || Error::WriteConflict)
            .check_admin(successor, account.id)
            .check(Key::user(successor), Condition::enabled(), || Error::WriteConflict)
            .delete_membership(owner)
            .uncount_account(owner.user, owner.user)
            .count_passed_account(successor))
    }

    /// Who gets an account when its owner goes: of the other admins the one who joined first, of
    /// those who are not disabled and own fewer accounts than is allowed, those included that they
    /// are to get before this one.
    pub(in crate::table) async fn successor(
        &self,
        account: &Account,
        owner: UserId,
        gets: &BTreeMap<UserId, u32>,
    ) -> Result<Option<UserId>> {
        let mut admins: Vec<Membership> = self.query(account_partition(account.id), MEMBER).await?;
        admins.retain(|member| member.role == Role::Admin && member.user != owner);
        admins.sort_unstable_by_key(|admin| (admin.joined_at, admin.user));
        let keys = |admin: &Membership| [Key::user(admin.user), Key::counts(admin.user)];
        let mut items = self.batch_get(admins.iter().flat_map(keys).collect()).await?;
        for admin in admins {
            let [user, counts] = keys(&admin);
            let user: Option<Stored<User>> = items.take(&user)?;
            let counts: Option<Stored<Counts>> = items.take(&counts)?;
            let more = gets.get(&admin.user).copied().unwrap_or_default();
            let has_room = counts
                .is_some_and(|counts| counts.accounts_owned + more < limits::ACCOUNTS_OWNED.max);
            if has_room && user.is_some_and(|user| !user.disabled) {
                return Ok(Some(admin.user));
            }
        }
        Ok(None)
    }
}
