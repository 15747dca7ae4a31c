//! `/v2/account` and what is below it.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::{Scope, TokenKind};
use shared::table::Actor;
use ssh_key::public::KeyData;
use ssh_key::{Mpint, PublicKey};
use testkit::{ApiResponse, Fault, Person, TestApp, basic, token_id};

use crate::signatures::Signed;

const ACCOUNT: &str = "/v2/account";
const DATA: &str = "/v2/account/data";
const API: &str = "/v2/account/api";
const RENEW: &str = "/v2/account/api-new-secret-key";
const SSH: &str = "/v2/account/sshkey";

/// A key as `ssh-keygen` makes it, and its fingerprint as `ssh-keygen -l` shows it.
const ED25519: (&str, &str) = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T",
    "SHA256:8OZ2VXmE9BXaJIAzKCsBonD1czvWlJK+S5tODlBtRsY",
);
/// The key of [`ECDSA`] with a compressed point.
const COMPRESSED: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAAhA++qOs06G7lWUvWrQ+/cSJ0JUEKp5/ARLk6LiB4knp99";
const ECDSA: (&str, &str) = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBO+qOs06G7lWUvWrQ+/cSJ0JUEKp5/ARLk6LiB4knp991druQCEwX37IhXqMLQAkYeTz5IBpGqKtY/OJCRBW5TM=",
    "SHA256:0YIxkKxUBwexgByL6vZtcBZF/GFlHcf4P39LB0eTqYU",
);
const RSA_2048: (&str, &str) = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCtlLp800QAuChTyVLtjeJtMGyn6cjCKrsV8a6GGNll/fHp3m9Ka8CGCyLuE7Y9UL7ATe0oPItUnkMyxQ3gVqGx0OlFFHCNNGo0YiFMo4hHqJDPjNM6i3BHll0+ogv2LPIx9ngeIcOZmq2wE+18lYbdmjyD9E9gvve8kyDufkzRu48kTSCvEzWPDlv4FX2zyFtJ9BMyh47Ay/SRQhaciD/H6ODY8li3en47+/w16hJwG6upAM9flTDqOUj0KPcFFQv1xWhoarRmg/5Had5tPCjZXCk4VazuOG5qfxBKkNzbq4rkQudGV3WbsOS8XV5O2TDnOoVvN5LCsTCDz+nF9vtr",
    "SHA256:uKacNPkucxQPd2WwJ9FjjFX1KuRhlThYkGa3MNsI4Q4",
);
const RSA_2047: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAHXnnbuZIh01tb8Z/yaSB+QXZ6dH9dKHb69LJ4tDlxysFj+vM3cYsuokzbcqPmRuAx2/zJ7I31P4dK3lpdjMfCTwQ0WyyriVQg8l3aPoJPn0W1+YpA2nCFdTMC+36e7wHbJJDZmpvTK3xiVnnr0XGB36qmWVRI5OXjbnRzogEdhoLnKdSdIqMCaswmV1MAndQWQtmv0HpijAu8inhodkBivbKCxqUvqehvNjSvUwEYKPbeWTSiOU9YPCKLOtcA8Y3nppU0WTYI+xek2wXgA3VuQ/OyxTlrVdVl95O4DnO1kX5NDXarNddWT6DQz97BESPN0GMQc7xBCwPitvHolVxVE=";
const RSA_1024: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDZxUk12y3njlAaY9Tc7Y0vgkp7yWTaU0raJlU2/ESq/jVOcoT+gLUEz9y4Ke+dBDRDlPA1KlmI7hOyqMuGCZP+Kz5pQijyZ0Mx95VoYXudEcaC1kT3sxIZ2hHQ5VpHRhSTK354fonov5RORdlNovGtuzUi4KG88W04LETsw5GkfQ==";
const DSA: &str = "ssh-dss AAAAB3NzaC1kc3MAAACBAKbJnTha8ly7UN7zpMVEObo79pozo5aAyNMmAPlxy1ghxhp/RKkPD80lGdIWclmjdi/d3vGM1sg9I4dvWLEOb55sYxEHRrpOSZhxEMQIZH6rYySiTMoWC2/iQlg45ZqWPtdr5O6h9Csn1uLUEp2UheBVQCWC+oJgy7QIIiRK/fHLAAAAFQDTqAZiL7NMO8xPliX6vPjCIurehwAAAIEAnkBXRlW9sysY7xCAQ3V1r7nbamXYEfW/y5PqzwQznd9RGTzFQy14Y575Qfel0/0WCgkLbaaJ3RUdqyVmI7Po4rcog9SLdpjFqls1dYVdM+l0XubjcW/cNGDZ9wSpBVl5ePWRyIB6G3nlWzhMBR74fAYlzrm6xHS3SNYdfE0UeAoAAACAbmidBLEqMc90qYq1m9eeo9NW3FHrH1VJ7tPMd+CB2oZUid0oaFn3tgA28p66MBIPfYnEzlX1tfe9IOY+P+VvmNrUJBnuVG/ZCBWA3yIwnjba49K0Miy0HexOBXSFKoGfBuV8paeTOnVAEKZZTWQOtSx2rb0NeJWmzhz5lbNxq+o=";

