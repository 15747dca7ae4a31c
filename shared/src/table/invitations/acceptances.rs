//! Accepting and declining invitations.

use crate::model::{
    Account, AccountId, AuditAction, Counts, Email, EmailProof, Invitation, InvitationId,
    InvitationState, Lineage, MailToken, Maker, Membership, Slug, Timestamp, User, UserId,
    Username,
};
use crate::table::accounts::{AccountAccess, FetchedAccount, member_added};
use crate::table::counts::existing;
use crate::table::engine::{
    Actor, Condition, EMAIL, Fetch, Items, Key, Keyed, OnConditionFailed, Stored, Table, Trail,
    Transaction, user_partition,
};
use crate::table::invitations::sending::{has_sender, sender_keys};
use crate::table::users::{EmailOwner, FreeNames, NewUser};
use crate::table::write::Write;
use crate::telemetry::SecurityEvent;
use crate::telemetry::request::observe;
use crate::{Error, InvitationEnd, Result, limits};

const CONFLICT: OnConditionFailed = || Error::WriteConflict;
const REVOKED: Error = Error::InvitationEnded(InvitationEnd::Revoked);

/// The caller's acceptance of an invitation.
pub struct Acceptance {
    pub(in crate::table) account: AccountId,
    pub(in crate::table) invitation: InvitationId,
    pub(in crate::table) owner_check: OwnerCheck,
}

/// When an acceptance finds out who has the address, if the caller does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerCheck {
    /// With the write, which requires that nobody has it: [`Error::WriteConflict`] if somebody does.
    InWrite,
    /// Before it, which costs a round trip, or two if somebody has it.
    BeforeWrite,
}

/// What it rests on.
pub struct FetchedAcceptance {
    invitation: Option<Stored<Invitation>>,
    access: FetchedAccount,
    counts: Option<Stored<Counts>>,
    owner_check: OwnerCheck,
}

/// An invitation whose link somebody has, and its account.
pub struct LinkedInvitation {
    /// The invitation.
    pub invitation: Stored<Invitation>,
    /// The account.
    pub account: Stored<Account>,
}

impl Fetch for Acceptance {
    type Output = FetchedAcceptance;

    fn keys(&self, caller: UserId) -> Vec<Key> {
        let mut keys = AccountAccess(self.account).keys(caller);
        keys.extend([Key::invitation(self.account, self.invitation), Key::counts(caller)]);
        keys
    }

    fn extract(self, caller: UserId, items: &mut Items) -> Result<FetchedAcceptance> {
        Ok(FetchedAcceptance {
            access: AccountAccess(self.account).extract(caller, items)?,
            invitation: items.take(&Key::invitation(self.account, self.invitation))?,
            counts: items.take(&Key::counts(caller))?,
            owner_check: self.owner_check,
        })
    }
}

impl LinkedInvitation {
    /// [`Error::LimitReached`] if the account has as many members as are allowed.
    pub(crate) fn check_room(&self) -> Result<()> {
        Error::check_room(limits::MEMBERS, self.account.member_count as usize)
    }

    /// The invitation that this token is for, whatever has become of it.
    ///
    /// [`Error::LinkEnded`] if there is none, or the token never was one; the account may be gone.
    fn new(
        invitation: Option<Stored<Invitation>>,
        account: Option<Stored<Account>>,
        token: &MailToken,
    ) -> Result<Self> {
        let invitation = invitation.ok_or(Error::LinkEnded)?;
        if !token.matches(&invitation.secret_hash) {
            let is_replaced = invitation.had_link(&token.secret_hash());
            let replaced = Error::InvitationEnded(InvitationEnd::Replaced);
            return Err(if is_replaced { replaced } else { Error::LinkEnded });
        }
        Ok(Self { invitation, account: account.ok_or(REVOKED)? })
    }
}

impl Table {
    /// The invitation whose link somebody has, if it waits: two round trips.
    ///
    /// [`Error::LinkEnded`] or [`Error::InvitationEnded`] if it does not.
    pub async fn open_invitation(
        &self,
        account: AccountId,
        id: InvitationId,
        token: &MailToken,
    ) -> Result<LinkedInvitation> {
        let linked = self.linked_invitation(account, id, token).await?;
        linked.invitation.check_open(Timestamp::now())?;
        self.check_works(&linked.invitation).await?;
        Ok(linked)
    }

    /// The invitation whose link somebody has, whatever has become of it: one round trip.
    async fn linked_invitation(
        &self,
        account: AccountId,
        id: InvitationId,
        token: &MailToken,
    ) -> Result<LinkedInvitation> {
        let (account, id) = (Key::account(account), Key::invitation(account, id));
        let mut items = self.batch_get(vec![account.clone(), id.clone()]).await?;
        LinkedInvitation::new(items.take(&id)?, items.take(&account)?, token)
    }

