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
pub enum Asker {
    /// Anybody; growing this list is a security decision.
    Anybody,
    /// An OAuth client, which proves itself.
    Client,
    /// A user, with a credential.
    User,
}

/// What a token with a list of scopes must have on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoped {
    /// This scope.
    With(Scope),
    /// Nothing helps: no such token is taken.
    Never,
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
    pub fn asker(&self) -> Asker {
        match self.name.as_str() {
            "hub-oauth-ask" | "hub-oauth-decide" | "not-found" => Asker::Anybody,
            "hub-oauth-introspect" | "hub-oauth-revoke" | "hub-oauth-token" => Asker::Client,
            _ => Asker::User,
        }
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        self.method() != "GET" && self.name != "hub-oauth-introspect"
    }

    /// What a token with a list of scopes must have.
    pub fn scoped(&self) -> Scoped {
        let with = |read, write| Scoped::With(if self.is_write() { write } else { read });
        match self.name.as_str() {
            "e24-create-account" => Scoped::Never,
            "hub-get-user" | "hub-update-user" => with(Scope::ProfileRead, Scope::ProfileWrite),
            name if name.starts_with("hub-") => with(Scope::EmailRead, Scope::EmailWrite),
            name if name.starts_with("rollcall-") => with(Scope::TokensRead, Scope::TokensWrite),
            _ => with(Scope::AccountRead, Scope::AccountWrite),
        }
    }

    /// Whether a name and a password are taken.
    pub fn takes_basic(&self) -> bool {
        self.asker() == Asker::User
            && (self.name.starts_with("hub-") || self.name.starts_with("rollcall-"))
    }

    /// Whether a signed request is taken.
    pub fn takes_signature(&self) -> bool {
        self.name.starts_with("e24-")
    }

    /// The status when it goes well.
    pub fn success(&self) -> u16 {
        match self.name.as_str() {
            "hub-add-email" => 201,
            "hub-delete-email" => 204,
            "hub-oauth-decide" => 303,
            "not-found" => 404,
            _ => 200,
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
            name if name.starts_with("e24-") => "e24-accounts",
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
    xtask::workspace::root()
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
    operations().into_iter().filter(|operation| operation.asker() == Asker::User)
}

fn operation(file: &Path) -> Operation {
    let text = fs::read_to_string(file).expect("an event");
    let event = serde_json::from_str(&text).expect("an event");
    let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
    Operation { name, text, event }
}
