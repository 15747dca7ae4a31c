//! The single table. Every key, attribute and expression is spelled in this module and nowhere else.
//!
//! Its methods are named by access pattern; `docs/table.md` lists them all. Every read is strongly consistent.

mod accounts;
mod answers;
mod attempts;
mod basis;
mod changing;
mod clearing;
mod clients;
mod closing;
mod condition;
mod connection;
mod cost;
mod deleting;
mod emails;
pub mod fetch;
mod grants;
mod item;
mod key;
mod marks;
mod memberships;
mod opening;
mod plans;
mod profile;
mod read;
mod sweeping;
mod tokens;
mod transaction;
mod users;
mod wanted;
mod write;

pub use accounts::Addressed;
pub use answers::StoredResponse;
pub use attempts::{LoginAttempts, LoginSubject, Reservation};
use aws_sdk_dynamodb::Client;
pub use basis::{ReadVersions, Versioned};
pub use changing::AccountChange;
pub use clients::ClientAndGrant;
pub use connection::Connection;
pub use emails::MOST_EMAILS;
pub use grants::{ACCESS_LIFE, Issued, NewGrant};
pub use item::Stored;
pub use memberships::{Access, AdminOf, require_current_account};
pub use opening::{FreeNames, FreeSlug, NewAccount};
pub use profile::{ApiKeyChange, UserChange};
pub use sweeping::Swept;
pub use tokens::{NewToken, ReadTokens, TokenPage};
pub use users::NewUser;
pub use wanted::{CallerEmail, CredentialKey, Fetch, StoredCredential, UserIdByUsername};
pub use write::Write;

/// The single table, and the one client of this process.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}
