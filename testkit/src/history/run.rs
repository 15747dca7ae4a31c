//! A run: rounds of many concurrent clients, each round with users of its own, and the violations
//! found.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result};
use fastrand::Rng;
use futures_util::future::join_all;
use shared::table::Table as Accounts;

use super::client_step::{ClientStep, Transport};
use super::fault_schedule::FaultSchedule;
use super::linearizable::{Entry, Verdict, check};
use super::operator::Operator;
use super::plan::plan;
use super::rules::{Event, State};
use super::setup::set_up;
use super::shared_state::{Done, Object, Projection, SharedState};
use super::shrink::shrink;
use super::table::Table;
use crate::invariants::remains;
use crate::trails::{abandoned, unexplained};
use crate::{OAuthClient, TestApp, inconsistencies, unique};

/// Every so many operations of the first client the operator disables a user, for a few more.
const DISABLES: usize = 40;

/// Where a run takes place.
pub struct Stage<'a, W> {
    /// The transport to the service.
    pub transport: &'a W,
    /// The undisturbed table: for the set-up and the final look.
    pub table: Accounts,
    /// The same through the faults: for what the operator does in several steps.
    pub disturbed: Accounts,
    /// The engine below it.
    pub engine: String,
    /// What the table is called there.
    pub table_name: String,
    /// The `Authorization` header of a user who may create users.
    pub admin: String,
    /// A client to which users grant something.
    pub oauth: OAuthClient,
    /// The faults; none for a run in which every response must come.
    pub schedule: Option<&'a FaultSchedule>,
}

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// How many clients act at once.
    pub clients: usize,
    /// How much each of them does.
    pub length: usize,
}

/// The result.
#[derive(Debug, Default)]
pub struct Report {
    /// By operation: how often it was sent, succeeded, and had an unknown outcome.
    pub operations: BTreeMap<String, [usize; 3]>,
    /// How many users the operator has deleted, and how often a deletion was taken back.
    pub deleted_users: [usize; 2],
    /// How many histories were checked.
    pub histories: usize,
    /// What was wrong, each with what shows it.
    pub violations: Vec<String>,
}

impl Report {
    /// How many operations were sent.
    pub fn total(&self) -> usize {
        self.operations.values().map(|[requested, ..]| requested).sum()
    }

    /// Adds the result of another round.
    pub fn add(&mut self, other: Self) {
        for (operation, counts) in other.operations {
            let own = self.operations.entry(operation).or_default();
            own.iter_mut().zip(counts).for_each(|(own, count)| *own += count);
        }
        let counts = self.deleted_users.iter_mut().zip(other.deleted_users);
        counts.for_each(|(own, count)| *own += count);
        self.histories += other.histories;
        self.violations.extend(other.violations);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (operation, [requested, good, unknown]) in &self.operations {
            writeln!(
                f,
                "  {operation:<26} {requested:>7} asked {good:>7} done {unknown:>6} unknown"
            )?;
        }
        for violation in &self.violations {
            writeln!(f, "VIOLATION {violation}")?;
        }
        let [deleted, kept] = self.deleted_users;
        writeln!(f, "{deleted} users deleted, {kept} deletions taken back")?;
        let (total, histories) = (self.total(), self.histories);
        write!(f, "{total} operations, {histories} histories, {} violations", self.violations.len())
    }
}

/// One round: what the clients do is drawn from the seed.
///
/// `before` are the rounds before it: what they asked for least, this one asks for first.
pub async fn round<W: Transport>(
    stage: &Stage<'_, W>,
    seed: u64,
    size: Size,
    before: &Report,
) -> Result<Report> {
    let prefix: String = unique("h").chars().take(24).collect();
    let shared = set_up(stage, &prefix).await.context("cannot set up a round")?;
    *shared.asked_before() =
        before.operations.iter().map(|(name, [asked, ..])| (name.clone(), *asked)).collect();
    if let Some(schedule) = stage.schedule {
        schedule.set_paused(false);
    }
    join_all((0..size.clients).map(|client| act(stage, &shared, seed, client, size.length))).await;
    if let Some(schedule) = stage.schedule {
        schedule.set_paused(true);
    }
    look(stage, &shared).await;
    Ok(judged(&shared))
}

