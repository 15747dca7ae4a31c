//! Where the entries come from: the table that was lost, or an export of its audit logs.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use shared::model::{AuditEntry, AuditEntryId, AuditLog, Timestamp};
use shared::table::{AuditFilter, Table};

use crate::connect::table_name;

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Source {
    /// The table that the restored one replaces, if it can be read; passwords are taken from it too
    #[arg(long, value_name = "NAME", value_parser = table_name)]
    from_table: Option<String>,
    /// A file of `rollcall audit export --all`, or - for standard input
    #[arg(long, value_name = "FILE")]
    from_export: Option<PathBuf>,
}

/// An entry, and whose log it stands in.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LoggedEntry {
    pub(super) log: AuditLog,
    #[serde(flatten)]
    pub(super) entry: AuditEntry,
}

impl Source {
    /// The table that the restored one replaces.
    pub(super) fn old_table(&self, restored: &Table) -> Option<Table> {
        self.from_table.as_ref().map(|name| restored.beside(name.clone()))
    }

    /// All entries since then, in the order of time.
    pub(super) async fn entries(
        &self,
        old: Option<&Table>,
        since: Timestamp,
    ) -> Result<Vec<LoggedEntry>> {
        let mut entries = match (old, &self.from_export) {
            (Some(old), _) => scanned(old, since).await?,
            (None, Some(file)) if file.as_os_str() == "-" => {
                parsed(io::stdin().lock(), "standard input")?
            }
            (None, Some(file)) => {
                let path = file.display().to_string();
                let open = File::open(file).with_context(|| unreadable(&path))?;
                parsed(BufReader::new(open), &path)?
            }
            (None, None) => Vec::new(),
        };
        let first = AuditEntryId::first_from(since);
        entries.retain(|logged| logged.entry.id >= first);
        entries.sort_by_key(|logged| logged.entry.id);
        Ok(entries)
    }
}

async fn scanned(table: &Table, since: Timestamp) -> Result<Vec<LoggedEntry>> {
    let filter = AuditFilter { from: Some(since), ..AuditFilter::default() };
    let (mut all, mut position) = (Vec::new(), None);
    loop {
        let (entries, next) = table.scan_audit_entries(position, &filter).await?;
        all.extend(entries.into_iter().map(|(log, entry)| LoggedEntry { log, entry }));
        if next.is_none() {
            return Ok(all);
        }
        position = next;
    }
}

fn unreadable(source: &str) -> String {
    format!("cannot read {source}: give what `rollcall audit export --all` printed")
}

fn parsed(lines: impl BufRead, source: &str) -> Result<Vec<LoggedEntry>> {
    let entry = |(number, line): (usize, io::Result<String>)| {
        let line = line.with_context(|| unreadable(source))?;
        let problem = || format!("line {} is not of `rollcall audit export --all`", number + 1);
        serde_json::from_str(&line).with_context(problem)
    };
    lines.lines().enumerate().map(entry).collect()
}
