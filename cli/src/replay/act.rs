//! Doing an act again. What ended in the restored table, or was changed there since, stays.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use shared::model::{
    AccountId, AuditAction, AuditEntry, AuditEntryId, AuditLog, Client, ClientId, Invitation,
    InvitationAuditId, InvitationId, InvitationState, Role, Scope, TokenId, User, UserId, hex,
};
use shared::table::{
    Actor, AuditFilter, ClientChange, PasswordChange, Stored, Table, UserChange, UserDeletion,
    fetch,
};
use shared::{Error, Result as TableResult, password, random};

use super::plan::{Act, Planned, ends_scope};
use super::source::LoggedEntry;
use crate::user_ref::UserRef;
use crate::{delete_user, retry, revoke};

/// What an act came to.
pub(super) enum Outcome {
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It could not be done, for this reason.
    Left(String),
}

/// A restored table, whose users are told nothing, and what is known of the one that it replaces.
pub(super) struct Replay<'a> {
    table: &'a Table,
    old: Option<&'a Table>,
    /// The entries that were read: any other in the restored table is of a write after the restore.
    known: BTreeSet<AuditEntryId>,
    operator: Actor,
}

impl<'a> Replay<'a> {
    pub(super) fn new(table: &'a Table, old: Option<&'a Table>, entries: &[LoggedEntry]) -> Self {
        let known = entries.iter().map(|logged| logged.entry.id).collect();
        Self { table, old, known, operator: Actor::operator() }
    }

    pub(super) async fn act(&self, planned: &Planned<'_>) -> Result<Outcome> {
        match &planned.act {
            Act::DeleteUser(user) => self.delete_user(*user, planned.entry).await,
            act => retry(async || ended(Box::pin(self.act_once(act, planned.entry)).await)).await,
        }
    }

    async fn act_once(&self, act: &Act, entry: &LoggedEntry) -> TableResult<Outcome> {
        let (table, operator) = (self.table, &self.operator);
        let done = match act {
            Act::Disable(user) => return self.disable(*user, entry).await,
            Act::RevokeToken { user, tokens, with_descendants } => {
                return self.revoke_token(*user, tokens, *with_descendants).await;
            }
            Act::RevokeGrant { user, grant } => {
                table.revoke_grant(operator, *user, *grant).commit().await
            }
            Act::EndSession { user, session } => {
                table.delete_session(operator, *user, *session).commit().await
            }
            Act::DeleteApiKey { user, key } => {
                let user = self.user(*user).await?;
                let id = key.to_string();
                let secret = |own: &User| own.api_keys.get(&id).map(|key| key.nonce.clone());
                if secret(&user).is_none()
                    || self.is_as_in_old(&user, secret).await?
                    || self.is_outdated(entry, &[AuditAction::ApiKeyRenewed]).await?
                {
                    return Ok(Outcome::Unchanged);
                }
                table.delete_api_key(operator, &user, *key).commit().await
            }
            Act::DeleteSshKey { user, key } => {
                let user = self.user(*user).await?;
                table.delete_ssh_key(operator, &user, key)?.commit().await
            }
            Act::RemovePasskey { user, passkey } => {
                let user = self.user(*user).await?;
                table.remove_passkey(operator, &user, *passkey).commit().await
            }
            Act::RenewS3Key(user) => return self.renew_s3_key(*user, entry).await,
            Act::ChangePassword { user, revoke_keys } => {
                let user = self.user(*user).await?;
                if self.is_as_in_old(&user, |own| own.password_hash.clone()).await?
                    || self.is_outdated(entry, &[AuditAction::PasswordChanged]).await?
                {
                    return Ok(Outcome::Unchanged);
                }
                self.change_password(&user, *revoke_keys).await
            }
            Act::SetSecondFactor { user, is_on } => {
                return self.set_second_factor(*user, *is_on, entry).await;
            }
            Act::EndProofs(user) => return self.end_proofs(*user, entry).await,
            Act::DeleteClient(client) => table.delete_client(operator, *client).await,
            Act::RevokeGrantsTo(client) => {
                let here = table.client(*client).await?.ok_or(Error::NotFound("client"))?;
                let there = match self.old {
                    Some(old) => old.client(*client).await?,
                    None => None,
                };
                if there.is_some_and(|there| there.grant_epoch == here.grant_epoch)
                    || self.is_outdated(entry, &[AuditAction::ClientGrantsRevoked]).await?
                {
                    return Ok(Outcome::Unchanged);
                }
                table.revoke_grants_to(operator, *client).await
            }
            Act::LimitClient { client, scopes, lost } => {
                return self.limit_client(*client, scopes, lost).await;
            }
            Act::EndInvitation { account, invitation } => {
                return self.end_invitation(*account, *invitation).await;
            }
            Act::EndInvitationsBy(user) => return self.end_invitations_by(*user, entry).await,
            Act::EndInvitationsOf { account, user } => {
                return self.end_invitations_of(*account, *user, entry).await;
            }
            Act::RemoveMember { account, user } => {
                if self.is_outdated(entry, &MEMBERSHIP).await? {
                    return Ok(Outcome::Unchanged);
                }
                table.remove_member(operator, *account, *user).await
            }
            Act::Demote { account, user } => return self.demote(*account, *user, entry).await,
            Act::DeleteAccount { account, member } => {
                let access = table.user_and(*member, fetch::account_access(*account)).await?.1;
                table.delete_account(operator, access.admin()?)?.commit().await
            }
            Act::DeleteUser(_) => Ok(()),
            Act::CheckOwner { account, owner } => {
                return self.check_owner(*account, *owner).await;
            }
            Act::CheckEmails => {
                let reason = "addresses were taken from the user; the log does not say which";
                return Ok(Outcome::Left(reason.to_owned()));
            }
            Act::CheckClient { client, settings } => {
                return self.check_client(*client, settings, entry).await;
            }
        };
        done.map(|()| Outcome::Done)
    }

