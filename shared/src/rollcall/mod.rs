//! What the functions of rollcall's own dialect share.

mod audit;
mod page;

pub use audit::{AuditEntries, AuditRequest};
pub use page::{Page, Place};
