//! Bad bodies, in every operation that takes one.

use serde_json::{Value, json};
use testkit::{DocumentedOperation, TestApp, operation, operations, user_operations};

/// The operations of users that take a JSON body.
fn with_body() -> impl Iterator<Item = DocumentedOperation> {
    user_operations().filter(|operation| operation.json_body().is_some())
}

/// The problems that a response lists as `<field>: <problem>`, whichever dialect it is in.
fn problems(body: &Value) -> Vec<String> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let joined = |text: &Value| -> Vec<String> {
        let text = text.as_str().unwrap().trim_start_matches("invalid request: ");
        text.split("; ").map(str::to_owned).collect()
    };
    if body["success"] == false {
        return joined(&body["error"]);
    }
    if body["code"].is_string() {
        let errors = body["errors"].as_array().unwrap().iter();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        return errors
            .map(|error| format!("{}: {}", text(error, "field"), text(error, "detail")))
            .collect();
    }
    if body["detail"].is_string() {
        return joined(&body["detail"]);
    }
    for name in ["errors", "details"] {
        if body[name].is_array() {
            return texts(&body[name]);
        }
    }
    let fields = body.as_object().unwrap().iter();
    fields
        .flat_map(|(field, list)| {
            texts(list).into_iter().map(move |text| format!("{field}: {text}"))
        })
        .collect()
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_rejected() {
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
            let response = jane.send_text(operation.method(), operation.path(), body).await;
            assert_eq!(response.status, 400, "{operation} {body:.20}");
            let problems = problems(&response.body);
            // A passkey is removed without a body, so that what lacks here is the code.
            if operation.name == "rollcall-remove-second-factor" && ["", "null"].contains(&body) {
                assert_eq!(problems, ["code: is required"], "{body:?}");
            } else {
                assert!(problems[0].starts_with("body: "), "{operation} {body:.20}: {response:?}");
            }
        }
    }
}

#[tokio::test]
async fn json_is_read_down_to_127_levels_with_numbers_that_a_double_holds() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));

    // The object is a level too.
    for (ignored, status) in
        [(nested(126), 200), (nested(127), 400), ("1.797e308".into(), 200), ("1e309".into(), 400)]
    {
        let body = format!(r#"{{"first_name":"Jane","ignored":{ignored}}}"#);
        let response = jane.send_text("POST", "/v2/account/data", &body).await;
        assert_eq!(response.status, status, "{ignored}: {response:?}");
        if status == 400 {
            let problem = "body: cannot be read as JSON (line 1, column ";
            assert!(problems(&response.body)[0].starts_with(problem), "{response:?}");
        }
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_and_null_is_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body = operation.json_body().unwrap();
        for (field, right) in body.as_object().unwrap() {
            for wrong in [json!(null), json!(1.5), json!(false), json!({ "x": 1 }), json!([1])] {
                let is_right = wrong.is_null() && is_shown_as_null(operation.name, field)
                    || wrong.is_boolean() && operation.name == "rollcall-update-email"
                    || wrong.is_object() && right.is_object();
                if is_right {
                    continue;
                }
                let problem = match right {
                    Value::Bool(_) if operation.name == "rollcall-update-email" => {
                        "must be true or false"
                    }
                    Value::Bool(_) => "must be true or absent",
                    Value::Object(_) => "must be an object",
                    Value::Array(_) => "must be a list of strings",
                    Value::Number(_) => "must be a whole number from ",
                    _ if field == "phone" => "must be a string or a whole number",
                    _ => "must be a string",
                };
                let mut body = body.clone();
                body[field] = wrong.clone();
                let response = jane.send_json(operation.method(), operation.path(), &body).await;
                let case = format!("{operation} {field}={wrong}");
                assert_eq!(response.status, 400, "{case}");
                let problems = problems(&response.body);
                assert_eq!(problems.len(), 1, "{case}");
                assert!(problems[0].starts_with(&format!("{field}: {problem}")), "{case}");
            }
        }
    }
}

