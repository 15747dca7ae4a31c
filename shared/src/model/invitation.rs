//! Invitations to accounts.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::hex::{Hex, hex_text};
use super::id::timed_bytes;
use super::named::{by_name, named};
use super::{
    AccountId, EmailAddress, Membership, NameDigest, ParseError, Role, SecretHash, Timestamp, User,
    UserId,
};
use crate::limits::{MAX_REPLACED_LINKS, PENDING_INVITATIONS};
use crate::{Error, InvitationEnd, Result};

/// An invitation within its account: the digest of the address, so that an account has one for an
/// address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvitationId(NameDigest);

impl InvitationId {
    /// The 16 bytes that a token contains.
    pub(super) const fn to_bytes(self) -> [u8; 16] {
        self.0.0
    }

    /// The id in a token.
    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(NameDigest(bytes))
    }
}

impl From<NameDigest> for InvitationId {
    fn from(address: NameDigest) -> Self {
        Self(address)
    }
}

impl From<&EmailAddress> for InvitationId {
    fn from(address: &EmailAddress) -> Self {
        Self(address.digest())
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for InvitationId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        NameDigest::try_from(text.to_owned()).map(Self)
    }
}

/// What audit logs call an invitation: 12 bytes like those of a [`TokenId`](super::TokenId). Unlike
/// its id they do not come from the address, of which logs say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InvitationAuditId(Hex<12>);

impl InvitationAuditId {
    /// Creates an id.
    pub fn generate() -> Result<Self> {
        timed_bytes(Timestamp::now()).map(|bytes| Self(Hex(bytes)))
    }
}

hex_text!(InvitationAuditId);

named! {
    /// What became of an invitation.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum InvitationState {
        /// Nobody has answered it yet.
        Pending = "pending",
        /// Somebody joined by it.
        Accepted = "accepted",
        /// Somebody who had its link declined it.
        Declined = "declined",
        /// An admin revoked it, or whoever sent it is no admin any more.
        Revoked = "revoked",
        /// Nobody answered it in time. It is never stored.
        Expired = "expired",
    }
}

impl FromStr for InvitationState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        by_name(Self::ALL, Self::as_str, text)
            .ok_or_else(|| ParseError::new("must be a state of an invitation"))
    }
}

/// Whoever sends an invitation, and the membership, as they were then. With the membership's end, or
/// with another role, the invitation ends too; so it does with what ends the sender's other
/// invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inviter {
    /// The user.
    pub user: UserId,
    /// When the user joined.
    pub joined_at: Timestamp,
    /// The version of the membership.
    pub membership_version: u64,
    /// The user's [invitation epoch](User::invitation_epoch).
    pub invitation_epoch: u64,
    /// Whom a user counts for that joins by a link that was handed over, and what every user makes
    /// and invites that joins.
    pub root_maker: UserId,
}

impl Inviter {
    /// The sender, who is an admin with this membership in this version.
    pub fn new(user: &User, membership: &Membership, membership_version: u64) -> Self {
        Self {
            user: user.id,
            joined_at: membership.joined_at,
            membership_version,
            invitation_epoch: user.invitation_epoch,
            root_maker: user.root_maker(),
        }
    }
}

/// An invitation of an address to an account. It has no `Debug`: it has an address.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// The account.
    pub account: AccountId,
    /// What audit logs call it.
    pub audit_id: InvitationAuditId,
    /// Who is invited.
    pub address: EmailAddress,
    /// What they may do in the account.
    pub role: Role,
    /// What became of it, without regard to time and to whoever sent it. See
    /// [`Invitation::state_at`].
    pub state: InvitationState,
    /// The secret of the link that works.
    pub secret_hash: SecretHash,
    /// The hashes of all its links, those that were replaced included, with the times when they were
    /// sent. Links that are sent at once do not get into each other's way.
    pub links: BTreeMap<String, Timestamp>,
    /// Whether the link went to the address by mail, so that who has it reads mail there.
    pub by_mail: bool,
    /// Whoever sent it last.
    pub inviter: Inviter,
    /// When it was sent first.
    pub created_at: Timestamp,
    /// When it was sent last.
    pub sent_at: Timestamp,
    /// How often.
    pub send_count: u32,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Who joined by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<UserId>,
}

impl Invitation {
    /// Its id within the account.
    pub fn id(&self) -> InvitationId {
        InvitationId::from(&self.address)
    }

    /// Whether whoever sent it has been an admin ever since, is not disabled, and has done nothing
    /// that ends invitations.
    pub fn has_inviter(
        &self,
        sender: Option<&User>,
        membership: Option<(&Membership, u64)>,
    ) -> bool {
        let Inviter { user, invitation_epoch, .. } = self.inviter;
        let may_invite = |own: &User| {
            own.id == user && !own.disabled && own.invitation_epoch == invitation_epoch
        };
        sender.is_some_and(may_invite) && self.has_admin(membership)
    }

    /// Whether its sender has been an admin ever since.
    fn has_admin(&self, membership: Option<(&Membership, u64)>) -> bool {
        let Inviter { user, joined_at, membership_version, .. } = self.inviter;
        membership.is_some_and(|(own, version)| {
            own.user == user
                && own.role == Role::Admin
                && own.joined_at == joined_at
                && version == membership_version
        })
    }

