//! Tokens of users, and when a credential was used last.

mod last_used;
mod user_tokens;

pub use user_tokens::{NewToken, ReadTokens, TokenPage};
