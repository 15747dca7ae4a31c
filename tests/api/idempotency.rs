//! Requests that are sent again under the same `Idempotency-Key`.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::Error;
use shared::model::{Scope, StoredResponseId};
use shared::table::{Actor, StoredResponse};
use testkit::{ApiResponse, DocumentedOperation, Fault, Person, State, TestApp, user_operations};

const WRITE: &str = "TransactWriteItems";

/// The writes that accept a key: all but those of the OAuth endpoints.
fn writes() -> impl Iterator<Item = DocumentedOperation> {
    user_operations().filter(DocumentedOperation::is_write)
}

/// The event of an operation under a key.
async fn under(
    app: &TestApp,
    operation: &DocumentedOperation,
    person: &Person<'_>,
    key: &str,
) -> Value {
    keyed(app.repeatable_event(operation, person).await, key)
}

fn keyed(mut event: Value, key: &str) -> Value {
    event["headers"]["idempotency-key"] = json!(key);
    event
}

/// The response as it was the first time, if it is replayed.
fn first(mut response: ApiResponse) -> Option<ApiResponse> {
    let place = response.headers.iter().position(|(name, _)| name == "idempotency-replayed")?;
    assert_eq!(response.headers.remove(place).1, "true");
    Some(response)
}

#[tokio::test]
async fn every_write_sent_again_gets_its_first_response_and_happens_once() {
    for operation in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = under(&app, &operation, &jane, "a-key").await;

        let response = app.send_event(&event).await;
        let after = app.written().await;
        let again = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        assert_eq!(first(again), Some(response), "{operation}");
        assert_eq!(app.written().await, after, "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn of_two_concurrent_requests_the_loser_gets_the_winners_response() {
    for operation in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = under(&app, &operation, &jane, "a-key").await;
        // Both read before one writes: while round trips are counted, each call is slow.
        app.proxy().count();

        let responses = join_all([app.send_event(&event), app.send_event(&event)]).await;

        let (repeated, done): (Vec<_>, Vec<_>) = responses
            .into_iter()
            .partition(|response| response.header("idempotency-replayed").is_some());
        let [done] = &done[..] else { panic!("{operation} was done {} times", done.len()) };
        assert_eq!(done.status, operation.success(), "{operation}: {done:?}");
        assert_eq!(first(repeated[0].clone()).as_ref(), Some(done), "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_write_whose_response_was_lost_gets_it_when_sent_again() {
    for operation in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = under(&app, &operation, &jane, "a-key").await;
        app.proxy().disturb_all_of(WRITE, Some(Fault::ResponseLost));
        let lost = app.send_event(&event).await;
        let after = app.written().await;
        app.proxy().disturb_all_of(WRITE, None);

        let again = app.send_event(&event).await;

        assert_eq!(lost.status, 503, "{operation}: {lost:?}");
        assert_eq!(again.header("idempotency-replayed"), Some("true"), "{operation}: {again:?}");
        assert_eq!(again.status, operation.success(), "{operation}: {again:?}");
        assert_eq!(app.written().await, after, "{operation}");
    }
}

#[tokio::test]
async fn a_key_used_with_another_request_is_422_and_changes_nothing() {
    for operation in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = under(&app, &operation, &jane, "a-key").await;
        assert_eq!(app.send_event(&event).await.status, operation.success(), "{operation}");
        let after = app.written().await;

        for other in others(&event) {
            let response = app.send_event(&other).await;

            let text = "this Idempotency-Key was used for another request";
            let expected = operation.error(422, "idempotency_key_reused", text);
            assert_eq!(response.parts(), (422, &expected), "{operation}: {other}");
        }
        assert_eq!(app.written().await, after, "{operation}");
    }
}

/// The same request but for its query, and but for its body.
fn others(event: &Value) -> Vec<Value> {
    let mut queried = event.clone();
    let query = event["rawQueryString"].as_str().unwrap_or_default();
    queried["rawQueryString"] = json!(format!("{query}&more=1"));
    let mut others = vec![queried];
    if let Some(body) = event["body"].as_str() {
        let mut other = event.clone();
        other["body"] = json!(format!("{body} "));
        others.push(other);
    }
    others
}

#[tokio::test]
async fn another_method_or_path_under_the_key_is_422() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({ "name": "One", "email": "one@example.com" }).to_string();
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    assert_eq!(app.send("POST", "/v1/accounts", &headers, Some(&body)).await.status, 200);
    let own = format!("/v1/accounts/{}", jane.account());

    for (method, path) in [("PUT", own.as_str()), ("POST", "/api/public/v1/account")] {
        let response = app.send(method, path, &headers, Some(&body)).await;

        assert_eq!(response.status, 422, "{method} {path}: {response:?}");
    }
}

