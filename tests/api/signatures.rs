//! e24's request signatures, in the forms that known clients send.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{Settings, SignedQuery};
use testkit::{
    ApiResponse, CredentialKind, DocumentedOperation, Fault, Person, TestApp, date,
    own_last_request_line, sign, signature, user_operations,
};

const HOST: &str = "api.example.com:8443";
const WRITE: &str = "TransactWriteItems";

/// A request, and what a client signs of it.
#[derive(Clone)]
pub(crate) struct Signed {
    method: String,
    host: String,
    date: String,
    target: String,
    body: String,
}

impl Signed {
    /// A request of today, with this body unless that is empty.
    pub(crate) fn new(method: &str, target: &str, body: String) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), body, ..Self::get() }
    }

    fn get() -> Self {
        Self {
            method: "GET".to_owned(),
            host: HOST.to_owned(),
            date: date(0, "GMT", 0),
            target: "/v2/accounts?limit=10&offset=0".to_owned(),
            body: String::new(),
        }
    }

    fn put(email: &str) -> Self {
        let body = json!({ "email": email, "first_name": "Mary", "last_name": "Major", "password": "correct horse battery" });
        Self {
            method: "PUT".to_owned(),
            target: "/v2/accounts".to_owned(),
            body: body.to_string(),
            ..Self::get()
        }
    }

    /// The `Authorization` header of a person's key over this.
    fn by(&self, person: &Person<'_>) -> String {
        let (key, secret) = person.api_key();
        self.with(&key, secret)
    }

    /// The `Authorization` header of a key over this.
    pub(crate) fn with(&self, key: &str, secret: &str) -> String {
        let Self { method, host, date, target, body } = self;
        let signed = format!("{method}\n{host}\n{date}\n{target}\n{body}");
        format!("{key}:{}", signature(secret, &signed))
    }

    /// Sends this under that header.
    pub(crate) async fn send(&self, app: &TestApp, authorization: &str) -> ApiResponse {
        let headers = [
            ("authorization", authorization),
            ("host", &self.host),
            ("x-date", &self.date),
            ("content-type", "application/json"),
        ];
        let body = Some(self.body.as_str()).filter(|body| !body.is_empty());
        app.send(&self.method, &self.target, &headers, body).await
    }
}

#[tokio::test]
async fn every_signature_form_of_known_clients_is_accepted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let get = Signed::get();

    for (case, signed) in [
        ("as sent", get.clone()),
        ("without the query", Signed { target: "/v2/accounts".to_owned(), ..get.clone() }),
        ("without the port", Signed { host: "api.example.com".to_owned(), ..get.clone() }),
        (
            "without both",
            Signed {
                host: "api.example.com".to_owned(),
                target: "/v2/accounts".to_owned(),
                ..get.clone()
            },
        ),
    ] {
        assert_eq!(get.send(&app, &signed.by(&jane)).await.status, 200, "{case}");
    }
    for (zone, hours) in [
        ("UTC", 0),
        ("UT", 0),
        ("Z", 0),
        ("+0000", 0),
        ("WET", 0),
        ("WEST", 1),
        ("CET", 1),
        ("CEST", 2),
        ("EET", 2),
        ("EEST", 3),
        ("EST", -5),
        ("EDT", -4),
        ("CST", -6),
        ("CDT", -5),
        ("MST", -7),
        ("MDT", -6),
        ("PST", -8),
        ("PDT", -7),
        ("-0330", -3),
    ] {
        let seconds = if zone == "-0330" { -1800 } else { 0 };
        let signed = Signed { date: date(seconds, zone, hours), ..get.clone() };
        assert_eq!(signed.send(&app, &signed.by(&jane)).await.status, 200, "{zone}");
    }
    let put = Signed::put("mary@example.com");
    assert_eq!(put.send(&app, &put.by(&jane)).await.status, 200);
    let slash = Signed { target: "/v2/accounts/".to_owned(), ..get };
    assert_eq!(slash.send(&app, &slash.by(&jane)).await.status, 200);
}

