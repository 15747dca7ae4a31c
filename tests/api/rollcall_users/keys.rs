//! `/rollcall/v1/users/self/api-keys…` and `/rollcall/v1/users/self/ssh-keys…`.

use serde_json::{Value, json};
use shared::limits::{API_KEYS, SSH_KEYS};
use testkit::{ApiResponse, Person, TestApp, token_id};

use super::{conflict, errors, not_found, pages, problem, text};
use crate::signatures::Signed;

const API_KEYS_PATH: &str = "/rollcall/v1/users/self/api-keys";
const SSH_KEYS_PATH: &str = "/rollcall/v1/users/self/ssh-keys";
const LINE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOo9XGwqyCdbcW1qlnD5SopW+3LobHKpC5zW9SlTjA/T";

async fn make(person: &Person<'_>) -> ApiResponse {
    let made = person.send("POST", API_KEYS_PATH).await;
    assert_eq!(made.status, 201, "{made:?}");
    made
}

async fn add(person: &Person<'_>, name: &str, key: &str) -> ApiResponse {
    person.send_json("POST", SSH_KEYS_PATH, &json!({ "name": name, "publicKey": key })).await
}

/// Whether a signature with a key is accepted.
async fn signs(app: &TestApp, key: &str, secret: &str) -> bool {
    let signed = Signed::new("GET", "/v2/account", String::new());
    signed.send(app, &signed.with(key, secret)).await.status == 200
}

#[tokio::test]
async fn an_api_key_shows_its_secret_once_signs_and_is_listed_with_its_maker() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let made = make(&jane).await;

    let (key, secret) = (made.text("apiKey").to_owned(), made.text("secretKey").to_owned());
    let path = format!("{API_KEYS_PATH}/{}", made.text("id"));
    assert_eq!(made.header("location"), Some(path.as_str()));
    assert_eq!(made.body["madeBy"], json!(token_id(jane.token()).unwrap()));
    let listed = jane.send("GET", API_KEYS_PATH).await;
    let mut expected = made.body.clone();
    expected.as_object_mut().unwrap().remove("secretKey");
    expected["lastUsedAt"] = Value::Null;
    // The first one is the fixture's, which the operator made.
    let (own, _) = jane.api_key();
    assert_eq!(listed.body["apiKeys"][0]["apiKey"], own);
    assert_eq!(listed.body["apiKeys"][0]["madeBy"], Value::Null);
    assert_eq!(listed.body["apiKeys"][1], expected);
    assert!(signs(&app, &key, &secret).await);
    let used = jane.send("GET", API_KEYS_PATH).await;
    assert!(text(&used.body["apiKeys"][1], "lastUsedAt").ends_with(":00:00.000Z"), "{used:?}");
    assert_eq!(jane.send("DELETE", &path).await.parts(), (204, &Value::Null));
    assert!(!signs(&app, &key, &secret).await);
    assert_eq!(jane.send("DELETE", &path).await.parts(), (404, &not_found("API key")));
}

#[tokio::test]
async fn another_users_api_key_is_as_unknown_as_none() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let theirs = make(&john).await;

    for id in [theirs.text("id"), "0197a1b2c3d4e5f6", "x", theirs.text("apiKey")] {
        let rejected = jane.send("DELETE", &format!("{API_KEYS_PATH}/{id}")).await;
        assert_eq!(rejected.parts(), (404, &not_found("API key")), "{id}");
    }
    assert!(signs(&app, theirs.text("apiKey"), theirs.text("secretKey")).await);
}

#[tokio::test]
async fn api_keys_come_in_pages_oldest_first_up_to_their_limit() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut ids = vec![jane.send("GET", API_KEYS_PATH).await.body["apiKeys"][0]["id"].clone()];
    for _ in 1..API_KEYS.max {
        ids.push(make(&jane).await.body["id"].clone());
    }

    let full = jane.send("POST", API_KEYS_PATH).await;
    let expected = problem(409, "Conflict", "limit_reached", &API_KEYS.to_string());
    assert_eq!(full.parts(), (409, &expected));
    let (listed, count) = pages(&jane, API_KEYS_PATH, "apiKeys", 6).await;
    let listed: Vec<_> = listed.iter().map(|key| key["id"].clone()).collect();
    assert_eq!((listed, count), (ids, 4));
}