#[tokio::test]
async fn a_rejection_is_not_stored() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let path = "/api/v1.1/users/janedoe/emails/";
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    let body = json!({ "email": "wanted@example.com" }).to_string();
    let johns = "/api/v1.1/users/johnroe/emails/";
    let wanted = json!({ "email": "wanted@example.com" });
    assert_eq!(john.send_json("POST", johns, &wanted).await.status, 201);
    let rejected = app.send("POST", path, &headers, Some(&body)).await;
    assert_eq!(john.send_json("DELETE", johns, &wanted).await.status, 204);

    let response = app.send("POST", path, &headers, Some(&body)).await;

    assert_eq!(rejected.status, 400, "{rejected:?}");
    assert_eq!(
        (response.status, response.header("idempotency-replayed")),
        (201, None),
        "{response:?}"
    );
}

#[tokio::test]
async fn a_stored_response_expires_after_a_day() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    let body = json!({ "name": "Mine" }).to_string();
    let post = async || app.send("POST", "/api/public/v1/account", &headers, Some(&body)).await;
    let one = post().await;
    let stored = app.items_of("response").await.remove(0);
    let end: i64 = stored["ttl"]["N"].as_str().unwrap().parse().unwrap();
    let in_a_day = TestApp::in_seconds(24 * 3600).as_second();
    assert!((in_a_day - 60..=in_a_day).contains(&end), "{end}");

    let key = json!({ "pk": stored["pk"], "sk": stored["sk"] });
    let over = json!({ "N": TestApp::in_seconds(-1).as_second().to_string() });
    let change = json!({
        "Key": key,
        "UpdateExpression": "SET #ttl = :over",
        "ExpressionAttributeNames": { "#ttl": "ttl" },
        "ExpressionAttributeValues": { ":over": over },
    });
    app.engine("UpdateItem", change).await;
    let (other, again) = (post().await, post().await);

    assert_eq!(other.header("idempotency-replayed"), None);
    assert_ne!(other.body, one.body);
    assert_eq!(again.body, other.body);
}

#[tokio::test]
async fn the_table_alone_reveals_neither_request_nor_response() {
    const NAMES: [&str; 10] =
        ["fingerprint", "id", "keyVersion", "pk", "sealed", "sk", "ttl", "type", "user", "version"];
    for operation in writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = under(&app, &operation, &jane, "a-key").await;
        let response = app.send_event(&event).await;
        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");

        let stored = app.items_of("response").await;

        let [item] = &stored[..] else { panic!("{operation}: {stored:?}") };
        let names: BTreeSet<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(NAMES), "{operation}");
        for name in ["fingerprint", "sealed"] {
            let bytes = STANDARD.decode(item[name]["S"].as_str().unwrap()).unwrap();
            // No field name and no status of the response, nor a plain hash of the request's body.
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("status") && !text.contains("body"), "{operation}: {text}");
            let body = event["body"].as_str().unwrap_or_default();
            assert_ne!(bytes, Sha256::digest(body).as_slice(), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_key_belongs_to_its_credential() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let other = jane.with_token(jane.new_token(shared::model::TokenKind::User, None, None).await);
    let body = json!({ "name": "test", "kind": "user" }).to_string();
    let (basic, by_address) = (jane.basic(), testkit::basic(jane.email(), testkit::PASSWORD));
    let mut tokens = BTreeSet::new();

    for authorization in [jane.token(), other.token(), john.token(), &basic] {
        let headers = [("authorization", authorization), ("idempotency-key", "a-key")];
        let response = app.send("POST", "/rollcall/v1/tokens", &headers, Some(&body)).await;
        assert_eq!((response.status, response.header("idempotency-replayed")), (201, None));
        tokens.insert(response.text("token").to_owned());
    }
    let headers = [("authorization", by_address.as_str()), ("idempotency-key", "a-key")];
    let same_user = app.send("POST", "/rollcall/v1/tokens", &headers, Some(&body)).await;

    assert_eq!(tokens.len(), 4);
    assert_eq!(same_user.header("idempotency-replayed"), Some("true"));
    assert!(tokens.contains(same_user.text("token")));
}

#[tokio::test]
async fn the_key_is_looked_up_after_credential_scope_and_body() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let token = jane.new_token(shared::model::TokenKind::User, Some(&[Scope::AccountWrite]), None);
    let scoped = jane.with_token(token.await);
    let headers = [("authorization", scoped.token()), ("idempotency-key", "a-key")];
    let path = "/api/public/v1/account";
    let body = json!({ "name": "Mine" }).to_string();
    assert_eq!(app.send("POST", path, &headers, Some(&body)).await.status, 200);

    let bad = app.send("POST", path, &headers, Some("{}")).await;
    let out_of_scope = app.send("POST", "/rollcall/v1/tokens", &headers, Some(&body)).await;
    let id = testkit::token_id(scoped.token()).unwrap();
    let revoked = jane.send("DELETE", &format!("/rollcall/v1/tokens/{id}")).await;
    let gone = app.send("POST", path, &headers, Some(&body)).await;

    assert_eq!((bad.status, out_of_scope.status), (400, 403), "{bad:?} {out_of_scope:?}");
    assert_eq!((revoked.status, gone.status), (204, 401));
}

