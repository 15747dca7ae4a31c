//! Bad bodies, in every operation that takes one.

use serde_json::{Value, json};
use tests::{Operation, TestApp, operations};

fn with_body() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(Operation::has_body)
}

/// The problems that an answer lists, whichever dialect it is in.
fn problems(body: &Value) -> Vec<String> {
    if body["success"] == false {
        return body["error"]
            .as_str()
            .unwrap()
            .trim_start_matches("invalid request: ")
            .split("; ")
            .map(str::to_owned)
            .collect();
    }
    let list = if body["errors"].is_array() { &body["errors"] } else { &body["details"] };
    list.as_array()
        .unwrap_or_else(|| panic!("{body}"))
        .iter()
        .map(|problem| match (&problem["field"], &problem["detail"]) {
            (Value::String(field), Value::String(detail)) => format!("{field}: {detail}"),
            _ => problem.as_str().unwrap().to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let deep = "[".repeat(30_000);
    let deep_field = format!(r#"{{"name":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));

    for operation in with_body() {
        for body in [
            "",
            " ",
            "{",
            "null",
            "[]",
            "\"x\"",
            "1",
            "{}{}",
            "{'name':'x'}",
            "\u{feff}{}",
            &deep,
            &deep_field,
        ] {
            let answer = jane.send_text(operation.method(), operation.path(), body).await;
            assert_eq!(answer.status, 400, "{operation} {body:.20}");
            assert!(
                problems(&answer.body)[0].starts_with("body: "),
                "{operation} {body:.20}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_null_is_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body: Value = serde_json::from_str(operation.event["body"].as_str().unwrap()).unwrap();
        for field in body.as_object().unwrap().keys() {
            for wrong in [json!(null), json!(1), json!(true), json!(["x"]), json!({ "x": 1 })] {
                // Known clients send a phone number as a number.
                if field == "phone" && wrong.is_number() {
                    continue;
                }
                if field == "scopes" && wrong.is_array() {
                    continue;
                }
                let kind = if field == "scopes" { "a list of strings" } else { "a string" };
                let mut body = body.clone();
                body[field] = wrong.clone();
                let answer = jane.send_json(operation.method(), operation.path(), &body).await;
                assert_eq!(answer.status, 400, "{operation} {field}={wrong}");
                assert_eq!(
                    problems(&answer.body),
                    [format!("{field}: must be {kind}")],
                    "{operation} {field}={wrong}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_empty_overlong_or_control_character_is_refused_in_every_text_but_a_secret() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body: Value = serde_json::from_str(operation.event["body"].as_str().unwrap()).unwrap();
        for field in body.as_object().unwrap().keys() {
            let long = "x".repeat(2_000);
            for wrong in ["", "  ", "a\u{0}b", "a\nb", "a\u{7f}b", "a\u{85}b", &long] {
                if field == "registryPassword" && !["", &long].contains(&wrong) {
                    continue;
                }
                let mut body = body.clone();
                body[field] = json!(wrong);
                let answer = jane.send_json(operation.method(), operation.path(), &body).await;
                assert_eq!(answer.status, 400, "{operation} {field}={wrong:?}");
                assert!(
                    problems(&answer.body)[0].starts_with(&format!("{field}: ")),
                    "{operation} {field}={wrong:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn another_content_type_is_415_none_is_json_and_case_and_parameters_do_not_matter() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        for (kind, refused) in [
            (None, false),
            (Some("application/json"), false),
            (Some("Application/JSON; charset=UTF-8"), false),
            (Some("text/plain"), true),
            (Some("application/x-www-form-urlencoded"), true),
            (Some("application/jsonp"), true),
            (Some(""), true),
        ] {
            let mut headers = vec![("authorization", jane.token())];
            headers.extend(kind.map(|kind| ("content-type", kind)));
            let answer = app.send(operation.method(), operation.path(), &headers, Some("{}")).await;
            assert_eq!(answer.status, if refused { 415 } else { 400 }, "{operation} {kind:?}");
        }
    }
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_413() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let mut body: Value =
            serde_json::from_str(operation.event["body"].as_str().unwrap()).unwrap();
        body["padding"] = json!("");
        let bare = body.to_string().len();
        body["padding"] = json!("x".repeat(64 * 1024 - bare));
        let largest = jane.send_json(operation.method(), operation.path(), &body).await;
        body["padding"] = json!("x".repeat(64 * 1024 - bare + 1));
        let too_large = jane.send_json(operation.method(), operation.path(), &body).await;

        assert_ne!(largest.status, 413, "{operation}");
        assert_eq!(
            too_large.parts(),
            (413, &operation.error("the body is larger than 64 KiB")),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_body_in_base64_is_read_and_one_that_is_not_utf8_refused() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = operations()
        .into_iter()
        .find(|operation| operation.name == "golem-create-account")
        .unwrap();

    for (base64, status) in
        [("eyJuYW1lIjoiw4RwZmVsIiwiZW1haWwiOiJhQGIuY28ifQ==", 200), ("eyJuYW1lIjoi/yJ9", 400)]
    {
        let mut event = create.by(&jane);
        event["body"] = json!(base64);
        event["isBase64Encoded"] = json!(true);
        let answer = app.send_event(&event).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_cannot_set_what_its_dialect_does_not_document() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let wish = json!({
        "name": "Mine", "email": "mine@example.com", "isVerified": true, "allowAutoScaling": true, "slug": "taken",
        "planId": "b3f60ba2-c1fd-4b3a-a23d-8e876e0ef75d", "owner": "x", "id": crate::NOBODYS, "accountId": crate::NOBODYS, "roles": ["admin"],
    });

    let golem = jane.send_json("POST", "/v1/accounts", &wish).await;
    let quave = jane.send_json("POST", "/api/public/v1/account", &wish).await;

    assert_eq!(golem.body["planId"], "00000000-0000-0000-0000-000000000000");
    assert_ne!(golem.text("id"), crate::NOBODYS);
    let seen = jane
        .send("GET", &format!("/api/public/v1/account?accountId={}", quave.text("accountId")))
        .await;
    assert_eq!(
        (&seen.body["isVerified"], &seen.body["allowAutoScaling"], &seen.body["slug"]),
        (&json!(false), &json!(false), &json!("mine-2"))
    );
}
