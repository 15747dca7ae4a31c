//! Whether the OpenAPI documents break clients of the last release, and CHANGELOG.md says so.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use devkit::workspace;
use serde_json::Value;

use super::Outcome;
use super::count::Count;
use super::openapi::{DOCUMENTS, documents, members, resolved};

/// Where a schema stands: what a client sends must still be taken, and what it relies on must still
/// be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

/// Fails for each operation that breaks clients of the last release, unless the changelog has a
/// line for it: `Breaking: <operation>`, with what is to be done.
pub(super) fn check() -> Result<Outcome> {
    let Ok(tag) = git(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]) else {
        return Ok(Outcome { count: Count::one(true), output: "no release yet\n".to_owned() });
    };
    let changelog = std::fs::read_to_string(workspace::root().join("CHANGELOG.md"))?;
    let mut unsaid = Vec::new();
    for (name, new) in DOCUMENTS.iter().zip(documents()?) {
        let released = format!("{}:openapi/{name}", tag.trim());
        let Ok(old) = git(&["show", &released]) else { continue };
        let old = yaml_serde::from_str(&old).with_context(|| format!("cannot read {released}"))?;
        let found = breakages(&old, &new).into_iter();
        let found = found.filter(|(operation, _)| !is_announced(&changelog, operation));
        unsaid.extend(found.map(|(operation, problem)| {
            format!("{operation}: {problem}; CHANGELOG.md does not say so\n")
        }));
    }
    Ok(Outcome { count: Count::one(unsaid.is_empty()), output: unsaid.concat() })
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(workspace::root()).output()?;
    ensure!(output.status.success(), "git {arguments:?}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether the section of what is not released yet names the operation in a line of its own.
fn is_announced(changelog: &str, operation: &str) -> bool {
    let unreleased = changelog.split("\n## ").find(|section| section.starts_with("Unreleased"));
    let lines = unreleased.into_iter().flat_map(str::lines);
    let mut named = lines.filter_map(|line| line.split_once("Breaking: `")?.1.split('`').next());
    named.any(|own| own == operation)
}

/// What a client of the old document cannot rely on any more: the operation and the problem.
fn breakages(old: &Value, new: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, methods) in members(&old["paths"]) {
        for (method, before) in members(methods) {
            let name = before["operationId"].as_str().unwrap_or_default();
            let after = &new["paths"][path][method];
            let mut comparison = Comparison { old, new, problems: Vec::new() };
            comparison.operation(before, after);
            found.extend(comparison.problems.into_iter().map(|own| (name.to_owned(), own)));
        }
    }
    found
}

struct Comparison<'d> {
    old: &'d Value,
    new: &'d Value,
    problems: Vec<String>,
}