fn rejected(error: &str) -> Value {
    json!({ "success": false, "error": error })
}

fn upload(content: &str) -> Value {
    json!({ "name": "laptop", "method": "upload", "content": content })
}

/// The attributes of a person's item.
async fn item(app: &TestApp, person: &Person<'_>) -> Value {
    app.engine("GetItem", json!({ "Key": person.key() })).await["Item"].take()
}

/// Gets the account with a signature of this key.
async fn signed_get(app: &TestApp, key: &str, secret: &str) -> ApiResponse {
    let get = Signed::new("GET", ACCOUNT, String::new());
    get.send(app, &get.with(key, secret)).await
}

async fn new_api_key(person: &Person<'_>) -> (String, String) {
    let made = person.send("PUT", API).await;
    assert_eq!(made.status, 200, "{made:?}");
    let text = |field: &str| made.body["api"][field].as_str().unwrap().to_owned();
    (text("api_key"), text("secret_key"))
}

#[tokio::test]
async fn the_account_is_shown_to_its_user_by_token_and_by_signature_without_secrets() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, secret) = jane.api_key();

    let by_token = jane.send("GET", ACCOUNT).await;
    let by_signature = signed_get(&app, &key, secret).await;

    let s3 = &by_token.body["account"]["e24files"]["s3"]["api_id"];
    assert_eq!(s3.as_str().map(str::len), Some(20), "made by the operator, without a stored one");
    let account = json!({
        "id": jane.user().id.to_string(),
        "username": "janedoe",
        "state": "created",
        "name": "",
        "active": true,
        "email": "janedoe@example.com",
        "phone": "",
        "e24files": { "s3": { "api_id": s3, "made_by": null } },
        "api": [{ "api_key": key, "made_by": null }],
        "sshkeys": [],
    });
    assert_eq!(by_token.parts(), (200, &json!({ "success": true, "account": account })));
    assert_eq!(by_signature, by_token);
}

#[tokio::test]
async fn a_changed_name_and_phone_are_returned_and_the_name_shows_in_every_dialect() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = jane.send("GET", ACCOUNT).await;
    let body = json!({ "first_name": " Mary Ann ", "last_name": "Major", "phone": 48_123_456_789_i64, "email": "x@example.com", "state": "deleted" });

    let changed = jane.send_json("POST", DATA, &body).await;

    let mut account = before.body["account"].clone();
    account["name"] = json!("Mary Ann Major");
    account["phone"] = json!("48123456789");
    assert_eq!(changed.parts(), (200, &json!({ "success": true, "account": account })));
    assert_eq!(jane.send("GET", ACCOUNT).await.parts(), changed.parts());
    assert_eq!(item(&app, &jane).await["fullName"]["S"], "Mary Ann Major");
}

#[tokio::test]
async fn absent_fields_stay_and_one_name_replaces_its_part_of_the_stored_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (body, name, phone) in [
        (json!({}), "", ""),
        (json!({ "last_name": "Doe" }), "Doe", ""),
        (json!({ "last_name": "Roe" }), "Roe", ""),
        (json!({ "last_name": "Roe" }), "Roe", ""),
        (json!({ "first_name": "Jane" }), "Jane Roe", ""),
        (json!({ "phone": 48_600_100_200.0_f64 }), "Jane Roe", "48600100200"),
        (json!({ "phone": "+48 1" }), "Jane Roe", "+48 1"),
        (json!({ "last_name": "van der Roe" }), "Jane van der Roe", "+48 1"),
        (json!({ "first_name": "Mary Ann" }), "Mary Ann van der Roe", "+48 1"),
        (json!({ "last_name": "Major" }), "Mary Ann Major", "+48 1"),
        (json!({}), "Mary Ann Major", "+48 1"),
    ] {
        let changed = jane.send_json("POST", DATA, &body).await;
        let account = &changed.body["account"];
        assert_eq!(
            (changed.status, &account["name"], &account["phone"]),
            (200, &json!(name), &json!(phone)),
            "{body}"
        );
    }

    let mary = app.person("marymajor").await;
    for (whole, part, after) in [
        ("Mary Ann Doe", json!({ "first_name": "Mary Ann" }), "Mary Ann Doe"),
        ("Doe", json!({ "last_name": "Doe" }), "Doe"),
        ("van der Berg", json!({ "last_name": "van der Berg" }), "van der Berg"),
        ("Mary Ann Roe", json!({ "last_name": "Roe" }), "Mary Ann Roe"),
    ] {
        app.set(&mary, "firstName", json!({ "NULL": true })).await;
        app.set(&mary, "lastName", json!({ "NULL": true })).await;
        app.set(&mary, "fullName", json!({ "S": whole })).await;
        let changed = mary.send_json("POST", DATA, &part).await;
        assert_eq!(changed.body["account"]["name"], after, "{whole}, {part}");
    }

    let john = app.person("johnroe").await;
    let spaced = json!({ "full_name": "John  Roe" });
    assert_eq!(john.send_json("PATCH", "/api/v1.1/users/johnroe/", &spaced).await.status, 200);
    for _ in 0..2 {
        let changed = john.send_json("POST", DATA, &json!({ "first_name": "John" })).await;
        assert_eq!(changed.body["account"]["name"], "John Roe", "the same twice is the same");
    }
}

