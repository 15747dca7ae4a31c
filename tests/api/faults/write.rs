//! The writes that are played: every documented operation that changes something, and a few that take
//! another way through the code.

use std::fmt;

use serde_json::{Value, json};
use shared::model::{Role, TokenKind};
use shared::table::{Actor, NewGrant};
use testkit::{Operation, Person, TOKEN_ID, TestApp, form, operations, sign, token_id};

/// A write that is played.
pub(super) struct Write {
    pub(super) operation: Operation,
    way: Variant,
    /// Whether it is asked for under an `Idempotency-Key`.
    pub(super) is_keyed: bool,
}

/// The write that is asked for with a password, which costs the most calls; others are with a token or a signature.
const BY_PASSWORD: &str = "rollcall-rotate-token";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variant {
    /// What the documented example asks for.
    Documented,
    /// A new password too.
    NewPassword,
    /// The end, or a successor, of the very credential that asks.
    Itself,
    /// A pair of keys whose private one is shown.
    Generated,
    /// The next tokens for a refresh token.
    Refresh,
    /// The first account of a user without one.
    First,
}

impl Variant {
    const fn name(self) -> &'static str {
        match self {
            Self::Documented => "",
            Self::NewPassword => ", a new password",
            Self::Itself => ", the credential that asks",
            Self::Generated => ", a generated one",
            Self::Refresh => ", a refresh token",
            Self::First => ", the first one",
        }
    }

    /// The other ways that an operation has.
    fn others(operation: &str) -> &'static [Self] {
        match operation {
            "e24-update-account-data" => &[Self::NewPassword],
            "rollcall-revoke-token" | "rollcall-rotate-token" | "e24-renew-api-secret" => {
                &[Self::Itself]
            }
            "e24-add-ssh-key" => &[Self::Generated],
            "hub-oauth-token" => &[Self::Refresh],
            "quave-create-account" | "golem-create-account" => &[Self::First],
            _ => &[],
        }
    }
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = if self.is_keyed { ", under a key" } else { "" };
        write!(f, "{}{key}", self.name())
    }
}

impl Write {
    /// What the documentation calls it, with a key or without.
    pub(super) fn name(&self) -> String {
        format!("{}{}", self.operation, self.way.name())
    }

    /// The same under an `Idempotency-Key`.
    pub(super) fn keyed(&self) -> Self {
        Self { operation: self.operation.clone(), way: self.way, is_keyed: true }
    }

    /// Whether the credential that asks works no more afterwards, so that not even a repeated request is answered.
    pub(super) fn ends_its_credential(&self) -> bool {
        self.way == Variant::Itself
    }

    /// All of them, in the order of the operations' names, without a key.
    pub(super) fn all() -> Vec<Self> {
        let ways = |operation: &Operation| {
            let others = Variant::others(&operation.name).iter().copied();
            std::iter::once(Variant::Documented).chain(others).collect::<Vec<_>>()
        };
        let writes = operations().into_iter().filter(Operation::is_write);
        let of = |operation: Operation| {
            let one = |way| Self { operation: operation.clone(), way, is_keyed: false };
            ways(&operation).into_iter().map(one).collect::<Vec<_>>()
        };
        writes.flat_map(of).collect()
    }

    /// The table before the write, and the event that asks for it.
    pub(super) async fn prepare(&self) -> (Vec<Value>, Value) {
        let app = TestApp::start().await;
        let jane = furnished(&app).await;
        let event = self.event(&app, &jane).await;
        if self.way == Variant::First {
            let user = format!("USER#{}", jane.user().id);
            let key = json!({ "pk": { "S": user }, "sk": { "S": "USER" } });
            let change = json!({ "Key": key, "UpdateExpression": "REMOVE currentAccount" });
            app.engine("UpdateItem", change).await;
        }
        (app.snapshot().await, event)
    }

    async fn event(&self, app: &TestApp, jane: &Person<'_>) -> Value {
        let name = self.operation.name.as_str();
        let is_by_password = name == BY_PASSWORD && self.way == Variant::Documented;
        let header = if is_by_password { jane.basic() } else { jane.token().to_owned() };
        let mut event = self.operation.prepared(app, &jane.who(), &header).await;
        match self.way {
            Variant::Documented | Variant::First => {}
            Variant::NewPassword => {
                let mut body = self.operation.json_body().unwrap_or_default();
                body["password"] = json!("another correct horse");
                event["body"] = json!(body.to_string());
            }
            Variant::Itself if name == "e24-renew-api-secret" => {
                event["body"] = json!({ "api_key": jane.api_key().0 }).to_string().into();
            }
            Variant::Itself => {
                let id = token_id(jane.token()).unwrap();
                event["rawPath"] = json!(self.operation.path().replace(TOKEN_ID, &id));
            }
            Variant::Generated => {
                let body = json!({ "name": "generated", "method": "generate" });
                event["body"] = json!(body.to_string());
            }
            Variant::Refresh => {
                let client = app.new_client("https://client.example.com/callback", true).await;
                let tokens = client.tokens(app, &jane.who(), "profile_read").await;
                let fields =
                    [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
                event["body"] = json!(form(&fields));
                event["headers"]["authorization"] = json!(client.basic());
            }
        }
        if name.starts_with("e24-") {
            let (key, secret) = jane.api_key();
            sign(&mut event, &key, secret);
        }
        event
    }
}

/// A user who has something of everything that writes clear up: another member in the account, another token, a grant.
async fn furnished(app: &TestApp) -> Person<'_> {
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    app.join(&john, &jane.account(), Role::Member).await;
    jane.new_token(TokenKind::User, None, None).await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let (user, ()) = app.table().user_and(jane.user().id, ()).await.unwrap();
    let grant = NewGrant {
        client: client.id.parse().unwrap(),
        scopes: std::collections::BTreeSet::new(),
        redirect_uri: client.redirect_uri,
        challenge: None,
    };
    app.table().create_grant(&Actor::operator(), &user.unwrap(), grant).await.unwrap();
    jane
}
