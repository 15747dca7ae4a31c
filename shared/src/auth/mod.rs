//! Authentication and authorization: from the `Authorization` header to the proof that the caller
//! may do what it asks for.

mod authenticate;
#[cfg(feature = "password")]
mod basic;
mod client;
mod commit;
mod header;
mod passkey;
#[cfg(feature = "password")]
mod password;
mod permission;
mod rejection;
mod scheme;
#[cfg(feature = "password")]
mod second_factor;
mod session;
mod signature;
mod source;
mod token;

pub use authenticate::{AuthRequest, Authorized, PreparedRequest};
#[cfg(feature = "password")]
pub(crate) use basic::pad_response_time;
#[cfg(feature = "password")]
pub use basic::{Basic, TokenOrBasic};
pub use client::{AuthenticatedClient, ClientCredential, IntrospectedToken};
pub use header::basic_credentials;
pub use passkey::{ClaimedPasskey, PasskeySignIn, ask_for_sign_in};
pub use permission::{
    AccountRead, AccountWrite, AuditRead, Caller, Credential, EmailRead, EmailWrite, FullAccess,
    MembersRead, MembersWrite, Permission, ProfileRead, ProfileWrite, TokensRead, TokensWrite,
    VerifiedSignature,
};
pub use rejection::record_rejection;
pub use scheme::{AuthScheme, Verified};
#[cfg(feature = "password")]
pub(crate) use second_factor::verify_code;
#[cfg(feature = "password")]
pub use second_factor::{PasswordSignIn, PendingSignIn, TotpSetup};
pub use session::{
    FORM_TOKEN, FORM_USER, SessionCookie, browser, end_session_of_another, form_target, form_token,
    former_session, no_session_cookie, presented_session, session_cookie, signed_in_user,
};
pub use signature::{TokenOrSignature, parse_date};
#[cfg(feature = "password")]
pub(crate) use source::{request_context, source};
pub use token::Token;

pub use crate::idempotency::FORM_ONCE;
