//! The round trips to the table that each operation costs. Concurrent calls are one round trip.

use serde_json::json;
use shared::model::Role;
use testkit::{TestApp, operations, user_operations};

#[tokio::test]
async fn every_operation_costs_exactly_its_round_trips() {
    let mut others = Vec::new();
    for operation in operations() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;

        let event = app.event(&operation, &jane).await;

        app.proxy().count();
        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        let (rounds, expected) = (app.proxy().rounds(), operation.facts.rounds as usize);
        if rounds != expected {
            let calls = app.proxy().calls();
            others.push(format!("{operation}: {rounds}, not {expected}: {calls:?}"));
        }
    }
    assert_eq!(others, [""; 0]);
}

#[tokio::test]
async fn deleting_a_one_member_account_costs_no_extra_round_trip() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let proxy = app.proxy().clone();
    app.proxy().before("TransactWriteItems", async move { proxy.responded("Query").await });

    app.proxy().count();
    let deleted = jane.send("DELETE", &format!("/v1/accounts/{}", jane.account())).await;

    assert_eq!((deleted.status, app.proxy().rounds()), (200, 2), "{:?}", app.proxy().calls());
}

#[tokio::test]
async fn golem_views_of_another_owners_address_cost_one_more_round_trip() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let john = app.person("johnroe").await;
    app.join(&john, &jane.account(), Role::Admin).await;
    let path = format!("/v1/accounts/{}", jane.account());
    let same = json!({ "name": "Theirs", "email": jane.email() });

    for (method, path, body, rounds) in
        [("GET", "/v1/accounts", None, 3), ("GET", &path, None, 2), ("PUT", &path, Some(same), 3)]
    {
        app.proxy().count();
        let response = match body {
            Some(body) => john.send_json(method, path, &body).await,
            None => john.send(method, path).await,
        };
        assert_eq!(response.status, 200, "{method} {path}: {response:?}");
        assert_eq!(app.proxy().rounds(), rounds, "{method} {path}: {:?}", app.proxy().calls());
    }
}

#[tokio::test]
async fn a_first_account_costs_two_round_trips_as_no_current_one_is_read() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.unset_current_account(&jane).await;

    app.proxy().count();
    jane.send_json("POST", "/api/public/v1/account", &json!({ "name": "First" })).await;

    assert_eq!(app.proxy().rounds(), 2, "{:?}", app.proxy().calls());
}

#[tokio::test]
async fn a_malformed_request_fetches_the_credential_and_nothing_else() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in user_operations().filter(|operation| operation.json_body().is_some()) {
        app.proxy().record();
        let response = jane.send_text(operation.method(), operation.path(), "[]").await;
        assert_eq!(response.status, 400, "{operation}");
        let calls = app.proxy().calls();
        assert_eq!(
            (calls.len(), calls[0].operation.as_str(), calls[0].keys),
            (1, "BatchGetItem", 2),
            "{operation}: {calls:?}"
        );
    }
}

#[tokio::test]
async fn no_read_is_eventually_consistent_and_nothing_scans() {
    let app = TestApp::start().await;

    for (number, operation) in operations().iter().enumerate() {
        let jane = app.person(&format!("jane{number:02}")).await;
        let event = app.event(operation, &jane).await;
        app.proxy().record();
        app.send_event(&event).await;
        assert!(app.proxy().calls().iter().all(|call| call.operation != "Scan"), "{operation}");
    }
    assert_eq!(app.proxy().eventual_reads(), Vec::<String>::new());
}

#[tokio::test]
async fn last_use_is_noted_once_an_hour_without_touching_the_version() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let token = async || app.items_of("token").await.remove(0);
    let noted = token().await;
    assert_eq!(noted["version"]["N"], "1");
    assert!(noted["lastUsedAt"]["S"].as_str().unwrap().ends_with(":00:00Z"), "{noted}");

    app.proxy().record();
    jane.send("GET", "/v1/accounts").await;

    assert_eq!(token().await, noted);
    assert!(app.proxy().calls().iter().all(|call| call.operation != "UpdateItem"));
}
