//! A short run over the functions as libraries.

use std::thread;

use testkit::history::plan::plan;
use testkit::history::run::{Report, Size, Stage, round};
use testkit::{TestApp, operations};
use tokio::runtime::Builder;

/// More than tests have: unoptimized, a step and the function below it take two megabytes together.
const STACK: usize = 16 << 20;

#[test]
fn without_faults_every_request_of_a_run_gets_an_explainable_response() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let thread = thread::Builder::new().stack_size(STACK);
    let run = thread.spawn(move || runtime.block_on(run_without_faults())).unwrap();
    run.join().unwrap();
}

async fn run_without_faults() {
    let mut app = TestApp::start().await;
    let _post = app.start_mail().await;
    let admin = app.person("historian").await;
    let stage = Stage {
        transport: &app,
        table: app.others(),
        disturbed: app.others(),
        engine: app.engine_endpoint().to_owned(),
        table_name: app.table_name().to_owned(),
        admin: admin.token().to_owned(),
        oauth: app.new_client("https://client.example.com/callback", true).await,
        schedule: None,
    };
    let size = Size { clients: 8, length: 30 };

    let report = round(&stage, 1, size, &Report::default()).await;

    let report = report.unwrap_or_else(|error| panic!("{error:?}"));
    assert!(report.violations.is_empty(), "{report}");
    assert!(report.total() >= 240, "{report}");
    assert!(report.deleted_users[0] > 0, "{report}");
    let known: Vec<_> = operations().into_iter().map(|operation| operation.name).collect();
    assert!(report.operations.keys().all(|name| known.contains(&name.as_str())), "{report}");
}

#[test]
fn the_same_seed_makes_the_same_plan_and_another_seed_or_client_another() {
    let one = plan(7, 3, 100);

    assert_eq!(one, plan(7, 3, 100));
    assert_ne!(one, plan(8, 3, 100));
    assert_ne!(one, plan(7, 4, 100));
}
