//! The audit log: what each write did, to what, and on whose behalf.
//!
//! An entry has ids and names of fields, and never personal data: no name, address, source or
//! secret. So nothing has to be changed in a log when a person is erased.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::hex::{Hex, hex_text};
use super::id::{six_bytes, timed_bytes};
use super::named::{by_name, named};
use super::{
    AccountId, ApiKeyId, ClientId, GrantId, InvitationAuditId, ParseError, PasskeyId, PlanId,
    SessionId, Timestamp, TokenId, UserId,
};
use crate::Result;

/// An entry, within its log: 12 bytes like those of a [`TokenId`], so that entries sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AuditEntryId(Hex<12>);

impl AuditEntryId {
    /// Creates the id of an entry of this time.
    pub fn generate(now: Timestamp) -> Result<Self> {
        timed_bytes(now).map(|bytes| Self(Hex(bytes)))
    }

    /// The least id of an entry that is shown with this time, to the millisecond, or a later one.
    pub fn first_from(time: Timestamp) -> Self {
        let cut = time.subsec_nanosecond() % 1_000_000 > 0;
        let mut bytes = [0; 12];
        bytes[..6].copy_from_slice(&six_bytes(time.as_millisecond() + i64::from(cut)));
        Self(Hex(bytes))
    }

    /// The greatest id of all.
    pub(crate) const LAST: Self = Self(Hex([u8::MAX; 12]));

    /// The id before this one in order; the least one has none.
    pub(crate) fn before(self) -> Option<Self> {
        let mut bytes = self.0.0;
        let last = bytes.iter().rposition(|byte| *byte > 0)?;
        bytes[last] -= 1;
        bytes[last + 1..].fill(u8::MAX);
        Some(Self(Hex(bytes)))
    }
}

hex_text!(AuditEntryId);

/// Whose log an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "camelCase")]
pub enum AuditLog {
    /// What changed is the user, or belongs to it.
    User(UserId),
    /// What changed is the account, or belongs to it.
    Account(AccountId),
    /// What changed belongs to nobody: plans and OAuth clients.
    Service,
}

named! {
    /// What a write did. The names never change.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum AuditAction {
        /// An account was created.
        AccountCreated = "account.created",
        /// Fields of an account were set.
        AccountUpdated = "account.updated",
        /// An account was deleted. Its memberships end with it; each member's log says so.
        AccountDeleted = "account.deleted",
        /// An account passed from the user in `details` to its new owner.
        AccountOwnerChanged = "account.owner_changed",
        /// A user became a member of an account.
        MemberAdded = "member.added",
        /// A member got another role.
        MemberRoleChanged = "member.role_changed",
        /// A user is no member of an account any more.
        MemberRemoved = "member.removed",
        /// Somebody was invited to an account, or once more.
        InvitationSent = "invitation.sent",
        /// Somebody joined an account by an invitation.
        InvitationAccepted = "invitation.accepted",
        /// Somebody who had the link of an invitation declined it.
        InvitationDeclined = "invitation.declined",
        /// An admin revoked an invitation.
        InvitationRevoked = "invitation.revoked",
        /// A user was created.
        UserCreated = "user.created",
        /// Fields of a user were set.
        UserUpdated = "user.updated",
        /// All credentials of a user are rejected.
        UserDisabled = "user.disabled",
        /// They are accepted again.
        UserEnabled = "user.enabled",
        /// The deletion of a user began.
        UserDeletionBegun = "user.deletion_begun",
        /// It was taken back.
        UserDeletionCancelled = "user.deletion_cancelled",
        /// A user was deleted.
        UserDeleted = "user.deleted",
        /// A password was set. `details` name the kinds of credentials that ended with the old one.
        PasswordChanged = "password.changed",
        /// A link that sets another password was asked for.
        PasswordResetRequested = "password.reset_requested",
        /// A password or a code was wrong: nobody signed in.
        SignInRejected = "sign_in.rejected",
        /// So many were wrong that passwords are rejected for a while, right or wrong.
        SignInLocked = "sign_in.locked",
        /// A user signed in in a browser.
        SessionCreated = "session.created",
        /// A user entered the password or a code once more in a session.
        SessionProved = "session.proved",
        /// Sessions ended: the user signed out, or ended them elsewhere.
        SessionEnded = "session.ended",
        /// The second factor was turned on.
        SecondFactorOn = "second_factor.on",
        /// The second factor was turned off.
        SecondFactorOff = "second_factor.off",
        /// A user got other recovery codes: the old ones work no more.
        RecoveryCodesRenewed = "recovery_codes.renewed",
        /// A recovery code was used in place of the app's.
        RecoveryCodeUsed = "recovery_code.used",
        /// A passkey was added.
        PasskeyAdded = "passkey.added",
        /// A passkey got another name.
        PasskeyRenamed = "passkey.renamed",
        /// A passkey was removed.
        PasskeyRemoved = "passkey.removed",
        /// An address was added.
        EmailAdded = "email.added",
        /// A proof of an address was asked for.
        EmailProofRequested = "email.proof_requested",
        /// A user proved an address by the link in a mail.
        EmailProved = "email.proved",
        /// Somebody else proved an address that this user had and had not proved.
        EmailLost = "email.lost",
        /// An address was marked as verified, or became the primary one; or proofs ended again.
        EmailUpdated = "email.updated",
        /// Addresses were removed.
        EmailRemoved = "email.removed",
        /// Mail to an address bounced for good, or was complained of: it gets no more.
        EmailUndeliverable = "email.undeliverable",
        /// An API key was made.
        ApiKeyCreated = "api_key.created",
        /// An API key got another secret.
        ApiKeyRenewed = "api_key.renewed",
        /// An API key was deleted.
        ApiKeyDeleted = "api_key.deleted",
        /// The S3 key got another secret.
        S3KeyRenewed = "s3_key.renewed",
        /// An SSH key was added.
        SshKeyAdded = "ssh_key.added",
        /// An SSH key was deleted.
        SshKeyDeleted = "ssh_key.deleted",
        /// A token was made.
        TokenCreated = "token.created",
        /// A token replaced the one in `details`.
        TokenRotated = "token.rotated",
        /// A token was revoked, with what came from it, which `details` name.
        TokenRevoked = "token.revoked",
        /// A user allowed an OAuth client something.
        GrantCreated = "grant.created",
        /// A client got tokens for its code or its refresh token.
        GrantTokensIssued = "grant.tokens_issued",
        /// Access tokens of a grant were revoked, and not the grant.
        GrantTokensRevoked = "grant.tokens_revoked",
        /// Grants were revoked with all their tokens.
        GrantRevoked = "grant.revoked",
        /// An OAuth client was registered.
        ClientCreated = "client.created",
        /// What an OAuth client may ask for was changed.
        ClientUpdated = "client.updated",
        /// An OAuth client was deleted, and no grant to it works any more.
        ClientDeleted = "client.deleted",
        /// All grants to an OAuth client were revoked.
        ClientGrantsRevoked = "client.grants_revoked",
        /// A plan was created, or got other limits.
        PlanUpdated = "plan.updated",
    }
}

