//! A database that is slow, busy, unreachable or loses responses.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{
    ApiResponse, DocumentedOperation, Fault, Person, TestApp, operation, operations,
    user_operations,
};

/// The operations that call the table, but for the one that tells monitors how it is.
fn calling() -> impl Iterator<Item = DocumentedOperation> {
    let is_calling =
        |of: &DocumentedOperation| of.facts.rounds > 0 && of.name != "rollcall-get-health";
    operations().into_iter().filter(is_calling)
}

/// Events of operations, prepared while the database is well.
async fn prepared(
    app: &TestApp,
    person: &Person<'_>,
    chosen: impl Fn(&DocumentedOperation) -> bool,
) -> Vec<(DocumentedOperation, Value)> {
    let mut prepared = Vec::new();
    for (number, operation) in calling().filter(chosen).enumerate() {
        // Another one's event may end a session.
        let event = if operation.has_code() || operation.is_page() {
            let own = app.person(&format!("jane{number:03}")).await;
            app.event(&operation, &own).await
        } else {
            app.event(&operation, person).await
        };
        prepared.push((operation, event));
    }
    prepared
}

fn assert_busy(response: &ApiResponse, operation: &DocumentedOperation) {
    let text = "the service is busy; try again shortly";
    assert_eq!(response.status, 503, "{operation}: {response:?}");
    assert!(operation.is_error(&response.body, 503, "unavailable", text), "{response:?}");
    assert_eq!(response.header("retry-after"), Some("1"), "{operation}");
}

#[tokio::test]
async fn an_unreachable_database_is_503_within_10_seconds() {
    let app = TestApp::start_without_database().await;
    let stranger = shared::model::TokenCredential::generate(
        shared::model::TokenKind::User,
        shared::model::UserId::generate(),
    )
    .unwrap()
    .reveal();

    for operation in user_operations() {
        let started = Instant::now();
        let response = app.send_event(&operation.of(crate::NOBODYS, &stranger)).await;
        assert_busy(&response, &operation);
        assert!(started.elapsed() < Duration::from_secs(10), "{operation}");
    }
}

#[tokio::test]
async fn a_silent_database_is_503_within_10_seconds_and_nothing_is_half_written() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let writes = prepared(&app, &jane, DocumentedOperation::is_write).await;
    let before = app.written().await;
    app.proxy().disturb_all_of("TransactWriteItems", Some(Fault::Silent));
    let started = Instant::now();

    let responses =
        join_all(writes.iter().map(async |(_, event)| app.send_event(event).await)).await;

    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    for (response, (operation, _)) in responses.iter().zip(&writes) {
        assert_busy(response, operation);
    }
    assert_eq!(app.written().await, before);
    app.proxy().disturb_all(Some(Fault::Silent));
    assert_eq!(jane.send("GET", "/v1/accounts").await.status, 503);
}

#[tokio::test]
async fn a_throttling_database_is_503_within_10_seconds_and_nothing_is_written() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let all = prepared(&app, &jane, |_| true).await;
    let before = app.written().await;
    app.proxy().disturb_all(Some(Fault::THROTTLED));

    for (operation, event) in all {
        let started = Instant::now();
        assert_busy(&app.send_event(&event).await, &operation);
        assert!(started.elapsed() < Duration::from_secs(10), "{operation}");
    }
    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn a_database_that_returns_only_5xx_is_503() {
    for fault in [
        Fault::Unreachable,
        Fault::ResponseLost,
        Fault::Rejected("ThrottlingException"),
        Fault::Rejected("RequestLimitExceeded"),
    ] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let all = prepared(&app, &jane, |_| true).await;
        app.proxy().disturb_all(Some(fault));

        for (operation, event) in all {
            assert_busy(&app.send_event(&event).await, &operation);
        }
    }
}

