//! The documented operations: one API Gateway event per file in `events/`.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use shared::model::Scope;

use crate::Person;

/// The account that the events name; tests put one that exists in its place.
const ACCOUNT: &str = "5f7b1b7b7b7b7b7b7b7b7b7b";
/// The token that the events carry.
const TOKEN: &str = "rcu_YOUR_TOKEN";
/// The API key that the events name. The SSH key that they name every person has.
const API_KEY: &str = "rck_YOUR_API_KEY";

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
            "e24-create-account"
            | "e24-create-api-key"
            | "e24-renew-api-secret"
            | "e24-delete-api-key"
            | "e24-add-ssh-key"
            | "e24-delete-ssh-key" => None,
            _ if self.is_write() => Some(Scope::AccountWrite),
            _ => Some(Scope::AccountRead),
        }
    }

    /// The body of an error with this text, in the operation's dialect.
    pub fn error(&self, text: &str) -> Value {
        if self.name.starts_with("e24-") {
            json!({ "success": false, "error": text })
        } else {
            json!({ "error": text })
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
            name => panic!("{name} belongs to no group"),
        }
    }

    /// The event with an account and a token that exist in place of the examples.
    pub fn of(&self, account: &str, token: &str) -> Value {
        event(&self.text.replace(ACCOUNT, account).replace(TOKEN, token))
    }

    /// The event as a person asks for the own account and keys.
    pub fn by(&self, person: &Person<'_>) -> Value {
        let text = self.text.replace(ACCOUNT, &person.account()).replace(TOKEN, person.token());
        event(&text.replace(API_KEY, &person.api_key().0))
    }
}

fn event(text: &str) -> Value {
    serde_json::from_str(text).expect("an event")
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
