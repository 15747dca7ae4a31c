//! The programs of a package for arm64, as Lambda runs them but for the processor, which is
//! emulated.
//!
//! `ROLLCALL_PACKAGE` names the folder of the package. Every program gets the environment that the
//! template gives it and nothing else, its events from a Runtime API, and the engine of the test
//! for a table.

#![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod emulated;
mod shape;

use std::collections::BTreeMap;
use std::fs;

use devkit::template::Template;
use serde_json::{Value, json};
use testkit::{TestApp, operations, root};

use crate::emulated::Emulated;
use crate::shape::shape;

/// The one read that responds with something new each time: the key of a second factor.
const DRAWS_A_KEY: &str = "pages-set-up-second-factor";

#[tokio::test(flavor = "multi_thread")]
async fn every_arm64_function_responds_as_the_native_one_and_ends_on_a_signal() {
    let app = TestApp::start().await;
    let mut running = BTreeMap::new();
    for function in Template::load().unwrap().functions() {
        let environment = app.environment(&function.environment);
        let emulated = Emulated::start(&function.binary, environment).await;
        running.insert(function.binary.clone(), emulated);
    }

    for (number, operation) in operations().into_iter().enumerate() {
        let event = app.event(&operation, &app.person(&format!("here{number}")).await).await;
        let here = app.send_event(&event).await;
        let event = app.event(&operation, &app.person(&format!("there{number}")).await).await;
        let there = running.get_mut(operation.binary()).unwrap().response(&event).await;

        assert_eq!(there["statusCode"], operation.success(), "{operation}: {there}");
        assert_eq!(shape(&body(&there)), shape(&here.body), "{operation}: {there}");
        let is_cached = operation.binary() == "docs";
        let cached = &there["headers"]["cache-control"];
        assert_eq!(cached != "no-store", is_cached, "{operation}: {there}");
        if !operation.is_write() && operation.name != DRAWS_A_KEY {
            let again = app.send_event(&event).await.body;
            let there = without_drawn(&body(&there));
            assert_eq!(there, without_drawn(&again), "{operation}");
        }
    }

    let swept = running.get_mut("sweep").unwrap().response(&json!({})).await;
    assert_eq!((&swept["failed"], &swept["timedOut"]), (&json!(0), &json!(0)), "{swept}");
    let delivered = running.get_mut("mailer").unwrap().response(&json!({ "Records": [] })).await;
    assert_eq!(delivered, json!({ "batchItemFailures": [] }));
    let noted = running.get_mut("mail-feedback").unwrap().response(&complaint()).await;
    assert_eq!(noted, Value::Null);

    for (binary, emulated) in running {
        let log = emulated.end().await;
        // A batch without mails has nothing to log, and no deployment asks for new versions.
        let is_idle = ["mailer", "pre-traffic"].contains(&binary.as_str());
        assert!(is_idle || log.lines().count() > 0, "{binary} logged nothing");
        for line in log.lines() {
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("{binary}: {line}"));
            assert_ne!(line["level"], "ERROR", "{binary}: {line}");
        }
    }
}

/// SES's report that somebody does not want a mail, and changed the mind.
fn complaint() -> Value {
    json!({
        "source": "aws.ses",
        "detail-type": "Email Complaint Received",
        "detail": {
            "eventType": "Complaint",
            "complaint": {
                "complainedRecipients": [{ "emailAddress": "mary.major@example.com" }],
                "complaintFeedbackType": "not-spam",
                "feedbackId": "0100017c-7a1b2c3d-0000-4000-8000-000000000001-000000",
                "timestamp": "2026-11-28T12:00:00.000Z",
            },
            "mail": { "messageId": "0100017c-7a1b2c3d" },
        },
    })
}

#[tokio::test]
async fn a_function_without_its_environment_says_so_and_does_not_start() {
    let rejection = Emulated::rejection("golem-accounts", Vec::new()).await;

    assert!(rejection.contains("TABLE_NAME"), "{rejection}");
}

#[test]
fn no_program_contains_the_path_it_was_built_in() {
    for function in Template::load().unwrap().functions() {
        let program = fs::read(emulated::program(&function.binary)).unwrap();
        let program = String::from_utf8_lossy(&program);

        for place in [root().to_str().unwrap(), "/registry/src/"] {
            assert!(!program.contains(place), "{} has {place}", function.binary);
        }
    }
}

#[test]
fn no_program_trusts_authorities_other_than_those_compiled_in() {
    for function in Template::load().unwrap().functions() {
        let program = fs::read(emulated::program(&function.binary)).unwrap();

        assert!(
            !String::from_utf8_lossy(&program).contains("AWS_CA_BUNDLE"),
            "{}",
            function.binary
        );
    }
}

/// A response without the numbers that a page draws anew for its forms.
fn without_drawn(body: &Value) -> Value {
    let Some(page) = body.as_str() else { return body.clone() };
    let mut parts = page.split(r#"name="once" value=""#);
    let first = parts.next().unwrap_or_default().to_owned();
    let kept = parts.map(|part| part.split_once('"').unwrap().1);
    json!(kept.fold(first, |page, part| page + part))
}

/// The JSON in the response's body, or its text; null if it is empty.
fn body(response: &Value) -> Value {
    let text = response["body"].as_str().unwrap_or_default();
    if text.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
