//! Audit logs: which entries are asked for, and how they are shown.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Page;
use crate::http::Query;
use crate::model::digest::update_length_prefixed;
use crate::model::{
    AuditAction, AuditActor, AuditDetail, AuditEntry, AuditEntryId, AuditLog, AuditTarget,
    ParseError, UtcMillis, hex, parse_time_bound,
};
use crate::table::{self, AuditFilter, Table};
use crate::{Error, Result};

/// What the query of a request asks for.
#[derive(Debug, Clone)]
pub struct AuditRequest {
    page: Page<Cursor>,
    filter: AuditFilter,
}

/// The entry to continue after. It counts for the log and the filter that it was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cursor {
    entry: AuditEntryId,
    binding: String,
}

/// A page of a log, newest entry first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntries {
    entries: Vec<EntryView>,
    /// The cursor of the next page, opaque to clients.
    next_cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryView {
    id: AuditEntryId,
    at: UtcMillis,
    action: String,
    actor: ActorView,
    target: AuditTarget,
    changed: Vec<String>,
    details: BTreeMap<String, AuditDetail>,
    request_id: Option<String>,
    dialect: Option<String>,
}

/// Who acted; without an id if it was no user and no client, and without a credential if it was a
/// password.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActorView {
    kind: String,
    id: Option<String>,
    credential_id: Option<String>,
}

impl Cursor {
    /// Hexadecimal digits of an entry's id.
    const ID: usize = 24;

    fn new(entry: AuditEntryId, log: AuditLog, filter: &AuditFilter) -> Self {
        let AuditFilter { action, actor, from, to } = filter;
        let log = match log {
            AuditLog::User(user) => format!("user {user}"),
            AuditLog::Account(account) => format!("account {account}"),
            AuditLog::Service => "service".to_owned(),
        };
        let action = action.map(AuditAction::as_str).unwrap_or_default().to_owned();
        let [from, to] = [from, to].map(|time| time.map_or_else(String::new, |it| it.to_string()));
        let parts = [log, entry.to_string(), action, actor.clone().unwrap_or_default(), from, to];
        let mut hash = Sha256::new();
        update_length_prefixed(&mut hash, parts.iter().map(String::as_bytes));
        Self { entry, binding: hex(&hash.finalize()[..8]) }
    }
}

impl FromStr for Cursor {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (entry, binding) =
            text.split_at_checked(Self::ID).ok_or_else(|| ParseError::new("is too short"))?;
        Ok(Self { entry: entry.parse()?, binding: binding.to_owned() })
    }
}

impl AuditRequest {
    /// The page and the filter that the parameters name.
    pub fn parse(query: &Query<'_>) -> Result<Self> {
        let filter = AuditFilter {
            action: parameter(query, "action", str::parse)?,
            actor: parameter(query, "actor", AuditActor::parse_id)?,
            from: parameter(query, "from", parse_time_bound)?,
            to: parameter(query, "to", parse_time_bound)?,
        };
        Ok(Self { page: Page::parse(query)?, filter })
    }

    /// The page that the parameters name, of all entries.
    pub fn unfiltered(query: &Query<'_>) -> Result<Self> {
        Ok(Self { page: Page::parse(query)?, filter: AuditFilter::default() })
    }

    /// Reads the page of this log, as responses show it: at most one round trip.
    pub async fn read(self, table: &Table, log: AuditLog) -> Result<AuditEntries> {
        let table::Page { items, next } = self.read_page(table, log).await?;
        let entries = items.into_iter().map(EntryView::from).collect();
        Ok(AuditEntries { entries, next_cursor: next })
    }

    /// Reads the page of this log, with the cursor of the next one: at most one round trip.
    pub async fn read_page(
        self,
        table: &Table,
        log: AuditLog,
    ) -> Result<table::Page<AuditEntry, String>> {
        let Self { page: Page { limit, after }, filter } = self;
        if after.as_ref().is_some_and(|own| *own != Cursor::new(own.entry, log, &filter)) {
            return Err(Error::invalid("cursor", "is not one of this list"));
        }
        let page = table.newest_audit_entries(log, after.map(|own| own.entry), &filter, limit);
        let page = page.await?;
        let next = page.next.map(|entry| Cursor::new(entry, log, &filter));
        let next = next.map(|cursor| format!("{}{}", cursor.entry, cursor.binding));
        Ok(table::Page { items: page.items, next })
    }
}

fn parameter<T>(
    query: &Query<'_>,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, ParseError>,
) -> Result<Option<T>> {
    let parsed = query.get(name).map(parse).transpose();
    parsed.map_err(|error| Error::invalid(name, error))
}

impl From<AuditEntry> for EntryView {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, at, action, actor, target, changed, details, request_id, dialect } =
            entry;
        let AuditActor { kind, id: actor, credential_id } = actor;
        let actor = ActorView { kind, id: actor, credential_id };
        Self { id, at: at.into(), action, actor, target, changed, details, request_id, dialect }
    }
}
