//! Which passwords can be set, and what ends with an old one.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::limits::MAX_GIVEN_PASSWORDS;
use shared::model::{S3Key, TokenKind, UserId};
use shared::table::Actor;
use testkit::{ApiResponse, TestApp, TestCredentials, basic};
use tokio::sync::oneshot;

use crate::signatures::Signed;

const DATA: &str = "/v2/account/data";
const API: &str = "/v2/account/api";
const SSH: &str = "/v2/account/sshkey";
const TOKENS: &str = "/rollcall/v1/tokens";
const WRITE: &str = "TransactWriteItems";

/// The first password of a user, which somebody else knows.
const GIVEN: &str = "given horse battery";
/// What the user sets in its place.
const OWN: &str = "another horse battery";

const JSON: (&str, &str) = ("content-type", "application/json");

/// A user whom somebody else gave a password, and all that this somebody can keep.
struct Given {
    id: UserId,
    api_key: (String, String),
    s3_secret: Option<String>,
    token: String,
    access: String,
}

impl Given {
    /// Jane makes Mary.
    async fn by_an_admin(app: &TestApp) -> Self {
        let jane = app.person("janedoe").await;
        let new = json!({ "email": "mary@example.com", "first_name": "M", "last_name": "M", "password": GIVEN, "username": "marymajor" });
        let made = jane.send_json("PUT", "/v2/accounts", &new).await;
        assert_eq!(made.status, 200, "{made:?}");
        let user = &made.body["user"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let api = &user["api"][0];
        let api_key = (text(&api["api_key"]), text(&api["secret_key"]));
        let s3_secret = text(&user["e24files"]["s3"]["secret_key"]);
        Self::furnished(app, text(&user["id"]).parse().unwrap(), api_key, Some(s3_secret)).await
    }

    /// The operator gives Mary, who has a password and keys of her own, another password.
    async fn by_a_reset(app: &TestApp) -> Self {
        let mary = app.person("marymajor").await;
        let id = mary.user().id;
        let (key, secret) = mary.api_key();
        app.give_password(id, GIVEN, false).await;
        Self::furnished(app, id, (key, secret.to_owned()), None).await
    }

    /// Jane accepts as Mary what she invited Mary to by a link that she kept.
    async fn by_a_handed_link(app: &TestApp) -> Self {
        let jane = app.person("janedoe").await.credentials();
        jane.prove_address(app).await;
        let invited = jane.invite(app, &jane.account, "mary@example.com").await;
        let link = invited["link"].as_str().unwrap().rsplit_once('/').unwrap().1;
        let new = json!({ "username": "marymajor", "name": "M", "password": GIVEN }).to_string();
        let path = format!("/rollcall/v1/invitations/{link}/accept");
        let joined = app.send("POST", &path, &[JSON], Some(&new)).await;
        assert_eq!(joined.status, 201, "{joined:?}");
        let basic = basic("marymajor", GIVEN);
        let header = [("authorization", basic.as_str())];
        let made = app.send("POST", "/rollcall/v1/users/self/api-keys", &header, None).await;
        let key = ["apiKey", "secretKey"].map(|name| made.text(name).to_owned());
        Self::furnished(app, joined.text("userId").parse().unwrap(), key.into(), None).await
    }

    async fn furnished(
        app: &TestApp,
        id: UserId,
        api_key: (String, String),
        s3_secret: Option<String>,
    ) -> Self {
        let basic = basic("marymajor", GIVEN);
        let token = new_token(app, &basic, "user").await.text("token").to_owned();
        new_token(app, &basic, "environment").await;
        let body = json!({ "name": "laptop", "method": "generate" });
        assert_eq!(send(app, "PUT", SSH, &token, &body).await.status, 200);
        let credentials = TestCredentials {
            username: "marymajor".to_owned(),
            password: GIVEN.to_owned(),
            token: token.clone(),
            account: String::new(),
        };
        let client = app.new_client("https://client.example.com/callback", true).await;
        let access = client.tokens(app, &credentials, "profile_read").await.access;
        Self { id, api_key, s3_secret, token, access }
    }

    /// The user's own password, set by what somebody else kept, ends all of it.
    async fn assert_own_password_ends_all(&self, app: &TestApp, is_signed: bool) {
        let changed = if is_signed {
            self.sign(app, "POST", DATA, &new_password()).await
        } else {
            send(app, "POST", DATA, &self.token, &new_password()).await
        };
        assert_eq!(changed.status, 200, "{changed:?}");
        self.assert_all_ended(app).await;
    }

    async fn sign(&self, app: &TestApp, method: &str, path: &str, body: &Value) -> ApiResponse {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let signed = Signed::new(method, path, body);
        signed.send(app, &signed.with(&self.api_key.0, &self.api_key.1)).await
    }

    /// Everything older is rejected, and deleted; the new password opens a new beginning.
    async fn assert_all_ended(&self, app: &TestApp) {
        assert_eq!(self.sign(app, "GET", "/v2/account", &Value::Null).await.status, 401);
        let access = format!("Bearer {}", self.access);
        for header in [&self.token, &access, &basic("marymajor", GIVEN)] {
            let path = "/api/v1.1/users/marymajor/";
            let headers = [("authorization", header.as_str())];
            assert_eq!(app.send("GET", path, &headers, None).await.status, 401, "{header}");
        }
        assert_eq!(app.items_of("grant").await, Vec::<Value>::new());
        let own = new_token(app, &basic("marymajor", OWN), "user").await;
        let list = send(app, "GET", TOKENS, own.text("token"), &Value::Null).await;
        assert_eq!(list.body["tokens"].as_array().unwrap().len(), 1, "{list:?}");
        let shown = send(app, "GET", "/v2/account", own.text("token"), &Value::Null).await;
        let account = &shown.body["account"];
        assert_eq!((&account["api"], &account["sshkeys"]), (&json!([]), &json!([])));
        if let Some(old) = &self.s3_secret {
            let (user, ()) = app.table().user_and(self.id, ()).await.unwrap();
            let key: S3Key = user.unwrap().s3_key.clone().unwrap();
            assert_eq!(account["e24files"]["s3"]["api_id"], key.id);
            assert_ne!(key.secret(self.id, &*app.service_key().await).unwrap(), *old);
        }
        let kept = app.items().await;
        let tokens = kept.iter().filter(|item| item["type"]["S"] == "token");
        let tokens = tokens.filter(|item| item["user"]["S"] == self.id.to_string());
        assert_eq!(tokens.count(), 1, "cleaned up");
    }
}

async fn send(
    app: &TestApp,
    method: &str,
    path: &str,
    authorization: &str,
    body: &Value,
) -> ApiResponse {
    let text = Some(body.to_string()).filter(|_| !body.is_null());
    app.send(method, path, &[("authorization", authorization), JSON], text.as_deref()).await
}

async fn new_token(app: &TestApp, authorization: &str, kind: &str) -> ApiResponse {
    let body = json!({ "name": "new", "kind": kind });
    let made = send(app, "POST", TOKENS, authorization, &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made
}

fn new_password() -> Value {
    json!({ "password": OWN })
}

#[tokio::test]
async fn the_first_password_a_user_sets_ends_all_that_who_made_the_user_kept() {
    for is_signed in [false, true] {
        let app = TestApp::start().await;
        let given = Given::by_an_admin(&app).await;

        given.assert_own_password_ends_all(&app, is_signed).await;
    }
}

#[tokio::test]
async fn the_first_password_after_the_operators_ends_all_that_is_older() {
    for is_signed in [false, true] {
        let app = TestApp::start().await;
        let given = Given::by_a_reset(&app).await;

        given.assert_own_password_ends_all(&app, is_signed).await;
    }
}

#[tokio::test]
async fn the_first_own_password_of_who_joined_by_a_handed_link_ends_what_its_sender_kept() {
    for is_signed in [false, true] {
        let app = TestApp::start().await;
        let given = Given::by_a_handed_link(&app).await;

        given.assert_own_password_ends_all(&app, is_signed).await;
    }
}

#[tokio::test]
async fn the_given_password_set_again_is_not_the_users_own() {
    let app = TestApp::start().await;
    let given = Given::by_an_admin(&app).await;
    let same = json!({ "password": GIVEN });
    let again = send(&app, "POST", DATA, &given.token, &same).await;
    assert_eq!(again.status, 200, "{again:?}");

    given.assert_own_password_ends_all(&app, false).await;
}

#[tokio::test]
async fn a_given_password_that_comes_back_after_the_operators_is_not_the_users_own() {
    let app = TestApp::start().await;
    let Given { id, api_key, s3_secret, .. } = Given::by_an_admin(&app).await;
    let mut last = String::new();
    // With the first one, as many as are remembered.
    for number in 1..MAX_GIVEN_PASSWORDS {
        last = format!("the operator's battery {number}");
        app.give_password(id, &last, false).await;
    }
    let token = new_token(&app, &basic("marymajor", &last), "user").await;
    let back = send(&app, "POST", DATA, token.text("token"), &json!({ "password": GIVEN })).await;
    assert_eq!(back.status, 200, "{back:?}");

    // Whoever gave it signs in once more.
    let given = Given::furnished(&app, id, api_key, s3_secret).await;

    given.assert_own_password_ends_all(&app, false).await;
    app.give_password(id, GIVEN, false).await;
    let hashes = app.table().user_and(id, ()).await.unwrap().0.unwrap().given_hashes.len();
    assert_eq!(hashes, MAX_GIVEN_PASSWORDS);
}

#[tokio::test]
async fn a_later_password_ends_keys_and_environment_tokens_only_on_request() {
    for (revoke_keys, kept) in [(json!(null), 1), (json!(false), 1), (json!(true), 0)] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        jane.new_token(TokenKind::Environment, None, None).await;
        let ssh = json!({ "name": "laptop", "method": "generate" });
        assert_eq!(jane.send_json("PUT", SSH, &ssh).await.status, 200);
        let mut body = new_password();
        if !revoke_keys.is_null() {
            body["revoke_keys"] = revoke_keys;
        }

        let changed = jane.send_json("POST", DATA, &body).await;

        assert_eq!(changed.status, 200, "the token that changed it works on: {changed:?}");
        let account = jane.send("GET", "/v2/account").await.body["account"].clone();
        assert_eq!(changed.body["account"], account);
        for keys in ["api", "sshkeys"] {
            assert_eq!(account[keys].as_array().unwrap().len(), kept, "{body}: {account}");
        }
        let tokens = jane.send("GET", TOKENS).await;
        assert_eq!(tokens.body["tokens"].as_array().unwrap().len(), 1 + kept, "{body}");
        assert_eq!(app.items_of("token").await.len(), 1 + kept, "{body}");
    }
}

#[tokio::test]
async fn revoke_keys_is_a_truth_value_beside_a_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = app.written().await;

