//! OAuth: clients, what users granted to them, and the rules for codes and tokens.

mod client;
mod grant;
mod rules;
mod verifier;

pub use client::{Client, ClientSecret};
pub use grant::{Grant, GrantAccess, GrantCode, GrantRefresh, SpentRefresh};
pub use rules::{GrantRejection, GrantTokens, Issuance, IssuedTokens, Revocation};
pub use verifier::CodeVerifier;