/// One client does what its plan says. The operator acts beside the first two.
async fn act<W: Transport>(
    stage: &Stage<'_, W>,
    shared: &SharedState,
    seed: u64,
    client: usize,
    length: usize,
) {
    let mut operator = Operator::new(stage, shared, seed);
    for (number, (step, own)) in plan(seed, client, length).into_iter().enumerate() {
        if client == 0 && number % DISABLES == DISABLES / 2 {
            operator.disable(true).await;
        }
        if client == 1 {
            operator.delete(number).await;
        }
        let label = format!("c{client}n{number}");
        let (transport, oauth) = (stage.transport, &stage.oauth);
        let rng = Rng::with_seed(own);
        let is_undisturbed = stage.schedule.is_none();
        let mut client_step =
            ClientStep { client, label, rng, transport, shared, oauth, is_undisturbed };
        client_step.act(step).await;
        if client == 0 && number % DISABLES == DISABLES / 2 + 3 {
            operator.disable(false).await;
        }
    }
    match client {
        0 => operator.disable(false).await,
        1 => operator.finish().await,
        _ => {}
    }
}

/// Repeats interrupted deletions, which finishes them, and reads the whole table.
async fn look<W: Transport>(stage: &Stage<'_, W>, shared: &SharedState) {
    let gone: Vec<String> = shared.known().deletions.keys().cloned().collect();
    let invoked = shared.tick();
    let before = TestApp::items_in(&stage.engine, &stage.table_name).await;
    for account in gone {
        let partition = format!("ACCOUNT#{account}");
        let mut items = before.iter().filter(|item| item["pk"]["S"] == partition);
        if !items.any(|item| item["sk"]["S"] == "ACCOUNT") {
            let path = format!("/v1/accounts/{account}");
            stage.transport.send("DELETE", &path, &[("authorization", &stage.admin)], None).await;
        }
    }
    let items = TestApp::items_in(&stage.engine, &stage.table_name).await;
    shared.wrong().extend(inconsistencies(&items));
    shared.wrong().extend(unexplained(&items));
    shared.wrong().extend(abandoned(&items));
    shared.wrong().extend(remains(&items));
    let projections = {
        let known = shared.known();
        Table::new(&items, &known).says(&known)
    };
    let (what, returned) = ("the table in the end".to_owned(), Some(shared.tick()));
    shared.log().push(Done { what, invoked, returned, projections });
}

/// Every history that is not linearizable, and every response that is wrong by itself.
pub(super) fn judged(shared: &SharedState) -> Report {
    let histories = histories(shared);
    let mut violations = std::mem::take(&mut *shared.wrong());
    for (object, entries) in &histories {
        match check(&State::default(), entries) {
            Verdict::Linearizable => {}
            Verdict::Violated(_) => {
                let shown = shrink(&State::default(), entries);
                violations.push(format!("{object:?} has no history that explains:\n{shown}"));
            }
            Verdict::Undecided => violations.push(format!("{object:?}: nobody can tell")),
        }
    }
    let (operations, deleted_users) = (shared.tally().clone(), shared.known().deleted_users);
    Report { operations, deleted_users, histories: histories.len(), violations }
}

/// The history of each object, in the order of sending.
fn histories(shared: &SharedState) -> BTreeMap<Object, Vec<Entry>> {
    let (mut log, known) = (shared.log(), shared.known());
    log.sort_by_key(|done| done.invoked);
    let mut histories: BTreeMap<Object, Vec<Entry>> = BTreeMap::new();
    for done in log.iter() {
        for projection in &done.projections {
            if let Projection::On(object, _) = projection {
                histories.entry(object.clone()).or_default();
            }
        }
    }
    for done in log.iter() {
        let Done { what, invoked, returned, projections } = done;
        let keep = |entries: &mut Vec<Entry>, event: Event| {
            if returned.is_some() || !event.is_read() {
                let (what, invoked, returned) = (what.clone(), *invoked, *returned);
                entries.push(Entry { what, invoked, returned, event });
            }
        };
        for projection in projections {
            match projection {
                Projection::On(object, event) => {
                    keep(histories.entry(object.clone()).or_default(), event.clone());
                }
                Projection::Each(say) => {
                    for (object, entries) in &mut histories {
                        if let Some(event) = say(object, &known) {
                            keep(entries, event);
                        }
                    }
                }
            }
        }
    }
    histories
}
