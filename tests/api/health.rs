//! `GET /health`: whether the service can work, for load balancers and monitors.

use std::time::Duration;

use serde_json::json;
use shared::lifetimes::HEALTH_TTL;
use testkit::{Fault, TestApp, operation};

const PATH: &str = "/health";

#[tokio::test]
async fn it_is_ok_while_table_and_service_key_can_be_read_and_strangers_learn_nothing_else() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let response = app.send("GET", PATH, &[], None).await;

    assert_eq!(response.parts(), (200, &json!({ "status": "ok" })));
    assert!(app.has_read_service_key("rollcall-tokens"));
    assert_eq!(jane.send("GET", PATH).await.parts(), response.parts());
    assert_eq!(app.send("POST", PATH, &[], None).await.header("allow"), Some("GET"));
    assert_eq!(app.send("GET", "/health/table", &[], None).await.status, 404);
    assert_eq!(app.send("GET", "/health?a=%ff", &[], None).await.status, 400);
}

#[tokio::test]
async fn however_often_it_is_asked_it_reads_once_in_seconds() {
    let app = TestApp::start().await;

    app.proxy().record();
    for _ in 0..20 {
        assert_eq!(app.send("GET", PATH, &[], None).await.status, 200);
    }

    assert_eq!(app.proxy().calls().len(), 1);
    // Longer than that, and a load balancer learns too late.
    assert!(HEALTH_TTL <= Duration::from_secs(5));
}

#[tokio::test]
async fn it_is_503_without_the_table_and_stays_so_for_seconds_without_another_read() {
    let app = TestApp::start().await;
    app.proxy().disturb_all(Some(Fault::Rejected("ResourceNotFoundException")));
    app.proxy().record();
    let unavailable = operation("rollcall-get-health").error(
        503,
        "unavailable",
        "the service is busy; try again shortly",
    );

    for _ in 0..3 {
        let response = app.send("GET", PATH, &[], None).await;

        assert_eq!(response.parts(), (503, &unavailable));
        assert_eq!(response.header("retry-after"), Some("1"));
    }
    assert_eq!(app.proxy().calls().len(), 1);
}

#[tokio::test]
async fn it_is_503_without_the_service_key() {
    let mut app = TestApp::start().await;
    app.lose_service_key();

    assert_eq!(app.send("GET", PATH, &[], None).await.status, 503);
}