#[tokio::test]
async fn a_repeated_deletion_is_replayed_before_the_resource_is_looked_up() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    let other = [("authorization", jane.token()), ("idempotency-key", "another-key")];
    assert_eq!(app.send("DELETE", &path, &headers, None).await.status, 200);

    let again = app.send("DELETE", &path, &headers, None).await;
    let anew = app.send("DELETE", &path, &other, None).await;

    assert_eq!(again.parts(), (200, &json!({})));
    assert_eq!(anew.status, 404);
}

#[tokio::test]
async fn a_rejection_caused_by_the_same_request_gives_way_to_its_response() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    let done = app.send("DELETE", &path, &headers, None).await;
    // A batch is no snapshot: the account may be read after the write, and the stored response
    // before it.
    let response = app.items_of("response").await.remove(0);
    forget(&app, &response).await;
    let put = app.engine_later("PutItem", json!({ "Item": response }));
    app.proxy().before("BatchGetItem", async {});
    app.proxy().before("BatchGetItem", put);

    let again = app.send("DELETE", &path, &headers, None).await;

    assert_eq!(first(again), Some(done));
    assert_eq!(app.proxy().faults_left(), 0);
}

#[tokio::test]
async fn a_rejection_is_503_if_the_stored_response_cannot_be_looked_up() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    assert_eq!(app.send("DELETE", &path, &headers, None).await.status, 200);
    forget(&app, &app.items_of("response").await.remove(0)).await;
    app.proxy().disturb_from("BatchGetItem", 1, Fault::THROTTLED);

    let rejected = app.send("DELETE", &path, &headers, None).await;

    assert_eq!(rejected.status, 503, "{rejected:?}");
    app.proxy().calm().unwrap();
    assert_eq!(app.send("DELETE", &path, &headers, None).await.status, 404);
}

#[tokio::test]
async fn a_key_used_with_another_request_meanwhile_is_422() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    assert_eq!(app.send("DELETE", &path, &headers, None).await.status, 200);
    let response = app.items_of("response").await.remove(0);
    forget(&app, &response).await;
    app.proxy().before("BatchGetItem", async {});
    app.proxy().before("BatchGetItem", app.engine_later("PutItem", json!({ "Item": response })));

    let body = json!({ "name": "Other", "email": "other@example.com" }).to_string();
    let headers = [&headers[..], &[("content-type", "application/json")]].concat();
    let rejected = app.send("PUT", &path, &headers, Some(&body)).await;

    assert_eq!(rejected.status, 422, "{rejected:?}");
    assert_eq!(app.proxy().faults_left(), 0);
}

#[tokio::test]
async fn a_request_whose_key_stays_in_use_is_409_and_not_done() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let headers = [("authorization", jane.token()), ("idempotency-key", "a-key")];
    let before = State::from_items(&app.items().await);
    // The first condition of a write under a key is that its response is not there.
    app.proxy().disturb_all_of(WRITE, Some(Fault::Cancelled(&["ConditionalCheckFailed"])));

    let name = json!({ "name": "Mine" }).to_string();
    let line = json!({ "company": "Mine" }).to_string();
    let (quave, hub) = tokio::join!(
        app.send("POST", "/api/public/v1/account", &headers, Some(&name)),
        app.send("PATCH", "/api/v1.1/users/janedoe/", &headers, Some(&line)),
    );

    for (rejected, field) in [(quave, "error"), (hub, "detail")] {
        assert_eq!(rejected.status, 409, "{rejected:?}");
        assert_eq!(rejected.header("retry-after"), Some("1"));
        let error = "a request with this Idempotency-Key is in progress";
        assert_eq!(rejected.text(field), error, "{rejected:?}");
    }
    assert!(State::from_items(&app.items().await).is_untouched_since(&before));
}

/// As if the stored response had not been written yet.
async fn forget(app: &TestApp, response: &Value) {
    let key = json!({ "pk": response["pk"], "sk": response["sk"] });
    app.engine("DeleteItem", json!({ "Key": key })).await;
}

