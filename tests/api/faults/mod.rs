//! Every write, with every fault at each of its calls to the table, and again under an
//! `Idempotency-Key`.
//!
//! `ROLLCALL_REWRITE=1 cargo test -p tests --test api faults::` writes the table of
//! docs/reliability-data.md anew. The writes are the documented operations, some of them in a
//! second way too, the calls are those of a run without a fault, and what is right follows from
//! that run and from the same request sent once more.
//!
//! `ROLLCALL_FAULTS_SEED=N` plays a sixteenth of the cases, which N draws; `cargo xtask test` does
//! so. All of them take minutes: `cargo xtask verify` plays those.

mod judge;
mod page;
mod play;
mod rehearsal;
mod report;
mod sample;
mod write;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use testkit::{DocumentedOperation, operations};
use tracing::subscriber::{NoSubscriber, set_default};

use play::Idle;
use rehearsal::Rehearsal;
use report::Report;
use sample::Sample;
use write::Write;

/// Runs the writes of these operations; every failure is reported, not only the first.
///
/// Nothing is logged meanwhile, which would take longer than everything else; what the functions
/// log is searched by all other tests.
async fn play_writes(of: impl Fn(&DocumentedOperation) -> bool) {
    let _quiet = set_default(NoSubscriber::new());
    let start = Instant::now();
    let mut sample = Sample::from_environment();
    let (mut report, idle) = (Report::new(&sample), Idle::default());
    for write in Write::all().into_iter().filter(|write| of(&write.operation)) {
        let rehearsal = Rehearsal::new(write).await;
        report.add(rehearsal.play_all(&idle, &mut sample).await, &rehearsal);
        if let Some(rehearsal) = rehearsal.keyed().await {
            report.add(rehearsal.play_all(&idle, &mut sample).await, &rehearsal);
        }
    }
    let (met, repeated) = (idle.met.load(Relaxed), idle.repeated.load(Relaxed));
    eprintln!(
        "{} cases{sample}, {repeated} of them again, {met} faults met, {:.0} s",
        report.played(),
        start.elapsed().as_secs_f32()
    );
    report.assert_good();
}

#[tokio::test]
async fn every_write_of_quave_is_correct_under_every_fault() {
    play_writes(|operation| operation.name.starts_with("quave-")).await;
}

#[tokio::test]
async fn every_write_of_golem_is_correct_under_every_fault() {
    play_writes(|operation| operation.name.starts_with("golem-")).await;
}

#[tokio::test]
async fn every_write_of_e24_is_correct_under_every_fault() {
    play_writes(|operation| operation.name.starts_with("e24-")).await;
}

#[tokio::test]
async fn every_write_of_hub_is_correct_under_every_fault() {
    play_writes(|operation| operation.binary() == "hub-users").await;
}

#[tokio::test]
async fn every_write_of_oauth_is_correct_under_every_fault() {
    play_writes(|operation| operation.binary() == "hub-oauth").await;
}

#[tokio::test]
async fn every_write_of_rollcall_is_correct_under_every_fault() {
    play_writes(|operation| operation.name.starts_with("rollcall-")).await;
}

#[tokio::test]
async fn every_write_of_the_pages_is_correct_under_every_fault() {
    play_writes(|operation| operation.binary() == "pages").await;
}

#[tokio::test]
async fn every_write_of_passkeys_is_correct_under_every_fault() {
    play_writes(|operation| operation.binary() == "passkeys").await;
}

#[test]
fn every_write_is_run_by_one_of_these_tests_and_no_other_is_documented() {
    let of = |operation: &DocumentedOperation| {
        ["quave-", "golem-", "e24-", "hub-", "pages-", "passkeys-", "rollcall-"]
            .iter()
            .any(|dialect| operation.name.starts_with(dialect))
    };
    let writes: Vec<String> = Write::all().iter().map(Write::name).collect();
    let rows = page::rows();
    let documented: Vec<&str> = rows.iter().map(|row| page::name(row)).collect();

    assert!(operations().iter().filter(|operation| operation.is_write()).all(of));
    assert_eq!(documented, writes);
}
