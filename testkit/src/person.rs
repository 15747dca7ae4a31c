//! A user with a token, who sends requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::model::{Scope, Timestamp, TokenKind, User};
use shared::table::{Actor, NewToken, fetch};

use crate::{ApiResponse, PASSWORD, TestApp, TestCredentials, token_id};

/// The header value of a name and a password.
pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// A user with a token, who sends requests.
pub struct Person<'a> {
    app: &'a TestApp,
    user: User,
    token: String,
    api_secret: String,
}

impl<'a> Person<'a> {
    /// The user with a new token that may do everything, and the secret of the API key.
    pub async fn new(app: &'a TestApp, user: User, api_secret: String) -> Self {
        let person = Self { app, user, token: String::new(), api_secret };
        let token = person.new_token(TokenKind::User, None, None).await;
        Self { token, ..person }
    }

    /// The API key and the secret that signs with it.
    pub fn api_key(&self) -> (String, &str) {
        let key = self.user.api_keys.values().next().expect("an API key");
        (key.id.to_api_key(self.user.id), &self.api_secret)
    }

    /// The user, as it was made.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The key of the user's item.
    pub fn key(&self) -> Value {
        json!({ "pk": { "S": format!("USER#{}", self.user.id) }, "sk": { "S": "USER" } })
    }

    /// The keys of both sides of the user's membership of an account, the user's own first.
    pub fn membership_keys(&self, account: &str) -> [Value; 2] {
        let user = self.user.id;
        [
            (format!("USER#{user}"), format!("MEMBER#{account}")),
            (format!("ACCOUNT#{account}"), format!("MEMBER#{user}")),
        ]
        .map(|(pk, sk)| json!({ "pk": { "S": pk }, "sk": { "S": sk } }))
    }

    /// The personal account's id.
    pub fn account(&self) -> String {
        self.user.current_account.expect("a personal account").to_string()
    }

    /// The primary address.
    pub fn email(&self) -> &str {
        self.user.primary_email.as_entered()
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What signs in with the username and the password.
    pub fn basic(&self) -> String {
        basic(&self.user.username.to_string(), PASSWORD)
    }

    /// What signs in as this user.
    pub fn credentials(&self) -> TestCredentials {
        TestCredentials {
            username: self.user.username.to_string(),
            password: PASSWORD.to_owned(),
            token: self.token.clone(),
            account: self.account(),
        }
    }

    /// Another token of this user.
    pub async fn new_token(
        &self,
        kind: TokenKind,
        scopes: Option<&[Scope]>,
        expires_at: Option<Timestamp>,
    ) -> String {
        let scopes = scopes.map(|scopes| scopes.iter().copied().collect());
        let new = NewToken { kind, name: "test".to_owned(), scopes, expires_at };
        let table = self.app.table();
        let counts = table.user_and(self.user.id, fetch::counts()).await.expect("the counts").1;
        let making = table
            .create_token(&Actor::operator(), &self.user, counts.as_ref(), new)
            .expect("a new token");
        making.commit().await.expect("a new token").0.reveal()
    }

    /// A token of this user that was rotated, and works on beside its successor.
    pub async fn overlapped_token(&self) -> String {
        let old = self.new_token(TokenKind::User, None, None).await;
        let path = format!("/rollcall/v1/tokens/{}/rotate", token_id(&old).expect("a token"));
        let rotated = self.send_json("POST", &path, &json!({ "overlapSeconds": 3600 })).await;
        assert_eq!(rotated.status, 201, "{rotated:?}");
        old
    }

    /// The same user with another token.
    #[must_use]
    pub fn with_token(&self, token: String) -> Person<'a> {
        Person {
            token,
            app: self.app,
            user: self.user.clone(),
            api_secret: self.api_secret.clone(),
        }
    }

    /// Sends a request without a body.
    pub async fn send(&self, method: &str, path: &str) -> ApiResponse {
        self.app.send(method, path, &[("authorization", &self.token)], None).await
    }

    /// Sends a request with a JSON body.
    pub async fn send_json(&self, method: &str, path: &str, body: &Value) -> ApiResponse {
        self.send_text(method, path, &body.to_string()).await
    }

    /// Sends a request with a body that is declared to be JSON.
    pub async fn send_text(&self, method: &str, path: &str, body: &str) -> ApiResponse {
        let headers =
            [("authorization", self.token.as_str()), ("content-type", "application/json")];
        self.app.send(method, path, &headers, Some(body)).await
    }
}