impl FromStr for AuditAction {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        by_name(Self::ALL, Self::as_str, text)
            .ok_or_else(|| ParseError::new("is not an action of audit logs"))
    }
}

/// One thing, by its kind and its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditTarget {
    /// The kind, as `user` or `apiKey`.
    pub kind: String,
    /// The id.
    pub id: String,
}

/// Declares how ids become targets.
macro_rules! targets {
    ($($id:ty = $kind:literal,)*) => {$(
        impl From<$id> for AuditTarget {
            fn from(id: $id) -> Self {
                Self { kind: $kind.to_owned(), id: id.to_string() }
            }
        }
    )*};
}

targets! {
    AccountId = "account",
    ApiKeyId = "apiKey",
    ClientId = "client",
    GrantId = "grant",
    InvitationAuditId = "invitation",
    PasskeyId = "passkey",
    PlanId = "plan",
    SessionId = "session",
    TokenId = "token",
    UserId = "user",
}

impl AuditTarget {
    /// An SSH key, by the number that its user sees.
    pub fn ssh_key(number: u64) -> Self {
        Self { kind: "sshKey".to_owned(), id: number.to_string() }
    }
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditActor {
    /// `user`, `client`, `mailToken` (who has the link of a mail), `operator` or `system`.
    pub kind: String,
    /// The id of the user or of the OAuth client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id of the user's token, API key or grant; none of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
}

impl AuditActor {
    /// The id of a user or an OAuth client, as entries have it.
    pub fn parse_id(text: &str) -> Result<String, ParseError> {
        let user = text.parse().map(|id: UserId| id.to_string());
        let client = || text.parse().map(|id: ClientId| id.to_string());
        user.or_else(|_| client())
            .map_err(|_| ParseError::new("must be the id of a user or a client"))
    }
}

/// What else an entry says: an id, a role, a scope or a kind, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AuditDetail {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl AuditDetail {
    /// All of it.
    pub const fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts.as_slice(),
        }
    }
}

/// An entry as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its id within the log.
    pub id: AuditEntryId,
    /// When.
    pub at: Timestamp,
    /// What, as an [`AuditAction`] has it. Text, so that what another version of the service wrote
    /// can be read.
    pub action: String,
    /// Who.
    pub actor: AuditActor,
    /// To what.
    pub target: AuditTarget,
    /// The fields that were set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// What else belongs to it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, AuditDetail>,
    /// The id of the request, as in its response and in the function's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The dialect that the request spoke.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_rfc3339;

    fn time(text: &str) -> Timestamp {
        parse_rfc3339(text).unwrap()
    }

    #[test]
    fn the_first_id_from_a_time_is_that_of_the_next_whole_millisecond() {
        let ids =
            ["1969-12-31T23:59:59.9995Z", "1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.0011Z"]
                .map(|text| AuditEntryId::first_from(time(text)).to_string());

        assert_eq!(
            ids.each_ref().map(|id| &id[..12]),
            ["000000000000", "000000000001", "000000000002"]
        );
        let now = time("2026-11-28T12:00:00.123456Z");
        let id = AuditEntryId::generate(now).unwrap();
        assert!(AuditEntryId::first_from(time("2026-11-28T12:00:00.123Z")) <= id);
        assert!(id < AuditEntryId::first_from(now));
    }

    #[test]
    fn the_id_before_another_one_is_the_next_lower_number() {
        let before = |id: &str| id.parse::<AuditEntryId>().unwrap().before().map(String::from);

        assert_eq!(before("0197a1b2c3d4e5f607180000").unwrap(), "0197a1b2c3d4e5f60717ffff");
        assert_eq!(before("000000000000000000000001").unwrap(), "000000000000000000000000");
        assert_eq!(before("000000000000000000000000"), None);
    }
}
