//! Every write, with every fault at every one of its calls to the table.
//!
//! Nothing is listed by hand: the writes are the documented operations, the calls are those of a run without a fault,
//! and what is right follows from that run and from the same request sent once more.

mod judge;
mod play;
mod rehearsal;
mod report;
mod write;

use tests::{Operation, operations};
use tracing::subscriber::{NoSubscriber, set_default};

use rehearsal::Rehearsal;
use report::Report;
use write::Write;

/// Runs the writes of these operations; every failure is reported, not only the first.
///
/// Nothing is logged meanwhile, which would take longer than everything else; what the functions log is searched by all
/// other tests.
async fn play_writes(of: impl Fn(&Operation) -> bool) {
    let _quiet = set_default(NoSubscriber::new());
    let mut report = Report::default();
    for write in Write::all().into_iter().filter(|write| of(&write.operation)) {
        let rehearsal = Rehearsal::of(write).await;
        report.add(rehearsal.play_all().await, &rehearsal);
    }
    report.assert_good();
}

#[tokio::test]
async fn whatever_fails_each_write_of_quave_tells_the_truth_and_is_done_once() {
    play_writes(|operation| operation.name.starts_with("quave-")).await;
}

#[tokio::test]
async fn whatever_fails_each_write_of_golem_tells_the_truth_and_is_done_once() {
    play_writes(|operation| operation.name.starts_with("golem-")).await;
}

#[tokio::test]
async fn whatever_fails_each_write_of_e24_tells_the_truth_and_is_done_once() {
    play_writes(|operation| operation.name.starts_with("e24-")).await;
}

#[tokio::test]
async fn whatever_fails_each_write_of_hub_tells_the_truth_and_is_done_once() {
    play_writes(|operation| operation.binary() == "hub-users").await;
}

#[tokio::test]
async fn whatever_fails_each_write_of_oauth_tells_the_truth_and_is_done_once() {
    play_writes(|operation| operation.binary() == "hub-oauth").await;
}

#[tokio::test]
async fn whatever_fails_each_write_of_rollcall_tells_the_truth_and_is_done_once() {
    play_writes(|operation| operation.name.starts_with("rollcall-")).await;
}

#[test]
fn every_write_is_played_by_one_of_these_tests_and_no_other_is_documented() {
    let of = |operation: &Operation| {
        ["quave-", "golem-", "e24-", "hub-", "rollcall-"]
            .iter()
            .any(|dialect| operation.name.starts_with(dialect))
    };
    let writes: Vec<String> = Write::all().iter().map(ToString::to_string).collect();

    assert!(operations().iter().filter(|operation| operation.is_write()).all(of));
    assert_eq!(report::documented_writes(), writes);
}
