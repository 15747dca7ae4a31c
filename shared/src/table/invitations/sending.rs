//! Invitations that admins send, see and revoke.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::failed;
use crate::lifetimes::{DAY, HOUR, INVITATION_KEPT};
use crate::limits::{
    MAX_INVITATION_HOURS, MAX_INVITATIONS_A_DAY, MAX_INVITATIONS_OF_A_USER_A_DAY,
    PENDING_INVITATIONS,
};
use crate::model::{
    Account, AccountId, AuditAction, Email, EmailAddress, Invitation, InvitationAuditId,
    InvitationId, InvitationState, Inviter, Mail, MailKind, MailLink, MailRequestKind,
    MailedAccount, Membership, PendingInvitations, Role, SecretHash, Timestamp, User, UserId,
    seconds_after,
};
use crate::table::accounts::{AccountAccess, AdminOf, FetchedAccount};
use crate::table::counts::day_and_end;
use crate::table::engine::{
    Actor, Changes, Claim, Condition, Fetch, INVITE, Item, Items, Key, Keyed, OnConditionFailed,
    Stored, TTL, Table, Trail, Transaction, account_partition, expiring,
};
use crate::table::mail::MailRateLimit;
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::telemetry::request::observe;
use crate::timeouts::AWS_ATTEMPT;
use crate::{Error, Result};

const KIND: MailRequestKind = MailRequestKind::Invitation;
const CONFLICT: OnConditionFailed = || Error::WriteConflict;
/// The name of the operation in errors.
const REVOKE: &str = "revoke an invitation";
/// The `type` of the items that count what an account sends on a day.
const COUNT_OF_INVITED: &str = "invited";
/// How long the list of those that wait is kept after the last one was sent: longer than any of them
/// waits.
const PENDING_KEPT: i64 = MAX_INVITATION_HOURS.cast_signed() * HOUR + INVITATION_KEPT;

impl Item for Invitation {
    const TYPE: &'static str = "invitation";
}

impl Keyed for Invitation {
    fn key(&self) -> Key {
        Key::invitation(self.account, self.id())
    }
}

impl Item for PendingInvitations {
    const TYPE: &'static str = "pendingInvitations";
}

impl Keyed for PendingInvitations {
    fn key(&self) -> Key {
        Key::pending_invitations(self.account)
    }
}

/// An invitation that the caller sends.
pub struct InvitationRequest {
    pub(in crate::table) account: AccountId,
    pub(in crate::table) address: EmailAddress,
}

/// What it rests on.
pub struct FetchedInvitation {
    access: FetchedAccount,
    existing: Option<Stored<Invitation>>,
    pending: Option<Stored<PendingInvitations>>,
    /// Who has the address.
    owner: Option<UserId>,
    asked: MailRateLimit,
}

/// An invitation of an account, with the caller's membership.
pub struct InvitationAt {
    pub(in crate::table) account: AccountId,
    pub(in crate::table) invitation: InvitationId,
}

/// What an admin sends.
pub struct NewInvitation {
    /// Who is invited.
    pub address: EmailAddress,
    /// What they may do in the account.
    pub role: Role,
    /// How long it waits, in hours.
    pub hours: u64,
    /// The secret of its link.
    pub secret_hash: SecretHash,
    /// The link for the mail; none if the admin hands it over.
    pub mail: Option<MailLink>,
}

/// An invitation that was sent.
pub struct SentInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// Whether there was none that waited.
    pub is_new: bool,
}

impl Fetch for InvitationRequest {
    type Output = FetchedInvitation;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let Self { account, address } = self;
        vec![
            Key::account(*account),
            Key::membership(caller, *account),
            Key::invitation(*account, address.into()),
            Key::pending_invitations(*account),
            Key::email_claim(address),
            MailRateLimit::key(address.digest(), KIND),
        ]
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<FetchedInvitation> {
        let Self { account, address } = self;
        let claim: Option<Stored<Claim>> = items.take(&Key::email_claim(&address))?;
        Ok(FetchedInvitation {
            access: AccountAccess(account).extract(caller, items)?,
            existing: items.take(&Key::invitation(account, (&address).into()))?,
            pending: items.take(&Key::pending_invitations(account))?,
            owner: claim.and_then(|claim| claim.user),
            asked: MailRateLimit::extract(address.digest(), KIND, items)?,
        })
    }
}