#[tokio::test]
async fn every_problem_of_the_data_is_reported_and_nothing_changes() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = item(&app, &jane).await;

    for (body, error) in [
        (
            json!({ "first_name": "", "last_name": " " }),
            "first_name: must not be empty; last_name: must not be empty",
        ),
        (
            json!({ "first_name": "x".repeat(128) }),
            "first_name: must be at most 127 characters long",
        ),
        (json!({ "last_name": "x".repeat(128) }), "last_name: must be at most 127 characters long"),
        (json!({ "last_name": null }), "last_name: must be a string"),
        (json!({ "phone": "1".repeat(51) }), "phone: must be at most 50 characters long"),
        (json!({ "phone": true }), "phone: must be a string or a whole number"),
        (json!({ "phone": 4860.5 }), "phone: must be a string or a whole number"),
        (json!({ "password": null }), "password: must be a string"),
        (json!({ "current_password": 1 }), "current_password: must be a string"),
        (json!({ "password": "1234567" }), "password: must be at least 8 characters long"),
        (json!({ "password": "x".repeat(257) }), "password: must be at most 256 characters long"),
        (json!({ "password": "PASSWORD1" }), "password: is one of the most common passwords"),
    ] {
        let response = jane.send_json("POST", DATA, &body).await;
        assert_eq!(response.parts(), (400, &rejected(&format!("invalid request: {error}"))));
    }
    assert_eq!(item(&app, &jane).await, before);
}

#[tokio::test]
async fn a_name_too_long_together_with_a_stored_part_is_reported() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.set(&jane, "fullName", json!({ "S": format!("J {}", "ü".repeat(250)) })).await;

    let longest = jane.send_json("POST", DATA, &json!({ "first_name": "Jane" })).await;
    let longer = jane.send_json("POST", DATA, &json!({ "first_name": "Janet" })).await;

    assert_eq!(longest.status, 200, "{longest:?}");
    let error = "invalid request: first_name: makes the whole name longer than 255 characters";
    assert_eq!(longer.parts(), (400, &rejected(error)));
}

#[tokio::test]
async fn a_token_with_scopes_changes_names_with_profile_write_but_no_password_and_no_key() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let scopes = [Scope::AccountRead, Scope::ProfileWrite, Scope::TokensWrite];
    let limited = jane.with_token(jane.new_token(TokenKind::User, Some(&scopes), None).await);
    assert_eq!(limited.send("GET", ACCOUNT).await.status, 200);
    let before = item(&app, &jane).await;
    let password = json!({ "first_name": "Jane", "password": "another horse battery" });
    let key = json!({ "api_key": jane.api_key().0 });

    for response in [
        limited.send_json("POST", DATA, &password).await,
        limited.send("PUT", API).await,
        limited.send_json("POST", RENEW, &key).await,
        limited.send_json("DELETE", API, &key).await,
        limited.send_json("PUT", SSH, &upload(ED25519.0)).await,
        limited.send("DELETE", "/v2/account/1234567890/sshkey").await,
    ] {
        let error = rejected("a token with a list of scopes or an expiry cannot do this");
        assert_eq!(response.parts(), (403, &error));
    }

    assert_eq!(item(&app, &jane).await, before);
    let accounts = [Scope::AccountRead, Scope::AccountWrite];
    let accounts = jane.with_token(jane.new_token(TokenKind::User, Some(&accounts), None).await);
    for body in [json!({ "first_name": "Jane" }), json!({ "phone": "1" }), json!({})] {
        let response = accounts.send_json("POST", DATA, &body).await;
        let error = rejected("this token lacks the scope `profile_write`");
        assert_eq!(response.parts(), (403, &error), "{body}");
    }
    assert_eq!(item(&app, &jane).await, before);
    let renamed = limited.send_json("POST", DATA, &json!({ "first_name": "Jane" })).await;
    assert_eq!(renamed.body["account"]["name"], "Jane");
}

#[tokio::test]
async fn a_new_password_revokes_all_tokens_but_the_callers_and_no_key() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let other = jane.with_token(jane.new_token(TokenKind::User, None, None).await);
    let (key, secret) = jane.api_key();

    let changed = jane
        .send_json("POST", DATA, &json!({ "password": "another horse battery", "phone": "1" }))
        .await;

    assert_eq!((changed.status, &changed.body["account"]["phone"]), (200, &json!("1")));
    assert_eq!(
        other.send("GET", ACCOUNT).await.parts(),
        (401, &rejected("the credential is not valid"))
    );
    assert_eq!(other.send("GET", "/v1/accounts").await.status, 401);
    assert_eq!(jane.send("GET", ACCOUNT).await.status, 200);
    assert_eq!(signed_get(&app, &key, secret).await.status, 200);
    assert_eq!(app.items_of("token").await.len(), 1);
    let everything = serde_json::to_string(&app.items().await).unwrap();
    assert!(!everything.contains("another horse battery"));
    let hash = item(&app, &jane).await["passwordHash"]["S"].as_str().unwrap().to_owned();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let verified = shared::password::PasswordCache::new().unwrap();
    let id = jane.user().id;
    assert!(verified.verify(id, "here", Some(&hash), "another horse battery").unwrap());
    assert!(!verified.verify(id, "here", Some(&hash), testkit::PASSWORD).unwrap());
}