    /// [`Error::InvitationEnded`] if whoever sent it may not invite any more, [`Error::WriteConflict`]
    /// if it is not as it was read.
    async fn check_works(&self, invitation: &Stored<Invitation>) -> Result<()> {
        let keys = sender_keys(invitation).into_iter().chain([invitation.key()]);
        let items = self.batch_get(keys.collect()).await?;
        let now: Option<Stored<Invitation>> = items.peek(&invitation.key())?;
        if now.is_none_or(|now| now.version != invitation.version) {
            return Err(Error::WriteConflict);
        }
        if has_sender(invitation, &items)? { Ok(()) } else { Err(REVOKED) }
    }

    /// The addresses of a user, as they were read.
    pub async fn stored_emails(&self, user: UserId) -> Result<Vec<Stored<Email>>> {
        self.query_stored(user_partition(user), EMAIL).await
    }

    /// Makes a user who is invited a member of the account. What the link was mailed to is proved by
    /// it, and becomes the user's if nobody has proved it. If the user has joined by it already,
    /// nothing happens.
    ///
    /// In this order: [`Error::LinkEnded`] or [`Error::InvitationEnded`]; [`Error::OtherRecipient`] if
    /// the address is somebody else's; [`Error::AlreadyMember`]; [`Error::LimitReached`] if the
    /// account, or the user, has as many memberships as are allowed, or the user as many addresses.
    /// [`Error::WriteConflict`] of [`OwnerCheck::InWrite`] if somebody else has the address.
    pub async fn accept_invitation(
        &self,
        actor: &Actor,
        user: &Stored<User>,
        emails: Vec<Stored<Email>>,
        token: &MailToken,
        fetched: FetchedAcceptance,
    ) -> Result<Write<'_, (LinkedInvitation, Membership)>> {
        let FetchedAcceptance { invitation, access, counts, owner_check } = fetched;
        let FetchedAccount { account, membership } = access;
        let linked = LinkedInvitation::new(invitation, account, token)?;
        let LinkedInvitation { invitation, account } = &linked;
        if let Some(membership) = membership.as_deref()
            && invitation.accepted_by == Some(user.id)
        {
            let nothing = Transaction::without_trail(self, actor, ACTION);
            return Ok(Write::new(nothing, (linked, *membership)));
        }
        invitation.check_open(Timestamp::now())?;
        // Who sent it and has left: it ended with that membership.
        if membership.is_none() && invitation.inviter.user == user.id {
            return Err(REVOKED);
        }
        let counts = existing(counts.as_ref())?;
        let is_invited = |own: &Stored<Email>| own.address.same_as(&invitation.address);
        let own = emails.into_iter().find(is_invited);
        let room = check_room(account, membership.as_deref(), counts).and_then(|()| {
            if own.is_some() {
                return Ok(());
            }
            Error::check_room(limits::EMAILS, user.email_count as usize)
        });
        // Whose the address is comes before what there is no room for.
        let owner_check = if room.is_ok() { owner_check } else { OwnerCheck::BeforeWrite };
        let recipient = self.recipient(user, invitation, own, owner_check).await;
        let owner = match recipient.and_then(|owner| room.map(|()| owner)) {
            Ok(owner) => {
                // The write has one condition for the sender who loses the address.
                if owner.is_held_by(invitation.inviter.user) {
                    self.check_works(invitation).await?;
                }
                owner
            }
            // Whether the invitation works comes before who may use it.
            Err(error) => {
                self.check_works(invitation).await?;
                return Err(error);
            }
        };
        let member = new_member(invitation, user.id);
        let has_proved = matches!(&owner, EmailOwner::Own(own) if user.has_proved(own));
        let proves = invitation.by_mail && !has_proved;
        let write = Transaction::new(self, actor, ACTION, accepted(invitation, &member))
            .join_by_invitation(invitation, &member)?
            .count_membership(user.id)
            .prove_invited(actor, user, counts, invitation, &owner)?
            .require_sender(invitation);
        let event = proves.then_some(SecurityEvent::EmailProved);
        Ok(Write::new(write, (linked, member)).recorded_as(event))
    }

    /// Who has the address that was invited, as far as this user may join.
    ///
    /// [`Error::OtherRecipient`] if it is somebody else's.
    async fn recipient(
        &self,
        user: &User,
        invitation: &Invitation,
        own: Option<Stored<Email>>,
        check: OwnerCheck,
    ) -> Result<EmailOwner> {
        if let Some(own) = own {
            return Ok(EmailOwner::Own(Box::new(own)));
        }
        // Whoever has a link that was handed over has not read the address's mail.
        if !invitation.by_mail {
            return Err(Error::OtherRecipient);
        }
        if check == OwnerCheck::InWrite {
            return Ok(EmailOwner::Nobody);
        }
        match self.email_owner(&invitation.address, Some(user.id)).await? {
            EmailOwner::Proved(_) => Err(Error::OtherRecipient),
            owner => Ok(owner),
        }
    }

    /// The invitation whose link somebody has who is nobody yet, if it waits, with a free username
    /// and slug; none if the username is taken.
    ///
    /// [`Error::LinkEnded`] or [`Error::InvitationEnded`] if it does not wait.
    pub async fn open_invitation_with_names(
        &self,
        account: AccountId,
        id: InvitationId,
        token: &MailToken,
        names: FreeNames,
    ) -> Result<(LinkedInvitation, Option<(Username, Slug)>)> {
        let nobody = UserId::generate();
        let (account, id) = (Key::account(account), Key::invitation(account, id));
        let mut keys = names.keys(nobody);
        keys.extend([account.clone(), id.clone()]);
        let mut items = self.batch_get(keys).await?;
        let linked = LinkedInvitation::new(items.take(&id)?, items.take(&account)?, token)?;
        linked.invitation.check_open(Timestamp::now())?;
        Ok((linked, names.extract(nobody, &mut items)?))
    }

    /// Who has the address that was invited, for somebody who becomes a user by it.
    ///
    /// [`Error::InvitationEnded`] if whoever sent it is no admin any more;
    /// [`Error::MissingCredential`] if a user has the address (of a mailed link: has proved it), who
    /// has to sign in.
    pub async fn new_recipient(&self, invitation: &Stored<Invitation>) -> Result<EmailOwner> {
        let (inviter, owner) = tokio::join!(
            self.check_works(invitation),
            self.email_owner(&invitation.address, None),
        );
        inviter?;
        match owner? {
            EmailOwner::Nobody => Ok(EmailOwner::Nobody),
            holder @ EmailOwner::Holder(_) if invitation.by_mail => Ok(holder),
            EmailOwner::Own(_) | EmailOwner::Holder(_) | EmailOwner::Proved(_) => {
                Err(Error::MissingCredential)
            }
        }
    }

    /// Makes the user who joins by an invitation. What its link was mailed to is proved by it.
    ///
    /// The errors of [`Table::create_user_with`], and those of [`Table::accept_invitation`];
    /// [`Error::WriteConflict`] if somebody has the address who is not named as its owner.
    pub fn create_invited_user(
        &self,
        actor: &Actor,
        linked: &LinkedInvitation,
        owner: EmailOwner,
        new: NewUser,
        slug: Slug,
    ) -> Result<Write<'_, (User, Membership)>> {
        linked.check_room()?;
        let invitation = &linked.invitation;
        let takes_email_from = match owner {
            EmailOwner::Holder(holder) => Some(holder),
            EmailOwner::Nobody | EmailOwner::Own(_) | EmailOwner::Proved(_) => None,
        };
        let proved_at = invitation.by_mail.then(Timestamp::now);
        let invited_to = Some(invitation.account);
        let root = Some(invitation.inviter.root_maker);
        // Whoever has a link that was handed over may be whoever handed it over. Whoever reads the
        // mail may be, too, with any number of addresses, which must not multiply what one may do.
        let (root_maker, root_inviter) =
            if invitation.by_mail { (None, root) } else { (root, None) };
        let new =
            NewUser { proved_at, takes_email_from, invited_to, root_maker, root_inviter, ..new };
        let (user, write) = self.create_user_with(actor, new, slug)?.split();
        let member = new_member(invitation, user.id);
        let write = write.and(|transaction| {
            let trail = accepted(invitation, &member);
            let joined = transaction.leaving(trail).join_by_invitation(invitation, &member)?;
            Ok(joined.require_sender(invitation))
        })?;
        Ok(write.with_outcome((user, member)))
    }

    /// Declines an invitation by its link. One that was declined stays so.
    ///
    /// [`Error::LinkEnded`] or [`Error::InvitationEnded`] if it does not wait, or whoever sent it is
    /// no admin any more.
    pub async fn decline_invitation(
        &self,
        actor: &Actor,
        account: AccountId,
        id: InvitationId,
        token: &MailToken,
    ) -> Result<Write<'_, ()>> {
        const ACTION: &str = "decline an invitation";
        let LinkedInvitation { invitation, .. } =
            self.linked_invitation(account, id, token).await?;
        if invitation.state == InvitationState::Declined {
            return Ok(Write::new(Transaction::without_trail(self, actor, ACTION), ()));
        }
        invitation.check_open(Timestamp::now())?;
        let declined = Trail::of_account(account, AuditAction::InvitationDeclined);
        let declined = declined.to(invitation.audit_id);
        let write = Transaction::new(self, actor, ACTION, declined)
            .end_invitation(&invitation, InvitationState::Declined, None)?
            .check(Key::account(account), Condition::present(), || REVOKED)
            .check_inviter(&invitation)
            .require_sender(&invitation);
        Ok(Write::new(write, ()))
    }
}

