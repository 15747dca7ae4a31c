//! The documented operations: one API Gateway event per file in `events/`.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::model::Scope;

/// The account that the events name; tests put one that exists in its place.
const ACCOUNT: &str = "5f7b1b7b7b7b7b7b7b7b7b7b";
/// The token that the events carry.
const TOKEN: &str = "rcu_YOUR_TOKEN";

/// One operation and the event that asks for it.
#[derive(Clone)]
pub struct Operation {
    /// Name of the file.
    pub name: String,
    /// The file as it is.
    pub text: String,
    /// The event in it.
    pub event: Value,
}

/// Who may ask for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    /// Anybody; growing this list is a security decision.
    Anybody,
    /// An OAuth client, which proves itself.
    Client,
    /// A user, with a credential.
    User,
}

/// Who may ask for what: every operation with the credentials that it takes, the scope that a user token with a list
/// must have, and the scope that an OAuth access token must have. Whatever is not named here is refused.
const ACCESS: &str = "
    e24-add-ssh-key           | user key   | -             | -
    e24-create-account        | user key   | -             | -
    e24-create-api-key        | user key   | -             | -
    e24-delete-api-key        | user key   | -             | -
    e24-delete-ssh-key        | user key   | -             | -
    e24-get-account           | user key   | account_read  | -
    e24-list-accounts         | user key   | account_read  | -
    e24-renew-api-secret      | user key   | -             | -
    e24-update-account-data   | user key   | account_write | -
    golem-create-account      | user       | account_write | -
    golem-delete-account      | user       | account_write | -
    golem-find-accounts       | user       | account_read  | -
    golem-get-account         | user       | account_read  | -
    golem-get-account-plan    | user       | account_read  | -
    golem-update-account      | user       | account_write | -
    hub-add-email             | user basic | email_write   | email_write
    hub-delete-email          | user basic | email_write   | email_write
    hub-get-user              | user basic | profile_read  | profile_read
    hub-list-emails           | user basic | email_read    | email_read
    hub-oauth-ask             | anybody    | -             | -
    hub-oauth-decide          | anybody    | -             | -
    hub-oauth-introspect      | client     | -             | -
    hub-oauth-revoke          | client     | -             | -
    hub-oauth-token           | client     | -             | -
    hub-update-email          | user basic | email_write   | email_write
    hub-update-user           | user basic | profile_write | profile_write
    not-found                 | anybody    | -             | -
    quave-create-account      | user       | account_write | -
    quave-delete-account      | user       | account_write | -
    quave-get-account         | user       | account_read  | -
    quave-get-current-account | user       | account_read  | -
    quave-list-accounts       | user       | account_read  | -
    quave-set-current-account | user       | account_write | -
    rollcall-create-token     | user basic | tokens_write  | -
    rollcall-get-own-token    | user basic | tokens_read   | -
    rollcall-get-token        | user basic | tokens_read   | -
    rollcall-list-tokens      | user basic | tokens_read   | -
    rollcall-revoke-token     | user basic | -             | -
    rollcall-rotate-token     | user basic | tokens_write  | -
";

/// A row of the table.
struct Access {
    credentials: Vec<&'static str>,
    token_scope: Option<Scope>,
    oauth_scope: Option<Scope>,
}

impl Access {
    fn of(name: &str) -> Self {
        let row = ACCESS.lines().map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
        let row = row.into_iter().find(|row| row[0] == name);
        let [_, credentials, token_scope, oauth_scope] = row.as_deref().unwrap_or_default() else {
            panic!("who may ask for {name}?")
        };
        Self {
            credentials: credentials.split(' ').collect(),
            token_scope: token_scope.parse().ok(),
            oauth_scope: oauth_scope.parse().ok(),
        }
    }
}

