//! What people ask for by mail: what is stored of the links, and of how often they ask.

use serde::{Deserialize, Serialize};

use super::named::named;
use super::{EmailAddress, Lineage, MakerId, NameDigest, SecretHash, Timestamp, UserId};
use crate::lifetimes::MailRate;

/// The proof of an address that a user asked for. A later one for the same address takes its place.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailProof {
    /// Whose the address is to be.
    pub user: UserId,
    /// The address.
    pub address: EmailAddress,
    /// The secret of the link.
    pub secret_hash: SecretHash,
    /// The epoch of the user's credentials: a change of the password ends the proof.
    pub epoch: u64,
    /// The token that asked for it: the link works no longer than this very token, whatever it was
    /// rotated to. None if a password did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_with: Option<MakerId>,
    /// That token, with all of its rotations, and its makers.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
    /// When the link ends.
    pub expires_at: Timestamp,
    /// When the address was proved by it.
    pub used_at: Option<Timestamp>,
}

/// A link to sign up with an address.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignUp {
    /// The address.
    pub address: EmailAddress,
    /// The secret of the link.
    pub secret_hash: SecretHash,
    /// When the link ends.
    pub expires_at: Timestamp,
}

/// The link that sets another password of a user: the newest one alone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordReset {
    /// The user.
    pub user: UserId,
    /// Where it was sent: it works while the user has the address, and has proved it.
    pub recipient: NameDigest,
    /// The secret of the link.
    pub secret_hash: SecretHash,
    /// The epoch of the user's credentials: a change of the password ends the link.
    pub epoch: u64,
    /// When the link ends.
    pub expires_at: Timestamp,
}

named! {
    /// What is counted.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum MailRequestKind {
        /// Mails that prove an address, for the address.
        EmailProof = "email_proof",
        /// The same, for the user who asks for them.
        EmailProofOfUser = "email_proof_of_user",
        /// Notices to an address that its user has not proved, for the address; but not those that
        /// tell of addresses.
        NoticeToUnproved = "notice_to_unproved",
        /// The same, for the user whom they are about.
        NoticeToUnprovedOfUser = "notice_to_unproved_of_user",
        /// Notices that tell of addresses, to one that its user has not proved, for that one.
        EmailNoticeToUnproved = "email_notice_to_unproved",
        /// The same, for the user.
        EmailNoticeToUnprovedOfUser = "email_notice_to_unproved_of_user",
        /// Invitations to an address.
        Invitation = "invitation",
        /// Mails to sign up with an address.
        SignUp = "sign_up",
        /// Mails that reset the password of whom a name belongs to.
        PasswordReset = "password_reset",
    }
}

impl MailRequestKind {
    /// How often it may be sent.
    pub const fn rate(self) -> MailRate {
        match self {
            Self::EmailProof => MailRate::EMAIL_PROOFS,
            Self::EmailProofOfUser => MailRate::EMAIL_PROOFS_OF_USER,
            Self::NoticeToUnproved | Self::EmailNoticeToUnproved => MailRate::NOTICES_TO_UNPROVED,
            Self::NoticeToUnprovedOfUser | Self::EmailNoticeToUnprovedOfUser => {
                MailRate::NOTICES_TO_UNPROVED_OF_USER
            }
            Self::Invitation => MailRate::INVITATIONS,
            Self::SignUp => MailRate::SIGN_UPS,
            Self::PasswordReset => MailRate::PASSWORD_RESETS,
        }
    }
}

/// When mails of one kind were asked for or sent for one name, whoever has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailRequests {
    /// What is counted.
    pub kind: MailRequestKind,
    /// The address, username or user's id.
    pub name: NameDigest,
    /// The times that count, oldest first.
    #[serde(default)]
    pub times: Vec<Timestamp>,
}

impl MailRequests {
    /// With another one at `now`; how long to wait, in seconds, if there were too many.
    pub fn with_another(&self, now: Timestamp) -> Result<Self, i64> {
        let rate = self.kind.rate();
        // Another host's clock may be ahead.
        let age = |time: &Timestamp| (now.as_second() - time.as_second()).max(0);
        let mut times: Vec<_> =
            self.times.iter().copied().filter(|time| age(time) < rate.within).collect();
        let left = |time: Option<&Timestamp>, wait: i64| time.map_or(0, |time| wait - age(time));
        let is_full = times.len() >= rate.count;
        let until_room = if is_full { left(times.first(), rate.within) } else { 0 };
        let wait = until_room.max(left(times.last(), rate.interval));
        if wait > 0 {
            return Err(wait);
        }
        times.push(now);
        Ok(Self { times, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_waits_for_the_interval_and_for_the_oldest_of_as_many_as_are_allowed() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let name = NameDigest::new("jane@example.com");
        let none = MailRequests { kind: MailRequestKind::EmailProof, name, times: Vec::new() };

        let mut asked = none.with_another(at(0)).ok().unwrap();
        assert_eq!(asked.with_another(at(59)).err(), Some(1));
        assert_eq!(asked.with_another(at(-5)).err(), Some(60), "by another clock");
        for second in [60, 120, 180, 240] {
            asked = asked.with_another(at(second)).ok().unwrap();
        }
        assert_eq!(asked.with_another(at(300)).err(), Some(86_100));
        assert_eq!(asked.with_another(at(86_399)).err(), Some(1));
        assert_eq!(asked.with_another(at(86_400)).ok().unwrap().times.len(), 5);
    }
}
