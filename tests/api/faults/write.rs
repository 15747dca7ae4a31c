//! The writes that are played: every documented operation that changes something, with the credential that costs the
//! most calls, and a few that take another way through the code.

use std::fmt;

use serde_json::{Value, json};
use shared::model::{Role, TokenKind};
use shared::table::NewGrant;
use tests::{Operation, Person, TestApp, form, operations, sign, token_id};

/// A write that is played.
pub(super) struct Write {
    pub(super) operation: Operation,
    way: Way,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// What the documented example asks for.
    Documented,
    /// A new password too.
    NewPassword,
    /// The revocation of the very token that asks.
    Itself,
    /// The next tokens for a refresh token.
    Refresh,
    /// The first account of a user without one.
    First,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Documented => "",
            Self::NewPassword => ", a new password",
            Self::Itself => ", the token that asks",
            Self::Refresh => ", a refresh token",
            Self::First => ", the first one",
        }
    }

    /// The other ways that an operation has.
    fn others(operation: &str) -> &'static [Self] {
        match operation {
            "e24-update-account-data" => &[Self::NewPassword],
            "rollcall-revoke-token" => &[Self::Itself],
            "hub-oauth-token" => &[Self::Refresh],
            "quave-create-account" | "golem-create-account" => &[Self::First],
            _ => &[],
        }
    }
}

impl fmt::Display for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.operation, self.way.name())
    }
}

impl Write {
    /// All of them, in the order of the operations' names.
    pub(super) fn all() -> Vec<Self> {
        let ways = |operation: &Operation| {
            let others = Way::others(&operation.name).iter().copied();
            std::iter::once(Way::Documented).chain(others).collect::<Vec<_>>()
        };
        let writes = operations().into_iter().filter(Operation::is_write);
        let numbers = writes.flat_map(|operation| {
            ways(&operation).into_iter().map(move |way| (operation.name.clone(), way))
        });
        numbers
            .filter_map(|(name, way)| {
                let operation = operations().into_iter().find(|own| own.name == name)?;
                Some(Self { operation, way })
            })
            .collect()
    }

    /// The table before the write, and the event that asks for it.
    pub(super) async fn prepare(&self) -> (Vec<Value>, Value) {
        let app = TestApp::start().await;
        let jane = furnished(&app).await;
        let event = self.event(&app, &jane).await;
        if self.way == Way::First {
            let user = format!("USER#{}", jane.user().id);
            let key = json!({ "pk": { "S": user }, "sk": { "S": "USER" } });
            let change = json!({ "Key": key, "UpdateExpression": "REMOVE currentAccount" });
            app.engine("UpdateItem", change).await;
        }
        (app.snapshot().await, event)
    }

    async fn event(&self, app: &TestApp, jane: &Person<'_>) -> Value {
        let name = &self.operation.name;
        let takes_basic = self.operation.takes("basic") && self.way != Way::Itself;
        let header = if takes_basic { jane.basic() } else { jane.token().to_owned() };
        let mut event = self.operation.prepared(app, &jane.who(), &header).await;
        match self.way {
            Way::Documented | Way::First => {}
            Way::NewPassword => {
                let mut body = self.operation.json_body().unwrap_or_default();
                body["password"] = json!("another correct horse");
                event["body"] = json!(body.to_string());
            }
            Way::Itself => {
                let id = token_id(jane.token()).unwrap();
                event["rawPath"] = json!(format!("/rollcall/v1/tokens/{id}"));
            }
            Way::Refresh => {
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
    app.table().create_grant(&user.unwrap(), grant).await.unwrap();
    jane
}
