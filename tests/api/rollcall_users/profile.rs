//! `/rollcall/v1/users/self`.

use serde_json::json;
use testkit::{ApiResponse, Person, TestApp};

use super::{SELF, errors};

async fn update(person: &Person<'_>, body: &serde_json::Value) -> ApiResponse {
    person.send_json("PATCH", SELF, body).await
}

#[tokio::test]
async fn a_user_sees_itself_with_every_field_and_the_other_dialects_changes() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let hub = json!({ "full_name": "Jane Doe", "profile_url": "https://example.com/jane" });
    jane.send_json("PATCH", "/api/v1.1/users/janedoe/", &hub).await;
    jane.send_json("POST", "/v2/account/data", &json!({ "phone": "48123456789" })).await;

    let shown = jane.send("GET", SELF).await;

    let created = shown.body["createdAt"].clone();
    assert_eq!(
        shown.parts(),
        (
            200,
            &json!({
                "id": jane.user().id,
                "number": jane.user().number,
                "username": "janedoe",
                "name": "Jane Doe",
                "profile": {
                    "location": "",
                    "company": "",
                    "url": "https://example.com/jane",
                    "gravatarEmail": "",
                    "phone": "48123456789",
                },
                "primaryEmail": "janedoe@example.com",
                "createdAt": created,
            })
        )
    );
    assert_eq!(created, json!(format!("{:.3}", jane.user().created_at)));
}

#[tokio::test]
async fn a_change_sets_the_fields_that_are_sent_and_no_others() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let profile = json!({
        "location": "Private Island",
        "company": "Retired",
        "url": "https://example.com/jane",
        "gravatarEmail": "jane@example.com",
        "phone": "48123456789",
    });

    let first = update(&jane, &json!({ "name": " Jane Doe ", "profile": profile })).await;
    assert_eq!((first.status, &first.body["name"]), (200, &json!("Jane Doe")), "{first:?}");
    assert_eq!(first.body["profile"], profile);

    let second = update(&jane, &json!({ "profile": { "company": "", "phone": "1" } })).await;
    let mut expected = first.body.clone();
    (expected["profile"]["company"], expected["profile"]["phone"]) = (json!(""), json!("1"));
    assert_eq!(second.parts(), (200, &expected));
    assert_eq!(jane.send("GET", SELF).await, second);
    assert_eq!(update(&jane, &json!({})).await.parts(), (200, &expected));
    let hub = jane.send("GET", "/api/v1.1/users/janedoe/").await;
    assert_eq!((&hub.body["full_name"], &hub.body["company"]), (&json!("Jane Doe"), &json!("")));
}

#[tokio::test]
async fn what_is_shown_may_be_sent_back_and_what_cannot_be_changed_is_ignored() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let shown = jane.send("GET", SELF).await;

    assert_eq!(update(&jane, &shown.body).await.parts(), shown.parts());
    let others = json!({
        "id": "0197a1b2-c3d4-7e5f-8607-18293a4b5c6d",
        "number": 1,
        "username": "johnroe",
        "primaryEmail": "johnroe@example.com",
        "createdAt": null,
        "profile": { "birthday": 1 },
    });
    assert_eq!(update(&jane, &others).await.parts(), shown.parts());
}

#[tokio::test]
async fn every_invalid_field_is_reported_with_its_place() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({
        "name": "x".repeat(256),
        "profile": {
            "location": 1,
            "company": "a\u{202e}b",
            "url": "javascript:alert(1)",
            "gravatarEmail": "nobody",
            "phone": null,
        },
    });

    let rejected = update(&jane, &body).await;

    assert_eq!(
        errors(&rejected),
        [
            "name: must be at most 255 characters long",
            "profile.location: must be a string",
            "profile.company: must not contain invisible characters or ones that change the \
             direction of text",
            "profile.url: must be an http or https URL, or empty",
            "profile.gravatarEmail: must be an e-mail address",
            "profile.phone: must be a string",
        ]
    );
    let twice = r#"{"profile":{"phone":"1","phone":"2"},"name":"x"}"#;
    let twice = jane.send_text("PATCH", SELF, twice).await;
    assert_eq!(errors(&twice), ["profile.phone: is given more than once"]);
    for other in [json!(null), json!("x"), json!([])] {
        let rejected = update(&jane, &json!({ "profile": other })).await;
        assert_eq!(errors(&rejected), ["profile: must be an object"], "{other}");
    }
    assert_eq!(jane.send("GET", SELF).await.body["name"], "");
}

#[tokio::test]
async fn another_name_than_self_and_other_methods_are_not_offered() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for path in ["/rollcall/v1/users", "/rollcall/v1/users/janedoe", &format!("{SELF}/nothing")] {
        assert_eq!(jane.send("GET", path).await.status, 404, "{path}");
    }
    let rejected = jane.send("DELETE", SELF).await;
    assert_eq!((rejected.status, rejected.header("allow")), (405, Some("GET, PATCH")));
    assert_eq!(jane.send("GET", &format!("{SELF}/")).await, jane.send("GET", SELF).await);
}