/// Every part that a signature covers, altered in a request.
fn altered(signed: &Signed) -> Vec<(&'static str, Signed)> {
    let (path, query) = signed.target.split_once('?').unwrap();
    let is_get = signed.method == "GET";
    let (other_method, other_path) =
        if is_get { ("PUT", "/v2/account") } else { ("GET", "/v2/account/api") };
    let target = |target: String| Signed { target, ..signed.clone() };
    let host = |host: &str| Signed { host: host.to_owned(), ..signed.clone() };
    vec![
        ("method", Signed { method: other_method.to_owned(), ..signed.clone() }),
        ("host", host("evil.example.com:8443")),
        ("port", host("api.example.com:8444")),
        ("port left out", host("api.example.com")),
        ("date", Signed { date: date(-60, "GMT", 0), ..signed.clone() }),
        ("zone", Signed { date: signed.date.replace("GMT", "UTC"), ..signed.clone() }),
        ("path", target(format!("{other_path}?{query}"))),
        ("slash", target(format!("{path}/?{query}"))),
        ("query", target(format!("{path}?limit=11&offset=0"))),
        ("order of the query", target(format!("{path}?offset=0&limit=10"))),
        ("query more", target(format!("{path}?{query}&a=b"))),
        ("query less", target(path.to_owned())),
        ("body", Signed { body: signed.body.replace("Mary", "Mara") + " ", ..signed.clone() }),
    ]
}

#[tokio::test]
async fn altering_any_part_that_a_signature_covers_is_401() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let get = Signed::get();
    let put = Signed { target: get.target.clone(), ..Signed::put("mary@example.com") };

    for signed in [get, put] {
        for (case, sent) in altered(&signed) {
            let rejected = sent.send(&app, &signed.by(&jane)).await;

            let error = json!({ "success": false, "error": "the credential is not valid" });
            let method = &signed.method;
            assert_eq!(rejected.parts(), (401, &error), "{method}, another {case}");
        }
        let unaltered = signed.send(&app, &signed.by(&jane)).await;
        assert_eq!(unaltered.status, 200, "{unaltered:?}");
    }
}

#[tokio::test]
async fn a_signature_with_another_key_or_of_another_form_is_401() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let get = Signed::get();
    let (key, _) = jane.api_key();
    let (johns, _) = john.api_key();
    let stolen = get.by(&jane).replace(&key, &johns);
    for wrong in [
        stolen,
        format!("{key}:"),
        format!("{key}:!"),
        format!("{key}:{}", STANDARD.encode([0; 32])),
        format!(":{key}"),
        "x:y".to_owned(),
    ] {
        assert_eq!(get.send(&app, &wrong).await.status, 401, "{wrong}");
    }
}

#[tokio::test]
async fn a_query_may_be_left_out_of_the_signature_of_a_get_alone_and_not_if_strict() {
    let mut app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, secret) = jane.api_key();
    let (key, secret) = (key, secret.to_owned());
    let get = Signed { target: "/v2/accounts".to_owned(), ..Signed::get() };
    let put = Signed::put("mary@example.com");

    for (signed_query, of_get) in [(SignedQuery::Lenient, 200), (SignedQuery::Strict, 401)] {
        app.configure(Settings { signed_query, ..Settings::default() });
        for (signed, status) in [(&get, of_get), (&put, 401)] {
            let sent = Signed { target: "/v2/accounts?limit=10".to_owned(), ..signed.clone() };
            let response = sent.send(&app, &signed.with(&key, &secret)).await;
            assert_eq!(response.status, status, "{signed_query:?} {}", signed.method);
        }
        let covered = Signed { target: "/v2/accounts?limit=10".to_owned(), ..get.clone() };
        let response = covered.send(&app, &covered.with(&key, &secret)).await;
        assert_eq!(response.status, 200, "{signed_query:?}");
    }
}

