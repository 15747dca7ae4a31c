//! What the OpenAPI documents describe and no test received: nothing may be left.
//!
//! The tests' client holds every response against the documents, and notes it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use devkit::workspace;
use serde_json::Value;

use super::Outcome;
use super::count::Count;
use super::openapi::{documents, members, resolved};

/// Names the folder of the notes to the tests.
const FOLDER: &str = "ROLLCALL_RECEIVED";
/// Errors that one piece of code gives for all operations of a document: one of them is enough,
/// unless an operation says in its own words what such an error means there.
const SHARED: [&str; 5] = ["409", "413", "415", "429", "503"];

/// Has the tests note what they receive, in an empty folder.
pub(super) fn note(tests: &mut Command) -> Result<PathBuf> {
    let folder = workspace::target_dir()?.join("received");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    tests.env(FOLDER, &folder);
    Ok(folder)
}

/// Fails with a list of what no test received.
pub(super) fn check(notes: &Path) -> Result<Outcome> {
    let mut received = BTreeSet::new();
    for file in fs::read_dir(notes)? {
        let text = fs::read_to_string(file?.path())?;
        received.extend(text.lines().map(str::to_owned));
    }
    let mut missing = Vec::new();
    for document in documents()? {
        missing.extend(unreceived(&document, &received));
    }
    let text = |line| format!("openapi: no test received {line}\n");
    let output = missing.iter().map(text).collect();
    Ok(Outcome { count: Count::one(missing.is_empty()), output })
}

/// What one document describes beyond what was received.
fn unreceived(document: &Value, received: &BTreeSet<String>) -> Vec<String> {
    let mut missing = Vec::new();
    // The components of shared errors that no operation describes in its own words, and those that
    // any operation received.
    let (mut shared, mut known) = (BTreeSet::new(), BTreeSet::new());
    for (operation, status, response) in responses(document) {
        let line = format!("{operation} {status}");
        let was_received = received.contains(&line);
        if SHARED.contains(&status) {
            let component = response["$ref"].as_str().unwrap_or_default();
            known.extend(Some(component).filter(|_| was_received));
            if response.get("description").is_none() {
                shared.insert(component);
                continue;
            }
        }
        if !was_received {
            missing.push(line);
        } else if status.starts_with('2') {
            let contents = members(&response["content"]);
            let fields = contents.flat_map(|(_, content)| fields(document, &content["schema"]));
            let lines = fields.map(|field| format!("{line} {field}"));
            missing.extend(lines.filter(|line| !received.contains(line)));
        }
    }
    let title = document["info"]["title"].as_str().unwrap_or_default();
    missing.extend(shared.difference(&known).map(|name| format!("{name} ({title})")));
    missing
}

/// Every response: the operation, the status, and what is described.
fn responses(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let operations = members(&document["paths"]).flat_map(|(_, path)| members(path));
    operations.flat_map(|(_, operation)| {
        let name = operation["operationId"].as_str().unwrap_or_default();
        let responses = members(&operation["responses"]);
        responses.map(move |(status, response)| (name, status.as_str(), response))
    })
}

/// The names of all fields of a schema, as in `users.[].id`.
fn fields(document: &Value, schema: &Value) -> Vec<String> {
    let schema = resolved(document, schema);
    let below = |prefix: String, schema: &Value| {
        let fields = fields(document, schema).into_iter();
        fields.map(move |field| format!("{prefix}{field}")).collect::<Vec<_>>()
    };
    let mut names = Vec::new();
    for (name, schema) in members(&schema["properties"]) {
        names.push(name.clone());
        names.extend(below(format!("{name}."), schema));
    }
    // A list may be described as one that is always empty.
    if schema["maxItems"] != 0 {
        names.extend(schema.get("items").into_iter().flat_map(|items| below("[].".into(), items)));
    }
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A document of an operation that shows a list of things, and another one that shares an error
    /// with it.
    fn document() -> Value {
        let things = json!({
            "type": "array",
            "items": { "$ref": "#/components/schemas/Thing" },
        });
        let shown = json!({ "properties": { "things": things } });
        let busy = json!({ "$ref": "#/components/responses/Unavailable" });
        let conflict = json!({ "$ref": "#/components/responses/Conflict" });
        let mut taken = conflict.clone();
        taken["description"] = "Taken.".into();
        json!({
            "info": { "title": "a document" },
            "paths": { "/things": {
                "get": {
                    "operationId": "list",
                    "responses": {
                        "200": { "content": { "application/json": { "schema": shown } } },
                        "409": taken,
                        "503": busy,
                    },
                },
                "post": { "operationId": "make", "responses": { "409": conflict } },
            } },
            "components": { "schemas": { "Thing": { "properties": { "id": {} } } } },
        })
    }

    #[test]
    fn a_status_or_field_that_no_test_received_is_named() {
        let all = ["list 200", "list 200 things", "list 200 things.[].id", "list 409", "list 503"];
        for (left_out, named) in [
            ("list 200 things.[].id", &["list 200 things.[].id"][..]),
            ("list 409", &["list 409", "#/components/responses/Conflict (a document)"]),
            ("list 503", &["#/components/responses/Unavailable (a document)"]),
        ] {
            let received = all.iter().filter(|line| **line != left_out);
            let received = received.map(|line| (*line).to_owned()).collect();
            assert_eq!(unreceived(&document(), &received), named);
        }
        let received = all.map(str::to_owned).into();
        assert_eq!(unreceived(&document(), &received), Vec::<String>::new());
    }
}