    for (body, error) in [
        (json!({ "revoke_keys": true }), "revoke_keys: takes a new password"),
        (json!({ "password": OWN, "revoke_keys": "true" }), "revoke_keys: must be true or false"),
        (json!({ "password": OWN, "revoke_keys": null }), "revoke_keys: must be true or false"),
    ] {
        let rejected = jane.send_json("POST", DATA, &body).await;
        let error = json!({ "success": false, "error": format!("invalid request: {error}") });
        assert_eq!(rejected.parts(), (400, &error), "{body}");
    }
    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn an_operators_reset_ends_keys_on_request() {
    for (revoke_keys, status) in [(false, 200), (true, 401)] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        jane.new_token(TokenKind::Environment, None, None).await;
        let (key, secret) = jane.api_key();

        app.give_password(jane.user().id, GIVEN, revoke_keys).await;

        let signed = Signed::new("GET", "/v2/account", String::new());
        assert_eq!(signed.send(&app, &signed.with(&key, secret)).await.status, status);
        assert_eq!(app.items_of("token").await.len(), usize::from(!revoke_keys));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_first_passwords_set_at_once_one_counts() {
    let app = TestApp::start().await;
    let given = Given::by_an_admin(&app).await;
    let bodies: Vec<_> =
        (0..6).map(|number| json!({ "password": format!("{OWN} {number} x") })).collect();

    let responses =
        join_all(bodies.iter().map(|body| send(&app, "POST", DATA, &given.token, body))).await;

    let mut won = Vec::new();
    for (response, body) in responses.iter().zip(&bodies) {
        let password = body["password"].as_str().unwrap();
        let headers = [("authorization", basic("marymajor", password))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let signs_in = app.send("GET", TOKENS, &headers, None).await.status;
        assert_eq!(response.status, signs_in, "{response:?}");
        won.extend((response.status == 200).then_some(password));
    }
    assert_eq!(won.len(), 1, "{responses:?}");
}

/// The response to a request whose write waits until another request has succeeded.
async fn overtaken(
    app: &TestApp,
    request: impl Future<Output = ApiResponse>,
    other: impl Future<Output = ApiResponse>,
) -> ApiResponse {
    let (arrived, arrival) = oneshot::channel();
    let (release, released) = oneshot::channel();
    app.proxy().before(WRITE, async {
        arrived.send(()).unwrap();
        released.await.unwrap();
    });
    let other = async {
        arrival.await.unwrap();
        let response = other.await;
        assert!((200..300).contains(&response.status), "{response:?}");
        release.send(()).unwrap();
    };
    tokio::join!(request, other).0
}

/// A credential that is made between the read and the write of the first own password, or the other
/// way round, does not outlive it.
#[tokio::test]
async fn a_key_or_token_made_at_the_time_of_the_first_own_password_does_not_outlive_it() {
    let token = |kind: &str| ("POST", TOKENS, json!({ "name": "late", "kind": kind }));
    let ssh = ("PUT", SSH, json!({ "name": "late", "method": "generate" }));
    for (method, path, body) in [("PUT", API, json!({})), token("user"), token("environment"), ssh]
    {
        for password_first in [false, true] {
            let app = TestApp::start().await;
            let given = Given::by_an_admin(&app).await;
            let changing = async || send(&app, "POST", DATA, &given.token, &new_password()).await;
            let making = async || send(&app, method, path, &given.token, &body).await;

            let (outer, expected) = if password_first {
                (overtaken(&app, making(), changing()).await, 401)
            } else {
                (overtaken(&app, changing(), making()).await, 200)
            };

            assert_eq!(outer.status, expected, "{path} {password_first}: {outer:?}");
            assert_eq!(app.proxy().faults_left(), 0);
            given.assert_all_ended(&app).await;
        }
    }
}

#[tokio::test]
async fn a_first_own_password_sent_again_under_its_key_is_401_and_set_once() {
    let app = TestApp::start().await;
    let given = Given::by_an_admin(&app).await;
    let body = new_password().to_string();
    let headers = [("authorization", given.token.as_str()), JSON, ("idempotency-key", "a-key")];

    let first = app.send("POST", DATA, &headers, Some(&body)).await;
    let written = app.written().await;
    let again = app.send("POST", DATA, &headers, Some(&body)).await;

    assert_eq!((first.status, again.status), (200, 401), "{again:?}");
    assert_eq!(app.written().await, written);
    given.assert_all_ended(&app).await;
}

#[tokio::test]
async fn a_password_sent_again_under_its_key_ends_nothing_that_came_after() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({ "password": OWN, "revoke_keys": true }).to_string();
    let headers = [("authorization", jane.token()), JSON, ("idempotency-key", "a-key")];
    assert_eq!(app.send("POST", DATA, &headers, Some(&body)).await.status, 200);
    assert_eq!(jane.send("PUT", API).await.status, 200);

    let again = app.send("POST", DATA, &headers, Some(&body)).await;

    assert_eq!((again.status, again.header("idempotency-replayed")), (200, Some("true")));
    let account = jane.send("GET", "/v2/account").await;
    assert_eq!(account.body["account"]["api"].as_array().unwrap().len(), 1);
}

/// Mary Major's username is `marymajor`, and her addresses have these local parts.
const LOCAL: [&str; 3] = ["mary.the-major", "m2x9q4w7z", "\"corn flake\""];

#[tokio::test]
async fn a_password_that_others_would_guess_is_rejected_wherever_it_is_set() {
    let app = TestApp::start().await;
    let mary = app.person("marymajor").await;
    for local in LOCAL {
        let body = json!({ "email": format!("{local}@example.com") });
        let path = "/api/v1.1/users/marymajor/emails/";
        assert_eq!(mary.send_json("POST", path, &body).await.status, 201);
    }
    let before = app.written().await;

    for (password, problem) in [
        ("Rollcall1", "must not be the name of the service"),
        ("Summer2026", "is one of the most common passwords"),
        ("        ", "must not be one character repeated"),
        ("Abcd2026", "must not be a sequence, a repetition or a date"),
        ("MaryMajor7", "must not be the username"),
        ("Mary.the-Major!", "must not be part of an e-mail address of the user"),
        ("m2x9q4w7z", "must not be part of an e-mail address of the user"),
        ("Corn Flake 9", "must not be part of an e-mail address of the user"),
    ] {
        let error = format!("invalid request: password: {problem}");
        let error = json!({ "success": false, "error": error });
        let changed = mary.send_json("POST", DATA, &json!({ "password": password })).await;
        assert_eq!(changed.parts(), (400, &error), "{password}");
        let new = |username: Option<&str>, local: &str| {
            let mut new = json!({ "email": format!("{local}@example.org"), "first_name": "M", "last_name": "M", "password": password });
            if let Some(username) = username {
                new["username"] = json!(username);
            }
            new
        };
        let begins = |local: &&&str| password.to_lowercase().starts_with(local.trim_matches('"'));
        let local = LOCAL.iter().find(begins).unwrap_or(&LOCAL[0]);
        let named = mary.send_json("PUT", "/v2/accounts", &new(Some("marymajor"), local)).await;
        assert_eq!(named.parts(), (400, &error), "{password}");
    }
    // A username that is derived from the address counts too.
    let derived = json!({ "email": "pat.roe@example.org", "first_name": "P", "last_name": "R", "password": "PatRoe2026" });
    let rejected = mary.send_json("PUT", "/v2/accounts", &derived).await;
    let error =
        json!({ "success": false, "error": "invalid request: password: must not be the username" });
    assert_eq!(rejected.parts(), (400, &error));
    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn a_password_is_compared_with_an_address_that_is_added_meanwhile() {
    let app = TestApp::start().await;
    let mary = app.person("marymajor").await;
    let (others, id) = (app.others(), mary.user().id);
    app.proxy().before(WRITE, async move {
        let (user, ()) = others.user_and(id, ()).await.unwrap();
        let address = "another.horse@example.com".parse().unwrap();
        others
            .add_email(&Actor::operator(), &user.unwrap(), address)
            .unwrap()
            .commit()
            .await
            .unwrap();
    });

    let rejected = mary.send_json("POST", DATA, &json!({ "password": "another.horse 26" })).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (400, 0), "{rejected:?}");
}

#[tokio::test]
async fn a_password_set_before_it_became_a_common_one_still_signs_in() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let hash = shared::password::hash("Summer2026").unwrap();
    app.set(&jane, "passwordHash", json!({ "S": hash })).await;

    let signed_in = jane.with_token(basic("janedoe", "Summer2026"));

    assert_eq!(signed_in.send("GET", TOKENS).await.status, 200);
}
