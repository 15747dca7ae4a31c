//! The single table. Every key, attribute and expression is spelled in this module and nowhere else.
//!
//! Its methods are named by access pattern; `docs/table.md` lists them all. Every read is strongly consistent.

mod accounts;
mod condition;
mod connection;
mod item;
mod key;
mod memberships;
mod read;
mod tokens;
mod transaction;
mod users;
mod wanted;

pub use accounts::{AccountChange, Addressed, NewAccount, SlugChoice};
use aws_sdk_dynamodb::Client;
pub use connection::Connection;
pub use item::Stored;
pub use memberships::{Access, AdminOf};
pub use tokens::NewToken;
pub use users::NewUser;
pub use wanted::{Credential, Wanted};

/// The single table, and the one client of this process.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}
