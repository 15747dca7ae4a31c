//! The writes of the fault matrix: every documented one, and variants that take another path through
//! the code.

use std::fmt;

use serde_json::{Value, json};
use shared::model::{MailToken, Role, TokenKind, UserId};
use shared::table::{Actor, NewGrant, fetch};
use testkit::{
    CredentialKind, DocumentedOperation, Person, TOKEN_ID, TestApp, Variant, form, operations,
    sign, token_id,
};

/// A write of the fault matrix.
pub(super) struct Write {
    pub(super) operation: DocumentedOperation,
    /// How it differs from the documented example.
    variant: Option<Variant>,
    /// Whether it is sent with an `Idempotency-Key`.
    pub(super) is_keyed: bool,
}

/// What the documentation calls a variant, after the operation.
const fn suffix(variant: Option<Variant>) -> &'static str {
    match variant {
        None => "",
        Some(Variant::NewPassword) => ", a new password",
        Some(Variant::Itself) => ", the credential that asks",
        Some(Variant::Generated) => ", a generated one",
        Some(Variant::Refresh) => ", a refresh token",
        Some(Variant::First) => ", the first one",
        Some(Variant::Descendants) => ", with what it made",
        Some(Variant::RecoveryCode) => ", with a recovery code",
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
        format!("{}{}", self.operation, suffix(self.variant))
    }

    /// The same under an `Idempotency-Key`.
    pub(super) fn keyed(&self) -> Self {
        Self { operation: self.operation.clone(), variant: self.variant, is_keyed: true }
    }

    /// Whether the write ends the presented credential, so that even a repetition is rejected.
    pub(super) fn ends_its_credential(&self) -> bool {
        self.variant == Some(Variant::Itself)
    }

    /// All of them, in the order of the operations' names, without a key.
    pub(super) fn all() -> Vec<Self> {
        let writes = operations().into_iter().filter(DocumentedOperation::is_write);
        let with_variants = |operation: DocumentedOperation| {
            let variants = operation.facts.variants.iter().copied().map(Some);
            [None].into_iter().chain(variants).map(move |variant| Self {
                operation: operation.clone(),
                variant,
                is_keyed: false,
            })
        };
        writes.flat_map(with_variants).collect()
    }

    /// The table before the write, and the event that asks for it.
    pub(super) async fn prepare(&self) -> (Vec<Value>, Value) {
        let app = TestApp::start().await;
        let jane = furnished(&app).await;
        let event = self.event(&app, &jane).await;
        if self.variant == Some(Variant::First) {
            app.unset_current_account(&jane).await;
        }
        (app.snapshot().await, event)
    }

    async fn event(&self, app: &TestApp, jane: &Person<'_>) -> Value {
        let mut event = match self.variant {
            None => app.repeatable_event(&self.operation, jane).await,
            Some(Variant::RecoveryCode) => self.event_with_recovery_code(app, jane).await,
            Some(_) => app.event(&self.operation, jane).await,
        };
        let signs = self.operation.takes(CredentialKind::Signature);
        match self.variant {
            None | Some(Variant::First | Variant::RecoveryCode) => {}
            Some(Variant::NewPassword) => {
                let mut body = self.operation.json_body().unwrap_or_default();
                body["password"] = json!("another correct horse");
                event["body"] = json!(body.to_string());
            }
            Some(Variant::Itself) if signs => {
                event["body"] = json!({ "api_key": jane.api_key().0 }).to_string().into();
            }
            Some(Variant::Itself) => {
                let id = token_id(jane.token()).unwrap();
                event["rawPath"] = json!(self.operation.path().replace(TOKEN_ID, &id));
            }
            Some(Variant::Descendants) => {
                let token = jane.new_token(TokenKind::User, None, None).await;
                let maker = jane.with_token(token.clone());
                let new = json!({ "name": "made", "kind": "user" });
                let made = maker.send_json("POST", "/rollcall/v1/tokens", &new).await;
                assert_eq!(made.status, 201, "{made:?}");
                let id = token_id(&token).unwrap();
                event["rawPath"] = json!(self.operation.path().replace(TOKEN_ID, &id));
                event["rawQueryString"] = json!("descendants=true");
            }
            Some(Variant::Generated) => {
                let body = json!({ "name": "generated", "method": "generate" });
                event["body"] = json!(body.to_string());
            }
            Some(Variant::Refresh) => {
                let client = app.new_client("https://client.example.com/callback", true).await;
                let tokens = client.tokens(app, &jane.credentials(), "profile_read").await;
                let fields =
                    [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh.as_str())];
                event["body"] = json!(form(&fields));
                event["headers"]["authorization"] = json!(client.basic());
            }
        }
        if signs {
            let (key, secret) = jane.api_key();
            sign(&mut event, &key, secret);
        }
        event
    }

    /// The event with a recovery code of Jane, or of the user whose password its link resets. A
    /// code of an app works for a minute, and the cases may take longer.
    async fn event_with_recovery_code(&self, app: &TestApp, jane: &Person<'_>) -> Value {
        // First: the event would turn the second factor on, and keep the codes to itself.
        let own = new_recovery_code(app, jane.user().id).await;
        let mut event = app.event(&self.operation, jane).await;
        let token = event["rawPath"].as_str().and_then(|path| path.rsplit('/').next());
        let code = match token.map(MailToken::parse_reset) {
            Some(Ok((user, _))) => new_recovery_code(app, user).await,
            _ => own,
        };
        event["body"] = json!(with_code(event["body"].as_str().unwrap(), &code));
        event
    }
}

/// A recovery code of a user, whose second factor is turned on.
async fn new_recovery_code(app: &TestApp, user: UserId) -> String {
    app.turn_on_second_factor(user, 1).await.unwrap().1.remove(0)
}

/// A body with this code, in place of the one that it has.
fn with_code(body: &str, code: &str) -> String {
    if let Ok(mut body) = serde_json::from_str::<Value>(body) {
        body["code"] = json!(code);
        return body.to_string();
    }
    let (others, _) = body.split_once("&code=").unwrap_or((body, ""));
    format!("{others}&code={code}")
}

/// A user with one of everything that writes clean up: another member of the account, another token,
/// a grant.
async fn furnished(app: &TestApp) -> Person<'_> {
    let (jane, _) = app.owner_and(Role::Member).await;
    jane.new_token(TokenKind::User, None, None).await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let (user, counts) = app.table().user_and(jane.user().id, fetch::counts()).await.unwrap();
    let stored = app.table().client(client.id.parse().unwrap()).await.unwrap().unwrap();
    let (operator, user) = (Actor::operator(), user.unwrap());
    let grant = NewGrant {
        client: &stored,
        scopes: std::collections::BTreeSet::new(),
        redirect_uri: client.redirect_uri,
        names_redirect_uri: true,
        challenge: None,
        rests_on: None,
    };
    let granted = app.table().create_grant(&operator, &user, counts.as_ref(), grant).await;
    granted.unwrap().commit().await.unwrap();
    jane
}
