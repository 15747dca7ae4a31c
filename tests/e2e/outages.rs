//! Bad input and races, against several processes of each function.

use futures_util::future::join_all;
use serde_json::json;

use testkit::unique;

use crate::service::{get, json, send, user};

#[tokio::test]
async fn concurrent_claims_of_one_contact_address_over_http_have_one_winner() {
    let email = unique("race") + "@example.com";
    let inputs: Vec<_> = (0..12)
        .map(|number| json!({ "name": format!("{email}{number}"), "email": email }))
        .collect();

    let responses = join_all(
        inputs
            .iter()
            .enumerate()
            .map(|(number, input)| json(number % 2, "POST", "/v1/accounts", input)),
    )
    .await;

    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[409; 11][..]));
}

#[tokio::test]
async fn concurrent_creations_of_one_name_over_http_get_different_slugs() {
    let input = json!({ "name": unique("slug") });

    let responses =
        join_all((0..12).map(|number| json(number % 2, "POST", "/api/public/v1/account", &input)))
            .await;

    let mut slugs = Vec::new();
    for (number, response) in responses.iter().enumerate() {
        assert_eq!(response.status, 200, "{response:?}");
        let path = format!("/api/public/v1/account?accountId={}", response.text("accountId"));
        slugs.push(get(number % 2, "GET", &path).await.text("slug").to_owned());
    }
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 12);
}

#[tokio::test]
async fn a_trailing_slash_changes_nothing_and_unknown_paths_are_404_in_their_dialect() {
    for path in ["/api/public/v1/accounts", "/api/public/v1/current-account", "/v1/accounts"] {
        let slash = get(0, "GET", &format!("{path}/")).await;
        assert_eq!(slash.status, 200, "{path}/");
    }
    for (path, body) in [
        ("/nothing", json!({ "error": "path not found" })),
        ("/api/public/v1/nothing", json!({ "error": "path not found" })),
        ("/v1/accounts/a/b/c", json!({ "error": "path not found" })),
        ("/v2/nothing", json!({ "success": false, "error": "path not found" })),
        ("/api/v1.1/nothing/", json!({ "detail": "path not found" })),
    ] {
        assert_eq!(get(0, "GET", path).await.parts(), (404, &body), "{path}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_offered_is_405() {
    let rejected = get(0, "PATCH", "/v1/accounts").await;
    assert_eq!((rejected.status, rejected.header("allow")), (405, Some("GET, POST")));
    assert_eq!(get(0, "HEAD", "/v1/accounts").await.status, 405);
}

#[tokio::test]
async fn bad_bodies_and_bad_tokens_are_rejected_by_the_real_binaries() {
    let headers = [("authorization", user(0, "token")), ("content-type", "application/json")];
    let deep = "[".repeat(30_000);
    let deep_field = format!(r#"{{"name":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let large = json!({ "name": "x".repeat(70_000) }).to_string();

    for (body, status) in [
        (deep, 400),
        (deep_field, 400),
        (large, 413),
        (String::new(), 400),
        ("null".to_owned(), 400),
    ] {
        let response = send("POST", "/v1/accounts", &headers, Some(body)).await;
        assert_eq!(response.status, status, "{response:?}");
    }
    for length in [0, 1, 4, 67, 68, 69, 1_000, 7_000] {
        let token = format!("rcu_{}", "A".repeat(length));
        assert_eq!(
            send("GET", "/v1/accounts", &[("authorization", &token)], None).await.status,
            401,
            "{length}"
        );
    }
}

#[tokio::test]
async fn headers_that_make_no_url_do_not_fail_the_real_binaries() {
    for (name, value) in [
        ("x-forwarded-proto", "https,http"),
        ("x-forwarded-proto", "1"),
        ("host", "["),
        ("host", "a:99999"),
    ] {
        let headers = [("authorization", user(0, "token")), (name, value)];
        let response = send("GET", "/v1/accounts", &headers, None).await;
        assert_eq!(response.status, 200, "{name}: {value}: {response:?}");
        assert_eq!(send("GET", "/nothing", &headers, None).await.status, 404, "{name}: {value}");
    }
}

#[tokio::test]
async fn one_write_sent_many_times_at_once_under_one_key_happens_once() {
    let body = json!({ "name": unique("Once") }).to_string();
    let headers = [
        ("authorization", user(0, "token")),
        ("content-type", "application/json"),
        ("idempotency-key", &unique("key")),
    ];
    let path = "/api/public/v1/account";

    let requests = (0..8).map(|_| send("POST", path, &headers, Some(body.clone())));
    let responses = join_all(requests).await;

    let done =
        responses.iter().filter(|response| response.header("idempotency-replayed").is_none());
    assert_eq!(done.count(), 1, "{responses:?}");
    for response in &responses {
        assert_eq!(response.parts(), (200, &responses[0].body), "{response:?}");
    }
}
