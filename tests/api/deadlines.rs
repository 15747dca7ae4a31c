//! How long a request can take: a bounded number of attempts, each with a timeout, and a deadline
//! for the whole.
//!
//! Long times are observed by the calls that were sent, or by a clock that runs ahead whenever
//! nothing else happens.

use std::error::Error as _;
use std::future::pending;
use std::time::Duration;

use lambda_http::{Body, Response};
use serde_json::json;
use shared::http::ApiRequest;
use shared::model::TokenKind;
use shared::table::{Connection, Table};
use shared::{Error, Result, Settings, timeouts};
use testkit::{Fault, TestApp, operations};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_request_that_hangs_is_503_in_its_dialect_before_lambda_gives_up() {
    testkit::watch_log();
    for operation in operations().into_iter().filter(|own| own.binary() != "not-found") {
        let event = operation.of(crate::NOBODYS, "rcu_x");
        let event = shared::http::from_event(serde_json::from_value(event).unwrap());
        let call = ApiRequest::new(event, &Settings::default());
        let started = Instant::now();

        let response = call.respond(&[], pending::<Result<Response<Body>>>).await;

        assert_eq!(response.status(), 503, "{operation}");
        assert_eq!(response.headers()["retry-after"], "1", "{operation}");
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        let busy = "the service is busy; try again shortly";
        if operation.is_page() {
            assert!(text.contains(busy), "{operation}: {text}");
        } else {
            let busy = operation.error(503, "unavailable", busy);
            assert_eq!(text.parse::<serde_json::Value>().unwrap(), busy, "{operation}");
        }
        assert_eq!(response.headers()["content-type"], operation.error_media_type(), "{operation}");
        // A second is left for starting, hashing a password and sending the response.
        assert!(started.elapsed() + Duration::from_secs(1) < timeouts::FUNCTION);
    }
}

#[tokio::test]
async fn every_call_is_tried_a_bounded_number_of_times() {
    let change = json!({ "first_name": "Jane", "password": "another correct horse" }).to_string();
    let prepared = TestApp::start().await;
    let jane = prepared.person("janedoe").await;
    for _ in 0..12 {
        jane.new_token(TokenKind::User, None, None).await;
    }
    let items = prepared.snapshot().await;
    for (operation, fault, attempts) in [
        ("BatchGetItem", Fault::THROTTLED, 3),
        ("BatchGetItem", Fault::Failed, 3),
        ("BatchGetItem", Fault::Dropped, 3),
        ("BatchGetItem", Fault::ResponseCut, 3),
        // Two seconds for an attempt, four for all.
        ("BatchGetItem", Fault::Silent, 2),
        ("BatchGetItem", Fault::ResponseStalled, 2),
        ("TransactWriteItems", Fault::Silent, 2),
        ("TransactWriteItems", Fault::ResponseLost, 3),
        ("TransactWriteItems", Fault::THROTTLED, 3),
        ("TransactWriteItems", Fault::Conflict, 6),
        ("TransactWriteItems", Fault::Crowded, 6),
        // Three each of six.
        ("TransactWriteItems", Fault::IN_PROGRESS, 18),
        ("Query", Fault::THROTTLED, 3),
        ("BatchWriteItem", Fault::THROTTLED, 3),
        ("BatchWriteItem", Fault::Unprocessed, 8),
        // Noting a last use is not worth another one.
        ("UpdateItem", Fault::THROTTLED, 1),
    ] {
        let app = TestApp::restored(&items).await;
        app.proxy().disturb_from(operation, 0, fault);

        let (method, path, body) = match operation {
            "Query" => ("GET", "/v1/accounts", None),
            _ => ("POST", "/v2/account/data", Some(change.as_str())),
        };
        let headers = [("authorization", jane.token()), ("content-type", "application/json")];
        app.send(method, path, &headers, body).await;

        // A machine with too much to do may meet the end of the request before the last attempts.
        let (met, least) = (app.proxy().faults_met(), attempts / 2 + 1);
        assert!((least..=attempts).contains(&met), "{met} attempts of {operation}, {fault:?}");
    }
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_requested_eight_times() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.proxy().disturb_all_of("BatchGetItem", Some(Fault::Unprocessed));

    let response =
        jane.send_json("POST", "/api/public/v1/account", &json!({ "name": "Many slugs" })).await;

    assert_eq!((response.status, app.proxy().faults_met()), (503, 8));
}

#[tokio::test]
async fn a_connection_that_is_not_accepted_times_out_sooner_than_a_response() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // More connections than the queue accepts; each is started, and none is waited for.
    let mut queue: Vec<_> = (0..16).map(|_| Box::pin(TcpStream::connect(address))).collect();
    let mut taken = Vec::new();
    for waiting in &mut queue {
        taken.extend(timeout(Duration::ZERO, waiting).await);
    }
    let table = Table::connect(Connection::local(&format!("http://{address}"), "x")).unwrap();

    let Err(error) = table.dummy_lookup().await else { panic!("it responded") };

    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(next) = cause {
        causes.push(next.to_string());
        cause = next.source();
    }
    assert!(causes.iter().any(|text| text.contains("connect timeout")), "{causes:?}");
}
