//! The documented operations: one API Gateway event per file in `events/`.

mod table;

use std::fmt;
use std::fs;
use std::path::Path;

use lambda_http::http::StatusCode;
use serde_json::{Value, json};
use shared::http::{Access, Operation};
use shared::model::Scope;

pub use table::{CredentialKind, Facts, Variant};
use table::{ErrorFormat, FACTS, Group};
pub(crate) use table::{GROUPS, Needs};

/// The account that the events name; tests put one that exists in its place.
const ACCOUNT: &str = "5f7b1b7b7b7b7b7b7b7b7b7b";
/// The token that the events carry.
const TOKEN: &str = "rcu_YOUR_TOKEN";

/// One operation and the event that asks for it.
#[derive(Clone)]
pub struct DocumentedOperation {
    /// The name of the file, of the row in the table and of the operation in its group.
    pub name: &'static str,
    /// The file as it is.
    pub text: String,
    /// The event in it.
    pub event: Value,
    /// Its row in the table.
    pub facts: &'static Facts,
    group: &'static Group,
    declared: &'static Operation,
}

impl fmt::Display for DocumentedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl DocumentedOperation {
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

    /// Who may call it, as its group says.
    pub fn access(&self) -> Access {
        self.declared.access
    }

    /// Whether a user calls it, with a credential.
    pub fn is_of_user(&self) -> bool {
        matches!(self.access(), Access::Scope(_) | Access::FullAccess)
    }

    /// Its error format: OAuth's where clients call it, and that of no dialect where anybody does.
    fn errors(&self) -> ErrorFormat {
        match self.access() {
            Access::Client => ErrorFormat::OAuthError,
            Access::Public if matches!(self.binary(), "docs" | "hub-oauth") && !self.is_page() => {
                ErrorFormat::Error
            }
            _ => self.group.errors,
        }
    }

    /// Whether people see it: its errors are pages.
    pub fn is_page(&self) -> bool {
        self.declared.path == "/api/v1.1/o/authorize/" || self.group.function == "pages"
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        self.method() != "GET" && !self.facts.only_reads
    }

    /// Whether the token that sends its event is what the event replaces, so that the same event
    /// cannot be sent twice with it.
    pub fn replaces_its_token(&self) -> bool {
        self.facts.needs == Needs::OwnToken
    }

    /// Whether its event has a code of the user's app. A code counts once, and an app is set up once:
    /// each such event takes another user.
    pub fn has_code(&self) -> bool {
        let needs = self.facts.needs;
        matches!(needs, Needs::SecondFactor | Needs::SecondFactorSetup | Needs::PendingSignIn)
    }

    /// Whether it accepts a kind of credential.
    pub fn takes(&self, credential: CredentialKind) -> bool {
        let has_end =
            matches!(credential, CredentialKind::EndingToken | CredentialKind::OverlappedToken);
        match self.access() {
            Access::Public | Access::Session => false,
            Access::Client => credential == CredentialKind::Client,
            Access::FullAccess if has_end => false,
            Access::Scope(_) if has_end => self.takes(CredentialKind::UserToken),
            Access::Scope(_) | Access::FullAccess => self.group.credentials.contains(&credential),
        }
    }

    /// The scope that a token with a list must have; nothing if no such token is accepted.
    pub fn token_scope(&self) -> Option<Scope> {
        let Access::Scope(name) = self.access() else { return None };
        Some(name.parse().expect("a scope"))
    }

    /// The status when it goes well.
    pub fn success(&self) -> u16 {
        self.declared.status
    }

    /// The status when it goes well with a kind of credential that it accepts.
    pub fn success_by(&self, credential: CredentialKind) -> u16 {
        let other = self.facts.status_by.iter().find(|(own, _)| *own == credential);
        other.map_or(self.success(), |(_, status)| *status)
    }

    /// The body of an error with this status, code and text, in the operation's dialect.
    pub fn error(&self, status: u16, code: &str, text: &str) -> Value {
        match self.errors() {
            ErrorFormat::Error | ErrorFormat::Page => json!({ "error": text }),
            ErrorFormat::SuccessFalse => json!({ "success": false, "error": text }),
            ErrorFormat::Detail => json!({ "detail": text }),
            ErrorFormat::OAuthError => {
                let code = match code {
                    "body_too_large" => "invalid_request",
                    "unavailable" => "temporarily_unavailable",
                    code => code,
                };
                json!({ "error": code, "error_description": text })
            }
            ErrorFormat::Problem => {
                let title = StatusCode::from_u16(status).expect("a status").canonical_reason();
                json!({ "title": title, "status": status, "detail": text, "code": code })
            }
        }
    }

    /// Whether a body is that of such an error; a page says the text among others.
    pub fn is_error(&self, body: &Value, status: u16, code: &str, text: &str) -> bool {
        if self.is_page() {
            return body.as_str().is_some_and(|page| page.contains(text));
        }
        *body == self.error(status, code, text)
    }

    /// The media type of such an error.
    pub fn error_media_type(&self) -> &'static str {
        match self.errors() {
            ErrorFormat::Problem => "application/problem+json",
            _ if self.is_page() => "text/html; charset=utf-8",
            _ => "application/json; charset=utf-8",
        }
    }

    /// The function that serves it.
    pub fn binary(&self) -> &'static str {
        self.group.function
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
pub fn operations() -> Vec<DocumentedOperation> {
    let files = fs::read_dir(root().join("events"))
        .expect("events")
        .map(|file| file.expect("a file").path());
    let mut operations: Vec<_> = files.map(|file| load(&file)).collect();
    operations.sort_by_key(|operation| operation.name);
    operations
}

/// The operations that users call.
pub fn user_operations() -> impl Iterator<Item = DocumentedOperation> {
    operations().into_iter().filter(DocumentedOperation::is_of_user)
}

/// The operation of this name.
pub fn operation(name: &str) -> DocumentedOperation {
    load(&root().join("events").join(name).with_extension("json"))
}

fn load(file: &Path) -> DocumentedOperation {
    let text = fs::read_to_string(file).expect("an event");
    let event = serde_json::from_str(&text).expect("an event");
    let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
    let facts = FACTS.iter().find(|row| row.name == name);
    let facts = facts.unwrap_or_else(|| panic!("operations/table.rs has no row for {name}"));
    let declared = |group: &'static Group| {
        Some((group, group.operations.iter().find(|own| own.name == name)?))
    };
    let group = GROUPS.iter().find_map(declared);
    let (group, declared) = group.unwrap_or_else(|| panic!("no group has {name}"));
    DocumentedOperation { name: facts.name, text, event, facts, group, declared }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_a_group_has_an_event_and_a_row_and_there_are_no_others() {
        let events: Vec<_> = operations().iter().map(|operation| operation.name).collect();
        let rows: Vec<_> = FACTS.iter().map(|row| row.name).collect();
        let operations = GROUPS.iter().flat_map(|group| group.operations);
        let mut declared: Vec<_> = operations.map(|operation| operation.name).collect();
        declared.sort_unstable();

        assert_eq!(events, declared);
        assert_eq!(rows, declared);
    }

    #[test]
    fn every_event_calls_the_operation_that_it_is_named_after() {
        for operation in operations() {
            let event = serde_json::from_value(operation.event).unwrap();
            let call = crate::app::received(event, &shared::Settings::default());
            let (name, _) = call.operation(operation.group.operations).unwrap();
            assert_eq!(name, operation.name);
        }
    }
}
