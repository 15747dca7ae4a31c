//! Who asks: from the `Authorization` header to a proof that the caller may.

mod asked;
mod header;
mod token;

pub use asked::{AccountRead, AccountWrite, Asked, Caller, Need};
pub use token::TokenCredential;