#[tokio::test]
async fn the_log_says_which_check_a_signature_failed_and_the_response_does_not() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (get, put) = (Signed::get(), Signed::put("mary@example.com"));
    app.set(&john, "disabled", json!({ "BOOL": true })).await;
    let (key, secret) = jane.api_key();
    let unknown = shared::model::ApiKeyId::generate().unwrap().to_api_key(jane.user().id);
    let dated = |date: String| Signed { date, ..get.clone() };
    let queried = Signed { target: "/v2/accounts?a=b".to_owned(), ..put.clone() };
    let mut responses = Vec::new();

    for (check, sent, authorization) in [
        ("key", get.clone(), "rck_x:c2ln".to_owned()),
        ("key", get.clone(), get.with(&unknown, secret)),
        ("mac", get.clone(), format!("{key}:!")),
        ("mac", get.clone(), put.by(&jane)),
        ("date", dated("now".to_owned()), get.by(&jane)),
        ("date", dated(date(0, "JST", 9)), dated(date(0, "JST", 9)).by(&jane)),
        ("clock", dated(date(-1000, "GMT", 0)), dated(date(-1000, "GMT", 0)).by(&jane)),
        ("user", get.clone(), get.by(&john)),
        ("query", queried, put.by(&jane)),
    ] {
        let response = sent.send(&app, &authorization).await;
        let line = own_last_request_line().unwrap();
        assert_eq!((&line["signatureRejected"], &line["status"]), (&json!(check), &json!(401)));
        responses.push(response);
    }

    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:?}");
    assert_eq!(get.send(&app, &get.by(&jane)).await.status, 200);
    assert_eq!(own_last_request_line().unwrap()["signatureRejected"], Value::Null);
}

#[tokio::test]
async fn a_date_more_than_15_minutes_off_of_another_zone_or_missing_is_401() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (seconds, status) in [(-890, 200), (890, 200), (-910, 401), (910, 401)] {
        let signed = Signed { date: date(seconds, "GMT", 0), ..Signed::get() };
        assert_eq!(signed.send(&app, &signed.by(&jane)).await.status, status, "{seconds}");
    }
    for date in [date(0, "JST", 9), date(0, "A", 1), "now".to_owned(), String::new()] {
        let signed = Signed { date, ..Signed::get() };
        assert_eq!(signed.send(&app, &signed.by(&jane)).await.status, 401, "{}", signed.date);
    }
    let get = Signed::get();
    let authorization = get.by(&jane);
    assert_eq!(
        app.send("GET", &get.target, &[("authorization", &authorization), ("host", HOST)], None)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn a_signed_request_costs_no_extra_round_trip_and_is_noted_once_an_hour() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let get = Signed::get();
    let user = async || app.items_of("user").await.remove(0);
    get.send(&app, &get.by(&jane)).await;
    let noted: Value = user().await;
    let keys = noted["apiKeys"]["M"].as_object().unwrap();
    assert!(keys.values().all(|key| key["M"]["lastUsedAt"]["S"].is_string()), "{keys:?}");
    assert_eq!(noted["version"]["N"], "1");

    app.proxy().count();
    assert_eq!(get.send(&app, &get.by(&jane)).await.status, 200);

    assert_eq!(app.proxy().rounds(), 3);
    assert_eq!(user().await, noted);
}

#[tokio::test]
async fn a_disabled_users_signature_stops_with_the_next_request() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.set(&jane, "disabled", json!({ "BOOL": true })).await;

    let get = Signed::get();
    assert_eq!(get.send(&app, &get.by(&jane)).await.status, 401);
}

#[tokio::test]
async fn a_key_whose_version_the_service_key_lacks_is_503_and_not_401() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let id = jane.user().api_keys.keys().next().unwrap();
    let change = json!({
        "Key": jane.key(),
        "UpdateExpression": "SET apiKeys.#id.keyVersion = :two",
        "ExpressionAttributeNames": { "#id": id },
        "ExpressionAttributeValues": { ":two": { "S": "2" } },
    });
    app.engine("UpdateItem", change).await;

    let get = Signed::get();
    let response = get.send(&app, &get.by(&jane)).await;

    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
}

