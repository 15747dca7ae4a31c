//! The fuzzer's own service: a user with a credential of every kind, and a table that is restored
//! after each event.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::{Value, json};
use shared::Settings;
use shared::model::{Role, Scope, TokenKind};

use crate::app::{function_of, received};
use crate::fixtures::{CLIENT_ID, GRANT_ID, MEMBER_ID, SESSION_ID, parsed_session, put_session};
use crate::operations::GROUPS;
use crate::{MailedLink, PASSWORD, Person, Service, TOKEN_ID, TestApp, grant_id, sign, token_id};

/// The caller in the events.
const NAME: &str = "janedoe";

/// Placeholder for a signature in an event; the signature covers the rest of the event.
const SIGNATURE: &str = "YOUR_SIGNATURE";

/// The service, and its initial items.
pub(super) struct SharedState {
    app: TestApp,
    items: Vec<Value>,
    /// Placeholders in events for values of this service; no placeholder is preceded by its own
    /// prefix.
    names: Vec<(&'static str, String)>,
    /// The signing key: id and secret.
    key: (String, String),
    /// The cookie of a session.
    session: String,
}

impl SharedState {
    /// Creates everything.
    pub(super) async fn create() -> Self {
        let mut app = TestApp::start().await;
        app.pass_proxy();
        let person = app.person(NAME).await;
        let (key, secret) = person.api_key();
        let key = (key, secret.to_owned());
        let member = app.person("johnroe").await;
        app.join(&member, &person.account(), Role::Admin).await;
        let mut names = credentials(&person).await;
        names.push((MEMBER_ID, member.user().id.to_string()));
        names.push(("rck_YOUR_API_KEY", key.0.clone()));
        names.extend(grants(&app, &person).await);
        names.extend(links(&app, &person).await);
        let session = app.session(&person.credentials()).await;
        let other = parsed_session(&app.session(&person.credentials()).await);
        names.push((SESSION_ID, other.id().to_string()));
        let items = app.snapshot().await;
        let shared = Self { app, items, names, key, session };
        shared.put_back().await;
        shared
    }

    /// The event that an input means; nothing if it is no JSON.
    pub(super) fn event(&self, input: &str) -> Option<Value> {
        let replace = |text: String, (name, own): &(&str, String)| text.replace(name, own);
        let text = self.names.iter().fold(input.to_owned(), replace);
        let mut event = serde_json::from_str(&text).ok()?;
        if asks_for_signature(&event) {
            sign(&mut event, &self.key.0, &self.key.1);
        }
        if event["cookies"] == json!(["__Host-session=rcx_YOUR_SESSION"]) {
            put_session(&mut event, &self.session);
        }
        Some(event)
    }

    /// The responses of the function that serves the event's path, then of all other functions.
    /// None if the input is no event.
    pub(super) async fn responses(&self, event: &Value) -> Option<Vec<ApiGatewayV2httpResponse>> {
        let settings = Settings::default();
        let call = || Some(received(serde_json::from_value(event.clone()).ok()?, &settings));
        let own = function_of(&call()?);
        let functions = GROUPS.iter().map(|group| group.function);
        let others = functions.filter(|function| *function != own);
        let mut responses = Vec::new();
        for function in [own].into_iter().chain(others) {
            responses.push(shared::http::into_event(self.app.run(function, call()?).await));
        }
        Some(responses)
    }

    /// Restores the table.
    pub(super) async fn put_back(&self) {
        self.app.set_back(&self.items).await;
    }
}

/// Whether the event's `Authorization` is to be a signature.
fn asks_for_signature(event: &Value) -> bool {
    event["headers"].is_object() && event["headers"]["authorization"] == SIGNATURE
}

/// The user's own credentials, and the other things of the user that events name.
async fn credentials(person: &Person<'_>) -> Vec<(&'static str, String)> {
    let environment = person.new_token(TokenKind::Environment, None, None).await;
    let narrow = person.new_token(TokenKind::User, Some(&[Scope::AccountRead]), None).await;
    let other = token_id(&narrow).expect("a token's id");
    let address = json!({ "email": "jane.second@example.com" });
    let made = person.send_json("POST", "/api/v1.1/users/janedoe/emails/", &address).await;
    assert_eq!(made.status, 201, "{made:?}");
    let key = json!({ "name": "made", "method": "generate" });
    let made = person.send_json("PUT", "/v2/account/sshkey", &key).await;
    let registry = json!({
        "server": "https://registry.example.com", "email": "user@example.com",
        "username": "registryuser", "password": "dckr_pat_00000",
    });
    let path = format!("/rollcall/v1/accounts/{}/registry", person.account());
    assert_eq!(person.send_json("PUT", &path, &registry).await.status, 204);
    vec![
        ("rcu_YOUR_TOKEN", person.token().to_owned()),
        ("rcu_YOUR_NARROW_TOKEN", narrow),
        ("rce_YOUR_TOKEN", environment),
        (TOKEN_ID, other),
        ("5f7b1b7b7b7b7b7b7b7b7b7b", person.account()),
        ("1234567890", made.body["sshkeys"]["id"].to_string()),
        ("YOUR_BASIC", person.basic().replace("Basic ", "")),
        ("YOUR_PASSWORD", PASSWORD.to_owned()),
    ]
}

/// A client with grants of the user: an unused code, and the tokens of another grant.
async fn grants(app: &TestApp, person: &Person<'_>) -> Vec<(&'static str, String)> {
    let client = app.new_client("https://client.example.com/callback", true).await;
    let credentials = person.credentials();
    let tokens =
        client.tokens(app, &credentials, "profile_read profile_write email_read email_write").await;
    let code = client.code(app, &credentials, "profile_read email_read").await;
    vec![
        // The grant's id has the client's in it.
        (GRANT_ID, grant_id(&tokens.access)),
        (CLIENT_ID, client.id.clone()),
        ("YOUR_CLIENT_ID", client.id.clone()),
        ("YOUR_CLIENT", client.basic().replace("Basic ", "")),
        ("YOUR_CODE", code),
        ("YOUR_ACCESS_TOKEN", tokens.access),
        ("YOUR_REFRESH_TOKEN", tokens.refresh),
    ]
}

/// A link of each kind.
async fn links(app: &TestApp, person: &Person<'_>) -> Vec<(&'static str, String)> {
    let mut links = Vec::new();
    for link in [MailedLink::SignUp, MailedLink::Reset, MailedLink::Proof] {
        links.push((link.example(), app.mailed_token(link, &person.credentials()).await));
    }
    // The one that events name is that of `mary@example.com`.
    let credentials = person.credentials();
    credentials.prove_address(app).await;
    credentials.invite(app, &credentials.account, "mary@example.com").await;
    let own = credentials.primary_address(app).await;
    links.push(("rci_YOUR_TOKEN", credentials.invitation_token(app, &own).await));
    links
}
