//! The single table. Every key, attribute and expression is spelled in this module and nowhere
//! else.
//!
//! Its methods are named by access pattern; `docs/table.md` lists them all. Every read is strongly
//! consistent.

mod accounts;
mod audit;
mod cleanup;
mod counts;
mod credentials;
mod engine;
pub mod fetch;
mod grants;
mod idempotency;
mod invitations;
mod items;
mod lockout;
mod mail;
#[cfg(feature = "operator")]
mod operator;
mod pages;
mod passkeys;
mod second_factor;
mod sessions;
mod tokens;
mod users;
mod write;

pub use accounts::{
    AccountAccess, AccountChange, AccountFlags, AccountMember, AccountWithEmail, AdminOf,
    ChangeableMember, CreatedAccount, FetchedAccount, FetchedMember, FreeSlug, Handover,
    MemberAccess, NewAccount, RemovableMember, require_current_account,
};
pub use audit::AuditFilter;
pub use cleanup::Swept;
pub use counts::CallerCounts;
pub use credentials::{AcceptedGrant, CredentialKey, StoredCredential};
#[cfg(feature = "operator")]
pub use engine::ScanPosition;
pub(crate) use engine::UserCredential;
pub use engine::{
    Actor, Connection, Fetch, ReadVersions, RequestContext, Stored, Table, Versioned,
};
pub use grants::{CallerGrant, ClientAndGrant, ClientAt, ClientChange, NewGrant};
pub use idempotency::StoredResponse;
pub use invitations::{
    Acceptance, FetchedAcceptance, FetchedInvitation, InvitationAt, InvitationRequest,
    LinkedInvitation, NewInvitation, OwnerCheck, SentInvitation,
};
#[cfg(feature = "operator")]
pub use lockout::LockState;
pub use lockout::{Login, LoginAttempts, LoginSource, LoginSubject, Reservation};
pub use mail::{MailRateLimit, NewLink, OutboxItem, StreamEvent, StreamRecord};
#[cfg(feature = "operator")]
pub use operator::UserRecord;
pub use pages::{Page, ReadItems};
pub(crate) use passkeys::PASSKEY_NOT_ACCEPTED;
pub use passkeys::{CallerPasskey, PasskeyChallengeAt, UsedPasskey};
pub use second_factor::{CallerSecondFactor, SignInProof, UsedFactor};
pub use sessions::CallerSession;
pub use tokens::{CallerToken, NewToken};
pub use users::{
    CallerEmail, EmailHolder, EmailOwner, EmailProofRequest, FetchedEmailProof, FoundUser,
    FreeNames, LinkedEmailProof, NewUser, PasswordChange, PasswordResetRequest, SignUpRequest,
    UserChange, UserDeletion, UserIdByUsername,
};
pub use write::Write;
