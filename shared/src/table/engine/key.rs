//! The keys of the single table. No other code spells one.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;

use crate::model::{
    AccountId, AuditEntryId, AuditLog, ClientId, EmailAddress, GrantId, InvitationId, MailId,
    MailRequestKind, NameDigest, PasskeyChallengeId, PasskeyId, PlanId, SecretHash, SessionId,
    SignatureDigest, Slug, SourceId, StoredResponseId, TokenId, UserId, UserNumber, Username,
};

/// The partition key's attribute.
pub(in crate::table) const PK: &str = "pk";
/// The sort key's attribute.
pub(in crate::table) const SK: &str = "sk";
/// Sort key prefix of memberships, under users and accounts.
pub(in crate::table) const MEMBER: &str = "MEMBER#";
/// Sort key prefix of an account's invitations.
pub(in crate::table) const INVITE: &str = "INVITE#";
/// Sort key prefix of a user's addresses.
pub(in crate::table) const EMAIL: &str = "EMAIL#";
/// Sort key prefix of the proofs of addresses that a user asked for.
pub(in crate::table) const PROOF: &str = "PROOF#";
/// Sort key prefix of a user's tokens.
pub(in crate::table) const TOKEN: &str = "TOKEN#";
/// Sort key prefix of the responses stored for a user.
pub(in crate::table) const RESPONSE: &str = "RESPONSE#";
/// Sort key prefix of the signatures that a user's writes were made with.
pub(in crate::table) const SIGNATURE: &str = "SIGNATURE#";
/// Sort key prefix of a user's grants.
pub(in crate::table) const GRANT: &str = "GRANT#";
/// Sort key prefix of a user's sessions.
pub(in crate::table) const SESSION: &str = "SESSION#";
/// Sort key prefix of a user's passkeys.
pub(in crate::table) const PASSKEY: &str = "PASSKEY#";
/// Sort key prefix of the numbers of users that came from a user on a day.
pub(in crate::table) const MADE: &str = "MADE#";
/// Sort key prefix of the numbers of invitations that were sent on a day.
pub(in crate::table) const INVITED: &str = "INVITED#";
/// The partition with the list of plans.
pub(in crate::table) const PLANS: &str = "PLANS";
/// Sort key prefix of plans in that list.
pub(in crate::table) const PLAN: &str = "PLAN#";
/// Sort key prefix of a log's entries.
pub(in crate::table) const ENTRY: &str = "ENTRY#";
/// Sort key prefix of what waits in the outbox.
pub(in crate::table) const MAIL: &str = "MAIL#";
/// Sort key prefix of cleanup tasks.
pub(in crate::table) const CLEANUP: &str = "CLEANUP#";
/// The shards of the list of cleanup tasks, and of the outbox, so that writes are spread over
/// partitions.
pub(in crate::table) const SHARDS: &str = "0123456789abcdef";