impl Fetch for InvitationAt {
    type Output = (FetchedAccount, Option<Stored<Invitation>>);

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = AccountAccess(self.account).keys(caller);
        keys.push(Key::invitation(self.account, self.invitation));
        keys
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<Self::Output> {
        let access = AccountAccess(self.account).extract(caller, items)?;
        Ok((access, items.take(&Key::invitation(self.account, self.invitation))?))
    }
}

impl FetchedInvitation {
    /// The account, if there is one.
    pub fn account(&self) -> Option<Stored<Account>> {
        self.access.account.clone()
    }

    /// The proof of an admin, with the membership that the invitation rests on.
    fn admin(access: FetchedAccount) -> Result<(AdminOf, Stored<Membership>)> {
        let membership = access.membership.clone();
        Ok((access.admin()?, membership.ok_or(Error::WriteConflict)?))
    }
}

impl Table {
    /// Sends an invitation, or sends one that waits or has expired again: then its earlier link works
    /// no more. The calls are the same whoever has the address.
    ///
    /// [`Error::AddressNotProved`] unless the admin has proved an address, [`Error::AlreadyMember`]
    /// if the address is a member's primary one, [`Error::TooManyMails`] if the address was invited
    /// too often or the account invites too many, [`Error::LimitReached`] if too many wait.
    pub async fn invite(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        emails: &[Email],
        new: NewInvitation,
        fetched: FetchedInvitation,
    ) -> Result<Write<'_, SentInvitation>> {
        let FetchedInvitation { access, existing, pending, owner, asked } = fetched;
        let (admin, membership) = FetchedInvitation::admin(access)?;
        let proved = emails.iter().find(|email| user.has_proved(email));
        let proved = proved.ok_or(Error::AddressNotProved)?;
        let account = admin.account.id;
        let is_open = self.check_invited(account, &new.address, owner, existing.as_ref()).await?;
        if new.mail.is_some() {
            asked.check_room()?;
        }
        let now = Timestamp::now();
        let id = InvitationId::from(&new.address);
        let gone = match &pending {
            Some(pending) => self.room_for(pending, id, now).await?,
            None => Vec::new(),
        };
        let mail = new.mail.clone();
        let inviter = Inviter::new(user, &membership, membership.version);
        let invitation = invitation(account, inviter, new, existing.as_deref(), is_open, now)?;
        let trail = Trail::of_account(account, AuditAction::InvitationSent)
            .to(invitation.audit_id)
            .with("role", invitation.role.as_str())
            .with("delivery", if invitation.by_mail { "mail" } else { "link" });
        let mut write = Transaction::new(self, actor, "send an invitation", trail)
            .put_invitation(&invitation, existing.as_ref())?
            .check(Key::account(account), Condition::present(), CONFLICT)
            .check(
                Key::membership(admin.admin, account),
                Condition::is_admin().and(Condition::version(membership.version)),
                CONFLICT,
            )
            .check(proved.key(), Condition::has("provedAt"), CONFLICT)
            .count_pending(&invitation, pending.as_ref(), &gone, now)?
            .count_invited(&invitation, now)?;
        if let Some(link) = mail {
            let mail = mail_of(&invitation, &admin, user, link, now)?;
            write = write.count_mail(&asked)?.send(&mail)?;
        }
        // Whoever sees a link has a credential.
        let event = (!invitation.by_mail).then_some(SecurityEvent::CredentialCreated);
        let sent = SentInvitation { invitation, is_new: !is_open };
        Ok(Write::new(write, sent).recorded_as(event))
    }

    /// Whether an earlier invitation can be sent again: nobody has answered or revoked it.
    ///
    /// [`Error::AlreadyMember`] if the address is a member's primary one, which admins see.
    async fn check_invited(
        &self,
        account: AccountId,
        address: &EmailAddress,
        owner: Option<UserId>,
        existing: Option<&Stored<Invitation>>,
    ) -> Result<bool> {
        let owner = owner.unwrap_or_else(UserId::generate);
        let (user, member) = (Key::user(owner), Key::membership(owner, account));
        let keys: BTreeSet<Key> = [user.clone(), member.clone()]
            .into_iter()
            .chain(existing.into_iter().flat_map(|own| sender_keys(own)))
            .collect();
        let items = self.batch_get(keys.into_iter().collect()).await?;
        let owner: Option<Stored<User>> = items.peek(&user)?;
        let is_primary = owner.is_some_and(|owner| owner.primary_email.same_as(address));
        if is_primary && items.contains(&member) {
            return Err(Error::AlreadyMember);
        }
        let Some(existing) = existing else { return Ok(false) };
        let state = existing.state_at(Timestamp::now(), has_sender(existing, &items)?);
        Ok(matches!(state, InvitationState::Pending | InvitationState::Expired))
    }

    /// Which of those that wait may give their places to this one: those that have ended. Only if
    /// there is no room without, those whose senders are no admins any more are looked for.
    ///
    /// [`Error::LimitReached`] if there is no room even so.
    async fn room_for(
        &self,
        pending: &PendingInvitations,
        id: InvitationId,
        now: Timestamp,
    ) -> Result<Vec<InvitationId>> {
        let mut gone = pending.ended(now);
        gone.retain(|own| *own != id);
        if pending.check_room(id, &gone).is_err() {
            let keys = pending.pending.keys().map(|id| Key::invitation(pending.account, *id));
            let keys: Vec<_> = keys.collect();
            let mut items = self.batch_get(keys.clone()).await?;
            let mut waiting = Vec::new();
            for key in &keys {
                waiting.extend(items.take::<Invitation>(key)?.map(Stored::into_inner));
            }
            let states = self.invitations_with_states(waiting).await?;
            let is_over = |(_, state): &&(Invitation, _)| *state != InvitationState::Pending;
            gone = states.iter().filter(is_over).map(|(own, _)| own.id()).collect();
            gone.retain(|own| *own != id);
            pending.check_room(id, &gone)?;
        }
        Ok(gone)
    }

    /// All invitations of an account that are kept.
    pub async fn invitations(&self, account: AccountId) -> Result<Vec<Invitation>> {
        self.query(account_partition(account), INVITE).await
    }

    /// These invitations of one account with what has become of them. Costs a round trip if some of
    /// them wait.
    pub async fn invitations_with_states(
        &self,
        all: Vec<Invitation>,
    ) -> Result<Vec<(Invitation, InvitationState)>> {
        let now = Timestamp::now();
        let open = all.iter().filter(|own| own.is_open(now));
        let keys: BTreeSet<Key> = open.flat_map(sender_keys).collect();
        if keys.is_empty() {
            return Ok(all
                .into_iter()
                .map(|own| (own.state_at(now, false), own))
                .map(swap)
                .collect());
        }
        let items = self.batch_get(keys.into_iter().collect()).await?;
        let state = |own: Invitation| {
            let state = own.state_at(now, has_sender(&own, &items)?);
            Ok((state, own))
        };
        all.into_iter().map(|own| state(own).map(swap)).collect()
    }

    /// Revokes an invitation: nobody joins by it any more. One that was revoked stays as it is.
    ///
    /// [`Error::Conflict`] if it was answered.
    pub fn revoke_invitation(
        &self,
        actor: &Actor,
        admin: &AdminOf,
        invitation: &Stored<Invitation>,
    ) -> Result<Write<'_, ()>> {
        match invitation.state {
            InvitationState::Revoked => {
                return Ok(Write::new(Transaction::without_trail(self, actor, REVOKE), ()));
            }
            InvitationState::Accepted | InvitationState::Declined => {
                return Err(Error::Conflict("the invitation was answered"));
            }
            InvitationState::Pending | InvitationState::Expired => {}
        }
        let write = self.revocation(actor, invitation)?;
        Ok(Write::new(write.check_admin(admin.admin, invitation.account), ()))
    }

    fn revocation(
        &self,
        actor: &Actor,
        invitation: &Stored<Invitation>,
    ) -> Result<Transaction<'_>> {
        let trail = Trail::of_account(invitation.account, AuditAction::InvitationRevoked)
            .to(invitation.audit_id);
        Transaction::new(self, actor, REVOKE, trail)
            .end_invitation(invitation, InvitationState::Revoked, None)
            .map(|ended| {
                ended.check(Key::account(invitation.account), Condition::present(), CONFLICT)
            })
    }

    /// Revokes all invitations of an account that wait, whoever sent them, for the operator; those
    /// that are sent meanwhile, too. Returns which they were. It may be interrupted and repeated.
    ///
    /// [`Error::NotFound`] without the account.
    #[cfg(feature = "operator")]
    pub async fn revoke_invitations_to(
        &self,
        actor: &Actor,
        account: AccountId,
    ) -> Result<Vec<InvitationId>> {
        self.revoke_invitations_where(actor, account, |_| true).await
    }

    /// Revokes those of an account that a user sent until then, to the millisecond, and that wait, for
    /// the operator. Returns which they were. It may be interrupted and repeated.
    ///
    /// [`Error::NotFound`] without the account.
    #[cfg(feature = "operator")]
    pub async fn revoke_invitations_of(
        &self,
        actor: &Actor,
        account: AccountId,
        user: UserId,
        until: Timestamp,
    ) -> Result<Vec<InvitationId>> {
        let until = until.as_millisecond();
        let is_meant =
            |own: &Invitation| own.inviter.user == user && own.sent_at.as_millisecond() <= until;
        self.revoke_invitations_where(actor, account, is_meant).await
    }

    #[cfg(feature = "operator")]
    async fn revoke_invitations_where(
        &self,
        actor: &Actor,
        account: AccountId,
        is_meant: impl Fn(&Invitation) -> bool,
    ) -> Result<Vec<InvitationId>> {
        let (key, mut revoked) = (Key::account(account), Vec::new());
        loop {
            let mut open: Vec<Stored<Invitation>> =
                self.query_stored(account_partition(account), INVITE).await?;
            open.retain(|own| own.is_open(Timestamp::now()) && is_meant(&own.item));
            let keys = open.iter().flat_map(|own| sender_keys(own)).chain([key.clone()]);
            let items = self.batch_get(keys.collect()).await?;
            if !items.contains(&key) {
                return Err(Error::NotFound("account"));
            }
            let mut waiting = Vec::new();
            for invitation in open {
                if may_wait(&invitation, &items)? {
                    waiting.push(invitation);
                }
            }
            if waiting.is_empty() {
                return Ok(revoked);
            }
            for invitation in &waiting {
                match self.revocation(actor, invitation)?.commit().await {
                    // Answered or sent again since: it is read again.
                    Err(Error::WriteConflict) => {}
                    outcome => {
                        outcome?;
                        revoked.push(invitation.id());
                    }
                }
            }
        }
    }

    /// Ends all invitations that a user sent and that wait, in all accounts, for the operator: as
    /// whatever ends all the user's keys does, but nothing else.
    ///
    /// [`Error::NotFound`] without the user.
    #[cfg(feature = "operator")]
    pub async fn revoke_invitations_by(&self, actor: &Actor, user: UserId) -> Result<()> {
        let revoked = Trail::of_user(user, AuditAction::InvitationRevoked);
        let changes = Changes::new().add("invitationEpoch", 1);
        Transaction::new(self, actor, "revoke the invitations of a user", revoked)
            .update(Key::user(user), changes, Condition::present(), || Error::NotFound("user"))
            .commit()
            .await
    }
}