/// The operations that the table of access names.
pub fn operations_with_access() -> Vec<&'static str> {
    let rows = ACCESS.lines().filter_map(|row| row.split('|').next().map(str::trim));
    rows.filter(|name| !name.is_empty()).collect()
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Operation {
    /// The method it asks with.
    pub fn method(&self) -> &str {
        self.event["requestContext"]["http"]["method"].as_str().expect("a method")
    }

    /// The path it asks for.
    pub fn path(&self) -> &str {
        self.event["rawPath"].as_str().expect("a path")
    }

    /// The JSON body that it sends, if it sends one.
    pub fn json_body(&self) -> Option<Value> {
        serde_json::from_str(self.event["body"].as_str()?).ok()
    }

    /// Who may ask.
    pub fn asker(&self) -> CallerKind {
        match Access::of(&self.name).credentials.first() {
            Some(&"anybody") => CallerKind::Anybody,
            Some(&"client") => CallerKind::Client,
            _ => CallerKind::User,
        }
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        self.method() != "GET" && self.name != "hub-oauth-introspect"
    }

    /// Whether it takes a kind of credential: `user`, `basic`, `key`, `client`.
    pub fn takes(&self, kind: &str) -> bool {
        let credentials = Access::of(&self.name).credentials;
        credentials.contains(&kind) || credentials == ["anybody"]
    }

    /// The scope that a user token with a list must have; nothing if no such token is taken.
    pub fn token_scope(&self) -> Option<Scope> {
        Access::of(&self.name).token_scope
    }

    /// The scope that an OAuth access token must have; nothing if none is taken.
    pub fn oauth_scope(&self) -> Option<Scope> {
        Access::of(&self.name).oauth_scope
    }

    /// The status when it goes well.
    pub fn success(&self) -> u16 {
        match self.name.as_str() {
            "hub-add-email" | "rollcall-create-token" | "rollcall-rotate-token" => 201,
            "hub-delete-email" | "rollcall-revoke-token" => 204,
            "hub-oauth-decide" => 303,
            "not-found" => 404,
            _ => 200,
        }
    }

    /// The status when it goes well with a kind of credential that it takes.
    pub fn success_by(&self, kind: &str) -> u16 {
        match (self.name.as_str(), kind) {
            // There is no token to show.
            ("rollcall-get-own-token", "basic") => 404,
            _ => self.success(),
        }
    }

    /// The rounds of calls to the table that it costs on the caller's own account. Adding one is a decision; by it
    /// `cargo xtask bench` chooses what the operation may take.
    pub fn rounds(&self) -> u32 {
        match self.name.as_str() {
            "not-found" => 0,
            "e24-get-account"
            | "golem-get-account"
            | "hub-get-user"
            | "hub-list-emails"
            | "hub-oauth-ask"
            | "hub-oauth-introspect"
            | "quave-get-account"
            | "rollcall-get-own-token"
            | "rollcall-get-token"
            | "rollcall-list-tokens" => 1,
            "e24-add-ssh-key"
            | "e24-create-api-key"
            | "e24-delete-api-key"
            | "e24-delete-ssh-key"
            | "e24-renew-api-secret"
            | "e24-update-account-data"
            | "golem-delete-account"
            | "golem-find-accounts"
            | "golem-get-account-plan"
            | "golem-update-account"
            | "hub-add-email"
            | "hub-delete-email"
            | "hub-oauth-revoke"
            | "hub-oauth-token"
            | "hub-update-email"
            | "hub-update-user"
            | "quave-delete-account"
            | "quave-get-current-account"
            | "quave-list-accounts"
            | "quave-set-current-account"
            | "rollcall-create-token"
            | "rollcall-revoke-token"
            | "rollcall-rotate-token" => 2,
            // What is read names the next key: whether the current account can still be used.
            "e24-create-account"
            | "e24-list-accounts"
            | "golem-create-account"
            | "quave-create-account" => 3,
            // The client beside whose name it is; the user; the attempt, given back; the grant.
            "hub-oauth-decide" => 5,
            other => panic!("how many rounds does {other} cost?"),
        }
    }

    /// The body of an error with this status, code and text, in the operation's dialect.
    pub fn error(&self, status: u16, code: &str, text: &str) -> Value {
        match self.name.split('-').next() {
            Some("e24") => json!({ "success": false, "error": text }),
            Some("hub") if self.name.starts_with("hub-oauth-") => {
                let code = match code {
                    "body_too_large" => "invalid_request",
                    "unavailable" => "temporarily_unavailable",
                    code => code,
                };
                json!({ "error": code, "error_description": text })
            }
            Some("hub") => json!({ "detail": text }),
            Some("rollcall") => {
                let title = match status {
                    401 => "Unauthorized",
                    403 => "Forbidden",
                    404 => "Not Found",
                    405 => "Method Not Allowed",
                    413 => "Payload Too Large",
                    503 => "Service Unavailable",
                    _ => panic!("no test asks for {status} yet"),
                };
                json!({ "title": title, "status": status, "detail": text, "code": code })
            }
            _ => json!({ "error": text }),
        }
    }

    /// The media type of such an error.
    pub fn error_media_type(&self) -> &'static str {
        if self.name.starts_with("rollcall-") {
            "application/problem+json"
        } else {
            "application/json; charset=utf-8"
        }
    }

    /// The binary that its documentation's group is made of.
    pub fn binary(&self) -> &'static str {
        match self.name.as_str() {
            "not-found" => "not-found",
            "quave-get-current-account" | "quave-set-current-account" => "quave-current-account",
            "e24-create-account" | "e24-list-accounts" => "e24-accounts",
            name if name.starts_with("e24-") => "e24-account",
            name if name.starts_with("quave-") => "quave-accounts",
            name if name.starts_with("golem-") => "golem-accounts",
            name if name.starts_with("hub-oauth-") => "hub-oauth",
            name if name.starts_with("hub-") => "hub-users",
            name if name.starts_with("rollcall-") => "rollcall-tokens",
            name => panic!("{name} belongs to no group"),
        }
    }

    /// The event with an account and a token in place of the examples.
    pub fn of(&self, account: &str, token: &str) -> Value {
        let text = self.text.replace(ACCOUNT, account).replace(TOKEN, token);
        serde_json::from_str(&text).expect("an event")
    }
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    devkit::workspace::root()
}

/// All operations, by name.
pub fn operations() -> Vec<Operation> {
    let files = fs::read_dir(root().join("events"))
        .expect("events")
        .map(|file| file.expect("a file").path());
    let mut operations: Vec<_> = files.map(|file| operation(&file)).collect();
    operations.sort_by(|one, other| one.name.cmp(&other.name));
    operations
}

/// The operations that take a user's credential.
pub fn user_operations() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(|operation| operation.asker() == CallerKind::User)
}

fn operation(file: &Path) -> Operation {
    let text = fs::read_to_string(file).expect("an event");
    let event = serde_json::from_str(&text).expect("an event");
    let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
    Operation { name, text, event }
}