/// The key of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    /// `USER#<uuid> / USER`
    pub(in crate::table) fn user(user: UserId) -> Self {
        Self::new(user_partition(user), "USER")
    }

    /// `USER#<uuid> / COUNTS`: what a user has of that which is limited.
    pub(in crate::table) fn counts(user: UserId) -> Self {
        Self::new(user_partition(user), "COUNTS")
    }

    /// `USER#<uuid> / MADE#<date>`: how many users came from a user on a UTC day.
    pub(in crate::table) fn made(maker: UserId, day: Date) -> Self {
        Self::new(user_partition(maker), format!("{MADE}{day}"))
    }

    /// `USER#<uuid> / INVITED#<date>`: how many invitations a user, and all users that come from it,
    /// sent on a UTC day.
    pub(in crate::table) fn invited_by(root_maker: UserId, day: Date) -> Self {
        Self::new(user_partition(root_maker), format!("{INVITED}{day}"))
    }

    /// `USER#<uuid> / FACTOR`: the second factor.
    pub(in crate::table) fn second_factor(user: UserId) -> Self {
        Self::new(user_partition(user), "FACTOR")
    }

    /// `USER#<uuid> / EMAIL#<normal form>`
    pub(in crate::table) fn email(user: UserId, address: &EmailAddress) -> Self {
        Self::new(user_partition(user), format!("{EMAIL}{}", address.normal()))
    }

    /// `USER#<uuid> / PROOF#<digest>`: the proof of an address that a user asked for.
    pub(in crate::table) fn email_proof(user: UserId, address: NameDigest) -> Self {
        Self::new(user_partition(user), format!("{PROOF}{address}"))
    }

    /// `USER#<uuid> / RESET`: the link that sets another password.
    pub(in crate::table) fn password_reset(user: UserId) -> Self {
        Self::new(user_partition(user), "RESET")
    }

    /// `SIGNUP#<digest> / LINK#<hash of its secret>`: a link to sign up with an address.
    pub(in crate::table) fn sign_up(address: NameDigest, secret: &SecretHash) -> Self {
        Self::new(format!("SIGNUP#{address}"), format!("LINK#{}", secret.as_str()))
    }

    /// `MAILREQUESTS#<digest> / <kind>`: when mails of a kind were asked for with a name.
    pub(in crate::table) fn mail_requests(name: NameDigest, kind: MailRequestKind) -> Self {
        Self::new(format!("MAILREQUESTS#{name}"), kind.as_str())
    }

    /// `SOURCE#<keyed hash> / REQUESTS#<hour>`: what a network asked for without a credential,
    /// within an hour since 1970.
    pub(in crate::table) fn source_requests(source: SourceId, hour: i64) -> Self {
        Self::new(format!("SOURCE#{source}"), format!("REQUESTS#{hour}"))
    }

    /// `DECOY#<random> / DECOY`: what is written so that a request about an unknown name takes as
    /// long as one about a known one.
    pub(in crate::table) fn decoy(id: MailId) -> Self {
        Self::new(format!("DECOY#{id}"), "DECOY")
    }

    /// `USER#<uuid> / TOKEN#<id>`
    pub(in crate::table) fn token(user: UserId, token: TokenId) -> Self {
        Self::new(user_partition(user), format!("{TOKEN}{token}"))
    }

    /// `USER#<uuid> / GRANT#<id>`
    pub(in crate::table) fn grant(user: UserId, grant: GrantId) -> Self {
        Self::new(user_partition(user), format!("{GRANT}{grant}"))
    }

    /// `USER#<uuid> / SESSION#<id>`
    pub(in crate::table) fn session(user: UserId, session: SessionId) -> Self {
        Self::new(user_partition(user), format!("{SESSION}{session}"))
    }

    /// `USER#<uuid> / PASSKEY#<id>`
    pub(in crate::table) fn passkey(user: UserId, passkey: PasskeyId) -> Self {
        Self::new(user_partition(user), format!("{PASSKEY}{passkey}"))
    }

    /// `CHALLENGE#<id> / CHALLENGE`: what a passkey was asked to sign.
    pub(in crate::table) fn passkey_challenge(challenge: PasskeyChallengeId) -> Self {
        Self::new(format!("CHALLENGE#{challenge}"), "CHALLENGE")
    }

    /// `USER#<uuid> / RESPONSE#<hash of credential and key>`: the response stored under an
    /// `Idempotency-Key`.
    pub(in crate::table) fn response(user: UserId, id: &StoredResponseId) -> Self {
        Self::new(user_partition(user), format!("{RESPONSE}{id}"))
    }

    /// `USER#<uuid> / SIGNATURE#<hash>`: a signature that a write was made with.
    pub(in crate::table) fn signature(user: UserId, digest: SignatureDigest) -> Self {
        Self::new(user_partition(user), format!("{SIGNATURE}{digest}"))
    }

    /// `CLIENT#<id> / CLIENT`
    pub(in crate::table) fn client(client: ClientId) -> Self {
        Self::new(format!("CLIENT#{client}"), "CLIENT")
    }

    /// `USER#<uuid> / MEMBER#<account>`: a membership, listed under its user.
    pub(in crate::table) fn membership(user: UserId, account: AccountId) -> Self {
        Self::new(user_partition(user), format!("{MEMBER}{account}"))
    }

    /// `ACCOUNT#<id> / ACCOUNT`
    pub(in crate::table) fn account(account: AccountId) -> Self {
        Self::new(account_partition(account), "ACCOUNT")
    }

    /// `ACCOUNT#<id> / MEMBER#<uuid>`: a membership, listed under its account.
    pub(in crate::table) fn member(account: AccountId, user: UserId) -> Self {
        Self::new(account_partition(account), format!("{MEMBER}{user}"))
    }

    /// `ACCOUNT#<id> / INVITE#<digest of the address>`: an invitation.
    pub(in crate::table) fn invitation(account: AccountId, invitation: InvitationId) -> Self {
        Self::new(account_partition(account), format!("{INVITE}{invitation}"))
    }

    /// `ACCOUNT#<id> / INVITATIONS`: which invitations of an account wait.
    pub(in crate::table) fn pending_invitations(account: AccountId) -> Self {
        Self::new(account_partition(account), "INVITATIONS")
    }

    /// `ACCOUNT#<id> / INVITED#<date>`: how many invitations an account sent on a UTC day.
    pub(in crate::table) fn invited(account: AccountId, day: Date) -> Self {
        Self::new(account_partition(account), format!("{INVITED}{day}"))
    }

    /// `USER#<uuid> / LOCKOUT`: login attempts of a user.
    pub(in crate::table) fn user_lockout(user: UserId) -> Self {
        Self::new(user_partition(user), "LOCKOUT")
    }

    /// `LOCKOUT#<keyed hash> / LOCKOUT`: login attempts with a name that no user has.
    pub(in crate::table) fn name_lockout(hash: &str) -> Self {
        Self::new(format!("LOCKOUT#{hash}"), "LOCKOUT")
    }

    /// `SOURCE#<keyed hash> / LOCKOUT`: login attempts from a network.
    pub(in crate::table) fn source_lockout(source: SourceId) -> Self {
        Self::new(format!("SOURCE#{source}"), "LOCKOUT")
    }

    /// `PLAN#<uuid> / PLAN`
    pub(in crate::table) fn plan(plan: PlanId) -> Self {
        Self::new(format!("{PLAN}{plan}"), "PLAN")
    }

    /// `PLANS / PLAN#<uuid>`: a plan, in the list of plans.
    pub(in crate::table) fn listed_plan(plan: PlanId) -> Self {
        Self::new(PLANS.to_owned(), format!("{PLAN}{plan}"))
    }

    /// `CLEANUPS#<digit> / CLEANUP#ACCOUNT#<id>`: memberships of a deleted account.
    pub(in crate::table) fn member_cleanup(account: AccountId) -> Self {
        Self::cleanup(&account.to_string(), &format!("ACCOUNT#{account}"))
    }

    /// `CLEANUPS#<digit> / CLEANUP#USER#<uuid>#<epoch>`: credentials revoked by a password change.
    pub(in crate::table) fn credential_cleanup(user: UserId, epoch: u64) -> Self {
        Self::cleanup(&user.to_string(), &format!("USER#{user}#{epoch}"))
    }

    /// `CLEANUPS#<digit> / CLEANUP#TOKENS#<uuid>#<id>`: tokens revoked with the one that made them.
    pub(in crate::table) fn token_cleanup(user: UserId, token: TokenId) -> Self {
        Self::cleanup(&user.to_string(), &format!("TOKENS#{user}#{token}"))
    }

    /// `CLEANUPS#<digit> / CLEANUP#USER#<uuid>`: what a user has who is being deleted.
    pub(in crate::table) fn user_cleanup(user: UserId) -> Self {
        Self::cleanup(&user.to_string(), &format!("USER#{user}"))
    }

    /// Sharded by the last digit of the id, which is random in both kinds of ids.
    fn cleanup(id: &str, subject: &str) -> Self {
        let digit = id.chars().last().unwrap_or_default();
        Self::new(cleanup_partition(digit), format!("{CLEANUP}{subject}"))
    }

    /// `OUTBOX#<digit> / MAIL#<id>`: a mail or a notice that waits. Sharded by the last digit of the
    /// id, which is random.
    pub(in crate::table) fn outbox(id: MailId) -> Self {
        let id = id.to_string();
        let digit = id.chars().last().unwrap_or_default();
        Self::new(outbox_partition(digit), format!("{MAIL}{id}"))
    }

    /// The mail or notice at this key of the outbox.
    pub(in crate::table) fn mail(&self) -> Option<MailId> {
        let id = self.pk.starts_with(OUTBOX).then(|| self.sk.strip_prefix(MAIL))??;
        id.parse().ok()
    }

    /// `ADDRESS#<digest> / UNDELIVERABLE`: the mark of an address to which nothing is sent.
    pub(in crate::table) fn undeliverable(address: NameDigest) -> Self {
        Self::new(format!("ADDRESS#{address}"), "UNDELIVERABLE")
    }

    /// `AUDIT#USER#<uuid> / ENTRY#<id>`, `AUDIT#ACCOUNT#<id>` or `AUDIT#SERVICE`: an entry of an audit
    /// log.
    pub(in crate::table) fn audit_entry(log: AuditLog, id: AuditEntryId) -> Self {
        Self::new(audit_partition(log), format!("{ENTRY}{id}"))
    }

    /// The audit log that has the item, if one has.
    #[cfg(feature = "operator")]
    pub(super) fn audit_log(&self) -> Option<AuditLog> {
        if self.pk == SERVICE_LOG {
            return Some(AuditLog::Service);
        }
        let user = |id: &str| id.parse().ok().map(AuditLog::User);
        let account = |id: &str| id.parse().ok().map(AuditLog::Account);
        let of_user = self.pk.strip_prefix(USER_LOG).and_then(user);
        of_user.or_else(|| self.pk.strip_prefix(ACCOUNT_LOG).and_then(account))
    }

    /// `CLAIM#SLUG#<slug> / CLAIM`
    pub(in crate::table) fn slug_claim(slug: &Slug) -> Self {
        Self::claim("SLUG", slug)
    }

    /// `CLAIM#USERNAME#<username> / CLAIM`
    pub(in crate::table) fn username_claim(username: &Username) -> Self {
        Self::claim("USERNAME", username)
    }

    /// `CLAIM#NUMBER#<number> / CLAIM`
    pub(in crate::table) fn number_claim(number: UserNumber) -> Self {
        Self::claim("NUMBER", number)
    }

    /// `CLAIM#EMAIL#<normal form> / CLAIM`: a user's address.
    pub(in crate::table) fn email_claim(address: &EmailAddress) -> Self {
        Self::claim("EMAIL", address.normal())
    }

    /// `CLAIM#CONTACT#<normal form> / CLAIM`: an account's contact address.
    pub(in crate::table) fn contact_claim(address: &EmailAddress) -> Self {
        Self::claim("CONTACT", address.normal())
    }

    /// `CLAIM#NOTHING# / CLAIM`: never written; for dummy lookups.
    pub(in crate::table) fn dummy_claim() -> Self {
        Self::claim("NOTHING", "")
    }

    fn claim(kind: &str, value: impl Display) -> Self {
        Self::new(format!("CLAIM#{kind}#{value}"), "CLAIM")
    }

    pub(super) fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The key as attributes for the SDK.
    pub(in crate::table) fn into_attributes(self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk)),
            (SK.to_owned(), AttributeValue::S(self.sk)),
        ])
    }

    /// The key as a stream names it.
    pub(in crate::table) fn from_texts(pk: &str, sk: &str) -> Self {
        Self::new(pk.to_owned(), sk)
    }

    /// The partition and the sort key.
    pub(super) fn into_parts(self) -> (String, String) {
        (self.pk, self.sk)
    }

    /// The key of an item that was read.
    pub(in crate::table) fn from_attributes(
        item: &HashMap<String, AttributeValue>,
    ) -> Option<Self> {
        let text = |name| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }
}

