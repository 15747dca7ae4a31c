//! The headers of every response.

use serde_json::json;
use shared::http::{ApiRequest, from_event, into_event};
use shared::{Error, FieldError, OAuthCode, Settings};
use testkit::{ApiResponse, REQUEST_ID, TestApp, operations};

/// The policy of every response that is no page.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The one value that each of these headers has in every response over https.
const COMMON: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("strict-transport-security", "max-age=31536000"),
];

fn assert_common(headers: &[(String, String)], is_html: bool, what: &str) {
    let values = |name: &str| -> Vec<&str> {
        let own = headers.iter().filter(|(own, _)| own == name);
        own.map(|(_, value)| value.as_str()).collect()
    };
    for (name, value) in COMMON {
        assert_eq!(values(name), [value], "{what}: {name}");
    }
    // Forms of pages say in `Origin` where they come from: `pages.rs` has which ones.
    let has_form = is_html && values("referrer-policy") == ["same-origin"];
    assert!(has_form || values("referrer-policy") == ["no-referrer"], "{what}");
    assert_eq!(values("x-request-id").len(), 1, "{what}");
    let policies = values("content-security-policy");
    let [policy] = policies[..] else { panic!("{what}: {policies:?}") };
    assert_eq!(policy == POLICY, !is_html, "{what}: {policy}");
    assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
}

/// A success or an error of an operation.
fn assert_headers(response: &ApiResponse, is_page: bool, what: &str) {
    let is_html = is_page && response.status != 303;
    assert_common(&response.headers, is_html, what);
    assert_eq!(response.header("x-request-id"), Some(REQUEST_ID), "{what}");
}

#[tokio::test]
async fn every_response_has_a_content_type_its_request_id_and_the_common_headers() {
    let app = TestApp::start().await;

    // What `docs` serves can be cached: its own tests say how.
    let operations = operations().into_iter().filter(|own| own.binary() != "docs");
    for (number, operation) in operations.enumerate() {
        let jane = app.person(&format!("jane{number:02}")).await;
        for event in [operation.event.clone(), app.event(&operation, &jane).await] {
            let response = app.send_event(&event).await;
            let media_type = match response.status {
                204 | 303 => None,
                400.. => Some(operation.error_media_type()),
                _ if operation.is_page() => Some("text/html; charset=utf-8"),
                _ => Some("application/json; charset=utf-8"),
            };
            assert_eq!(response.header("content-type"), media_type, "{operation}");
            assert_headers(&response, operation.is_page(), operation.name);
        }
    }
}

#[tokio::test]
async fn a_replayed_and_an_unchanged_response_have_the_common_headers() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let shown = jane.send("GET", "/v2/account").await;
    let token = ("authorization", jane.token());
    let tagged = [token, ("if-none-match", shown.header("etag").unwrap())];
    let keyed = [token, ("idempotency-key", "a-key")];
    let path = "/api/public/v1/account";
    let post = async || app.send("POST", path, &keyed, Some(r#"{"name":"A"}"#)).await;

    let unchanged = app.send("GET", "/v2/account", &tagged, None).await;
    let (_, replayed) = (post().await, post().await);

    assert_eq!((unchanged.status, replayed.status), (304, 200));
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_headers(&unchanged, false, "304");
    assert_headers(&replayed, false, "replayed");
}

/// One error of every kind, but for those after which the request runs again for a while.
fn errors() -> Vec<Error> {
    let (action, retry_after) = ("do it", std::time::Duration::from_secs(1));
    vec![
        Error::MissingCredential,
        Error::InvalidCredential,
        Error::SecondFactorRequired,
        Error::UserTokenOnly,
        Error::MissingScope("x"),
        Error::FullAccessRequired,
        Error::OAuthTokenElsewhere,
        Error::Forbidden("x"),
        Error::NotFound("x"),
        Error::MethodNotAllowed { allow: "GET".to_owned() },
        Error::Invalid(vec![FieldError::new("x", "y")]),
        Error::PayloadTooLarge,
        Error::UnsupportedMediaType("x"),
        Error::UnsupportedEncoding,
        Error::Conflict("x"),
        Error::PreconditionFailed,
        Error::IdempotencyKeyReused,
        Error::TooManyAttempts { retry_after },
        Error::OAuth { code: OAuthCode::InvalidClient, description: "x".into() },
        Error::Unavailable { action, source: "x".into() },
        Error::Internal { action, source: "x".into() },
    ]
}

#[tokio::test]
async fn an_error_of_every_kind_has_the_common_headers_in_every_dialect() {
    testkit::watch_log();
    for operation in operations() {
        for index in 0..errors().len() {
            let event = from_event(serde_json::from_value(operation.event.clone()).unwrap());
            let request = ApiRequest::new(event, &Settings::default());

            let handle = async || Err(errors().swap_remove(index));
            let response = into_event(request.respond(&[], handle).await);

            let headers = response.headers.iter();
            let headers: Vec<_> = headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let what = format!("{operation}: {:?}", errors()[index]);
            assert_common(&headers, operation.is_page(), &what);
        }
    }
}

#[tokio::test]
async fn https_alone_is_demanded_only_where_it_was_used() {
    let request = |public_url: Option<&str>, domain: serde_json::Value| {
        let event = json!({
            "version": "2.0",
            "rawPath": "/nothing",
            "headers": { "x-forwarded-proto": "https", "host": "api.example.com" },
            "requestContext": { "http": { "method": "GET" }, "domainName": domain },
        });
        let public_url = public_url.map(|url| url.parse().unwrap());
        let event = from_event(serde_json::from_value(event).unwrap());
        ApiRequest::new(event, &Settings { public_url, ..Settings::default() })
    };

    for (public_url, domain, is_demanded) in [
        (None, json!("a1.execute-api.eu-central-1.amazonaws.com"), true),
        (None, json!("localhost"), false),
        (None, json!(null), false),
        (Some("http://127.0.0.1:9000"), json!("localhost"), false),
        (Some("http://127.0.0.1:9000"), json!("api.example.com"), false),
        (Some("https://accounts.example.com"), json!("localhost"), true),
    ] {
        let request = request(public_url, domain.clone());
        let response = request.respond(&[], async || Err(Error::NotFound("path"))).await;
        let is_there = response.headers().contains_key("strict-transport-security");
        assert_eq!(is_there, is_demanded, "{public_url:?} {domain}");
    }
}
