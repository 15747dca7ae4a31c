//! Runs of many clients at once against the real binaries, several processes of each, whose calls
//! to the table come through here.
//!
//! `ROLLCALL_DEV_JSON` names the `dev.json` of the running service, `ROLLCALL_TABLE_PORT` the port
//! on which its functions look for the table, `ROLLCALL_SEED` what everything is drawn from. `cargo
//! xtask test` and `cargo xtask soak` set them.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod mails;
mod stage;

use std::time::{Duration, Instant};

use devkit::out::line;
use shared::http::Access;
use testkit::history::run::{Report, Size, round};
use tokio::sync::Mutex;

use stage::Setting;

/// The runs have one port, and take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// Rounds of one run, each with a thousand operations or more.
const ROUNDS: u64 = 5;
/// Rounds at most, if nobody has asked for one of the operations by then: links come by mail, which
/// a fault may hold up.
const MAX_ROUNDS: u64 = 10;

const SIZE: Size = Size { clients: 16, length: 64 };

/// The size of a run without faults.
const FAIR: Size = Size { clients: 16, length: 20 };

#[tokio::test]
async fn without_faults_every_request_gets_a_response_that_can_be_explained() {
    let _turn = TURN.lock().await;
    let setting = Setting::new(stage::seed()).await;

    let report =
        round(&setting.stage(false), stage::seed(), FAIR, &Report::default()).await.unwrap();

    line(&report).unwrap();
    assert_eq!(report.violations, [""; 0]);
}

#[tokio::test]
async fn during_database_faults_every_response_can_be_explained() {
    let _turn = TURN.lock().await;

    let report = soaked(Duration::ZERO).await;

    assert_eq!(report.violations, [""; 0]);
    assert!(report.total() >= 5_000);
    assert_eq!(never_asked(&report), [""; 0]);
    assert!(report.deleted_users[0] > 0);
}

#[tokio::test]
#[ignore = "`cargo xtask soak` says for how long"]
async fn soak() {
    let minutes: u64 = std::env::var("ROLLCALL_SOAK_MINUTES").unwrap().parse().unwrap();

    let report = soaked(Duration::from_mins(minutes)).await;

    assert_eq!(report.violations, [""; 0]);
}

/// Runs rounds for this long; each has a seed of its own for clients and faults. A longer run waits
/// at its end until every mail was sent, which takes as long as a lease.
async fn soaked(least: Duration) -> Report {
    let (start, seed) = (Instant::now(), stage::seed());
    let setting = Setting::new(seed).await;
    let mut report = Report::default();
    for number in 0.. {
        let is_complete = number >= MAX_ROUNDS || never_asked(&report).is_empty();
        if number >= ROUNDS && start.elapsed() >= least && is_complete {
            break;
        }
        let round = round(&setting.stage(true), seed + number, SIZE, &report).await.unwrap();
        let seconds = start.elapsed().as_secs_f32();
        line(format!(
            "round {number}: {} operations, {} histories, {} violations, {seconds:.0} s",
            round.total(),
            round.histories,
            round.violations.len(),
        ))
        .unwrap();
        for violation in &round.violations {
            line(format!("VIOLATION {violation}")).unwrap();
        }
        report.add(round);
    }
    line(&report).unwrap();
    for (fault, times) in setting.met() {
        line(format!("  {times:>6} times {fault}")).unwrap();
    }
    if !least.is_zero() {
        setting.wait_for_mails().await;
    }
    let mails = setting.mails().await;
    line(mails.summary()).unwrap();
    line(format!("seed {seed}, {:.0} s", start.elapsed().as_secs_f32())).unwrap();
    assert!(mails.lost().is_empty() && mails.doubled().is_empty(), "{mails:?}");
    report
}

/// The operations that no client has asked for. Of the pages of those who are signed in, which do
/// what the APIs do, some show that sessions end.
fn never_asked(report: &Report) -> Vec<&'static str> {
    let operations = testkit::operations().into_iter();
    let names = operations.filter(|own| own.access() != Access::Session).map(|own| own.name);
    names.filter(|name| !report.operations.contains_key(*name)).collect()
}
