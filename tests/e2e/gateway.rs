//! What API Gateway does before a function is called, as the stand-in for it does.

use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;

use crate::service::{base_url, user};

/// A request with headers and a body of any bytes; its status, its id and its body.
async fn send(
    method: &str,
    target: &str,
    headers: &[(&str, &[u8])],
    body: Vec<u8>,
) -> (u16, bool, serde_json::Value) {
    let client = reqwest::Client::new();
    let mut request = client.request(method.parse().unwrap(), format!("{}{target}", base_url()));
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request = request.header(name, HeaderValue::from_bytes(value).unwrap());
    }
    let response = request.body(body).send().await.unwrap();
    assert!(response.headers().contains_key("apigw-requestid"), "{target}");
    let is_from_function = response.headers().contains_key("x-request-id");
    let status = response.status().as_u16();
    (status, is_from_function, response.json().await.unwrap())
}

#[tokio::test]
async fn what_is_not_utf8_reaches_the_function() {
    let token = ("authorization", user(0, "token").as_bytes());
    let json = ("content-type", &b"application/json"[..]);

    let body = send("POST", "/v1/accounts", &[token, json], b"{\"name\":\"\xff\"}".to_vec()).await;
    let other = send("GET", "/v1/accounts", &[token, ("x-name", b"caf\xe9")], Vec::new()).await;
    let credential = send("GET", "/v1/accounts", &[("authorization", b"\xff")], Vec::new()).await;

    assert_eq!((body.0, body.1), (400, true), "{body:?}");
    assert_eq!((other.0, other.1), (200, true), "{other:?}");
    assert_eq!((credential.0, credential.1), (401, true), "{credential:?}");
}

#[tokio::test]
async fn two_authorization_headers_are_one_that_is_not_valid() {
    let token = ("authorization", user(0, "token").as_bytes());

    let response = send("GET", "/v1/accounts", &[token, token], Vec::new()).await;

    assert_eq!((response.0, response.1), (401, true), "{response:?}");
}

#[tokio::test]
async fn headers_named_like_lambdas_own_mean_nothing() {
    let token = ("authorization", user(0, "token").as_bytes());
    let headers = [
        token,
        ("lambda-runtime-trace-id", b"\xff"),
        ("lambda-runtime-aws-request-id", b"\xff"),
        ("lambda-runtime-client-context", b"{"),
        ("lambda-runtime-cognito-identity", b"{"),
        ("lambda-runtime-deadline-ms", b"x"),
    ];

    for headers in [&headers[..], &[token]] {
        let response = send("GET", "/v1/accounts", headers, Vec::new()).await;
        assert_eq!((response.0, response.1), (200, true), "{response:?}");
    }
}

#[tokio::test]
async fn a_body_that_the_gateway_or_lambda_does_not_take_is_413_before_the_function() {
    let json = ("content-type", &b"application/json"[..]);
    let token = ("authorization", user(0, "token").as_bytes());
    let mebibyte = 1024 * 1024;

    for (length, is_from_function) in
        [(10 * mebibyte + 1, false), (6 * mebibyte + 1, false), (5 * mebibyte, true)]
    {
        let response = send("POST", "/v1/accounts", &[token, json], vec![b' '; length]).await;

        assert_eq!((response.0, response.1), (413, is_from_function), "{length}: {response:?}");
        if !is_from_function {
            assert_eq!(response.2, json!({ "message": "Request Too Long" }));
        }
    }
    let long = vec![b'x'; 10_240];
    let response = send("GET", "/v1/accounts", &[token, ("x-long", &long)], Vec::new()).await;
    assert_eq!((response.0, response.1), (431, false), "{response:?}");
}

#[tokio::test]
async fn a_repeated_parameter_and_an_encoded_path_reach_the_function_as_in_the_cloud() {
    let token = ("authorization", user(0, "token").as_bytes());
    let own = user(0, "account_id");

    let repeated = send("GET", "/v1/accounts?email=a&email=b", &[token], Vec::new()).await;
    let target = format!("/v1%2Faccounts/{own}%2Fplan");
    let encoded = send("GET", &target, &[token], Vec::new()).await;

    assert_eq!(repeated.0, 400);
    assert_eq!(repeated.2, json!({ "errors": ["email: is given more than once"] }));
    assert_eq!((encoded.0, encoded.1), (200, true), "{encoded:?}");
}