impl Comparison<'_> {
    fn add(&mut self, place: &str, problem: &str) {
        self.problems.push(format!("{place} {problem}"));
    }

    fn operation(&mut self, old: &Value, new: &Value) {
        if new.is_null() {
            return self.add("the operation", "is gone");
        }
        if old["operationId"] != new["operationId"] {
            self.add("the operation", "has another name");
        }
        self.parameters(old, new);
        let (old_body, new_body) = (&old["requestBody"], &new["requestBody"]);
        if new_body["required"] == true && old_body["required"] != true {
            self.add("the body", "is required");
        }
        self.contents("the body", Side::Request, &old_body["content"], &new_body["content"]);
        for (status, response) in members(&old["responses"]) {
            let after = &new["responses"][status];
            if after.is_null() {
                self.add(status, "is gone");
                continue;
            }
            let before = resolved(self.old, response);
            let after = resolved(self.new, after);
            self.contents(status, Side::Response, &before["content"], &after["content"]);
            for (name, _) in members(&before["headers"]) {
                if after["headers"].get(name).is_none() {
                    self.add(status, &format!("has no header {name}"));
                }
            }
        }
    }

    fn parameters(&mut self, old: &Value, new: &Value) {
        let (old_document, new_document) = (self.old, self.new);
        let of = |document, operation: &Value| -> Vec<Value> {
            let all = operation["parameters"].as_array().into_iter().flatten();
            all.map(|parameter| resolved(document, parameter).clone()).collect()
        };
        let (before, after) = (of(old_document, old), of(new_document, new));
        let same =
            |one: &Value, other: &Value| one["in"] == other["in"] && one["name"] == other["name"];
        for parameter in &after {
            let name = parameter["name"].as_str().unwrap_or_default();
            let earlier = before.iter().find(|own| same(own, parameter));
            let was_required = earlier.is_some_and(|earlier| earlier["required"] == true);
            if parameter["required"] == true && !was_required {
                self.add(name, "is required");
            }
            if let Some(earlier) = earlier {
                self.schema(name, Side::Request, &earlier["schema"], &parameter["schema"]);
            }
        }
        for parameter in before.iter().filter(|own| !after.iter().any(|other| same(own, other))) {
            self.add(parameter["name"].as_str().unwrap_or_default(), "is gone");
        }
    }

    fn contents(&mut self, place: &str, side: Side, old: &Value, new: &Value) {
        for (media_type, content) in members(old) {
            match new.get(media_type) {
                Some(after) => self.schema(place, side, &content["schema"], &after["schema"]),
                None => self.add(place, &format!("is not {media_type} any more")),
            }
        }
    }

    fn schema(&mut self, place: &str, side: Side, old: &Value, new: &Value) {
        let (old, new) = (resolved(self.old, old).clone(), resolved(self.new, new).clone());
        let (before, after) = (types(&old), types(&new));
        let (wider, narrower) =
            if side == Side::Request { (&after, &before) } else { (&before, &after) };
        if !narrower.is_subset(wider) {
            self.add(place, &format!("has the types {after:?} and not {before:?}"));
        }
        if side == Side::Request && is_stricter(&old, &new) {
            self.add(place, "takes less");
        }
        for (name, field) in members(&old["properties"]) {
            let place = format!("{place}.{name}");
            match new["properties"].get(name) {
                Some(after) => self.schema(&place, side, field, after),
                None => self.add(&place, "is gone"),
            }
        }
        let (before, after) = (words(&old["required"]), words(&new["required"]));
        let (must, may, problem) = match side {
            Side::Request => (&after, &before, "is required"),
            Side::Response => (&before, &after, "may be absent"),
        };
        for name in must.difference(may).filter(|name| new["properties"].get(**name).is_some()) {
            self.add(&format!("{place}.{name}"), problem);
        }
        if let (Some(before), Some(after)) = (old.get("items"), new.get("items")) {
            self.schema(&format!("{place}[]"), side, before, after);
        }
        let alternatives =
            |schema: &Value| schema["x-any-of"].as_array().cloned().unwrap_or_default();
        let (before, after) = (alternatives(&old), alternatives(&new));
        if before.len() != after.len() {
            self.add(place, "has other alternatives");
        }
        for (before, after) in before.iter().zip(&after) {
            self.schema(place, side, before, after);
        }
    }
}

/// Whether a schema rejects what another one took, by its limits, words or pattern.
fn is_stricter(old: &Value, new: &Value) -> bool {
    let number = |schema: &Value, name: &str| schema[name].as_f64();
    let less =
        |name| number(new, name).is_some_and(|new| number(old, name).is_none_or(|old| new < old));
    let more =
        |name| number(new, name).is_some_and(|new| number(old, name).is_none_or(|old| new > old));
    let (before, after) = (words(&old["enum"]), words(&new["enum"]));
    let has_fewer_words = !after.is_empty() && (before.is_empty() || !before.is_subset(&after));
    let has_pattern = new.get("pattern").is_some() && old["pattern"] != new["pattern"];
    ["maxLength", "maximum", "maxItems"].into_iter().any(less)
        || ["minLength", "minimum", "minItems"].into_iter().any(more)
        || has_fewer_words
        || has_pattern
}

