//! Tokens of users, and the last use of credentials.

mod last_used;
mod user_tokens;

pub use user_tokens::{CallerToken, NewToken};