#[tokio::test]
async fn a_password_that_a_signature_changes_revokes_every_token() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, secret) = jane.api_key();
    let body = json!({ "password": "another horse battery" }).to_string();
    let change = Signed::new("POST", DATA, body);

    let changed = change.send(&app, &change.with(&key, secret)).await;

    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(jane.send("GET", ACCOUNT).await.status, 401);
    assert_eq!(signed_get(&app, &key, secret).await.status, 200);
    assert_eq!(app.items_of("token").await.len(), 0);
}

#[tokio::test]
async fn an_old_token_is_rejected_at_once_even_if_the_cleanup_failed() {
    // The first query reads the addresses.
    for (call, after) in [("Query", 1), ("BatchWriteItem", 0)] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let other = jane.with_token(jane.new_token(TokenKind::User, None, None).await);
        app.proxy().disturb_from(call, after, Fault::Rejected("AccessDeniedException"));

        let body = json!({ "password": "another horse battery" });
        let changed = jane.send_json("POST", DATA, &body).await;

        assert_eq!(changed.status, 200, "{call}: {changed:?}");
        assert_eq!(app.items_of("token").await.len(), 2, "{call}");
        assert_eq!(other.send("GET", ACCOUNT).await.status, 401, "{call}");
        assert_eq!(jane.send("GET", ACCOUNT).await.status, 200, "{call}");
    }
}

#[tokio::test]
async fn a_new_api_key_signs_requests_and_its_secret_is_shown_once_and_stored_nowhere() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let made = jane.send("PUT", API).await;

    let (key, secret) = (&made.body["api"]["api_key"], &made.body["api"]["secret_key"]);
    let expected = json!({ "success": true, "api": { "api_key": key, "secret_key": secret } });
    assert_eq!(made.parts(), (200, &expected));
    let (key, secret) = (key.as_str().unwrap(), secret.as_str().unwrap());
    let shown = signed_get(&app, key, secret).await;
    let maker = testkit::token_id(jane.token()).unwrap();
    let both = json!([
        { "api_key": jane.api_key().0, "made_by": null },
        { "api_key": key, "made_by": maker },
    ]);
    assert_eq!((shown.status, &shown.body["account"]["api"]), (200, &both));
    assert!(!serde_json::to_string(&app.items().await).unwrap().contains(secret));
}

#[tokio::test]
async fn a_renewed_secret_signs_and_the_old_one_stops_at_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, old) = jane.api_key();

    let renewed = jane.send_json("POST", RENEW, &json!({ "api_key": key })).await;

    let new = &renewed.body["api"]["secret_key"];
    let expected = json!({ "success": true, "api": { "api_key": key, "secret_key": new } });
    assert_eq!(renewed.parts(), (200, &expected));
    assert_eq!(signed_get(&app, &key, old).await.status, 401);
    assert_eq!(signed_get(&app, &key, new.as_str().unwrap()).await.status, 200);
    assert!(!serde_json::to_string(&app.items().await).unwrap().contains(new.as_str().unwrap()));
}

#[tokio::test]
async fn a_deleted_api_key_stops_at_once_and_a_key_cannot_delete_itself() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (first, first_secret) = jane.api_key();
    let (second, second_secret) = new_api_key(&jane).await;
    let delete = |key: &str| Signed::new("DELETE", API, json!({ "api_key": key }).to_string());

    let (itself, other) = (delete(&second), delete(&first));
    let itself = itself.send(&app, &itself.with(&second, &second_secret)).await;
    let other = other.send(&app, &other.with(&second, &second_secret)).await;

    let error = rejected("the API key that signed the request cannot be deleted");
    assert_eq!(itself.parts(), (409, &error));
    assert_eq!(other.parts(), (200, &json!({ "success": true })));
    assert_eq!(signed_get(&app, &first, first_secret).await.status, 401);
    assert_eq!(signed_get(&app, &second, &second_secret).await.status, 200);
    let last = jane.send_json("DELETE", API, &json!({ "api_key": second })).await;
    assert_eq!(last.parts(), (200, &json!({ "success": true })));
    assert_eq!(jane.send("GET", ACCOUNT).await.body["account"]["api"], json!([]));
}

#[tokio::test]
async fn a_malformed_unknown_deleted_or_other_users_api_key_is_404() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (deleted, _) = new_api_key(&jane).await;
    jane.send_json("DELETE", API, &json!({ "api_key": deleted })).await;
    let before = (item(&app, &jane).await, item(&app, &john).await);
    let forged = jane.user().api_keys.values().next().unwrap().id.to_api_key(john.user().id);

    for key in ["x", "rck_YOUR_API_KEY", &deleted, &john.api_key().0, &forged] {
        let body = json!({ "api_key": key });
        for (method, path) in [("POST", RENEW), ("DELETE", API)] {
            let response = jane.send_json(method, path, &body).await;
            assert_eq!(response.parts(), (404, &rejected("API key not found")), "{method} {key}");
        }
    }

    assert_eq!((item(&app, &jane).await, item(&app, &john).await), before);
    for (method, path) in [("POST", RENEW), ("DELETE", API)] {
        let response = jane.send_json(method, path, &json!({})).await;
        assert_eq!(response.parts(), (400, &rejected("invalid request: api_key: is required")));
    }
}