/// Whether responses show the field as `null`, so that it may be sent so.
fn is_shown_as_null(operation: &str, field: &str) -> bool {
    match operation {
        "rollcall-create-token" => ["scopes", "expiresAt"].contains(&field),
        "rollcall-create-account" | "rollcall-update-account" => field == "email",
        _ => false,
    }
}

#[tokio::test]
async fn a_shown_token_may_be_sent_back_with_its_nulls() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "name": "x", "kind": "environment" });
    let created = jane.send_json("POST", "/rollcall/v1/tokens", &new).await;
    let path = format!("/rollcall/v1/tokens/{}", created.text("id"));
    let shown = jane.send("GET", &path).await.body;
    assert_eq!((&shown["scopes"], &shown["expiresAt"]), (&Value::Null, &Value::Null));

    let again = jane.send_json("POST", "/rollcall/v1/tokens", &shown).await;

    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!((&again.body["scopes"], &again.body["expiresAt"]), (&Value::Null, &Value::Null));
    let named = jane.send_json("POST", "/rollcall/v1/tokens", &json!({ "name": null })).await;
    assert_eq!(named.status, 400);
}

#[tokio::test]
async fn an_encoded_body_is_415_and_an_empty_one_is_400_whatever_its_type() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body = operation.json_body().unwrap().to_string();
        for (coding, rejected) in [
            ("gzip", true),
            ("identity, br", true),
            (", br", true),
            ("", false),
            ("identity", false),
            ("Identity", false),
        ] {
            let headers = [("authorization", jane.token()), ("content-encoding", coding)];
            let response =
                app.send(operation.method(), operation.path(), &headers, Some(&body)).await;
            assert_eq!(response.status == 415, rejected, "{operation} {coding}: {response:?}");
            let accepted = response.header("accept-encoding");
            assert_eq!(accepted, rejected.then_some("identity"), "{operation} {coding}");
        }
        for kind in [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ] {
            let headers = [("authorization", jane.token()), ("content-type", kind)];
            let response = app.send(operation.method(), operation.path(), &headers, Some("")).await;
            let may_be_empty = operation.name == "rollcall-rotate-token";
            assert_eq!(response.status == 400, !may_be_empty, "{operation} {kind}: {response:?}");
        }
    }
}

