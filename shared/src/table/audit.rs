//! Reading audit logs.

use crate::Result;
use crate::model::{AuditEntry, AuditEntryId, AuditLog};
use crate::table::engine::{ENTRY, Key, Table, audit_partition};

/// Entries per page.
const PAGE_SIZE: i32 = 1000;

impl Table {
    /// The next entries of an audit log after this one, oldest first; also whether they are the last
    /// ones.
    pub async fn audit_entries(
        &self,
        log: AuditLog,
        after: Option<AuditEntryId>,
    ) -> Result<(Vec<AuditEntry>, bool)> {
        let after = after.map(|id| Key::audit_entry(log, id));
        self.query_page(audit_partition(log), ENTRY, after, PAGE_SIZE).await
    }
}
