//! Who asks: from the `Authorization` header to a proof that the caller may.

mod asked;
#[cfg(feature = "password")]
mod basic;
mod header;
mod need;
mod settle;
#[cfg(feature = "signature")]
mod signature;
mod token;

pub use asked::{Asked, Presented};
#[cfg(feature = "password")]
pub use basic::{Basic, SignIn, TokenOrBasic};
pub use need::{
    AccountRead, AccountWrite, Caller, Credential, EmailRead, EmailWrite, Need, ProfileRead,
    ProfileWrite, TokensRead, TokensWrite, Unrestricted,
};
#[cfg(feature = "signature")]
pub use signature::{TokenOrSignature, parse_date};
pub use token::Token;
