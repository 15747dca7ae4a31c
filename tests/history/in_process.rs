//! A short run over the functions as libraries.

use testkit::history::plan::plan;
use testkit::history::run::{Report, Size, Stage, round};
use testkit::{TestApp, operations};

#[tokio::test]
async fn without_faults_every_request_of_a_run_gets_an_explainable_response() {
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

    let report = round(&stage, 1, size, &Report::default()).await.unwrap();

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