#[tokio::test]
async fn a_member_given_twice_is_named_at_any_depth() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body = operation.json_body().unwrap().to_string();
        let field = operation.json_body().unwrap().as_object().unwrap().keys().next().cloned();
        let field = field.unwrap_or("x".to_owned());
        let more = |more: &str| match body.as_str() {
            "{}" => format!("{{{more}}}"),
            _ => format!("{},{more}}}", &body[..body.len() - 1]),
        };
        for (body, name) in [
            (more(&format!(r#""{field}":0,"{field}":1"#)), field.as_str()),
            (more(r#""unknown":1,"unkn\u006fwn":1"#), "unknown"),
            (more(r#""unknown":[{"inner":{"a":1,"a":1}}]"#), "unknown.inner.a"),
        ] {
            let response = jane.send_text(operation.method(), operation.path(), &body).await;
            assert_eq!(response.status, 400, "{operation} {body}");
            let problems = problems(&response.body);
            assert!(
                problems.contains(&format!("{name}: is given more than once")),
                "{operation} {body}: {problems:?}"
            );
        }
    }
}

#[tokio::test]
async fn every_text_but_a_secret_rejects_empty_overlong_and_control_characters() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body = operation.json_body().unwrap();
        let long = "x".repeat(2_000);
        let texts = body.as_object().unwrap().iter().filter(|(_, value)| value.is_string());
        for (field, _) in texts.filter(|(field, _)| !names_something(field)) {
            for wrong in ["", "  ", "a\u{0}b", "a\nb", "a\u{7f}b", "a\u{85}b", &long] {
                let is_secret = ["password", "registryPassword"].contains(&field.as_str());
                let is_profile = ["hub-update-user", "rollcall-update-user"];
                let may_be_empty = is_profile.contains(&operation.name) || field == "phone";
                if (is_secret && !wrong.is_empty() && wrong != long)
                    || (may_be_empty && wrong.trim().is_empty())
                {
                    continue;
                }
                let mut body = body.clone();
                body[field] = json!(wrong);
                let response = jane.send_json(operation.method(), operation.path(), &body).await;
                assert_eq!(response.status, 400, "{operation} {field}={wrong:?}");
                assert!(
                    problems(&response.body)[0].starts_with(&format!("{field}: ")),
                    "{operation} {field}={wrong:?}"
                );
            }
        }
    }
}

/// The fields of a body that people are shown, those of a profile too, as pointers into it.
fn shown(operation: &DocumentedOperation, body: &Value) -> Vec<String> {
    let is_shown = |field: &str| {
        [
            "name",
            "first_name",
            "last_name",
            "phone",
            "full_name",
            "location",
            "company",
            "registryUsername",
        ]
        .contains(&field)
            || (field == "username" && operation.name == "rollcall-set-registry")
    };
    let fields = |at: &str| -> Vec<String> {
        let fields = body.pointer(at).and_then(Value::as_object).into_iter().flatten();
        let fields = fields.map(|(name, _)| name).filter(|name| is_shown(name));
        fields.map(|name| format!("{at}/{name}")).collect()
    };
    [fields(""), fields("/profile")].concat()
}

#[tokio::test]
async fn what_people_are_shown_hides_nothing_and_keeps_every_script() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body = operation.json_body().unwrap();
        for place in shown(&operation, &body) {
            let field = place[1..].replace('/', ".");
            for (text, is_good) in [
                ("\u{200b}", false),
                ("\u{3164}", false),
                ("Jane\u{202e}eoD", false),
                ("Jane\u{2028}Doe", false),
                ("Jane\u{fe0f}", false),
                ("Acme™\u{2800}\u{2800}", false),
                ("ශ්\u{200d}රී", true),
                ("می\u{200c}خواهم", true),
                ("葛\u{e0100}城", true),
                ("👩🏽\u{200d}🚀", true),
            ] {
                let mut body = body.clone();
                *body.pointer_mut(&place).unwrap() = json!(text);
                body["password"] = json!("short");
                let response = jane.send_json(operation.method(), operation.path(), &body).await;
                let is_named = response.status == 400
                    && problems(&response.body).iter().any(|text| text.starts_with(&field));
                assert_eq!(is_named, !is_good, "{operation} {field} {text:?}: {response:?}");
            }
        }
    }
}

/// Whether a field names a thing, so that one that is malformed is unknown, or is a password that is
/// compared, whatever it is.
fn names_something(field: &str) -> bool {
    ["api_key", "currentPassword", "method"].contains(&field)
}

#[tokio::test]
async fn another_content_type_is_415_none_is_json_and_case_and_parameters_do_not_matter() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        for (kind, rejected) in [
            (None, false),
            (Some("application/json"), false),
            (Some("Application/JSON; charset=UTF-8"), false),
            (Some("text/plain"), true),
            (Some("application/x-www-form-urlencoded"), operation.binary() != "hub-users"),
            (Some("multipart/form-data; boundary=x"), operation.binary() != "hub-users"),
            (Some("application/jsonp"), true),
            (Some(""), true),
        ] {
            let mut headers = vec![("authorization", jane.token())];
            headers.extend(kind.map(|kind| ("content-type", kind)));
            let response =
                app.send(operation.method(), operation.path(), &headers, Some("[]")).await;
            assert_eq!(response.status == 415, rejected, "{operation} {kind:?}: {response:?}");
        }
    }
}