const ACTION: &str = "accept an invitation";

/// [`Error::AlreadyMember`]; [`Error::LimitReached`] if the account, or the user, has as many
/// memberships as are allowed.
fn check_room(account: &Account, membership: Option<&Membership>, counts: &Counts) -> Result<()> {
    if membership.is_some() {
        return Err(Error::AlreadyMember);
    }
    Error::check_room(limits::MEMBERS, account.member_count as usize)?;
    Error::check_room(limits::MEMBERSHIPS, counts.memberships as usize)
}

fn new_member(invitation: &Invitation, user: UserId) -> Membership {
    observe(|observed| observed.account = Some(invitation.account.to_string()));
    let (account, role) = (invitation.account, invitation.role);
    Membership { account, user, role, joined_at: Timestamp::now() }
}

/// What an acceptance leaves in the account's log, beside the new membership.
fn accepted(invitation: &Invitation, member: &Membership) -> Trail {
    Trail::of_account(invitation.account, AuditAction::InvitationAccepted)
        .to(invitation.audit_id)
        .with("user", &member.user)
        .with("role", member.role.as_str())
}

impl Transaction<'_> {
    /// Uses an invitation up, and adds the member. Whoever sent it must have been an admin ever since.
    /// These conditions come first: whether the invitation works is what is told first.
    fn join_by_invitation(
        self,
        invitation: &Stored<Invitation>,
        member: &Membership,
    ) -> Result<Self> {
        let joined = member_added(member).with("invitedBy", &invitation.inviter.user);
        let joined = self
            .leaving(joined)
            .insert_member(member, CONFLICT)?
            .check_inviter(invitation)
            .prioritize_last();
        let accepted_by = Some(member.user);
        joined.end_invitation_first(invitation, accepted_by)
    }

    /// Requires that whoever sent an invitation has been an admin ever since.
    fn check_inviter(self, invitation: &Invitation) -> Self {
        let inviter = invitation.inviter;
        let still = Condition::is_admin()
            .and(Condition::version(inviter.membership_version))
            .and(Condition::one_of("joinedAt", [inviter.joined_at.to_string()]));
        self.check(Key::membership(inviter.user, invitation.account), still, || REVOKED)
    }

    /// Requires that whoever sent an invitation is not disabled, and has done nothing since that ends
    /// invitations. It comes last, since another action may be on the sender, who loses the address.
    fn require_sender(self, invitation: &Invitation) -> Self {
        let inviter = invitation.inviter;
        let still = Condition::same_invitations(inviter.invitation_epoch);
        self.require_or(Key::user(inviter.user), still, || REVOKED)
    }

    /// Ends an accepted invitation, before all else.
    fn end_invitation_first(
        self,
        invitation: &Stored<Invitation>,
        accepted_by: Option<UserId>,
    ) -> Result<Self> {
        // The invitation and the list of those that wait.
        let ended = self.end_invitation(invitation, InvitationState::Accepted, accepted_by)?;
        Ok(ended.prioritize_last().prioritize_last())
    }

    /// Proves the address that was invited, if its link came by mail and the user has not proved it;
    /// else requires that the user still has it.
    fn prove_invited(
        self,
        actor: &Actor,
        user: &Stored<User>,
        counts: &Stored<Counts>,
        invitation: &Invitation,
        owner: &EmailOwner,
    ) -> Result<Self> {
        let (maker, now) = (actor.maker_for(user.id), Timestamp::now());
        if let EmailOwner::Own(own) = owner {
            // A proof that a token asked for becomes the user's own with the password.
            let is_stronger = invitation.by_mail && maker.is_none() && own.is_proved_by_token();
            if user.has_proved(own) && !is_stronger {
                return Ok(self.check(own.key(), Condition::has("provedAt"), CONFLICT));
            }
            if !invitation.by_mail {
                return Ok(self.check(own.key(), Condition::present(), CONFLICT));
            }
        }
        let proof = EmailProof {
            user: user.id,
            address: invitation.address.clone(),
            secret_hash: invitation.secret_hash.clone(),
            epoch: user.credential_epoch,
            asked_with: maker.map(Maker::id),
            lineage: Lineage::made_by(maker, |maker| counts.has_maker(user, maker)),
            expires_at: invitation.expires_at,
            used_at: Some(now),
        };
        self.leaving(Trail::of_user(user.id, AuditAction::EmailProved))
            .prove_address(user, &proof, owner, now)
    }
}
