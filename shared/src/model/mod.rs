//! What Rollcall stores, and the rules that can be decided without the table.

mod account;
mod api_key_id;
mod audit;
mod counts;
mod credential;
pub(crate) mod digest;
mod email;
mod format;
mod hex;
mod id;
mod idempotency;
mod invitation;
mod key;
mod lineage;
mod mail;
mod mail_request;
mod mail_token;
mod named;
mod network;
mod oauth;
mod passkey;
mod plan;
mod profile;
mod second_factor;
mod service_key;
mod session;
mod slug;
mod time;
mod token;
mod url;
mod user;

pub use crate::text::{OptionalText, ParseError, Text, parse_shown, parse_text};
pub use account::{Account, AccountName, Membership, Registry, Role, Sealed};
pub use api_key_id::ApiKeyId;
pub use audit::{
    AuditAction, AuditActor, AuditDetail, AuditEntry, AuditEntryId, AuditLog, AuditTarget,
};
pub use counts::{CountedGrant, CountedSession, CountedToken, Counts};
pub use credential::{GrantCredential, GrantTokenKind, TokenCredential};
#[cfg(feature = "password")]
pub(crate) use email::folded;
pub use email::{Email, EmailAddress, NameDigest};
pub use hex::hex;
pub use id::{AccountId, ClientId, GrantId, PlanId, SessionId, TokenId, UserId, UserNumber};
pub use idempotency::{IdempotencyKey, StoredResponseId};
pub use invitation::{
    Invitation, InvitationAuditId, InvitationId, InvitationState, Inviter, PendingInvitations,
};
pub use jiff::Timestamp;
pub use key::{ApiKey, S3Key, SignatureDigest, SshKey};
pub use lineage::{Lineage, Maker, MakerId};
pub use mail::{
    Mail, MailId, MailKind, MailLink, MailState, MailedAccount, Notice, Undeliverable,
    UndeliverableCause,
};
pub use mail_request::{EmailProof, MailRequestKind, MailRequests, PasswordReset, SignUp};
pub use mail_token::{MailToken, MailTokenSubject};
pub use network::{Network, SourceId};
pub use oauth::{
    Client, ClientSecret, CodeVerifier, Grant, GrantAccess, GrantCode, GrantRefresh,
    GrantRejection, GrantTokens, Issuance, IssuedTokens, Revocation, SpentRefresh,
};
pub use passkey::{
    Passkey, PasskeyChallenge, PasskeyChallengeId, PasskeyId, PasskeyName, PasskeyPurpose,
};
pub use plan::{Plan, PlanLimits};
pub use profile::{GravatarEmail, ProfileLine, ProfileUrl};
pub use second_factor::{FactorCode, RecoveryCode, SealedTotp, SecondFactor, TotpCode, TotpSecret};
pub use service_key::ServiceKey;
pub use session::{Session, SessionCredential};
pub use slug::Slug;
pub(crate) use time::seconds_after;
pub use time::{UtcMillis, parse_rfc3339, parse_time_bound};
pub use token::{Scope, SecretHash, TokenKind, UserToken};
pub use url::{UrlParts, check_uri_characters};
pub use user::{User, Username};