/// The writes that accept a signature.
fn signed_writes() -> impl Iterator<Item = DocumentedOperation> {
    user_operations().filter(|own| own.is_write() && own.takes(CredentialKind::Signature))
}

/// The event of an operation, signed by a person.
async fn signed(app: &TestApp, operation: &DocumentedOperation, person: &Person<'_>) -> Value {
    let mut event = app.event(operation, person).await;
    let (key, secret) = person.api_key();
    sign(&mut event, &key, secret);
    event
}

fn sign_it_anew() -> Value {
    let text = "this signature was used before: sign it anew";
    json!({ "success": false, "error": text })
}

#[tokio::test]
async fn a_signed_write_counts_once_and_costs_no_extra_round_trip() {
    for operation in signed_writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let get = Signed::get();
        assert_eq!(get.send(&app, &get.by(&jane)).await.status, 200, "its use is noted");
        let event = signed(&app, &operation, &jane).await;

        app.proxy().count();
        let response = app.send_event(&event).await;
        let (rounds, after) = (app.proxy().rounds(), app.written().await);
        let again = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        assert_eq!(rounds, operation.facts.rounds as usize, "{operation}");
        assert_eq!(again.parts(), (409, &sign_it_anew()), "{operation}");
        assert_eq!(app.written().await, after, "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn of_two_requests_at_once_with_one_signature_one_succeeds() {
    for operation in signed_writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = signed(&app, &operation, &jane).await;
        // Both read before one writes: while round trips are counted, each call is slow.
        app.proxy().count();

        let mut responses = join_all([app.send_event(&event), app.send_event(&event)]).await;

        responses.sort_by_key(|response| response.status);
        let [done, rejected] = &responses[..] else { panic!("{responses:?}") };
        assert_eq!(done.status, operation.success(), "{operation}: {done:?}");
        assert_eq!(rejected.parts(), (409, &sign_it_anew()), "{operation}");
        assert_eq!(app.items_of("signature").await.len(), 1, "{operation}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_signature_whose_write_failed_or_was_503_may_come_again() {
    for operation in signed_writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = signed(&app, &operation, &jane).await;
        let before = app.items_of("signature").await;

        app.proxy().disturb_all_of(WRITE, Some(Fault::Dropped));
        let busy = app.send_event(&event).await;
        app.proxy().disturb_all_of(WRITE, Some(Fault::Rejected("ValidationException")));
        let failed = app.send_event(&event).await;
        app.proxy().disturb_all_of(WRITE, None);
        assert_eq!(app.items_of("signature").await, before, "{operation}");
        let done = app.send_event(&event).await;

        assert_eq!((busy.status, failed.status), (503, 500), "{operation}");
        assert_eq!(done.status, operation.success(), "{operation}: {done:?}");
    }
}

#[tokio::test]
async fn a_rejected_request_may_come_again_with_its_signature() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (path, address) =
        ("/api/v1.1/users/johnroe/emails/", json!({ "email": "mary@example.com" }));
    assert_eq!(john.send_json("POST", path, &address).await.status, 201);
    let put = Signed::put("mary@example.com");
    let authorization = put.by(&jane);

    let taken = put.send(&app, &authorization).await;
    assert_eq!(john.send_json("DELETE", path, &address).await.status, 204);
    let made = put.send(&app, &authorization).await;
    let again = put.send(&app, &authorization).await;

    assert_eq!((taken.status, made.status), (409, 200), "{taken:?} {made:?}");
    assert_eq!(again.parts(), (409, &sign_it_anew()));
}

#[tokio::test]
async fn a_signed_write_whose_response_was_lost_happens_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (put, other) = (Signed::put("mary@example.com"), Signed::put("john@example.com"));

    app.proxy().disturb(WRITE, Fault::ResponseLost);
    let retried = put.send(&app, &put.by(&jane)).await;
    app.proxy().disturb_all_of(WRITE, Some(Fault::ResponseLost));
    let lost = other.send(&app, &other.by(&jane)).await;
    app.proxy().disturb_all_of(WRITE, None);
    let again = other.send(&app, &other.by(&jane)).await;

    assert_eq!((retried.status, lost.status), (200, 503), "{retried:?} {lost:?}");
    assert_eq!(again.parts(), (409, &sign_it_anew()));
    assert_eq!(app.items_of("user").await.len(), 3);
}