impl Transaction<'_> {
    /// Puts an invitation, or brings an existing one to this state, whatever its state is.
    fn put_invitation(
        self,
        invitation: &Invitation,
        existing: Option<&Stored<Invitation>>,
    ) -> Result<Self> {
        let end = seconds_after(invitation.expires_at, INVITATION_KEPT)?;
        let Some(existing) = existing else {
            return self.put(expiring(invitation, end)?, Condition::absent(), CONFLICT);
        };
        // Its version grows on: what was read before must not be taken for it.
        let changes = Changes::new()
            .set_entry("links", invitation.secret_hash.as_str(), invitation.sent_at)?
            .set("auditId", invitation.audit_id)?
            .set("address", &invitation.address)?
            .set("role", invitation.role)?
            .set("state", invitation.state)?
            .set("secretHash", &invitation.secret_hash)?
            .set("byMail", invitation.by_mail)?
            .set("inviter", invitation.inviter)?
            .set("createdAt", invitation.created_at)?
            .set("sentAt", invitation.sent_at)?
            .set("expiresAt", invitation.expires_at)?
            .set(TTL, end.as_second())?
            .remove("acceptedBy");
        let forgotten = existing.forgotten_links();
        let changes =
            forgotten.iter().fold(changes, |changes, link| changes.remove_entry("links", link));
        if invitation.audit_id != existing.audit_id {
            let changes = changes.set("sendCount", invitation.send_count)?;
            let unchanged = Condition::unchanged(existing);
            return Ok(self.update(invitation.key(), changes, unchanged, CONFLICT));
        }
        // Of many who send it again at once, the last one's link works, and nobody is held up. But a
        // call whose sender has given up takes the place of no later one.
        let given_up = seconds_after(invitation.sent_at, AWS_ATTEMPT.as_secs().cast_signed())?;
        let waits = Condition::one_of("state", [InvitationState::Pending.as_str().to_owned()])
            .and(Condition::one_of("auditId", [existing.audit_id.to_string()]))
            .and(Condition::before("sentAt", given_up));
        Ok(self.update(invitation.key(), changes.add("sendCount", 1), waits, CONFLICT))
    }

    /// Ends an invitation that is as it was read, and makes room for another one.
    pub(super) fn end_invitation(
        self,
        invitation: &Stored<Invitation>,
        state: InvitationState,
        accepted_by: Option<UserId>,
    ) -> Result<Self> {
        let now = Timestamp::now();
        let changes =
            Changes::new().set("state", state)?.set(TTL, now.as_second() + INVITATION_KEPT)?;
        let changes = match accepted_by {
            Some(user) => changes.set("acceptedBy", user)?,
            None => changes,
        };
        let unchanged = Condition::unchanged(invitation);
        let ended = self.update(invitation.key(), changes, unchanged, CONFLICT);
        if !invitation.is_open(now) {
            return Ok(ended);
        }
        let fewer = Changes::new().remove_entry("pending", invitation.id());
        let pending = Key::pending_invitations(invitation.account);
        Ok(ended.update(pending, fewer, Condition::present(), CONFLICT))
    }

    /// Counts an invitation among those that wait, of which these end.
    fn count_pending(
        self,
        new: &Invitation,
        read: Option<&Stored<PendingInvitations>>,
        gone: &[InvitationId],
        now: Timestamp,
    ) -> Result<Self> {
        let (id, end) = (new.id(), now.as_second() + PENDING_KEPT);
        let Some(read) = read else {
            let pending = [(id, new.expires_at)].into();
            let first = PendingInvitations { account: new.account, pending };
            let end = seconds_after(now, PENDING_KEPT)?;
            return self.put(expiring(&first, end)?, Condition::absent(), CONFLICT);
        };
        let changes = Changes::new().set_entry("pending", id, new.expires_at)?.set(TTL, end)?;
        if gone.is_empty() {
            // Of two who send the last one at once, the other finds no room when it runs again.
            let room = Condition::fewer_entries("pending", PENDING_INVITATIONS.max);
            let room = room.or(Condition::has_entry("pending", id));
            return Ok(self.update(read.key(), changes, room, CONFLICT));
        }
        // What is removed must still be there, so that room is counted once.
        let changes = gone.iter().fold(changes, |changes, id| changes.remove_entry("pending", id));
        Ok(self.update(read.key(), changes, Condition::unchanged(read), CONFLICT))
    }

    /// Counts an invitation among those that the account sends today, and among those of whom the
    /// sender counts for: accounts cost nothing.
    fn count_invited(self, invitation: &Invitation, now: Timestamp) -> Result<Self> {
        let (day, end) = day_and_end(now).map_err(failed("count an invitation"))?;
        let counts = [
            (Key::invited(invitation.account, day), MAX_INVITATIONS_A_DAY),
            (Key::invited_by(invitation.inviter.root_maker, day), MAX_INVITATIONS_OF_A_USER_A_DAY),
        ];
        counts.into_iter().try_fold(self, |transaction, (key, max)| {
            let room = Condition::absent().or(Condition::below("invitations", max));
            let changes = Changes::or_new_item(COUNT_OF_INVITED).add("invitations", 1);
            Ok(transaction.update(key, changes.set(TTL, end.as_second())?, room, too_many))
        })
    }
}