    /// Whether it waits and its time is not over.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == InvitationState::Pending && now < self.expires_at
    }

    /// What has become of it, if whoever sent it still is an admin or not.
    pub fn state_at(&self, now: Timestamp, has_inviter: bool) -> InvitationState {
        match self.state {
            InvitationState::Pending if now >= self.expires_at => InvitationState::Expired,
            InvitationState::Pending if !has_inviter => InvitationState::Revoked,
            state => state,
        }
    }

    /// The error for who has its link, if nobody can join by it any more.
    pub fn check_open(&self, now: Timestamp) -> Result<()> {
        let end = match self.state_at(now, true) {
            InvitationState::Pending => return Ok(()),
            InvitationState::Accepted => InvitationEnd::Used,
            InvitationState::Declined => InvitationEnd::Declined,
            InvitationState::Revoked => InvitationEnd::Revoked,
            InvitationState::Expired => InvitationEnd::Expired,
        };
        Err(Error::InvitationEnded(end))
    }

    /// Whether a link with this secret is or was one of its own.
    pub(crate) fn had_link(&self, secret: &SecretHash) -> bool {
        self.links.contains_key(secret.as_str())
    }

    /// The links that are forgotten once another one takes the place of the newest.
    pub(crate) fn forgotten_links(&self) -> Vec<&str> {
        let mut links: Vec<_> = self.links.iter().map(|(link, sent)| (sent, link)).collect();
        links.sort_unstable();
        links.truncate(links.len().saturating_sub(MAX_REPLACED_LINKS));
        links.into_iter().map(|(_, link)| link.as_str()).collect()
    }

    /// The address as who has the link sees it: enough to know it again.
    pub fn masked_address(&self) -> String {
        let shown = self.address.as_entered();
        let (local, domain) = shown.rsplit_once('@').unwrap_or((shown, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}***@{domain}")
    }
}

/// The invitations of an account that wait, with their ends: in one item beside the account, so that
/// a write can require that there is room.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingInvitations {
    /// The account.
    pub account: AccountId,
    /// Some may have ended; the next one that is sent removes these.
    pub pending: BTreeMap<InvitationId, Timestamp>,
}

impl PendingInvitations {
    /// Those that have ended.
    pub fn ended(&self, now: Timestamp) -> Vec<InvitationId> {
        let ended = self.pending.iter().filter(|(_, end)| **end <= now);
        ended.map(|(id, _)| *id).collect()
    }

    /// [`Error::LimitReached`] if there is no room for this one once others are gone.
    pub fn check_room(&self, id: InvitationId, gone: &[InvitationId]) -> Result<()> {
        let stays = |own: &&InvitationId| **own != id && !gone.contains(own);
        Error::check_room(PENDING_INVITATIONS, self.pending.keys().filter(stays).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation(address: &str) -> Invitation {
        let (account, now) = (AccountId::generate().unwrap(), Timestamp::UNIX_EPOCH);
        Invitation {
            account,
            audit_id: InvitationAuditId::generate().unwrap(),
            address: address.parse().unwrap(),
            role: Role::Member,
            state: InvitationState::Pending,
            secret_hash: SecretHash::new(b"0"),
            links: BTreeMap::new(),
            by_mail: true,
            inviter: Inviter {
                user: UserId::generate(),
                joined_at: now,
                membership_version: 1,
                invitation_epoch: 0,
                root_maker: UserId::generate(),
            },
            created_at: now,
            sent_at: now,
            send_count: 1,
            expires_at: Timestamp::from_second(100).unwrap(),
            accepted_by: None,
        }
    }

    #[test]
    fn an_invitation_ends_with_its_time_and_with_the_membership_of_who_sent_it() {
        let own = invitation("jane@example.com");
        let at = |second| Timestamp::from_second(second).unwrap();

        assert_eq!(own.state_at(at(99), true), InvitationState::Pending);
        assert_eq!(own.state_at(at(100), true), InvitationState::Expired);
        assert_eq!(own.state_at(at(99), false), InvitationState::Revoked);
        let admin = Membership {
            account: own.account,
            user: own.inviter.user,
            role: Role::Admin,
            joined_at: own.inviter.joined_at,
        };
        assert!(own.has_admin(Some((&admin, 1))));
        assert!(!own.has_admin(Some((&admin, 3))), "demoted and promoted since");
        assert!(!own.has_admin(Some((&Membership { joined_at: at(1), ..admin }, 1))));
        assert!(!own.has_admin(Some((&Membership { role: Role::Member, ..admin }, 1))));
        assert!(!own.has_admin(None));
    }

    #[test]
    fn the_newest_twenty_replaced_links_are_known() {
        let mut own = invitation("jane@example.com");
        for number in 0..30_u8 {
            let forgotten: Vec<_> =
                own.forgotten_links().into_iter().map(ToOwned::to_owned).collect();
            own.links.retain(|link, _| !forgotten.contains(link));
            let sent = Timestamp::from_second(i64::from(number)).unwrap();
            own.links.insert(SecretHash::new(&[number]).as_str().to_owned(), sent);
        }

        let had = |number: u8| own.had_link(&SecretHash::new(&[number]));
        assert_eq!(
            (0..30).filter(|number| had(*number)).collect::<Vec<_>>(),
            (9..30).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_address_is_masked_but_for_its_first_character_and_its_domain() {
        for (address, masked) in
            [("jane@example.com", "j***@example.com"), ("ärzte@example.com", "ä***@example.com")]
        {
            assert_eq!(invitation(address).masked_address(), masked);
        }
    }
}
