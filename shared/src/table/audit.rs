//! Reading audit logs.

use super::pages::Page;
use crate::Result;
use crate::limits::MAX_AUDIT_ENTRIES_READ;
use crate::model::{AuditAction, AuditEntry, AuditEntryId, AuditLog, Timestamp};
#[cfg(feature = "operator")]
use crate::table::engine::{ENTRY, ScanPosition, audit_partition};
use crate::table::engine::{Key, Table};

/// Entries per page of an export.
#[cfg(feature = "operator")]
const PAGE_SIZE: i32 = 1000;

/// Which entries of a log are asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of what was done.
    pub action: Option<AuditAction>,
    /// Of whom: the id of a user or an OAuth client.
    pub actor: Option<String>,
    /// From this time on, to the millisecond.
    pub from: Option<Timestamp>,
    /// Before this time, to the millisecond.
    pub to: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether entries are left out that lie between the times.
    const fn is_selective(&self) -> bool {
        self.action.is_some() || self.actor.is_some()
    }

    fn selects(&self, entry: &AuditEntry) -> bool {
        self.action.is_none_or(|action| action.as_str() == entry.action)
            && self.actor.as_ref().is_none_or(|actor| entry.actor.id.as_ref() == Some(actor))
    }

    /// The oldest id that an entry can have.
    fn first(&self) -> AuditEntryId {
        AuditEntryId::first_from(self.from.unwrap_or_default())
    }

    /// Whether an entry is not too late.
    #[cfg(feature = "operator")]
    fn is_in_time(&self, entry: &AuditEntry) -> bool {
        self.to.is_none_or(|to| entry.id < AuditEntryId::first_from(to))
    }

    /// The oldest and the newest id that an entry can have, before this one; none if there can be
    /// no entry.
    fn bounds(&self, before: Option<AuditEntryId>) -> Option<(AuditEntryId, AuditEntryId)> {
        let first = self.first();
        let last = match before.or(self.to.map(AuditEntryId::first_from)) {
            Some(end) => end.before()?,
            None => AuditEntryId::LAST,
        };
        (first <= last).then_some((first, last))
    }
}

impl Table {
    /// A page of the entries of an audit log that the filter selects, oldest first. A page may be
    /// empty although another one follows.
    #[cfg(feature = "operator")]
    pub async fn audit_entries(
        &self,
        log: AuditLog,
        after: Option<AuditEntryId>,
        filter: &AuditFilter,
    ) -> Result<Page<AuditEntry, AuditEntryId>> {
        let after = after.or_else(|| filter.first().before());
        let after = after.map(|id| Key::audit_entry(log, id));
        let read = self.query_page(audit_partition(log), ENTRY, after, PAGE_SIZE);
        let (mut items, ended): (Vec<AuditEntry>, bool) = read.await?;
        let last = items.last().filter(|last| !ended && filter.is_in_time(last));
        let next = last.map(|last| last.id);
        items.retain(|entry| filter.is_in_time(entry) && filter.selects(entry));
        Ok(Page { items, next })
    }

    /// The entries of all logs that the filter selects among the next megabyte of the table, in no
    /// order; also where to continue, until the end is reached.
    #[cfg(feature = "operator")]
    pub async fn scan_audit_entries(
        &self,
        after: Option<ScanPosition>,
        filter: &AuditFilter,
    ) -> Result<(Vec<(AuditLog, AuditEntry)>, Option<ScanPosition>)> {
        let (mut entries, next) = self.scan_audit_logs(after).await?;
        entries.retain(|(_, entry)| {
            entry.id >= filter.first() && filter.is_in_time(entry) && filter.selects(entry)
        });
        Ok((entries, next))
    }

    /// Up to `limit` entries of an audit log before this one, newest first. At most one round trip,
    /// which reads no more than [`MAX_AUDIT_ENTRIES_READ`]: where few are selected, a page may be
    /// short or empty, and another one follows.
    pub async fn newest_audit_entries(
        &self,
        log: AuditLog,
        before: Option<AuditEntryId>,
        filter: &AuditFilter,
        limit: u8,
    ) -> Result<Page<AuditEntry, AuditEntryId>> {
        let Some((first, last)) = filter.bounds(before) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        let (first, last) = (Key::audit_entry(log, first), Key::audit_entry(log, last));
        // One more than the page, to know whether another page follows.
        let one_more = i32::from(limit) + 1;
        let count = if filter.is_selective() { MAX_AUDIT_ENTRIES_READ } else { one_more };
        let (entries, ended) = self.query_down(last, first, count).await?;
        let (mut items, mut seen) = (Vec::new(), None);
        for entry in entries {
            let entry: AuditEntry = entry;
            if items.len() == usize::from(limit) {
                return Ok(Page { items, next: seen });
            }
            seen = Some(entry.id);
            items.extend(filter.selects(&entry).then_some(entry));
        }
        Ok(Page { items, next: seen.filter(|_| !ended) })
    }
}