#[tokio::test]
async fn a_user_has_at_most_20_api_keys() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for _ in 1..20 {
        new_api_key(&jane).await;
    }

    let one_more = jane.send("PUT", API).await;

    assert_eq!(one_more.parts(), (409, &rejected("a user can have at most 20 API keys")));
    let key = json!({ "api_key": jane.api_key().0 });
    assert_eq!(jane.send_json("POST", RENEW, &key).await.status, 200);
    assert_eq!(jane.send_json("DELETE", API, &key).await.status, 200);
    assert_eq!(jane.send("PUT", API).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn api_keys_created_at_once_all_stay_up_to_20() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for _ in 0..13 {
        new_api_key(&jane).await;
    }

    let responses = join_all((0..8).map(|_| jane.send("PUT", API))).await;

    let made: Vec<_> = responses.iter().filter(|response| response.status == 200).collect();
    assert_eq!(
        (made.len(), responses.iter().filter(|response| response.status == 409).count()),
        (6, 2)
    );
    for response in made {
        let api = &response.body["api"];
        let (key, secret) = (api["api_key"].as_str().unwrap(), api["secret_key"].as_str().unwrap());
        assert_eq!(signed_get(&app, key, secret).await.status, 200);
    }
    let shown = jane.send("GET", ACCOUNT).await;
    assert_eq!(shown.body["account"]["api"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_change_during_the_creation_of_an_api_key_is_not_lost_nor_is_the_key() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let disarm = json!({
        "Key": jane.key(),
        "UpdateExpression": "SET apiKeys = :none, version = version + :one",
        "ExpressionAttributeValues": { ":none": { "M": {} }, ":one": { "N": "1" } },
    });
    app.proxy().before("TransactWriteItems", app.engine_later("UpdateItem", disarm));

    let (key, secret) = new_api_key(&jane).await;

    assert_eq!(app.proxy().faults_left(), 0);
    let shown = signed_get(&app, &key, &secret).await;
    assert_eq!(shown.body["account"]["api"][0]["api_key"], json!(key));
}

#[tokio::test]
async fn an_uploaded_key_is_stored_in_canonical_form_with_openssh_fingerprint() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (number, (line, fingerprint)) in [ED25519, ECDSA, RSA_2048].into_iter().enumerate() {
        let content = format!(" {}  jane@laptop \t \u{fc}\n", line.replace(' ', "  \t"));
        let added = jane.send_json("PUT", SSH, &upload(&content)).await;

        let id = added.body["sshkeys"]["id"].as_u64().unwrap_or_else(|| panic!("{added:?}"));
        let mut key = json!({ "id": id, "name": "laptop", "fingerprint": fingerprint });
        assert_eq!(added.parts(), (200, &json!({ "success": true, "sshkeys": key })));
        assert!((1..1 << 53).contains(&id), "{id}");
        let shown = jane.send("GET", ACCOUNT).await;
        key["made_by"] = json!(token_id(jane.token()).unwrap());
        assert_eq!(shown.body["account"]["sshkeys"][number], key);
        let stored = &item(&app, &jane).await["sshKeys"]["L"][number]["M"];
        assert_eq!(stored["publicKey"]["S"], line);
    }
}

#[tokio::test]
async fn a_generated_key_matches_its_private_key_which_is_shown_once_and_not_stored() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({ "name": "J\u{e4}ne's key", "method": "generate", "content": "ignored" });

    let made = jane.send_json("PUT", SSH, &body).await;

    let key = &made.body["sshkeys"];
    let pem = key["private_key"].as_str().unwrap();
    let private = ssh_key::PrivateKey::from_openssh(pem).unwrap();
    let expected = json!({
        "id": key["id"],
        "name": "J\u{e4}ne's key",
        "fingerprint": private.fingerprint(ssh_key::HashAlg::Sha256).to_string(),
        "private_key": pem,
    });
    assert_eq!(made.parts(), (200, &json!({ "success": true, "sshkeys": expected })));
    assert_eq!(
        (private.algorithm(), private.comment()),
        (ssh_key::Algorithm::Ed25519, "J\u{e4}ne's key")
    );
    assert!(pem.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n") && !pem.contains('\r'));
    let mut shown = expected;
    shown.as_object_mut().unwrap().remove("private_key");
    shown["made_by"] = json!(token_id(jane.token()).unwrap());
    assert_eq!(jane.send("GET", ACCOUNT).await.body["account"]["sshkeys"][0], shown);
    let everything = serde_json::to_string(&app.items().await).unwrap();
    assert!(pem.lines().all(|line| !everything.contains(line)));
    let another = jane.send_json("PUT", SSH, &body).await;
    assert_ne!(another.body["sshkeys"]["fingerprint"], key["fingerprint"]);
}

/// The RSA key with another exponent.
fn with_exponent(exponent: &[u8]) -> String {
    let key = PublicKey::from_openssh(RSA_2048.0).unwrap();
    let mut rsa = key.key_data().rsa().unwrap().clone();
    rsa.e = Mpint::from_positive_bytes(exponent).unwrap();
    PublicKey::from(KeyData::Rsa(rsa)).to_openssh().unwrap()
}

#[tokio::test]
async fn an_unsafe_public_key_is_rejected_and_never_repeated() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = item(&app, &jane).await;
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let data = ED25519.0.split_once(' ').unwrap().1;

    for (content, problem) in [
        (private.to_owned(), "must be a public key, never a private one"),
        (
            private.replace("OPENSSH ", "").replace('\n', ""),
            "must be a public key, never a private one",
        ),
        (DSA.to_owned(), "must be an Ed25519, ECDSA or RSA key"),
        (RSA_1024.to_owned(), "must have 2048 to 8192 bits, being an RSA key"),
        (RSA_2047.to_owned(), "must have 2048 to 8192 bits, being an RSA key"),
        (with_exponent(&[2]), "must be an RSA key with odd numbers, of a usual exponent"),
        (with_exponent(&[1]), "must be an RSA key with odd numbers, of a usual exponent"),
        (with_exponent(&[1; 9]), "must be an RSA key with odd numbers, of a usual exponent"),
        (COMPRESSED.to_owned(), "must have an uncompressed point, being an ECDSA key"),
        (data.to_owned(), "must be a public key in the form of OpenSSH"),
        (format!("ssh-rsa {data}"), "must be a public key in the form of OpenSSH"),
        (format!("no-pty {}", ED25519.0), "must be a public key in the form of OpenSSH"),
        (ED25519.0[..60].to_owned(), "must be a public key in the form of OpenSSH"),
        (format!("{}\n{}", ED25519.0, ECDSA.0), "must not contain control characters"),
        (format!("{} {}", ED25519.0, "x".repeat(4096)), "must be at most 4096 characters long"),
        (String::new(), "must not be empty"),
    ] {
        let response = jane.send_json("PUT", SSH, &upload(&content)).await;
        let expected = rejected(&format!("invalid request: content: {problem}"));
        assert_eq!(response.parts(), (400, &expected));
    }

    assert_eq!(item(&app, &jane).await, before);
}

