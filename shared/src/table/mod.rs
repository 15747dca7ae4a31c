//! The single table. Every key, attribute and expression is spelled in this module and nowhere else.
//!
//! Its methods are named by access pattern; `docs/table.md` lists them all. Every read is strongly consistent.

mod accounts;
mod attempts;
mod changing;
mod closing;
mod condition;
mod connection;
mod item;
mod key;
mod memberships;
mod opening;
mod read;
mod tokens;
mod transaction;
mod users;
mod wanted;

pub use accounts::Addressed;
pub use attempts::{Attempts, Guessed, Reservation};
use aws_sdk_dynamodb::Client;
pub use changing::AccountChange;
pub use connection::Connection;
pub use item::Stored;
pub use memberships::{Access, AdminOf};
pub use opening::{NamesChoice, NewAccount, SlugChoice};
pub use tokens::NewToken;
pub use users::NewUser;
pub use wanted::{Kept, KeptCredential, Wanted};

/// The single table, and the one client of this process.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}