#[tokio::test]
async fn a_transaction_that_is_still_in_progress_is_waited_for() {
    for operation in calling().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        for _ in 0..4 {
            app.proxy()
                .disturb("TransactWriteItems", Fault::Rejected("TransactionInProgressException"));
        }

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        assert_eq!(app.proxy().faults_left(), 0, "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn one_throttled_call_is_retried_and_the_client_does_not_notice() {
    for operation in calling() {
        for call in ["BatchGetItem", "Query", "TransactWriteItems"] {
            let app = TestApp::start().await;
            let jane = app.person("janedoe").await;
            let event = app.event(&operation, &jane).await;
            app.proxy().disturb(call, Fault::THROTTLED);
            let response = app.send_event(&event).await;
            assert_eq!(response.status, operation.success(), "{operation} {call}: {response:?}");
            app.assert_consistent().await;
        }
    }
}

#[tokio::test]
async fn an_error_after_a_response_that_was_cut_is_not_taken_for_an_empty_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let expected = jane.send("GET", "/v1/accounts").await;
    for (call, error) in [
        ("BatchGetItem", Fault::THROTTLED),
        ("BatchGetItem", Fault::Failed),
        ("Query", Fault::THROTTLED),
        ("Query", Fault::Failed),
    ] {
        app.proxy().disturb(call, Fault::ResponseCut);
        app.proxy().disturb(call, error);

        let response = jane.send("GET", "/v1/accounts").await;

        assert_eq!(response.parts(), expected.parts(), "{call} {error:?}");
        assert_eq!(app.proxy().faults_left(), 0, "{call} {error:?}");
    }
    assert_eq!(expected.status, 200);
}

#[tokio::test]
async fn a_write_whose_response_is_lost_does_not_conflict_with_itself_nor_happen_twice() {
    for operation in calling().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let before = app.items_of("account").await.len();
        app.proxy().disturb("TransactWriteItems", Fault::ResponseLost);

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        assert_eq!(app.proxy().faults_left(), 0, "{operation}");
        let accounts = app.items_of("account").await.len();
        // A new user has an account of its own.
        let expected = match operation.name {
            name if name.ends_with("create-account") => before + 1,
            "pages-join-by-invitation" | "pages-sign-up" | "rollcall-sign-up" => before + 1,
            name if name.ends_with("delete-account") => before - 1,
            _ => before,
        };
        assert_eq!(accounts, expected, "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_transaction_that_conflicts_with_another_one_is_retried() {
    for operation in calling().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        app.proxy().disturb("TransactWriteItems", Fault::Conflict);
        app.proxy().disturb("TransactWriteItems", Fault::Conflict);

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        assert_eq!(app.proxy().faults_left(), 0, "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_failed_condition_counts_before_a_conflict_and_not_after_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let add = async |reasons| {
        app.proxy().disturb("TransactWriteItems", Fault::Cancelled(reasons));
        let body = json!({ "email": format!("jane{}@example.com", reasons[0].len()) });
        jane.send_json("POST", "/api/v1.1/users/janedoe/emails/", &body).await
    };

    let after = add(&["TransactionConflict", "ConditionalCheckFailed"]).await;
    let before = add(&["ConditionalCheckFailed", "TransactionConflict"]).await;

    assert_eq!(after.status, 201, "{after:?}");
    assert_eq!(before.status, 400, "{before:?}");
    assert_eq!(app.proxy().faults_left(), 0);
}

#[tokio::test]
async fn unprocessed_keys_are_requested_again_and_not_taken_for_missing() {
    for operation in calling() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        for _ in 0..3 {
            app.proxy().disturb("BatchGetItem", Fault::Unprocessed);
        }

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_503_and_not_404() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let operation = operation("golem-create-account");
    let event = app.event(&operation, &jane).await;
    app.proxy().disturb_all(Some(Fault::Unprocessed));

    assert_busy(&app.send_event(&event).await, &operation);
}

#[tokio::test]
async fn a_fault_of_the_table_is_500_without_internals() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.set(&jane, "createdAt", json!({ "S": "garbage" })).await;

    let response = jane.send("GET", "/v1/accounts").await;

    assert_eq!(response.parts(), (500, &json!({ "error": "something went wrong on our side" })));
}

#[tokio::test]
async fn a_call_that_the_table_rejects_is_500_for_every_operation() {
    for operation in operations().into_iter().filter(|operation| operation.facts.rounds > 0) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        app.proxy().disturb_all(Some(Fault::Rejected("ValidationException")));

        let response = app.send_event(&event).await;

        // Monitors are told that the service is unavailable, whatever is wrong with the table.
        let expected = if operation.name == "rollcall-get-health" { 503 } else { 500 };
        assert_eq!(response.status, expected, "{operation}: {response:?}");
    }
}
