//! Authentication of clients, and errors of requests.

use serde_json::json;
use testkit::{ApiResponse, OAuthClient, TestApp, form};

use super::{CALLBACK, arranged, assert_error};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn post(app: &TestApp, headers: &[(&str, &str)], body: &str) -> ApiResponse {
    app.send("POST", "/api/v1.1/o/token/", headers, Some(body)).await
}

#[tokio::test]
async fn a_client_authenticates_in_the_header_or_in_a_body_of_either_type() {
    arranged!(app, client, jane);
    let basic = client.basic();
    let fields = |code: &str| {
        [
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", CALLBACK.to_owned()),
        ]
    };

    for (case, in_body, is_json, headers) in [
        ("header, form", false, false, vec![("authorization", basic.as_str()), FORM]),
        (
            "header, JSON",
            false,
            true,
            vec![("authorization", basic.as_str()), ("content-type", "application/json")],
        ),
        ("form", true, false, vec![FORM]),
        ("JSON", true, true, vec![("content-type", "application/json")]),
    ] {
        let code = client.code(&app, &jane.credentials(), "profile_read").await;
        let mut fields = fields(&code).to_vec();
        if in_body {
            fields.push(("client_id", client.id.clone()));
            fields.push(("client_secret", client.secret.clone()));
        }
        let body = if is_json {
            let object: serde_json::Map<_, _> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            serde_json::to_string(&object).unwrap()
        } else {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            form(&fields)
        };
        assert_eq!(post(&app, &headers, &body).await.status, 200, "{case}");
    }
}

#[tokio::test]
async fn a_clients_basic_is_form_decoded_at_every_endpoint_and_a_users_is_not() {
    arranged!(app, client, jane);
    let access = client.tokens(&app, &jane.credentials(), "profile_read").await.access;
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    // As oauth4webapi writes them, and further than any client goes.
    let common = testkit::basic(&client.id, &client.secret.replace('_', "%5F"));
    let every = |text: &str| {
        text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02x}"))
    };
    let whole = testkit::basic(&every(&client.id), &every(&client.secret));
    let double = testkit::basic(&client.id, &client.secret.replace('_', "%255F"));
    let redemption = form(&[("grant_type", "code"), ("code", &code), ("redirect_uri", CALLBACK)]);
    let about = form(&[("token", &access)]);

    for (path, body) in [
        ("/api/v1.1/o/introspect/", &about),
        ("/rollcall/v1/introspect", &about),
        ("/api/v1.1/o/revoke_token/", &form(&[("token", "x")])),
        ("/api/v1.1/o/token/", &redemption),
    ] {
        let send = async |basic: &str| {
            let headers = [("authorization", basic), FORM];
            app.send("POST", path, &headers, Some(body)).await
        };
        assert_error(&send(&double).await, 401, "invalid_client");
        let basic = if path.ends_with("introspect/") { &whole } else { &common };
        assert_eq!(send(basic).await.status, 200, "{path}");
    }
    let encoded = testkit::basic("janedoe", &testkit::PASSWORD.replace(' ', "+"));
    let headers = [("authorization", encoded.as_str())];
    assert_eq!(app.send("GET", "/api/v1.1/users/janedoe/", &headers, None).await.status, 401);
}

#[tokio::test]
async fn a_client_that_is_not_authenticated_is_401_before_all_other_checks() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let good =
        form(&[("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)]);
    let wrong = OAuthClient { secret: "rcs_wrong".to_owned(), ..client.clone() }.basic();
    let unknown =
        OAuthClient { id: "000000000000000000000000".to_owned(), ..client.clone() }.basic();
    let no_id = OAuthClient { id: "x".to_owned(), ..client.clone() }.basic();
    let bearer = format!("Bearer {}", jane.token());

    for (case, header) in [
        ("nothing", None),
        ("a wrong secret", Some(&wrong)),
        ("an unknown client", Some(&unknown)),
        ("no id at all", Some(&no_id)),
        ("a user's password", Some(&jane.basic())),
        ("a user's token", Some(&bearer)),
        ("no base64", Some(&"Basic ?".to_owned())),
    ] {
        for body in [good.as_str(), "", "grant_type=x"] {
            let mut headers = vec![FORM];
            headers.extend(header.map(|header| ("authorization", header.as_str())));
            let response = post(&app, &headers, body).await;
            assert_error(&response, 401, "invalid_client");
            assert_eq!(
                response.header("www-authenticate"),
                Some(r#"Basic realm="rollcall", charset="UTF-8""#),
                "{case}"
            );
        }
        let mut headers = vec![("content-type", "text/plain")];
        headers.extend(header.map(|header| ("authorization", header.as_str())));
        assert_error(&post(&app, &headers, "x").await, 401, "invalid_client");
    }
    let without = form(&[("client_id", &client.id)]) + "&" + &good;
    assert_error(&post(&app, &[FORM], &without).await, 401, "invalid_client");
    assert_eq!(client.redeem(&app, &code).await.status, 200, "the code was not touched");
}

#[tokio::test]
async fn a_client_authenticates_in_one_place_only_and_empty_fields_count_as_absent() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let basic = client.basic();
    let headers = [("authorization", basic.as_str()), FORM];
    let refreshing = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh)];

    for (fields, status) in [
        (vec![("client_id", client.id.as_str()), ("client_secret", &client.secret)], 400),
        (vec![("client_id", "000000000000000000000000")], 400),
        (vec![("client_id", client.id.as_str()), ("client_secret", ""), ("scope", "")], 200),
    ] {
        let body = form(&[refreshing.to_vec(), fields].concat());
        let response = post(&app, &headers, &body).await;
        assert_eq!(response.status, status, "{response:?}");
        assert!(status == 200 || response.text("error") == "invalid_request", "{response:?}");
    }
}