#[tokio::test]
async fn every_problem_of_a_new_ssh_key_is_reported_and_only_uploads_need_content() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (body, error) in [
        (json!({}), "name: is required; method: is required"),
        (json!({ "name": "x", "method": "upload" }), "content: is required"),
        (json!({ "name": "x", "method": "" }), "method: must not be empty"),
        (
            json!({ "name": "x", "method": "x".repeat(51) }),
            "method: must be at most 50 characters long",
        ),
        (
            json!({ "name": "x".repeat(65), "method": "generate" }),
            "name: must be at most 64 characters long",
        ),
        (
            json!({ "name": "x", "method": "generate", "content": null }),
            "content: must be a string",
        ),
    ] {
        let response = jane.send_json("PUT", SSH, &body).await;
        assert_eq!(response.parts(), (400, &rejected(&format!("invalid request: {error}"))));
    }

    let longest = json!({ "name": "\u{fc}".repeat(64), "method": "anything else" });
    assert_eq!(jane.send_json("PUT", SSH, &longest).await.status, 200);
}

#[tokio::test]
async fn a_key_is_added_once_per_user_and_deleted_by_its_id() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let added = jane.send_json("PUT", SSH, &upload(ED25519.0)).await;
    let path = format!("/v2/account/{}/sshkey", added.body["sshkeys"]["id"]);

    let again = jane.send_json("PUT", SSH, &upload(&format!("{} other", ED25519.0))).await;
    let johns = john.send_json("PUT", SSH, &upload(ED25519.0)).await;
    let others = john.send("DELETE", &path).await;
    let deleted = jane.send("DELETE", &path).await;

    assert_eq!(again.parts(), (409, &rejected("you have this SSH key already")));
    assert_eq!(johns.status, 200, "{johns:?}");
    assert_eq!(others.parts(), (404, &rejected("SSH key not found")));
    assert_eq!(deleted.parts(), (200, &json!({ "success": true })));
    assert_eq!(jane.send("GET", ACCOUNT).await.body["account"]["sshkeys"], json!([]));
    for id in [
        added.body["sshkeys"]["id"].to_string().as_str(),
        "x",
        "01234567890",
        "-1",
        "+1234567890",
        "%31234567890",
    ] {
        let response = jane.send("DELETE", &format!("/v2/account/{id}/sshkey")).await;
        assert_eq!(response.parts(), (404, &rejected("SSH key not found")), "{id}");
    }
    assert_eq!(jane.send_json("PUT", SSH, &upload(ED25519.0)).await.status, 200);
}

#[tokio::test]
async fn a_user_has_at_most_20_ssh_keys() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let generate = json!({ "name": "x", "method": "generate" });
    let mut last = Value::Null;
    for _ in 0..20 {
        let added = jane.send_json("PUT", SSH, &generate).await;
        assert_eq!(added.status, 200);
        last = added.body["sshkeys"]["id"].clone();
    }

    let one_more = jane.send_json("PUT", SSH, &generate).await;

    assert_eq!(one_more.parts(), (409, &rejected("a user can have at most 20 SSH keys")));
    assert_eq!(jane.send("DELETE", &format!("/v2/account/{last}/sshkey")).await.status, 200);
    assert_eq!(jane.send_json("PUT", SSH, &generate).await.status, 200);
}

