//! Rules for every operation, generated from `events/`.

use serde_json::json;
use shared::http::Access;
use shared::model::{Scope, TokenKind};
use testkit::{CredentialKind, TestApp, operations, user_operations};

/// The operations without credentials. Growing this list is a security decision.
const PUBLIC: [&str; 37] = [
    "docs-document",
    "docs-file",
    "docs-index",
    "docs-page",
    "docs-reference",
    "docs-start",
    "hub-oauth-ask",
    "hub-oauth-decide",
    "hub-oauth-metadata",
    "not-found",
    "pages-complete-sign-in",
    "pages-decline-invitation",
    "pages-join-by-invitation",
    "pages-prove-email",
    "pages-request-reset",
    "pages-request-sign-up",
    "pages-reset-password",
    "pages-show-invitation",
    "pages-show-invitation-decline",
    "pages-show-proof",
    "pages-show-reset",
    "pages-show-reset-link",
    "pages-show-sign-in",
    "pages-show-sign-up",
    "pages-show-sign-up-link",
    "pages-sign-in",
    "pages-sign-up",
    "passkeys-ask-for-sign-in",
    "passkeys-sign-in",
    "rollcall-decline-invitation",
    "rollcall-get-health",
    "rollcall-get-invitation",
    "rollcall-get-sign-up",
    "rollcall-request-password-reset",
    "rollcall-request-sign-up",
    "rollcall-reset-password",
    "rollcall-sign-up",
];