#[tokio::test]
async fn a_key_is_one_string_bare_or_in_quotes() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({ "name": "Mine" }).to_string();
    let post = async |key: &str| {
        let headers = [("authorization", jane.token()), ("idempotency-key", key)];
        app.send("POST", "/api/public/v1/account", &headers, Some(&body)).await
    };
    let one = post("a-key").await;

    assert_eq!(first(post(r#""a-key""#).await), Some(one));
    for bad in ["", "\"", "a key", "a\"b", &"x".repeat(256)] {
        let response = post(bad).await;
        let problem = "Idempotency-Key: must be 1 to 255 visible ASCII characters without quotes or backslashes";
        assert_eq!(response.status, 400, "{bad}: {response:?}");
        assert_eq!(response.body["details"], json!([problem]), "{bad}");
    }
}

#[tokio::test]
async fn reads_forms_and_the_oauth_endpoints_ignore_a_key() {
    let is_write = |own: &DocumentedOperation| writes().any(|write| write.name == own.name);
    for operation in testkit::operations().into_iter().filter(|own| !is_write(own)) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = keyed(app.event(&operation, &jane).await, "a key that is none");

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        assert!(app.items_of("response").await.is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn a_rejection_under_a_key_costs_one_more_call_and_no_write() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", crate::NOBODYS);
    let cost = async |headers: &[(&str, &str)]| {
        app.proxy().record();
        assert_eq!(app.send("DELETE", &path, headers, None).await.status, 404);
        app.proxy().calls().len()
    };

    let plain = cost(&[("authorization", jane.token())]).await;
    let keyed = cost(&[("authorization", jane.token()), ("idempotency-key", "a-key")]).await;

    assert_eq!(keyed, plain + 1);
    assert!(app.items_of("response").await.is_empty());
}

#[tokio::test]
async fn the_same_bytes_of_another_media_type_are_another_request() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let send = async |media_type: &str| {
        let headers = [
            ("authorization", jane.token()),
            ("content-type", media_type),
            ("idempotency-key", "a-key"),
        ];
        // As a form it has a field that is not known.
        let body = "--part\r\ncontent-disposition: form-data; name=\"full_name\"\r\n\r\n\
                    Jane\r\n--part--\r\n";
        app.send("PATCH", "/api/v1.1/users/janedoe/", &headers, Some(body)).await.status
    };

    assert_eq!(send("application/x-www-form-urlencoded").await, 200);
    assert_eq!(send("multipart/form-data; boundary=part").await, 422);
    assert_eq!(send("application/x-www-form-urlencoded; charset=utf-8").await, 200);
}

#[tokio::test]
async fn a_repeated_request_is_replayed_before_if_match_is_checked() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let tag = jane.send("GET", &path).await.header("etag").unwrap().to_owned();
    let headers =
        [("authorization", jane.token()), ("if-match", &tag), ("idempotency-key", "a-key")];
    let body = json!({ "name": "Other", "email": "other@example.com" }).to_string();
    let done = app.send("PUT", &path, &headers, Some(&body)).await;

    let again = app.send("PUT", &path, &headers, Some(&body)).await;

    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(first(again), Some(done));
}

#[tokio::test]
async fn a_stored_response_in_the_way_is_reported_before_a_taken_address() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let user = app.table().user_and(jane.user().id, ()).await.unwrap().0.unwrap();
    let response = StoredResponse {
        user: user.id,
        id: StoredResponseId::new("password", &"a-key".parse().unwrap()),
        fingerprint: String::new(),
        sealed: String::new(),
        key_version: "1".to_owned(),
        expires_at: StoredResponse::expiry(),
    };
    let add = || {
        app.table()
            .add_email(&Actor::operator(), &user, "both@example.com".parse().unwrap())
            .unwrap()
    };
    add().with_stored_response(&response).unwrap().commit().await.unwrap();

    let rejected = add().with_stored_response(&response).unwrap().commit().await;

    assert!(matches!(rejected, Err(Error::IdempotencyKeyInUse)));
}

#[tokio::test]
async fn a_response_encrypted_with_an_older_key_version_is_replayed() {
    let mut app = TestApp::start().await;
    let token = app.person("janedoe").await.token().to_owned();
    let headers = [("authorization", token.as_str()), ("idempotency-key", "a-key")];
    let body = json!({ "name": "Mine" }).to_string();
    let done = app.send("POST", "/api/public/v1/account", &headers, Some(&body)).await;
    app.rotate_service_key().await;
    assert_eq!(app.service_key().await.version, "2");

    let again = app.send("POST", "/api/public/v1/account", &headers, Some(&body)).await;

    assert_eq!(first(again), Some(done));
}

#[tokio::test]
async fn a_write_under_a_key_is_503_and_not_done_without_the_service_key() {
    for operation in writes() {
        let mut app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = under(&app, &operation, &jane, "a-key").await;
        let before = State::from_items(&app.items().await);
        app.lose_service_key();

        let response = app.send_event(&event).await;

        assert_eq!(response.status, 503, "{operation}: {response:?}");
        assert!(State::from_items(&app.items().await).is_untouched_since(&before), "{operation}");
    }
}