#[tokio::test]
async fn basic_is_not_accepted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let header = basic("janedoe", testkit::PASSWORD);

    let response = app.send("GET", ACCOUNT, &[("authorization", &header)], None).await;

    assert_eq!(response.parts(), (401, &rejected("the credential is not valid")));
    assert_eq!(jane.send("GET", ACCOUNT).await.status, 200);
}

#[tokio::test]
async fn a_last_name_alone_leaves_a_first_name_of_several_words_as_it_is() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let names = json!({ "first_name": "Mary Ann", "last_name": "Smith" });
    jane.send_json("POST", DATA, &names).await;

    let changed = jane.send_json("POST", DATA, &json!({ "last_name": "Jones" })).await;

    assert_eq!(changed.body["account"]["name"], "Mary Ann Jones");
    let profile = json!({ "full_name": "Jane Doe" });
    jane.send_json("PATCH", "/api/v1.1/users/janedoe/", &profile).await;
    let changed = jane.send_json("POST", DATA, &json!({ "last_name": "Roe" })).await;
    assert_eq!(changed.body["account"]["name"], "Jane Roe");
}

/// What a name is after each of these requests: e24's with a first or a last name, hub's with the
/// whole.
#[tokio::test]
async fn a_given_first_and_last_name_stay_whatever_is_given_beside_them() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for steps in [
        &[("first", "Mary Ann", "Mary Ann"), ("last", "Roe", "Mary Ann Roe")][..],
        &[("last", "Roe", "Roe"), ("first", "Jane", "Jane Roe")],
        &[("last", "Roe", "Roe"), ("last", "Roe", "Roe"), ("first", "Roe", "Roe Roe")],
        &[
            ("last", "van Roe", "van Roe"),
            ("whole", "Mary Ann van Roe", "Mary Ann van Roe"),
            ("last", "Doe", "Mary Ann Doe"),
            ("first", "Jane", "Jane Doe"),
        ],
        &[
            ("first", "Jane", "Jane"),
            ("whole", "Jane Q Doe", "Jane Q Doe"),
            ("last", "Roe", "Jane Roe"),
        ],
        &[
            ("first", "Mary", "Mary"),
            ("last", "Doe", "Mary Doe"),
            ("whole", "Mary Ann Doe", "Mary Ann Doe"),
            ("last", "Roe", "Mary Ann Roe"),
        ],
        &[("whole", "Mary Ann Roe", "Mary Ann Roe"), ("first", "Jane", "Jane Ann Roe")],
        &[("whole", "Roe", "Roe"), ("first", "Jane", "Jane")],
        &[
            ("first", "Jane", "Jane"),
            ("last", "Roe", "Jane Roe"),
            ("whole", "Jane", "Jane"),
            ("first", "Jane Roe", "Jane Roe"),
            ("first", "Jane Roe", "Jane Roe"),
        ],
        &[
            ("first", "Mary Ann", "Mary Ann"),
            ("last", "Roe", "Mary Ann Roe"),
            ("whole", "Mary Roe", "Mary Roe"),
            ("last", "Ann Smith", "Mary Ann Smith"),
            ("last", "Ann Smith", "Mary Ann Smith"),
        ],
        &[
            ("first", "Jane", "Jane"),
            ("last", "Doe", "Jane Doe"),
            ("whole", "Mary Ann Roe", "Mary Ann Roe"),
            ("first", "Mary Ann", "Mary Ann Roe"),
        ],
        &[
            ("first", "Jane", "Jane"),
            ("last", "Doe", "Jane Doe"),
            ("whole", "Mary Ann Roe", "Mary Ann Roe"),
            ("last", "Roe", "Mary Ann Roe"),
            ("first", "Jane", "Jane Roe"),
        ],
        &[
            ("first", "Jane", "Jane"),
            ("last", "Doe", "Jane Doe"),
            ("whole", "Jane Ann Roe", "Jane Ann Roe"),
            ("last", "Roe", "Jane Ann Roe"),
        ],
    ] {
        for name in ["fullName", "firstName", "lastName"] {
            app.set(&jane, name, json!({ "S": "" })).await;
        }
        for (part, text, whole) in steps {
            let body = json!({ format!("{part}_name").replace("whole", "full"): text });
            if *part == "whole" {
                jane.send_json("PATCH", "/api/v1.1/users/janedoe/", &body).await;
            } else {
                let changed = jane.send_json("POST", DATA, &body).await;
                assert_eq!(changed.body["account"]["name"], *whole, "{steps:?} {text}");
            }
            let seen = jane.send("GET", ACCOUNT).await;
            assert_eq!(seen.body["account"]["name"], *whole, "{steps:?} {text}");
        }
    }
}