    async fn user(&self, id: UserId) -> TableResult<Stored<User>> {
        UserRef::Id(id).find(self.table).await
    }

    /// Whether a part of a user is what it is in the old table: nothing has changed it since. Of an
    /// export it is not known. That the restored table has an entry says nothing of this: items are
    /// not all restored to the same instant.
    async fn is_as_in_old<T: PartialEq>(
        &self,
        user: &User,
        part: impl Fn(&User) -> T,
    ) -> TableResult<bool> {
        let Some(old) = self.old else { return Ok(false) };
        let there = old.user_and(user.id, ()).await?.0;
        Ok(there.is_some_and(|there| part(&there) == part(user)))
    }

    /// Whether the same thing was changed in the restored table later than this, by one of these
    /// actions: by an earlier run, or by somebody who uses it already.
    async fn is_outdated(
        &self,
        logged: &LoggedEntry,
        actions: &[AuditAction],
    ) -> TableResult<bool> {
        self.has_changed(logged, |own| {
            own.target == logged.entry.target
                && actions.iter().any(|action| action.as_str() == own.action)
        })
        .await
    }

    /// Whether the restored table has such an entry that is later than this one. What an earlier
    /// run wrote is later than what it did again, and no reason to leave out what came after it.
    async fn has_changed(
        &self,
        logged: &LoggedEntry,
        is_meant: impl Fn(&AuditEntry) -> bool,
    ) -> TableResult<bool> {
        self.has_entry_after(logged.log, logged.entry.id, is_meant).await
    }