/// The partition of a user.
pub(in crate::table) fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

/// The partition of an account.
pub(in crate::table) fn account_partition(account: AccountId) -> String {
    format!("ACCOUNT#{account}")
}

/// Partition key prefix of the audit logs of users.
const USER_LOG: &str = "AUDIT#USER#";
/// Partition key prefix of the audit logs of accounts.
const ACCOUNT_LOG: &str = "AUDIT#ACCOUNT#";
/// The partition of the audit log of what belongs to nobody.
const SERVICE_LOG: &str = "AUDIT#SERVICE";

/// The partition of an audit log.
pub(in crate::table) fn audit_partition(log: AuditLog) -> String {
    match log {
        AuditLog::User(user) => format!("{USER_LOG}{user}"),
        AuditLog::Account(account) => format!("{ACCOUNT_LOG}{account}"),
        AuditLog::Service => SERVICE_LOG.to_owned(),
    }
}

/// Partition key prefix of the outbox.
const OUTBOX: &str = "OUTBOX#";

/// The partition of one shard of the outbox.
pub(in crate::table) fn outbox_partition(digit: char) -> String {
    format!("{OUTBOX}{digit}")
}

/// The partition of one shard of the cleanup tasks.
pub(in crate::table) fn cleanup_partition(digit: char) -> String {
    format!("CLEANUPS#{digit}")
}