#[tokio::test]
async fn what_a_revoked_token_made_goes_with_it_on_request() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "name": "ci", "kind": "user" });
    let token = jane.send_json("POST", "/rollcall/v1/tokens", &new).await;
    let maker = jane.with_token(token.text("token").to_owned());
    let key = make(&maker).await;
    assert_eq!(add(&maker, "laptop", LINE).await.body["madeBy"], token.body["id"]);

    let path = format!("/rollcall/v1/tokens/{}?descendants=true", token.text("id"));
    assert_eq!(jane.send("DELETE", &path).await.status, 204);

    assert!(!signs(&app, key.text("apiKey"), key.text("secretKey")).await);
    let left = jane.send("GET", SSH_KEYS_PATH).await;
    assert_eq!(left.parts(), (200, &json!({ "sshKeys": [], "nextCursor": null })));
}

#[tokio::test]
async fn an_ssh_key_is_added_without_its_comment_listed_and_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let added = add(&jane, " laptop ", &format!("{LINE}  jane@laptop")).await;

    let (id, created) = (added.body["id"].clone(), added.body["createdAt"].clone());
    let expected = json!({
        "id": id,
        "name": "laptop",
        "fingerprint": "SHA256:8OZ2VXmE9BXaJIAzKCsBonD1czvWlJK+S5tODlBtRsY",
        "publicKey": LINE,
        "createdAt": created,
        "madeBy": token_id(jane.token()).unwrap(),
        "lastUsedAt": null,
    });
    assert_eq!(added.parts(), (201, &expected));
    let path = format!("{SSH_KEYS_PATH}/{id}");
    assert_eq!(added.header("location"), Some(path.as_str()));
    let listed = jane.send("GET", SSH_KEYS_PATH).await;
    assert_eq!(listed.parts(), (200, &json!({ "sshKeys": [&expected], "nextCursor": null })));
    let e24 = jane.send("GET", "/v2/account").await;
    assert_eq!(e24.body["account"]["sshkeys"][0]["fingerprint"], expected["fingerprint"]);
    let again = add(&jane, "other", LINE).await;
    assert_eq!(again.parts(), (409, &conflict("you have this SSH key already")));
    assert_eq!(jane.send("DELETE", &path).await.parts(), (204, &Value::Null));
    for unknown in [path.as_str(), &format!("{SSH_KEYS_PATH}/x")] {
        assert_eq!(jane.send("DELETE", unknown).await.parts(), (404, &not_found("SSH key")));
    }
}

#[tokio::test]
async fn an_ssh_key_must_be_public_sound_and_named() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (body, problems) in [
        (json!({}), vec!["name: is required", "publicKey: is required"]),
        (json!({ "name": " ", "publicKey": LINE }), vec!["name: must not be empty"]),
        (
            json!({ "name": "x", "publicKey": "-----BEGIN OPENSSH PRIVATE KEY-----" }),
            vec!["publicKey: must be a public key, never a private one"],
        ),
        (
            json!({ "name": "x", "publicKey": "ssh-ed25519 AAAA" }),
            vec!["publicKey: must be a public key in the form of OpenSSH"],
        ),
    ] {
        assert_eq!(errors(&jane.send_json("POST", SSH_KEYS_PATH, &body).await), problems, "{body}");
    }
}

#[tokio::test]
async fn ssh_keys_come_in_pages_oldest_first_up_to_their_limit() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let generate = async |name: String| {
        let body = json!({ "name": name, "method": "generate" });
        jane.send_json("PUT", "/v2/account/sshkey", &body).await
    };
    for number in 0..SSH_KEYS.max {
        assert_eq!(generate(number.to_string()).await.status, 200);
    }

    let full = add(&jane, "x", LINE).await;
    let expected = problem(409, "Conflict", "limit_reached", &SSH_KEYS.to_string());
    assert_eq!(full.parts(), (409, &expected));
    let (listed, count) = pages(&jane, SSH_KEYS_PATH, "sshKeys", 19).await;
    let names: Vec<_> = listed.iter().map(|key| text(key, "name").to_owned()).collect();
    let expected: Vec<_> = (0..SSH_KEYS.max).map(|number| number.to_string()).collect();
    assert_eq!((names, count), (expected, 2));
}
