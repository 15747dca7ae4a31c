//! e24's request signatures, in the forms that known clients send.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::{ApiResponse, Person, TestApp, date, signature};

const HOST: &str = "api.example.com:8443";

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
        ("+0000", 0),
        ("WET", 0),
        ("CET", 1),
        ("CEST", 2),
        ("EET", 2),
        ("EEST", 3),
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

#[tokio::test]
async fn altering_what_a_signature_covers_or_using_another_key_is_401() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (get, put) = (Signed::get(), Signed::put("mary@example.com"));

    for (case, sent, signed) in [
        ("method", get.clone(), Signed { method: "PUT".to_owned(), ..get.clone() }),
        ("host", get.clone(), Signed { host: "evil.example.com".to_owned(), ..get.clone() }),
        ("date", get.clone(), Signed { date: date(-60, "GMT", 0), ..get.clone() }),
        (
            "path",
            get.clone(),
            Signed { target: "/v2/account?limit=10&offset=0".to_owned(), ..get.clone() },
        ),
        (
            "query",
            get.clone(),
            Signed { target: "/v2/accounts?limit=11&offset=0".to_owned(), ..get.clone() },
        ),
        ("body", put.clone(), Signed { body: put.body.replace("Mary", "Mara"), ..put.clone() }),
        (
            "query left out of a write",
            Signed { target: "/v2/accounts?a=b".to_owned(), ..put.clone() },
            put.clone(),
        ),
    ] {
        let rejected = sent.send(&app, &signed.by(&jane)).await;
        assert_eq!(
            rejected.parts(),
            (401, &json!({ "success": false, "error": "the credential is not valid" })),
            "{case}"
        );
    }
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
    assert_eq!(app.items_of("user").await.len(), 2);
}

#[tokio::test]
async fn a_date_more_than_15_minutes_off_of_another_zone_or_missing_is_401() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (seconds, status) in [(-890, 200), (890, 200), (-910, 401), (910, 401)] {
        let signed = Signed { date: date(seconds, "GMT", 0), ..Signed::get() };
        assert_eq!(signed.send(&app, &signed.by(&jane)).await.status, status, "{seconds}");
    }
    for date in [date(0, "EST", -5), date(0, "PST", -8), "now".to_owned(), String::new()] {
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
