//! The documented operations: one API Gateway event per file in `events/`.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::model::{Scope, TokenCredential};

use crate::Person;

/// The account that the events name; tests put one that exists in its place.
const ACCOUNT: &str = "5f7b1b7b7b7b7b7b7b7b7b7b";
/// The token that the events carry.
const TOKEN: &str = "rcu_YOUR_TOKEN";
/// The token that the events name; tests put the one in its place that the event then carries.
const TOKEN_ID: &str = "0197a1b2c3d4e5f60718293a";

/// One operation and the event that asks for it.
pub struct Operation {
    /// Name of the file.
    pub name: String,
    /// The file as it is.
    pub text: String,
    /// The event in it.
    pub event: Value,
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

    /// Whether it sends a body.
    pub fn has_body(&self) -> bool {
        self.event["body"].is_string()
    }

    /// Whether anyone may ask; growing this list is a security decision.
    pub fn is_public(&self) -> bool {
        self.name == "not-found"
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        self.method() != "GET"
    }

    /// The scope that a token with a list must have; nothing if no such token is taken.
    pub fn scope(&self) -> Option<Scope> {
        match self.name.as_str() {
            "e24-create-account" | "rollcall-revoke-token" => None,
            name if name.starts_with("rollcall-") && self.is_write() => Some(Scope::TokensWrite),
            name if name.starts_with("rollcall-") => Some(Scope::TokensRead),
            _ if self.is_write() => Some(Scope::AccountWrite),
            _ => Some(Scope::AccountRead),
        }
    }

    /// The status of its success.
    pub fn success(&self) -> u16 {
        match self.name.as_str() {
            "not-found" => 404,
            "rollcall-create-token" | "rollcall-rotate-token" => 201,
            "rollcall-revoke-token" => 204,
            _ => 200,
        }
    }

    /// What it asks for, where no credential was sent.
    pub fn challenge(&self) -> &'static str {
        if self.name.starts_with("rollcall-") {
            r#"Bearer realm="rollcall", Basic realm="rollcall", charset="UTF-8""#
        } else {
            r#"Bearer realm="rollcall""#
        }
    }

    /// The media type of its answers, of which that of an error may be another.
    pub fn media_type(&self, status: u16) -> Option<&'static str> {
        match status {
            204 => None,
            400.. if self.name.starts_with("rollcall-") => Some("application/problem+json"),
            _ => Some("application/json; charset=utf-8"),
        }
    }

    /// The body of an error with this text, in the operation's dialect.
    pub fn error(&self, text: &str) -> Value {
        if self.name.starts_with("e24-") {
            json!({ "success": false, "error": text })
        } else if self.name.starts_with("rollcall-") {
            problem(text)
        } else {
            json!({ "error": text })
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
            name if name.starts_with("rollcall-") => "rollcall-tokens",
            name => panic!("{name} belongs to no group"),
        }
    }

    /// The event with an account and a token that exist in place of the examples, the token also where one is named.
    pub fn of(&self, account: &str, token: &str) -> Value {
        let mut text = self.text.replace(ACCOUNT, account).replace(TOKEN, token);
        if let Ok(token) = token.parse::<TokenCredential>() {
            text = text.replace(TOKEN_ID, &token.id().to_string());
        }
        serde_json::from_str(&text).expect("an event")
    }

    /// The event as a person asks for the own account.
    pub fn by(&self, person: &Person<'_>) -> Value {
        self.of(&person.account(), person.token())
    }
}

/// An error that any operation may answer, as RFC 9457 has it.
fn problem(text: &str) -> Value {
    let (status, title, code) = match text {
        "authentication is required" => (401, "Unauthorized", "credential_required"),
        "the credential is not valid" => (401, "Unauthorized", "invalid_credential"),
        "this API accepts only the user token" => (401, "Unauthorized", "user_token_required"),
        "method not allowed" => (405, "Method Not Allowed", "method_not_allowed"),
        "the body is larger than 64 KiB" => (413, "Payload Too Large", "body_too_large"),
        "the service is busy; try again shortly" => (503, "Service Unavailable", "unavailable"),
        _ => (403, "Forbidden", "insufficient_scope"),
    };
    json!({ "title": title, "status": status, "detail": text, "code": code })
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

fn operation(file: &Path) -> Operation {
    let text = fs::read_to_string(file).expect("an event");
    let event = serde_json::from_str(&text).expect("an event");
    let name = file.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
    Operation { name, text, event }
}
