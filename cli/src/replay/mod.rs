//! `replay`: what has ended since the moment that a table was restored to ends again.

mod act;
mod plan;
mod source;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;
use shared::model::{AuditEntryId, AuditLog, AuditTarget, Timestamp, parse_rfc3339};
use shared::table::Table;

use super::print_line;
use act::{Outcome, Replay};
use source::Source;

/// End again on a restored table what has ended since, as the audit logs say: users, tokens,
/// grants, sessions, keys, passkeys, second factors, passwords, proofs of addresses, memberships,
/// invitations, accounts and OAuth clients. Prints what it did and what is left to look at, one a
/// line. It may be interrupted and run again
#[derive(Args)]
pub(super) struct Options {
    /// The RFC 3339 time that the table was restored to, or an earlier one
    #[arg(long, value_name = "TIME", value_parser = parse_rfc3339)]
    since: Timestamp,
    #[command(flatten)]
    source: Source,
}

/// What became of an entry; nothing is printed of one that changed nothing.
#[derive(Serialize)]
struct Line<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    log: AuditLog,
    entry: AuditEntryId,
    action: &'a str,
    target: &'a AuditTarget,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let Options { since, source } = options;
    let old = source.old_table(table);
    ensure!(
        old.as_ref().is_none_or(|old| old.name() != table.name()),
        "--table names the restored table, and --from-table the one that it replaces"
    );
    let entries = source.entries(old.as_ref(), since).await?;
    // Users were told when it happened.
    let silent = table.clone().sending_mail(false);
    let replay = Replay::new(&silent, old.as_ref(), &entries);
    // An output that is lost is no reason to end the rest later.
    let (mut left, mut printed): (usize, Result<()>) = (0, Ok(()));
    for planned in plan::plan(&entries) {
        let (outcome, reason) = match replay.act(&planned).await? {
            Outcome::Unchanged => continue,
            Outcome::Done => ("done", None),
            Outcome::Left(reason) => ("left", Some(reason)),
        };
        left += usize::from(reason.is_some());
        let (log, entry) = (planned.entry.log, &planned.entry.entry);
        let (action, target) = (entry.action.as_str(), &entry.target);
        let line = Line { outcome, reason, log, entry: entry.id, action, target };
        printed = printed.and_then(|()| print_line(&serde_json::to_string(&line)?));
    }
    if left > 0 {
        eprintln!("{left} entries are left for you to look at: see docs/operator.md");
    }
    printed
}
