//! `audit export`.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;
use shared::model::{
    AccountId, AuditAction, AuditActor, AuditDetail, AuditEntry, AuditEntryId, AuditLog,
    AuditTarget, Timestamp, UtcMillis, parse_time_bound,
};
use shared::table::{AuditFilter, Table};

use super::print_line;
use super::user_ref::UserRef;

/// What can be done with audit logs.
#[derive(Subcommand)]
pub(super) enum Command {
    Export(Options),
}

/// Print an audit log, oldest entry first, one a line; all logs in no order
#[derive(Args)]
pub(super) struct Options {
    #[command(flatten)]
    log: Log,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Log {
    /// Of which user: a username, an e-mail address or an id; of a deleted user only the id
    #[arg(long, value_name = "USER")]
    user: Option<UserRef>,
    /// Of which account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Of what belongs to no user and no account: plans and OAuth clients
    #[arg(long)]
    service: bool,
    /// All logs, with whose each entry stands in; reads the whole table
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct Filter {
    /// Only what was done so, as `member.removed`
    #[arg(long)]
    action: Option<AuditAction>,
    /// Only what this user or OAuth client did, by the id
    #[arg(long, value_name = "ID", value_parser = AuditActor::parse_id)]
    actor: Option<String>,
    /// Only from this RFC 3339 time on
    #[arg(long, value_name = "TIME", value_parser = parse_time_bound)]
    from: Option<Timestamp>,
    /// Only before this RFC 3339 time
    #[arg(long, value_name = "TIME", value_parser = parse_time_bound)]
    to: Option<Timestamp>,
}

impl From<Filter> for AuditFilter {
    fn from(Filter { action, actor, from, to }: Filter) -> Self {
        Self { action, actor, from, to }
    }
}

/// Like the stored entry, but with all fields in every line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<AuditLog>,
    id: AuditEntryId,
    at: UtcMillis,
    action: String,
    actor: AuditActor,
    target: AuditTarget,
    changed: Vec<String>,
    details: BTreeMap<String, AuditDetail>,
    request_id: Option<String>,
    dialect: Option<String>,
}

impl From<AuditEntry> for ShownEntry {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, at, action, actor, target, changed, details, request_id, dialect } =
            entry;
        let at = at.into();
        let log = None;
        Self { log, id, at, action, actor, target, changed, details, request_id, dialect }
    }
}

impl ShownEntry {
    fn print(&self) -> Result<()> {
        print_line(&serde_json::to_string(self)?)
    }
}

pub(super) async fn run(table: &Table, Command::Export(options): Command) -> Result<()> {
    let Options { log, filter } = options;
    if log.all {
        return export_all(table, &filter.into()).await;
    }
    let log = match (log.user, log.account) {
        (Some(UserRef::Id(id)), _) => AuditLog::User(id),
        (Some(user), _) => AuditLog::User(user.require(table).await?.id),
        (None, Some(account)) => AuditLog::Account(account),
        (None, None) => AuditLog::Service,
    };
    let (filter, mut after) = (AuditFilter::from(filter), None);
    loop {
        let page = table.audit_entries(log, after, &filter).await?;
        for entry in page.items {
            ShownEntry::from(entry).print()?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn export_all(table: &Table, filter: &AuditFilter) -> Result<()> {
    let mut position = None;
    loop {
        let (entries, next) = table.scan_audit_entries(position, filter).await?;
        for (log, entry) in entries {
            ShownEntry { log: Some(log), ..ShownEntry::from(entry) }.print()?;
        }
        if next.is_none() {
            return Ok(());
        }
        position = next;
    }
}