/// The names of a schema's types; none for any.
fn types(schema: &Value) -> BTreeSet<&str> {
    match &schema["type"] {
        Value::String(name) => BTreeSet::from([name.as_str()]),
        names => words(names),
    }
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        let sent = json!({
            "type": "object",
            "properties": { "name": { "type": "string", "maxLength": 10 } },
        });
        let shown = json!({ "$ref": "#/components/schemas/Thing" });
        json!({
            "paths": { "/things": { "post": {
                "operationId": "create",
                "parameters": [{ "in": "query", "name": "dry", "schema": { "type": "boolean" } }],
                "requestBody": { "content": { "application/json": { "schema": sent } } },
                "responses": { "200": { "content": { "application/json": { "schema": shown } } } },
            } } },
            "components": { "schemas": { "Thing": {
                "type": "object",
                "properties": { "id": { "type": "string" }, "end": { "type": ["string", "null"] } },
                "required": ["id"],
            } } },
        })
    }

    #[test]
    fn what_breaks_a_client_is_named_and_nothing_else() {
        const OPERATION: &str = "/paths/~1things/post";
        const NAME: &str =
            "/paths/~1things/post/requestBody/content/application~1json/schema/properties/name";
        const THING: &str = "/components/schemas/Thing";
        for (place, value, problem) in [
            (OPERATION.to_owned(), json!(null), "the operation is gone"),
            (format!("{OPERATION}/responses"), json!({}), "200 is gone"),
            (format!("{OPERATION}/parameters/0/required"), json!(true), "dry is required"),
            (format!("{OPERATION}/parameters"), json!([]), "dry is gone"),
            (format!("{NAME}/maxLength"), json!(9), "the body.name takes less"),
            (format!("{NAME}/pattern"), json!("^a"), "the body.name takes less"),
            (format!("{NAME}/enum"), json!(["a"]), "the body.name takes less"),
            (
                format!("{THING}/properties/id"),
                json!({ "type": "integer" }),
                r#"200.id has the types {"integer"} and not {"string"}"#,
            ),
            (format!("{THING}/required"), json!([]), "200.id may be absent"),
            (
                format!("{THING}/properties"),
                json!({ "id": { "type": "string" } }),
                "200.end is gone",
            ),
            // These do not.
            (format!("{NAME}/maxLength"), json!(11), ""),
            (format!("{NAME}/type"), json!(["string", "integer"]), ""),
            (format!("{THING}/properties/end/type"), json!("string"), ""),
            (format!("{THING}/properties/new"), json!({ "type": "string" }), ""),
            (format!("{THING}/required"), json!(["id", "end"]), ""),
            (format!("{OPERATION}/responses/409"), json!({}), ""),
        ] {
            let mut new = document();
            set(&mut new, &place, value);

            let found = breakages(&document(), &new);

            let problems: Vec<_> = found.iter().map(|(_, problem)| problem.as_str()).collect();
            let expected: Vec<_> =
                Some(problem).filter(|own| !own.is_empty()).into_iter().collect();
            assert_eq!(problems, expected, "{place}");
        }
    }

    /// Sets a value, which need not be there yet, in an object or list that is.
    fn set(document: &mut Value, place: &str, value: Value) {
        let (parent, name) = place.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
    }

    #[test]
    fn only_a_line_of_the_unreleased_section_announces_a_breaking_change() {
        let changelog = "# Changelog\n\n## Unreleased\n\n- Breaking: `create` takes less.\n\n\
                         ## 1\n\n- Breaking: `delete` is gone.\n";

        assert!(is_announced(changelog, "create"));
        assert!(!is_announced(changelog, "delete"));
        assert!(!is_announced(changelog, "other"));
    }
}