#[tokio::test]
async fn a_phone_number_can_be_removed_and_is_a_string_or_a_whole_number() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let phone = async |value: Value| jane.send_json("POST", DATA, &json!({ "phone": value })).await;

    assert_eq!(phone(json!(48_123_456_789_u64)).await.body["account"]["phone"], "48123456789");
    assert_eq!(phone(json!("")).await.body["account"]["phone"], "");
    let other = "must be a string or a whole number";
    let large = "is too large for an exact number; send it as a string";
    for (wrong, problem) in [
        (json!(1.5), other),
        (json!(true), other),
        (json!(null), other),
        (json!(1e21), large),
        (json!(9_007_199_254_740_992_f64), large),
        (json!(18_446_744_073_709_551_616_f64), large),
    ] {
        let response = phone(wrong.clone()).await;
        let error = rejected(&format!("invalid request: phone: {problem}"));
        assert_eq!(response.parts(), (400, &error), "{wrong}");
    }
}

#[tokio::test]
async fn a_changed_password_ends_the_oauth_grants_and_no_environment_token() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.new_token(TokenKind::Environment, None, None).await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let oauth = client.tokens(&app, &jane.credentials(), "profile_read").await;

    let body = json!({ "password": "another horse battery" });
    assert_eq!(jane.send_json("POST", DATA, &body).await.status, 200);

    let bearer = format!("Bearer {}", oauth.access);
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(app.send("GET", "/api/v1.1/users/janedoe/", &headers, None).await.status, 401);
    let kinds: Vec<_> = app.items().await.iter().map(|item| item["type"].clone()).collect();
    assert!(!kinds.contains(&json!({ "S": "grant" })), "cleared up");
    assert_eq!(
        app.items_of("token").await.len(),
        2,
        "the one that asked, and the environment token"
    );
}

#[tokio::test]
async fn cleanup_of_an_earlier_password_change_keeps_what_came_after_a_later_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let others = app.others();
    let given = app.give_password(jane.user().id, "a third password", false);
    let (sent, stored) = tokio::sync::oneshot::channel();
    // The first query reads the addresses.
    app.proxy().before("Query", async {});
    app.proxy().before("Query", async move {
        let user = given.await;
        let new = shared::table::NewToken {
            kind: TokenKind::User,
            name: "late".to_owned(),
            scopes: None,
            expires_at: None,
        };
        let (_, counts) = others.user_and(user.id, shared::table::fetch::counts()).await.unwrap();
        let creation =
            others.create_token(&Actor::operator(), &user, counts.as_ref(), new).unwrap();
        let (token, _) = creation.commit().await.unwrap();
        sent.send(token.reveal()).unwrap();
    });

    let body = json!({ "password": "another horse battery" });
    assert_eq!(jane.send_json("POST", DATA, &body).await.status, 200);

    let late = jane.with_token(stored.await.unwrap());
    assert_eq!(late.send("GET", ACCOUNT).await.status, 200);
}

#[tokio::test]
async fn a_password_change_responds_in_time_even_if_the_cleanup_hangs() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.new_token(TokenKind::User, None, None).await;
    app.proxy().disturb_all_of("BatchWriteItem", Some(Fault::Silent));
    let started = std::time::Instant::now();

    let body = json!({ "password": "another horse battery" });
    let changed = jane.send_json("POST", DATA, &body).await;

    assert_eq!(changed.status, 200, "{changed:?}");
    assert!(started.elapsed().as_secs() < 4, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_signed_change_of_keys_keeps_the_last_use_of_its_own_key() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, secret) = jane.api_key();
    let create = Signed::new("PUT", API, String::new());

    assert_eq!(create.send(&app, &create.with(&key, secret)).await.status, 200);

    let keys = item(&app, &jane).await["apiKeys"]["M"].clone();
    let noted =
        keys.as_object().unwrap().values().filter(|key| key["M"]["lastUsedAt"]["S"].is_string());
    assert_eq!(noted.count(), 1, "{keys}");
}

#[tokio::test]
async fn another_s3_secret_is_shown_once_for_the_key_that_is_always_listed() {
    const RENEW_S3: &str = "/v2/account/files-new-secret-key";
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let listed = async || jane.send("GET", ACCOUNT).await.body["account"]["e24files"].clone();
    let id = listed().await["s3"]["api_id"].clone();
    let by_jane = json!(token_id(jane.token()).unwrap());
    let mut secrets = BTreeSet::new();

    for round in 0..2 {
        let renewed = jane.send("POST", RENEW_S3).await;

        let secret = renewed.body["e24files"]["s3"]["secret_key"].as_str().unwrap();
        assert_eq!(secret.len(), 40, "{round}");
        let files = json!({ "s3": { "api_id": id, "secret_key": secret } });
        assert_eq!(renewed.parts(), (200, &json!({ "success": true, "e24files": files })));
        assert_eq!(listed().await, json!({ "s3": { "api_id": id, "made_by": by_jane } }));
        secrets.insert(secret.to_owned());
    }
    assert_eq!(secrets.len(), 2);

    let changed = json!({ "password": "another correct horse", "revoke_keys": true });
    assert_eq!(jane.send_json("POST", DATA, &changed).await.status, 200);
    let (user, ()) = app.table().user_and(jane.user().id, ()).await.unwrap();
    let key = user.unwrap().s3_key.clone().unwrap();
    let replaced = key.secret(jane.user().id, &*app.service_key().await).unwrap();
    assert!(!secrets.contains(&replaced));
}
