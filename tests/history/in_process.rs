//! A short run over the functions as libraries.

use tests::TestApp;
use tests::history::run::{Size, Stage, round};

#[tokio::test]
async fn a_run_without_trouble_can_be_explained_and_every_request_is_answered() {
    let app = TestApp::start().await;
    let admin = app.person("historian").await;
    let stage = Stage {
        wire: &app,
        table: app.others(),
        engine: app.engine_endpoint().to_owned(),
        admin: admin.token().to_owned(),
        oauth: app.new_client("https://client.example.com/callback", true).await,
        weather: None,
    };
    let size = Size { clients: 16, length: 64 };

    let report = round(&stage, 1, size).await.unwrap();

    assert!(report.violations.is_empty(), "{report}");
    assert!(report.total() >= 1_000, "{report}");
}
