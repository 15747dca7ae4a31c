//! OAuth: clients, what users granted to them, and the rules for codes and tokens.

mod client;
mod grant;
mod rules;
mod verifier;

pub use client::{Client, ClientSecret};
pub use grant::{Grant, GrantAccess, GrantCode, GrantRefresh, SpentRefresh};
pub use rules::{GrantTokens, Issuance, IssuedTokens, Revocation, TokenRejection};
pub use verifier::CodeVerifier;