#[tokio::test]
async fn two_content_types_are_415_whatever_they_are() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let body = operation.json_body().unwrap().to_string();
        let takes_forms = operation.binary() == "hub-users";
        for (kind, rejected) in [
            ("application/json; charset=utf-8,application/json", true),
            ("application/x-www-form-urlencoded; charset=utf-8,application/json", true),
            ("multipart/form-data; boundary=x,application/json", true),
            (r#"multipart/form-data; boundary="x,y""#, !takes_forms),
            (r#"application/json; profile="x,y""#, false),
        ] {
            let headers = [("authorization", jane.token()), ("content-type", kind)];
            let response =
                app.send(operation.method(), operation.path(), &headers, Some(&body)).await;
            assert_eq!(response.status == 415, rejected, "{operation} {kind}: {response:?}");
        }
    }
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_413() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for operation in with_body() {
        let mut body = operation.json_body().unwrap();
        body["padding"] = json!("");
        let bare = body.to_string().len();
        body["padding"] = json!("x".repeat(64 * 1024 - bare));
        let largest = jane.send_json(operation.method(), operation.path(), &body).await;
        body["padding"] = json!("x".repeat(64 * 1024 - bare + 1));
        let too_large = jane.send_json(operation.method(), operation.path(), &body).await;

        assert_ne!(largest.status, 413, "{operation}");
        assert_eq!(
            too_large.parts(),
            (413, &operation.error(413, "body_too_large", "the body is larger than 64 KiB")),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn operations_without_a_user_reject_bad_bodies_and_other_types_too() {
    let app = TestApp::start().await;

    for (number, operation) in operations().into_iter().enumerate() {
        if operation.is_of_user() || operation.name == "not-found" {
            continue;
        }
        // Another one each: a second factor is set up once.
        let jane = app.person(&format!("jane{number:03}")).await;
        let mut event = app.event(&operation, &jane).await;
        let takes_body = event["body"].is_string();
        if takes_body {
            let mut encoded = event.clone();
            encoded["headers"]["content-encoding"] = "gzip".into();
            let response = app.send_event(&encoded).await;
            let accepted = response.header("accept-encoding");
            assert_eq!((response.status, accepted), (415, Some("identity")), "{operation}");
        }
        if operation.json_body().is_some() {
            let body = event["body"].as_str().unwrap().trim_end_matches('}');
            for (body, kind, problem) in [
                (
                    format!("{body},\"x\":1,\"x\":2}}"),
                    "application/json",
                    "x: is given more than once",
                ),
                (String::new(), "text/plain", "body: is required: a JSON object"),
            ] {
                let mut event = event.clone();
                event["body"] = body.into();
                event["headers"]["content-type"] = kind.into();
                let response = app.send_event(&event).await;
                assert_eq!(response.status, 400, "{operation} {kind}: {response:?}");
                assert_eq!(problems(&response.body), [problem], "{operation} {kind}");
            }
        }
        for (body, kind, status) in [
            ("x".repeat(64 * 1024 + 1), "application/x-www-form-urlencoded", 413),
            ("x".to_owned(), "text/plain", if takes_body { 415 } else { operation.success() }),
        ] {
            event["body"] = body.into();
            event["headers"]["content-type"] = kind.into();
            let response = app.send_event(&event).await;
            assert_eq!(response.status, status, "{operation} {kind}: {response:?}");
        }
    }
}

#[tokio::test]
async fn a_base64_body_is_decoded_and_one_that_is_not_utf8_is_rejected() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = operation("golem-create-account");

    for (base64, status) in
        [("eyJuYW1lIjoiw4RwZmVsIiwiZW1haWwiOiJhQGIuY28ifQ==", 200), ("eyJuYW1lIjoi/yJ9", 400)]
    {
        let mut event = create.of(&jane.account(), jane.token());
        event["body"] = json!(base64);
        event["isBase64Encoded"] = json!(true);
        let response = app.send_event(&event).await;
        assert_eq!(response.status, status, "{response:?}");
    }
}

#[tokio::test]
async fn a_client_cannot_set_what_its_dialect_does_not_document() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let input = json!({
        "name": "Mine",
        "email": "mine@example.com",
        "isVerified": true,
        "allowAutoScaling": true,
        "slug": "taken",
        "planId": "b3f60ba2-c1fd-4b3a-a23d-8e876e0ef75d", "owner": "x", "id": crate::NOBODYS, "accountId": crate::NOBODYS, "roles": ["admin"],
    });

    let golem = jane.send_json("POST", "/v1/accounts", &input).await;
    let quave = jane.send_json("POST", "/api/public/v1/account", &input).await;

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
