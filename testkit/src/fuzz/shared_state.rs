//! A service of the fuzzer's own: a user with a credential of every kind, and a table that is put back after each event.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use serde_json::{Value, json};
use shared::model::{Scope, TokenKind};

use crate::app::{function_of, received};
use crate::operations::GROUPS;
use crate::{ConsentPage, OAuthClient, PASSWORD, Person, TestApp, operation, sign, token_id};

/// Who asks, as the events have it.
const NAME: &str = "janedoe";

/// What stands for a signature in an event; the rest of the event is what it is made over.
const SIGNATURE: &str = "YOUR_SIGNATURE";

/// The service, and its table as it was made.
pub(super) struct SharedState {
    app: TestApp,
    items: Vec<Value>,
    /// What stands in events for what only this world has; no name comes before one that it is the start of.
    names: Vec<(&'static str, String)>,
    /// What signs.
    key: (String, String),
}

impl SharedState {
    /// Makes everything.
    pub(super) async fn create() -> Self {
        let mut app = TestApp::start().await;
        app.pass_proxy();
        let person = app.person(NAME).await;
        let (key, secret) = person.api_key();
        let key = (key, secret.to_owned());
        let mut names = credentials(&person).await;
        names.push(("rck_YOUR_API_KEY", key.0.clone()));
        names.extend(grants(&app, &person).await);
        let items = app.snapshot().await;
        let world = Self { app, items, names, key };
        world.put_back().await;
        world
    }

    /// The event that an input means; nothing if it is no JSON.
    pub(super) fn event(&self, input: &str) -> Option<Value> {
        let replace = |text: String, (name, own): &(&str, String)| text.replace(name, own);
        let text = self.names.iter().fold(input.to_owned(), replace);
        let mut event = serde_json::from_str(&text).ok()?;
        if asks_for_signature(&event) {
            sign(&mut event, &self.key.0, &self.key.1);
        }
        Some(event)
    }

    /// What the function of the event's path sends back, and then every other function. Nothing if it is no event.
    pub(super) async fn answers(&self, event: &Value) -> Option<Vec<ApiGatewayV2httpResponse>> {
        let call = || serde_json::from_value(event.clone()).ok().map(received);
        let own = function_of(&call()?);
        let functions = GROUPS.iter().map(|group| group.function);
        let others = functions.filter(|function| *function != own);
        let mut answers = Vec::new();
        for function in [own].into_iter().chain(others) {
            answers.push(shared::http::into_event(self.app.run(function, call()?).await));
        }
        Some(answers)
    }

    /// Makes the table what it was.
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
    vec![
        ("rcu_YOUR_TOKEN", person.token().to_owned()),
        ("rcu_YOUR_NARROW_TOKEN", narrow),
        ("rce_YOUR_TOKEN", environment),
        ("0197a1b2c3d4e5f60718293a", other),
        ("5f7b1b7b7b7b7b7b7b7b7b7b", person.account()),
        ("1234567890", made.body["sshkeys"]["id"].to_string()),
        ("YOUR_BASIC", person.basic().replace("Basic ", "")),
        ("YOUR_PASSWORD", PASSWORD.to_owned()),
    ]
}

/// A client with what the user granted to it: a code that was not used, the tokens for another one, and a page on which
/// the user is asked again.
async fn grants(app: &TestApp, person: &Person<'_>) -> Vec<(&'static str, String)> {
    let client = app.new_client("https://client.example.com/callback", true).await;
    let who = person.who();
    let tokens =
        client.tokens(app, &who, "profile_read profile_write email_read email_write").await;
    let code = client.code(app, &who, "profile_read email_read").await;
    let page = ConsentPage::open_over(app, "https", &authorize_path(&client)).await;
    vec![
        ("YOUR_CLIENT_ID", client.id.clone()),
        ("YOUR_CLIENT", client.basic().replace("Basic ", "")),
        ("YOUR_CODE", code),
        ("YOUR_ACCESS_TOKEN", tokens.access),
        ("YOUR_REFRESH_TOKEN", tokens.refresh),
        ("YOUR_SEAL", page.seal.clone()),
        ("YOUR_COOKIE", page.cookie().to_owned()),
    ]
}

/// The path and query by which the client asks, to the letter as the event has it: the form is sealed for that alone.
fn authorize_path(client: &OAuthClient) -> String {
    let operation = operation("hub-oauth-ask");
    let query = operation.event["rawQueryString"].as_str().expect("a query");
    format!("{}?{}", operation.path(), query.replace("YOUR_CLIENT_ID", &client.id))
}