#[tokio::test]
async fn a_client_without_a_secret_that_sends_one_is_rejected() {
    let app = TestApp::start().await;
    let public = app.new_client(CALLBACK, false).await;
    let body = form(&[
        ("client_id", &public.id),
        ("client_secret", "anything"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
    ]);

    assert_error(&post(&app, &[FORM], &body).await, 401, "invalid_client");
}

#[tokio::test]
async fn every_error_of_a_request_has_the_standards_code() {
    arranged!(app, client, _jane);
    let basic = client.basic();

    for (media_type, body, status, code) in [
        (FORM.1, "", 400, "invalid_request"),
        (FORM.1, "grant_type=", 400, "invalid_request"),
        (FORM.1, "grant_type=password", 400, "unsupported_grant_type"),
        (FORM.1, "grant_type=refresh_token&refresh_token=x&a=1&a=2", 400, "invalid_request"),
        (FORM.1, "grant_type=authorization_code", 400, "invalid_request"),
        (FORM.1, "grant_type=authorization_code&code=x", 400, "invalid_grant"),
        (FORM.1, "grant_type=refresh_token", 400, "invalid_request"),
        (FORM.1, "grant_type=refresh_token&refresh_token=x", 400, "invalid_grant"),
        (
            FORM.1,
            "grant_type=refresh_token&refresh_token=x&refresh_token=x",
            400,
            "invalid_request",
        ),
        ("application/json", "[", 400, "invalid_request"),
        ("application/json", r#"{"grant_type":1}"#, 400, "invalid_request"),
        ("text/plain", "grant_type=refresh_token", 415, "invalid_request"),
    ] {
        let headers = [("authorization", basic.as_str()), ("content-type", media_type)];
        assert_error(&post(&app, &headers, body).await, status, code);
    }
}

#[tokio::test]
async fn a_form_in_parts_is_rejected_with_the_types_that_are_taken() {
    const MULTIPART: (&str, &str) = ("content-type", "multipart/form-data; boundary=x");
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let basic = client.basic();
    let part = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = [("client_id", client.id.as_str()), ("client_secret", &client.secret)];
    let body = parts.map(|(name, value)| part(name, value)).concat() + "--x--\r\n";

    for (path, taken) in [
        ("/api/v1.1/o/token/", "application/json or application/x-www-form-urlencoded"),
        ("/api/v1.1/o/revoke_token/", "application/json or application/x-www-form-urlencoded"),
        ("/api/v1.1/o/introspect/", "application/json or application/x-www-form-urlencoded"),
        ("/rollcall/v1/introspect", "application/x-www-form-urlencoded"),
    ] {
        let headers = [("authorization", basic.as_str()), MULTIPART];
        let proved = app.send("POST", path, &headers, Some(&body)).await;
        let unproved = app.send("POST", path, &[MULTIPART], Some(&body)).await;

        assert_error(&proved, 415, "invalid_request");
        assert_eq!(
            proved.text("error_description"),
            format!("the content type must be {taken}"),
            "{path}"
        );
        assert_error(&unproved, 401, "invalid_client");
        let description = unproved.text("error_description");
        assert!(description.ends_with(&format!("in a body that is {taken}")), "{description}");
    }
}

#[tokio::test]
async fn a_description_is_ascii_without_quotes_and_backslashes_whatever_it_repeats() {
    let app = TestApp::start().await;

    for (path, body) in [
        ("/api/v1.1/o/token/?%22%5C%C3%A9%00=1&%22%5C%C3%A9%00=1", ""),
        ("/rollcall/v1/introspect?%22%5C%C3%A9%00=1&%22%5C%C3%A9%00=1", "token=x"),
    ] {
        let client = app.new_client(CALLBACK, true).await.basic();
        let headers = [("authorization", client.as_str()), FORM];
        let response = app.send("POST", path, &headers, Some(body)).await;
        assert_error(&response, 400, "invalid_request");
        let description = response.text("error_description");
        assert!(description.contains("'???: is given more than once"), "{description}");
    }
}

#[tokio::test]
async fn an_endpoint_takes_its_own_methods_and_an_unknown_one_is_404() {
    let app = TestApp::start().await;

    for (method, path, status, allow) in [
        ("GET", "token/", 405, Some("POST")),
        ("GET", "revoke_token", 405, Some("POST")),
        ("PUT", "introspect/", 405, Some("POST")),
        ("DELETE", "authorize/", 405, Some("GET, POST")),
        ("GET", "nothing/", 404, None),
        ("POST", "token/x/", 404, None),
    ] {
        let response = app.send(method, &format!("/api/v1.1/o/{path}"), &[], None).await;
        assert_eq!((response.status, response.header("allow")), (status, allow), "{method} {path}");
    }
    let token = app.send("GET", "/api/v1.1/o/token/", &[], None).await;
    assert_eq!(token.body, json!({ "detail": "method not allowed" }));
}