/// The account may invite again on the next UTC day.
fn too_many() -> Error {
    let left = DAY - Timestamp::now().as_second().rem_euclid(DAY);
    Error::TooManyMails { retry_after: Duration::from_secs(left.unsigned_abs()) }
}

fn swap<A, B>((one, other): (A, B)) -> (B, A) {
    (other, one)
}

/// The sender of an invitation, and the membership by which it may be sent.
pub(super) fn sender_keys(invitation: &Invitation) -> [Key; 2] {
    let sender = invitation.inviter.user;
    [Key::user(sender), Key::membership(sender, invitation.account)]
}

/// Whether whoever sent an invitation may invite, by what was read.
pub(super) fn has_sender(invitation: &Invitation, items: &Items) -> Result<bool> {
    let [user, membership] = sender_keys(invitation);
    let user: Option<Stored<User>> = items.peek(&user)?;
    let membership: Option<Stored<Membership>> = items.peek(&membership)?;
    let membership = membership.as_ref().map(|own| (&own.item, own.version));
    Ok(invitation.has_inviter(user.as_deref(), membership))
}

/// Whether an open invitation has not ended for good with its sender: that of a disabled user works
/// again once the user is enabled.
#[cfg(feature = "operator")]
fn may_wait(invitation: &Invitation, items: &Items) -> Result<bool> {
    let [user, membership] = sender_keys(invitation);
    let enabled = |user: Stored<User>| User { disabled: false, ..user.into_inner() };
    let user: Option<User> = items.peek(&user)?.map(enabled);
    let membership: Option<Stored<Membership>> = items.peek(&membership)?;
    let membership = membership.as_ref().map(|own| (&own.item, own.version));
    Ok(invitation.has_inviter(user.as_ref(), membership))
}