#[tokio::test]
async fn a_used_signature_finds_its_response_under_an_idempotency_key_and_under_no_other() {
    for operation in signed_writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let mut event = signed(&app, &operation, &jane).await;
        event["headers"]["idempotency-key"] = json!("a-key");
        let first = app.send_event(&event).await;
        let after = app.written().await;

        let replayed = app.send_event(&event).await;
        event["headers"]["idempotency-key"] = json!("another-key");
        let other = app.send_event(&event).await;

        assert_eq!(first.status, operation.success(), "{operation}: {first:?}");
        assert_eq!(replayed.header("idempotency-replayed"), Some("true"), "{operation}");
        assert_eq!(replayed.body, first.body, "{operation}");
        assert_eq!(other.parts(), (409, &sign_it_anew()), "{operation}");
        assert_eq!(app.written().await, after, "{operation}");
    }
}

#[tokio::test]
async fn of_two_at_once_with_one_signature_and_key_the_loser_gets_the_winners_response() {
    for operation in signed_writes() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let mut event = signed(&app, &operation, &jane).await;
        event["headers"]["idempotency-key"] = json!("a-key");
        app.proxy().count();

        let responses = join_all([app.send_event(&event), app.send_event(&event)]).await;

        let [one, other] = &responses[..] else { panic!("{responses:?}") };
        assert_eq!((one.status, &one.body), (other.status, &other.body), "{operation}");
        assert_eq!(one.status, operation.success(), "{operation}: {one:?}");
    }
}

#[tokio::test]
async fn another_spelling_of_a_used_signature_is_not_another_signature() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = Signed::new("PUT", "/v2/account/api", String::new());
    let authorization = create.by(&jane);
    let (key, mac) = authorization.split_once(':').unwrap();
    let bytes = STANDARD.decode(mac).unwrap();
    assert_eq!(create.send(&app, &authorization).await.status, 200);
    let after = app.written().await;

    // The last letter before the padding has two bits that are not part of any byte.
    let last = mac.as_bytes()[42];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let place = alphabet.iter().position(|letter| *letter == last).unwrap();
    let with_bits = format!("{}{}=", &mac[..42], char::from(alphabet[place | 3]));
    for (spelling, expected) in [
        (mac.to_owned(), 409),
        (format!(" {mac}"), 401),
        (mac.trim_end_matches('=').to_owned(), 401),
        (with_bits, 401),
        (format!("{mac}="), 401),
        (URL_SAFE.encode([&[0xff][..], &bytes].concat()), 401),
    ] {
        let status = create.send(&app, &format!("{key}:{spelling}")).await.status;
        assert_eq!(status, expected, "{spelling}");
    }
    assert_eq!(app.written().await, after);
}

#[tokio::test]
async fn a_signed_get_may_be_repeated_and_leaves_nothing() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let get = Signed::get();
    let authorization = get.by(&jane);

    for _ in 0..3 {
        assert_eq!(get.send(&app, &authorization).await.status, 200);
    }

    assert_eq!(app.items_of("signature").await.len(), 0);
}

#[tokio::test]
async fn a_used_signature_is_kept_for_longer_than_its_date_is_accepted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = Signed::new("PUT", "/v2/account/api", String::new());

    assert_eq!(create.send(&app, &create.by(&jane)).await.status, 200);

    let used = app.items_of("signature").await.remove(0);
    let end: i64 = used["ttl"]["N"].as_str().unwrap().parse().unwrap();
    let expected = TestApp::in_seconds(31 * 60).as_second();
    assert!((expected - 60..=expected).contains(&end), "{end}");
    assert_eq!(used["pk"]["S"], format!("USER#{}", jane.user().id));
}
