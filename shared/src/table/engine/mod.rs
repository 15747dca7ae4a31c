//! What the other rooms build on: the client, keys, items, reads, conditions and transactions.

mod actor;
mod batch_delete;
mod capacity;
mod changes;
mod claim;
mod condition;
mod connection;
mod failure;
mod fetch;
mod item;
mod key;
mod outbox;
mod read;
mod response;
#[cfg(feature = "operator")]
mod scan;
mod signature;
mod table;
mod text;
mod trail;
mod transaction;
mod versions;

pub(crate) use actor::UserCredential;
pub use actor::{Actor, RequestContext};
pub(in crate::table) use batch_delete::MAX_BATCH_DELETE;
pub(in crate::table) use changes::Changes;
pub(in crate::table) use claim::Claim;
pub(in crate::table) use condition::Condition;
pub use connection::Connection;
pub(in crate::table) use failure::failed_call;
pub(in crate::table) use fetch::Both;
pub use fetch::Fetch;
pub use item::Stored;
pub(in crate::table) use item::{Attributes, Item, Keyed, TTL};
pub(in crate::table) use key::{
    CLEANUP, EMAIL, GRANT, INVITE, INVITED, Key, MADE, MAIL, MEMBER, PASSKEY, PK, PLAN, PLANS,
    PROOF, RESPONSE, SESSION, SHARDS, SIGNATURE, TOKEN, account_partition, cleanup_partition,
    outbox_partition, user_partition,
};
#[cfg(feature = "operator")]
pub(in crate::table) use key::{ENTRY, audit_partition};
pub(in crate::table) use outbox::{NewNotice, expiring};
pub(super) use read::Items;
#[cfg(feature = "operator")]
pub use scan::ScanPosition;
pub(in crate::table) use signature::UsedSignature;
pub use table::Table;
pub(in crate::table) use trail::Trail;
pub(in crate::table) use transaction::{OnConditionFailed, Transaction, is_conflict, reasons};
pub use versions::{ReadVersions, Versioned};
