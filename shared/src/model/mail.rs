//! Mail that waits in the outbox.

use serde::{Deserialize, Serialize};

use super::hex::{Hex, hex_text};
use super::id::timed_bytes;
use super::named::named;
use super::{EmailAddress, Role, Timestamp, User, UserId, seconds_after};
use crate::Result;
use crate::lifetimes::UNDELIVERABLE_TTL;

/// A mail: 12 bytes like those of a [`TokenId`](super::TokenId), so that mails sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailId(Hex<12>);

impl MailId {
    /// Creates an id.
    pub fn generate() -> Result<Self> {
        timed_bytes(Timestamp::now()).map(|bytes| Self(Hex(bytes)))
    }

    /// When it was created, to the millisecond.
    pub fn created_at(self) -> Timestamp {
        let mut bytes = [0; 8];
        bytes[2..].copy_from_slice(&self.0.0[..6]);
        Timestamp::from_millisecond(i64::from_be_bytes(bytes)).unwrap_or_default()
    }
}

hex_text!(MailId);

named! {
    /// What a mail says. The names never change.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum MailKind {
        /// Follow the link to prove that the address is yours.
        EmailProof = "email_proof",
        /// Somebody asked to prove this address as theirs, and you have proved it.
        EmailProofHeld = "email_proof_held",
        /// Follow the link to sign up.
        SignUp = "sign_up",
        /// Somebody asked to sign up with this address, and you have proved it.
        SignUpHeld = "sign_up_held",
        /// Follow the link to set another password.
        PasswordReset = "password_reset",
        /// Follow the link to join an account.
        Invitation = "invitation",
        /// The password was changed.
        PasswordChanged = "password_changed",
        /// An address was added.
        EmailAdded = "email_added",
        /// An address was removed.
        EmailRemoved = "email_removed",
        /// Another address became the primary one.
        PrimaryEmailChanged = "primary_email_changed",
        /// Somebody else proved an address that this user had and had not proved.
        EmailLost = "email_lost",
        /// An API key was made.
        ApiKeyCreated = "api_key_created",
        /// The second factor was turned on.
        SecondFactorOn = "second_factor_on",
        /// The second factor was turned off.
        SecondFactorOff = "second_factor_off",
        /// A recovery code was used.
        RecoveryCodeUsed = "recovery_code_used",
        /// A passkey was added.
        PasskeyAdded = "passkey_added",
        /// A passkey was removed.
        PasskeyRemoved = "passkey_removed",
        /// Somebody signed in from a network that the user had not signed in from.
        NewSignIn = "new_sign_in",
        /// The user was deleted.
        UserDeleted = "user_deleted",
    }
}

impl MailKind {
    /// Whether it has a link that proves the address it goes to. Such a mail goes to undeliverable
    /// addresses too, or none could be proved again.
    pub const fn proves_address(self) -> bool {
        matches!(self, Self::EmailProof | Self::SignUp)
    }

    /// Whether it tells of an address of the user.
    pub const fn is_of_emails(self) -> bool {
        matches!(
            self,
            Self::EmailAdded | Self::EmailRemoved | Self::PrimaryEmailChanged | Self::EmailLost
        )
    }
}

named! {
    /// What becomes of a mail. One that was sent is deleted.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum MailState {
        /// It waits.
        Queued = "queued",
        /// A mailer is sending it, until its lease ends.
        Leased = "leased",
        /// It was rejected for good.
        Dead = "dead",
    }
}

/// A mail in the outbox. It has no `Debug`: it has an address.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Its id.
    pub id: MailId,
    /// What it says.
    pub kind: MailKind,
    /// Whom it concerns; nobody who signs up.
    pub user: Option<UserId>,
    /// Whom it calls by name: the full name, else the username.
    pub name: Option<String>,
    /// Where it goes.
    pub recipient: EmailAddress,
    /// The address that it tells about, if that is not where it goes.
    pub about: Option<EmailAddress>,
    /// The account that it invites to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<MailedAccount>,
    /// The link in it.
    pub link: Option<MailLink>,
    /// When what it tells happened.
    pub at: Timestamp,
    /// It is never sent later: its token has ended, or what it tells is old.
    pub not_after: Timestamp,
    /// Whether it waits, is being sent, or was rejected.
    pub state: MailState,
    /// Until when a mailer has it alone, in milliseconds since 1970.
    pub leased_until: Option<i64>,
    /// How often a mailer tried.
    #[serde(default)]
    pub tries: u32,
}