#[tokio::test]
async fn every_operation_requires_credentials_unless_listed_as_public() {
    let app = TestApp::start().await;

    for operation in operations() {
        let is_public = operation.access() == Access::Public;
        assert_eq!(is_public, PUBLIC.contains(&operation.name), "{operation}");
        let mut event = operation.event.clone();
        event["headers"].as_object_mut().unwrap().remove("authorization");
        let response = app.send_event(&event).await;

        let (code, text) = match operation.access() {
            Access::Public => {
                assert_ne!(response.status, 401, "{operation}: {response:?}");
                continue;
            }
            Access::Session => {
                let location = response.header("location");
                let leads = location.is_some_and(|to| to.starts_with("/account/sign-in?"));
                let is_form = operation.method() == "POST";
                let is_script = operation.binary() == "passkeys";
                let expected = match (is_form, is_script) {
                    (true, true) => (401, false),
                    (true, false) => (403, false),
                    (false, _) => (303, true),
                };
                assert_eq!((response.status, leads), expected, "{operation}: {response:?}");
                continue;
            }
            Access::Client => ("invalid_client", "the client must prove itself"),
            Access::Scope(_) | Access::FullAccess => {
                ("credential_required", "authentication is required")
            }
        };
        assert_eq!(response.parts(), (401, &operation.error(401, code, text)), "{operation}");
        let challenge = response.header("www-authenticate").unwrap();
        let bearer = challenge.ends_with(r#"Bearer realm="rollcall""#);
        let basic = challenge.starts_with(r#"Basic realm="rollcall", charset="UTF-8""#);
        assert_eq!(bearer, operation.is_of_user(), "{operation}: {challenge}");
        let takes_basic = operation.takes(CredentialKind::Basic) || !operation.is_of_user();
        assert_eq!(basic, takes_basic, "{operation}: {challenge}");
    }
}

#[tokio::test]
async fn every_event_succeeds_with_real_credentials() {
    for operation in operations() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;

        let response = app.call(&operation, &jane).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn an_environment_token_is_recognized_and_rejected_by_every_operation() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let token = jane.new_token(TokenKind::Environment, None, None).await;

    for operation in user_operations() {
        app.proxy().record();
        let response = app.send_event(&operation.of(&jane.account(), &token)).await;
        let error =
            operation.error(401, "user_token_required", "this API accepts only the user token");
        assert_eq!(response.parts(), (401, &error), "{operation}");
        assert_eq!(app.proxy().calls(), [], "{operation}");
    }
}

#[tokio::test]
async fn a_bad_token_is_reported_before_a_missing_scope_and_that_before_a_bad_body() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let reader =
        jane.with_token(jane.new_token(TokenKind::User, Some(&[Scope::AccountRead]), None).await);
    let nobody = jane.with_token("rcu_nonsense".to_owned());

    for operation in user_operations().filter(|operation| operation.json_body().is_some()) {
        assert_eq!(
            nobody.send_text(operation.method(), operation.path(), "[").await.status,
            401,
            "{operation}"
        );
        assert_eq!(
            reader.send_text(operation.method(), operation.path(), "[").await.status,
            403,
            "{operation}"
        );
        assert_eq!(
            jane.send_text(operation.method(), operation.path(), "[").await.status,
            400,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn one_trailing_slash_changes_nothing_and_two_make_another_path() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in user_operations().filter(|operation| !operation.is_write()) {
        let mut event = app.event(&operation, &jane).await;
        let plain = app.send_event(&event).await;
        let path = event["rawPath"].as_str().unwrap().trim_end_matches('/').to_owned();
        for (slashes, status) in [("", plain.status), ("/", plain.status), ("//", 404)] {
            event["rawPath"] = json!(format!("{path}{slashes}"));
            let response = app.send_event(&event).await;
            assert_eq!(response.status, status, "{operation}{slashes}");
            assert!(status == 404 || response == plain, "{operation}");
        }
    }
}

const METHODS: [&str; 9] =
    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"];

#[tokio::test]
async fn a_method_that_a_path_does_not_offer_is_405_with_those_that_it_does() {
    let app = TestApp::start().await;

    for operation in user_operations() {
        let mut offered: Vec<_> = operations()
            .into_iter()
            .filter(|other| other.path() == operation.path())
            .map(|other| other.method().to_owned())
            .collect();
        offered.sort();
        offered.dedup();
        for method in METHODS {
            if offered.iter().any(|offered| offered == method) {
                continue;
            }
            // Known paths say so to anybody: the route comes before the credential.
            let response = app.send(method, operation.path(), &[], None).await;
            assert_eq!(
                response.parts(),
                (405, &operation.error(405, "method_not_allowed", "method not allowed")),
                "{method} {operation}"
            );
            assert_eq!(
                response.header("allow"),
                Some(offered.join(", ").as_str()),
                "{method} {operation}"
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_in_the_format_of_its_dialect() {
    let app = TestApp::start().await;

    for (path, body) in [
        ("/api/public/v1/nothing", json!({ "error": "path not found" })),
        ("/api/public/v1/account/nothing", json!({ "error": "path not found" })),
        ("/api/public/v1/current-account/nothing", json!({ "error": "path not found" })),
        ("/v1/nothing", json!({ "error": "path not found" })),
        ("/v1/accounts/a/b", json!({ "error": "path not found" })),
        ("/v1/accounts/a/plan/b", json!({ "error": "path not found" })),
        ("/v2/accounts/nothing", json!({ "success": false, "error": "path not found" })),
        ("/api/v1.1/nothing/", json!({ "detail": "path not found" })),
        ("/api/v1.1/users/", json!({ "detail": "path not found" })),
        ("/api/v1.1/users/janedoe/nothing/", json!({ "detail": "path not found" })),
        ("/api/v1.1/o/", json!({ "detail": "path not found" })),
        ("/api/v1.1/o/nothing/", json!({ "detail": "path not found" })),
        (
            "/rollcall/v1/nothing",
            json!({
                "title": "Not Found",
                "status": 404,
                "detail": "path not found",
                "code": "not_found",
            }),
        ),
        ("/docs/a/b/c", json!({ "error": "path not found" })),
        ("/openapi", json!({ "error": "path not found" })),
        ("/openapi/nothing.yaml", json!({ "error": "file not found" })),
        ("/nothing", json!({ "error": "path not found" })),
    ] {
        let response = app.send("GET", path, &[], None).await;
        assert_eq!(response.parts(), (404, &body), "{path}");
    }
}

#[tokio::test]
async fn a_query_parameter_given_twice_or_not_in_utf_8_is_rejected() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in user_operations() {
        for query in
            ["accountId=a&accountId=b", "email=a&email=a", "other=1&%6fther=2", "a=%FF", "%C3=%A9"]
        {
            let mut event = operation.of(&jane.account(), jane.token());
            event["rawQueryString"] = json!(query);
            let response = app.send_event(&event).await;
            assert_eq!(response.status, 400, "{operation} {query}: {response:?}");
        }
    }
}

#[tokio::test]
async fn every_query_parameter_given_twice_is_named() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let query = "email=a&b=1&email=b&a=1&a=2&b=2&email=c&c=1";

    for operation in user_operations() {
        let mut event = operation.of(&jane.account(), jane.token());
        event["rawQueryString"] = json!(query);
        let response = app.send_event(&event).await;

        let text = response.body.to_string();
        assert_eq!(response.status, 400, "{operation}: {text}");
        let named = ["a", "b", "c", "email"].map(|name| {
            let detail = format!(r#""{name}":["is given more than once"]"#);
            let problem = format!(r#""field":"{name}""#);
            let word = format!("{name}: is given more than once");
            [detail, problem, format!(" {word}"), format!("\"{word}")]
                .iter()
                .any(|shape| text.contains(shape))
        });
        assert_eq!(named, [true, true, false, true], "{operation}: {text}");
    }
}

#[tokio::test]
async fn no_response_to_a_bad_credential_reveals_whose_account_it_names() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let nobody = app.person("johnroe").await;
    app.engine("DeleteItem", json!({ "Key": nobody.key() })).await;

    for operation in user_operations() {
        let one = app.send_event(&operation.of(&jane.account(), nobody.token())).await;
        let other = app.send_event(&operation.of(crate::NOBODYS, nobody.token())).await;
        assert_eq!(one, other, "{operation}");
        assert_eq!(one.status, 401, "{operation}");
    }
}

#[tokio::test]
async fn a_request_whose_headers_make_no_url_gets_a_response_like_any_other() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (name, value) in [
        ("x-forwarded-proto", "https,http"),
        ("x-forwarded-proto", "1"),
        ("host", "["),
        ("host", "a:99999"),
        ("host", "a<b"),
        ("host", ""),
    ] {
        let headers = [("authorization", jane.token()), (name, value)];
        let response = app.send("GET", "/v1/accounts", &headers, None).await;
        assert_eq!(response.status, 200, "{name}: {value}");
        assert_eq!(
            app.send("GET", "/nothing", &headers, None).await.status,
            404,
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn a_path_or_query_that_makes_no_uri_gets_a_response_and_no_5xx() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for path in [
        "",
        "nothing",
        "//",
        "/v1/accounts/ \u{0}é",
        "/v1/accounts/%",
        "/v1/accounts/\\..\\",
        "/v1/accounts?email=\u{1}é \"<>#",
        "/v1/accounts?%",
    ] {
        let status = jane.send("GET", path).await.status;
        assert!([200, 404].contains(&status), "{path:?}: {status}");
    }
    let long = "x".repeat(70_000);
    assert_eq!(jane.send("GET", &format!("/v1/accounts?email={long}")).await.status, 200);
    assert_eq!(app.send("GET", &format!("/v1/accounts?email={long}"), &[], None).await.status, 401);
    assert_eq!(jane.send("GET", &format!("/v2/{long}")).await.body["success"], false);
    assert_eq!(jane.send("PATCH", &format!("/v1/accounts?email={long}")).await.status, 405);
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_413_even_if_the_operation_has_none() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let large = "x".repeat(64 * 1024 + 1);

    for operation in user_operations() {
        let mut event = operation.of(&jane.account(), jane.token());
        event["body"] = json!(large);
        assert_eq!(app.send_event(&event).await.status, 413, "{operation}");
    }
}