    async fn has_entry_after(
        &self,
        log: AuditLog,
        entry: AuditEntryId,
        is_meant: impl Fn(&AuditEntry) -> bool,
    ) -> TableResult<bool> {
        let mut after = Some(entry);
        loop {
            let page = self.table.audit_entries(log, after, &AuditFilter::default()).await?;
            let mut own = page.items.iter().filter(|entry| !self.known.contains(&entry.id));
            if own.any(&is_meant) {
                return Ok(true);
            }
            after = page.next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }

    /// Whether somebody enabled the user in the restored table later than this.
    async fn was_enabled(&self, logged: &LoggedEntry) -> TableResult<bool> {
        let enabled = AuditAction::UserEnabled.as_str();
        self.has_changed(logged, |own| own.action == enabled).await
    }

    async fn disable(&self, id: UserId, entry: &LoggedEntry) -> TableResult<Outcome> {
        if self.user(id).await?.disabled || self.was_enabled(entry).await? {
            return Ok(Outcome::Unchanged);
        }
        self.table.set_disabled(&self.operator, id, true).await?;
        Ok(Outcome::Done)
    }

    async fn revoke_token(
        &self,
        user: UserId,
        tokens: &[TokenId],
        with_descendants: bool,
    ) -> TableResult<Outcome> {
        for token in tokens {
            let revoked = if with_descendants {
                revoke::revoke_with_descendants(self.table, &UserRef::Id(user), *token).await
            } else {
                self.table.delete_token(&self.operator, user, *token).commit().await
            };
            match revoked {
                Err(Error::NotFound(_)) => (),
                outcome => return outcome.map(|()| Outcome::Done),
            }
        }
        Ok(Outcome::Unchanged)
    }

    async fn renew_s3_key(&self, id: UserId, entry: &LoggedEntry) -> TableResult<Outcome> {
        let renewed = AuditAction::S3KeyRenewed.as_str();
        let is_renewal = |own: &AuditEntry| own.action == renewed || has_set(own, "s3Key");
        let user = self.user(id).await?;
        let Some(key) = user.s3_key.as_ref() else { return Ok(Outcome::Unchanged) };
        let secret = |own: &User| own.s3_key.as_ref().map(|key| key.nonce.clone());
        if self.is_as_in_old(&user, secret).await? || self.has_changed(entry, is_renewal).await? {
            return Ok(Outcome::Unchanged);
        }
        let key = key.renewed()?;
        self.table.replace_s3_key(&self.operator, &user, key)?.commit().await?;
        Ok(Outcome::Done)
    }

    async fn end_invitations_by(&self, id: UserId, entry: &LoggedEntry) -> TableResult<Outcome> {
        let revoked = AuditAction::InvitationRevoked.as_str();
        let is_end = |own: &AuditEntry| own.action == revoked || has_set(own, "invitations");
        let user = self.user(id).await?;
        if self.is_as_in_old(&user, |own| own.invitation_epoch).await?
            || self.has_changed(entry, is_end).await?
        {
            return Ok(Outcome::Unchanged);
        }
        self.table.revoke_invitations_by(&self.operator, id).await?;
        Ok(Outcome::Done)
    }

    /// Gives a user the password of the old table, else one that nobody knows.
    async fn change_password(&self, user: &Stored<User>, revoke_keys: bool) -> TableResult<()> {
        let known = match self.old {
            Some(old) => {
                old.user_and(user.id, ()).await?.0.and_then(|own| own.into_inner().password_hash)
            }
            None => None,
        };
        let hash = match known {
            Some(hash) => hash,
            None => password::hash(&hex(&random::bytes::<18>()?))?,
        };
        let password = PasswordChange { hash, revoke_keys, is_reused: false };
        let (operator, change) = (&self.operator, UserChange::default());
        self.table.change_password(operator, user, &change, password)?.commit().await.map(drop)
    }

    /// Gives a user the second factor of the old table. Without that one goes off that is off
    /// since; of any other the log has no secret.
    async fn set_second_factor(
        &self,
        id: UserId,
        is_on: bool,
        entry: &LoggedEntry,
    ) -> TableResult<Outcome> {
        if self.is_outdated(entry, &SECOND_FACTOR).await? {
            return Ok(Outcome::Unchanged);
        }
        let there = match self.old {
            Some(old) => {
                let (user, factor) = old.user_and(id, fetch::second_factor()).await?;
                user.ok_or(Error::NotFound("user"))?;
                factor
            }
            None if is_on => {
                let reason = "the second factor, or its recovery codes, is as it was then: the \
                              log has no secret";
                return Ok(Outcome::Left(reason.to_owned()));
            }
            None => None,
        };
        let (user, here) = self.table.user_and(id, fetch::second_factor()).await?;
        let user = user.ok_or(Error::NotFound("user"))?;
        let is_same = match (&there, &here) {
            (Some(there), Some(here)) => **there == **here,
            (there, here) => there.is_none() && here.is_none(),
        };
        if is_same {
            return Ok(Outcome::Unchanged);
        }
        let there = there.as_deref();
        self.table.copy_second_factor(&self.operator, &user, there)?.commit().await?;
        Ok(Outcome::Done)
    }

    /// Ends the proofs of addresses that ended with the first password of the user's own.
    async fn end_proofs(&self, id: UserId, entry: &LoggedEntry) -> TableResult<Outcome> {
        let updated = AuditAction::EmailUpdated.as_str();
        let is_end = |own: &AuditEntry| own.action == updated && has_set(own, "provedAt");
        let user = self.user(id).await?;
        if user.proof_epoch >= user.credential_epoch || self.has_changed(entry, is_end).await? {
            return Ok(Outcome::Unchanged);
        }
        self.table.end_email_proofs(&self.operator, &user)?.commit().await?;
        Ok(Outcome::Done)
    }

    /// Takes the scopes from a client that it has no more, and from what it was granted also those
    /// that it lost and got back.
    async fn limit_client(
        &self,
        id: ClientId,
        scopes: &BTreeSet<Scope>,
        lost_by: &BTreeMap<Scope, AuditEntryId>,
    ) -> TableResult<Outcome> {
        let client = self.table.client(id).await?.ok_or(Error::NotFound("client"))?;
        let there = match self.old {
            Some(old) => old.client(id).await?,
            None => None,
        };
        let kept: BTreeSet<Scope> = client.scopes.intersection(scopes).copied().collect();
        let mut lost = BTreeSet::new();
        for (scope, entry) in lost_by.iter().filter(|(scope, _)| kept.contains(*scope)) {
            let is_same = |there: &Client| {
                there.scopes.contains(scope)
                    && there.scopes_since.get(scope) == client.scopes_since.get(scope)
            };
            if !there.as_deref().is_some_and(is_same) && !self.has_lost(id, *scope, *entry).await? {
                lost.insert(*scope);
            }
        }
        if kept == client.scopes && lost.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let change = ClientChange { scopes: Some(kept), lost, ..ClientChange::default() };
        self.table.change_client(&self.operator, id, &change).await?;
        Ok(Outcome::Done)
    }

    /// Whether a scope was taken in the restored table, later than this, from what a client was
    /// granted: by an earlier run, or by somebody who uses it already.
    async fn has_lost(&self, id: ClientId, scope: Scope, entry: AuditEntryId) -> TableResult<bool> {
        let (id, updated) = (id.to_string(), AuditAction::ClientUpdated.as_str());
        let is_loss = |own: &AuditEntry| {
            own.target.id == id
                && own.action == updated
                && has_set(own, "scopes")
                && ends_scope(own, scope)
        };
        self.has_entry_after(AuditLog::Service, entry, is_loss).await
    }

    async fn end_invitation(
        &self,
        account: AccountId,
        audit_id: InvitationAuditId,
    ) -> TableResult<Outcome> {
        let all = self.table.invitations(account).await?;
        let is_meant =
            |own: &&Invitation| own.audit_id == audit_id && own.state == InvitationState::Pending;
        let Some(found) = all.iter().find(is_meant) else { return Ok(Outcome::Unchanged) };
        let id = InvitationId::from(&found.address);
        let wanted = fetch::invitation(account, id);
        let (access, stored) = self.table.user_and(found.inviter.user, wanted).await?.1;
        // Without an admin who sent it, nobody joins by it.
        let (Ok(admin), Some(stored)) = (access.admin(), stored) else {
            return Ok(Outcome::Unchanged);
        };
        self.table.revoke_invitation(&self.operator, &admin, &stored)?.commit().await?;
        Ok(Outcome::Done)
    }

    /// Ends what a user sent to an account before it was no admin there for a time; it is one again.
    async fn end_invitations_of(
        &self,
        account: AccountId,
        user: UserId,
        entry: &LoggedEntry,
    ) -> TableResult<Outcome> {
        let (operator, until) = (&self.operator, entry.entry.at);
        let ended = self.table.revoke_invitations_of(operator, account, user, until).await?;
        Ok(if ended.is_empty() { Outcome::Unchanged } else { Outcome::Done })
    }

    async fn demote(
        &self,
        account: AccountId,
        user: UserId,
        entry: &LoggedEntry,
    ) -> TableResult<Outcome> {
        let access = self.table.user_and(user, fetch::account_access(account)).await?.1;
        if !access.role().is_ok_and(|role| role == Role::Admin)
            || self.is_outdated(entry, &MEMBERSHIP).await?
        {
            return Ok(Outcome::Unchanged);
        }
        self.table.set_role(&self.operator, account, user, Role::Member).await?;
        Ok(Outcome::Done)
    }

    async fn check_owner(&self, account: AccountId, owner: UserId) -> TableResult<Outcome> {
        let access = self.table.user_and(owner, fetch::account_access(account)).await?.1;
        if access.member()?.owner == owner {
            return Ok(Outcome::Unchanged);
        }
        Ok(Outcome::Left("the account was handed over since to another owner".to_owned()))
    }

    /// What of a client's settings was changed may keep strangers out, and no log says to what.
    async fn check_client(
        &self,
        id: ClientId,
        settings: &[String],
        entry: &LoggedEntry,
    ) -> TableResult<Outcome> {
        self.table.client(id).await?.ok_or(Error::NotFound("client"))?;
        let updated = AuditAction::ClientUpdated.as_str();
        let is_set_again = |own: &AuditEntry| {
            own.target == entry.entry.target
                && own.action == updated
                && settings.iter().all(|setting| own.changed.contains(setting))
        };
        if self.has_changed(entry, is_set_again).await? {
            return Ok(Outcome::Unchanged);
        }
        let settings = settings.join(" and ");
        Ok(Outcome::Left(format!("{settings} of the client changed; the log does not say to what")))
    }

    async fn delete_user(&self, id: UserId, entry: &LoggedEntry) -> Result<Outcome> {
        match self.user(id).await {
            Err(Error::NotFound(_)) => return Ok(Outcome::Unchanged),
            Err(error) => return Err(error.into()),
            Ok(_) => (),
        }
        if self.was_enabled(entry).await? {
            return Ok(Outcome::Left(
                "the user was enabled since on the restored table".to_owned(),
            ));
        }
        Ok(match delete_user::delete(self.table, id).await? {
            UserDeletion::Finished => Outcome::Done,
            UserDeletion::Blocked(_) | UserDeletion::NotBegun => {
                Outcome::Left("the user owns an account that no other admin can own".to_owned())
            }
        })
    }
}

/// What is written of a membership.
const MEMBERSHIP: [AuditAction; 3] =
    [AuditAction::MemberAdded, AuditAction::MemberRoleChanged, AuditAction::MemberRemoved];

/// What is written of a second factor.
const SECOND_FACTOR: [AuditAction; 4] = [
    AuditAction::SecondFactorOn,
    AuditAction::SecondFactorOff,
    AuditAction::RecoveryCodesRenewed,
    AuditAction::RecoveryCodeUsed,
];

fn has_set(entry: &AuditEntry, name: &str) -> bool {
    entry.changed.iter().any(|field| field == name)
}

/// What is not there any more has ended; what the table's own rules forbid is left to the operator.
fn ended(outcome: TableResult<Outcome>) -> TableResult<Outcome> {
    match outcome {
        Err(Error::NotFound(_)) => Ok(Outcome::Unchanged),
        Err(
            reason @ (Error::Conflict(_)
            | Error::Forbidden(_)
            | Error::OwnerMustTransfer
            | Error::LastWayIn
            | Error::LastAdmin),
        ) => Ok(Outcome::Left(reason.to_string())),
        outcome => outcome,
    }
}