/// The invitation as it is sent now: a new one, or the one that is sent again.
fn invitation(
    account: AccountId,
    inviter: Inviter,
    new: NewInvitation,
    existing: Option<&Invitation>,
    is_open: bool,
    now: Timestamp,
) -> Result<Invitation> {
    let sent_again = existing.filter(|_| is_open);
    let hours = new.hours.cast_signed();
    Ok(Invitation {
        account,
        audit_id: match sent_again {
            Some(own) => own.audit_id,
            None => InvitationAuditId::generate()?,
        },
        role: new.role,
        state: InvitationState::Pending,
        links: [(new.secret_hash.as_str().to_owned(), now)].into(),
        secret_hash: new.secret_hash,
        by_mail: new.mail.is_some(),
        address: new.address,
        inviter,
        created_at: sent_again.map_or(now, |own| own.created_at),
        sent_at: now,
        send_count: sent_again.map_or(1, |own| own.send_count + 1),
        expires_at: seconds_after(now, hours * HOUR)?,
        accepted_by: None,
    })
}

fn mail_of(
    invitation: &Invitation,
    AdminOf { account, .. }: &AdminOf,
    inviter: &User,
    link: MailLink,
    now: Timestamp,
) -> Result<Mail> {
    let lifetime = invitation.expires_at.as_second() - now.as_second();
    let recipient = invitation.address.clone();
    // The address may be a stranger's: the mail does not call them by a name.
    let mail = Mail::requested(MailKind::Invitation, recipient, None, Some(link), lifetime)?;
    let about = MailedAccount {
        name: account.name.as_str().to_owned(),
        role: invitation.role,
        invited_by: inviter.display_name().to_owned(),
    };
    observe(|observed| observed.account = Some(account.id.to_string()));
    Ok(Mail { account: Some(about), at: now, not_after: invitation.expires_at, ..mail })
}