impl Mail {
    /// A mail that somebody asked for, which waits at most for `lifetime`, in seconds.
    pub fn requested(
        kind: MailKind,
        recipient: EmailAddress,
        user: Option<&User>,
        link: Option<MailLink>,
        lifetime: i64,
    ) -> Result<Self> {
        let at = Timestamp::now();
        Ok(Self {
            id: MailId::generate()?,
            kind,
            user: user.map(|user| user.id),
            name: user.map(|user| user.display_name().to_owned()),
            recipient,
            about: None,
            account: None,
            link,
            at,
            not_after: seconds_after(at, lifetime)?,
            state: MailState::Queued,
            leased_until: None,
            tries: 0,
        })
    }

    /// Whether it may be put into the outbox again: no mailer has it, and it is in time.
    pub fn may_be_retried(&self, now: Timestamp, also_dead: bool) -> bool {
        let is_free = match self.state {
            MailState::Queued => true,
            MailState::Leased => self.leased_until.is_none_or(|end| end <= now.as_millisecond()),
            MailState::Dead => also_dead,
        };
        is_free && now < self.not_after
    }

    /// The same mail, as a new one.
    pub fn renewed(&self) -> Result<Self> {
        let (id, state) = (MailId::generate()?, MailState::Queued);
        Ok(Self { id, state, leased_until: None, ..self.clone() })
    }
}

/// What an invitation says of the account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailedAccount {
    /// Its name.
    pub name: String,
    /// What whoever is invited may do in it.
    pub role: Role,
    /// Whoever sent it: the full name, else the username.
    pub invited_by: String,
}

/// A notice that waits in the outbox: the mailer makes a mail of it for each address that is surely
/// the user's. It has no `Debug`: it may have an address.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Its id.
    pub id: MailId,
    /// What it says.
    pub kind: MailKind,
    /// The user.
    pub user: UserId,
    /// The address that it is about.
    pub about: Option<EmailAddress>,
    /// An address that gets it, too, though it is the user's no more.
    pub former: Option<EmailAddress>,
    /// When what it tells happened.
    pub at: Timestamp,
    /// It is never sent later.
    pub not_after: Timestamp,
}

impl Notice {
    /// The same notice, as a new one.
    pub fn renewed(&self) -> Result<Self> {
        Ok(Self { id: MailId::generate()?, ..self.clone() })
    }
}

named! {
    /// Why an address is undeliverable.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum UndeliverableCause {
        /// A mail was rejected there for good.
        Bounce = "bounce",
        /// A recipient marked a mail as spam.
        Complaint = "complaint",
    }
}

/// The mark of an address to which nothing is sent until it is proved again. The item has no address
/// and may be nobody's: a digest of the address is its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undeliverable {
    /// When the mail bounced or was complained of.
    pub since: Timestamp,
    /// Why.
    pub cause: UndeliverableCause,
}

impl Undeliverable {
    /// When it ends, in seconds since 1970.
    pub fn end(&self) -> i64 {
        self.since.as_second().saturating_add(UNDELIVERABLE_TTL)
    }
}

/// A link with a token. The table alone does not reveal it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailLink {
    /// The URL that it is below, without a slash at its end.
    pub base_url: String,
    /// What the token is encrypted for: a mail that is put into the outbox again has another id.
    pub sealed_for: MailId,
    /// The token, encrypted, in base64.
    pub sealed_token: String,
    /// The version of the service key that it is encrypted with.
    pub key_version: String,
}
