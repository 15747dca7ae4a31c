//! `audit export`.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;
use shared::model::{
    AccountId, AuditActor, AuditDetail, AuditEntry, AuditEntryId, AuditLog, AuditTarget, UtcMillis,
};
use shared::table::Table;

use super::print_line;
use super::user_ref::UserRef;

/// What can be done with audit logs.
#[derive(Subcommand)]
pub(super) enum Command {
    Export(Options),
}

/// Print an audit log, oldest entry first, one a line
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Options {
    /// Of which user: a username, an e-mail address or an id; of a deleted user only the id
    #[arg(long, value_name = "USER")]
    user: Option<UserRef>,
    /// Of which account
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,
    /// Of what belongs to no user and no account: plans and OAuth clients
    #[arg(long)]
    service: bool,
}

/// Like the stored entry, but with all fields in every line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownEntry {
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
        Self { id, at, action, actor, target, changed, details, request_id, dialect }
    }
}

pub(super) async fn run(table: &Table, Command::Export(options): Command) -> Result<()> {
    let log = match (options.user, options.account) {
        (Some(UserRef::Id(id)), _) => AuditLog::User(id),
        (Some(user), _) => AuditLog::User(user.require(table).await?.id),
        (None, Some(account)) => AuditLog::Account(account),
        (None, None) => AuditLog::Service,
    };
    let mut last = None;
    loop {
        let (entries, is_end) = table.audit_entries(log, last).await?;
        last = entries.last().map(|entry| entry.id).or(last);
        for entry in entries {
            print_line(&serde_json::to_string(&ShownEntry::from(entry))?)?;
        }
        if is_end {
            return Ok(());
        }
    }
}
