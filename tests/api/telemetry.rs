//! The log line of a request.

use serde_json::{Value, json};
use testkit::{Fault, Person, TestApp, basic, operations, request_lines, user_operations};

/// The lines of a person's requests so far.
fn lines(person: &Person<'_>) -> Vec<Value> {
    request_lines("user", &person.user().id.to_string())
}

fn last(person: &Person<'_>) -> Value {
    lines(person).pop().unwrap()
}

#[tokio::test]
async fn a_request_writes_one_line_with_its_route_outcome_and_cost() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = lines(&jane).len();

    app.proxy().record();
    jane.send("GET", &format!("/v1/accounts/{}/plan", jane.account())).await;

    assert_eq!(lines(&jane).len(), before + 1);
    let mut line = last(&jane);
    let (latency, units) = (line["Latency"].take(), line["capacityUnits"].take());
    assert!(latency.as_f64().unwrap() > 0.0, "{line}");
    assert!(units.as_f64().unwrap() > 0.0, "{line}");
    line["ColdStarts"].take();
    assert_eq!(
        line,
        json!({
            "level": "INFO",
            "requestId": testkit::REQUEST_ID,
            "Route": "GET /v1/accounts/{}/plan",
            "dialect": "golem",
            "status": 200,
            "capacityUnits": null,
            "credential": "token",
            "user": jane.user().id.to_string(),
            "account": jane.account(),
            "Requests": 1,
            "Latency": null,
            "ColdStarts": null,
            "RejectedSignIns": 0,
            "Conflicts": 0,
            "DynamoDBCalls": app.proxy().calls().len(),
        })
    );
}

#[tokio::test]
async fn every_operation_of_a_user_writes_a_line_with_the_user_id() {
    let app = TestApp::start().await;

    for (number, operation) in user_operations().enumerate() {
        let jane = app.person(&format!("jane{number:02}")).await;
        let event = app.event(&operation, &jane).await;
        let before = lines(&jane).len();
        app.send_event(&event).await;
        assert_eq!(lines(&jane).len(), before + 1, "{operation}");
        let line = last(&jane);
        assert_eq!(line["status"], operation.success(), "{operation}");
        assert!(!line["Route"].as_str().unwrap().contains("jane"), "{line}");
    }
}

#[tokio::test]
async fn every_operation_has_a_route_name_and_no_other_path_has_one() {
    let app = TestApp::start().await;

    for operation in operations() {
        app.send(operation.method(), operation.path(), &[], None).await;
        let name = format!("{} {}", operation.method(), as_documented(operation.path()));
        let is_known = operation.name != "not-found";
        assert_eq!(!request_lines("Route", &name).is_empty(), is_known, "{operation}: {name}");
    }
    app.send("GET", "/v1/accounts/api/public/tokens", &[], None).await;
    assert_eq!(request_lines("Route", "GET *").last().unwrap()["status"], 404);
    assert!(request_lines("Route", "GET /v1/accounts/api/public/tokens").is_empty());
}

/// The path of an event with `{}` for what its examples name, and without a slash at its end.
fn as_documented(path: &str) -> String {
    let is_example = |part: &str| {
        part.contains("janedoe")
            || part.contains('@')
            || part.ends_with("_YOUR_TOKEN")
            || ["hub", "icon.svg", "totp", "tour"].contains(&part)
            || part.bytes().any(|b| b.is_ascii_digit()) && !part.starts_with('v') && part != "s3"
    };
    let parts = path.trim_end_matches('/').split('/');
    let path = parts.map(|part| if is_example(part) { "{}" } else { part }).collect::<Vec<_>>();
    if path == [""] { "/".to_owned() } else { path.join("/") }
}

#[tokio::test]
async fn the_kind_of_the_credential_is_logged() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    assert_eq!(
        request_lines("credential", "client").last().unwrap()["Route"],
        "POST /api/v1.1/o/token"
    );

    for (authorization, kind) in
        [(jane.basic(), "password"), (format!("Bearer {}", tokens.access), "oauth")]
    {
        let headers = [("authorization", authorization.as_str())];
        app.send("GET", "/api/v1.1/users/janedoe/", &headers, None).await;
        let line = last(&jane);
        assert_eq!((&line["credential"], &line["dialect"]), (&json!(kind), &json!("hub")));
    }
}

#[tokio::test]
async fn a_replayed_response_is_marked_in_the_log() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    let body = json!({ "name": "Mine" }).to_string();
    let post = async || {
        app.send("POST", "/api/public/v1/account", &headers, Some(&body)).await;
        last(&jane)
    };

    let (first, again) = (post().await, post().await);

    assert_eq!((&first["status"], &first["replayed"]), (&json!(200), &Value::Null), "{first}");
    assert_eq!((&again["status"], &again["replayed"]), (&json!(200), &json!(1)), "{again}");
}

#[tokio::test]
async fn rejected_sign_ins_and_conflicts_are_counted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let wrong = basic("janedoe", "a wrong horse");
    let headers = [("authorization", wrong.as_str())];

    app.send("GET", "/api/v1.1/users/janedoe/emails/", &headers, None).await;
    let taken = json!({
        "email": jane.email(), "first_name": "Mary", "last_name": "Major", "password": "correct horse battery",
    });
    jane.send_json("PUT", "/v2/accounts", &taken).await;

    let rejected = request_lines("Route", "GET /api/v1.1/users/{}/emails");
    assert!(rejected.iter().any(|line| line["status"] == 401 && line["RejectedSignIns"] == 1));
    let conflict = last(&jane);
    assert_eq!((&conflict["status"], &conflict["Conflicts"]), (&json!(409), &json!(1)));
}

#[tokio::test]
async fn a_failure_is_logged_with_its_chain_of_causes() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.proxy().disturb_all_of("Query", Some(Fault::Rejected("ValidationException")));

    assert_eq!(jane.send("GET", "/rollcall/v1/tokens").await.status, 500);

    let failures = request_lines("level", "ERROR");
    let of_list = failures.iter().filter(|line| line["Route"] == "GET /rollcall/v1/tokens");
    let errors: Vec<_> = of_list.filter_map(|line| line["error"].as_str()).collect();
    assert!(
        errors.iter().any(|error| error.starts_with("could not read a list: service error: ")
            && error.contains("ValidationException")),
        "{errors:?}"
    );
}
