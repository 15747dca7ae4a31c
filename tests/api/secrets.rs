//! Secrets are shown once and stored nowhere in a usable form.

use serde_json::{Value, json};
use testkit::{ApiResponse, PASSWORD, Person, TestApp};

/// Everything secret that was shown or sent.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, secret: &str) {
        assert!(secret.len() >= 8, "{secret}");
        self.0.push(secret.to_owned());
    }

    /// The part of a token or code that is not its ids: the ids are in the table.
    fn add_token(&mut self, token: &str) {
        self.add(&token[45..]);
    }

    fn assert_absent(&self, place: &str, text: &str) {
        for secret in &self.0 {
            assert!(!text.contains(secret.as_str()), "{place} holds {secret}");
        }
    }
}

fn text<'a>(response: &'a ApiResponse, pointer: &str) -> &'a str {
    response.body.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{response:?}"))
}

/// Makes one of everything that has a secret.
async fn make_all(app: &TestApp, jane: &Person<'_>) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(PASSWORD);
    secrets.add_token(jane.token());
    secrets.add(jane.api_key().1);

    let registry = json!({
        "name": "Registry", "registryServer": "https://registry.example.com", "registryEmail": "r@example.com",
        "registryUsername": "registry", "registryPassword": "dckr_pat_00000",
    });
    assert_eq!(jane.send_json("POST", "/api/public/v1/account", &registry).await.status, 200);
    secrets.add("dckr_pat_00000");

    let new = json!({
        "email": "mary@example.com", "first_name": "Mary", "last_name": "Major", "password": "correct horse battery",
    });
    let made = jane.send_json("PUT", "/v2/accounts", &new).await;
    secrets.add("correct horse battery");
    secrets.add(text(&made, "/user/e24files/s3/secret_key"));
    secrets.add(text(&made, "/user/api/0/secret_key"));

    let key = jane.send("PUT", "/v2/account/api").await;
    secrets.add(text(&key, "/api/secret_key"));
    let named = json!({ "api_key": text(&key, "/api/api_key") });
    let renewed = jane.send_json("POST", "/v2/account/api-new-secret-key", &named).await;
    secrets.add(text(&renewed, "/api/secret_key"));
    let pair = json!({ "name": "laptop", "method": "generate" });
    let pair = jane.send_json("PUT", "/v2/account/sshkey", &pair).await;
    for line in text(&pair, "/sshkeys/private_key").lines().filter(|line| !line.contains("---")) {
        secrets.add(line);
    }

    let input = json!({ "name": "deploy", "kind": "environment" });
    let token = jane.send_json("POST", "/rollcall/v1/tokens", &input).await;
    secrets.add_token(text(&token, "/token"));
    let rotate = format!("/rollcall/v1/tokens/{}/rotate", text(&token, "/id"));
    let rotated = jane.send_json("POST", &rotate, &json!({ "overlapSeconds": 60 })).await;
    secrets.add_token(text(&rotated, "/token"));

    let client = app.new_client("https://client.example.com/callback", true).await;
    secrets.add(&client.secret);
    let code = client.code(app, &jane.credentials(), "profile_read").await;
    secrets.add_token(&code);
    let tokens = client.redeem(app, &code).await;
    secrets.add_token(text(&tokens, "/access_token"));
    secrets.add_token(text(&tokens, "/refresh_token"));
    secrets
}

#[tokio::test]
async fn no_secret_is_in_the_table_or_shown_again_in_a_response() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let secrets = make_all(&app, &jane).await;

    let items = serde_json::to_string(&app.items().await).unwrap();
    secrets.assert_absent("the table", &items);
    for path in [
        "/api/public/v1/accounts",
        "/api/public/v1/current-account",
        "/v1/accounts",
        "/v2/accounts",
        "/v2/account",
        "/api/v1.1/users/janedoe/",
        "/api/v1.1/users/janedoe/emails/",
        "/rollcall/v1/tokens",
        "/rollcall/v1/tokens/self",
    ] {
        let response = jane.send("GET", path).await;
        assert_eq!(response.status, 200, "{path}");
        secrets.assert_absent(path, &response.body.to_string());
    }
}
