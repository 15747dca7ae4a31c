//! Who asks: from the `Authorization` header to a proof that the caller may.

mod asked;
mod header;

pub use asked::{AccountRead, AccountWrite, Asked, Caller, Need};
