//! Examples: of requests those in `events/`, of responses what the fields' examples make together.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::schema::ONLY_VALUE;

/// The body of an operation's event, as an object.
pub(crate) fn from_event(operation: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let text = fs::read_to_string(folder.join(operation).with_extension("json")).ok()?;
    let event: Value = serde_json::from_str(&text).ok()?;
    let body = event["body"].as_str()?;
    let form = || form_urlencoded::parse(body.as_bytes());
    let fields = || form().map(|(name, value)| (name.into_owned(), value.into_owned().into()));
    Some(serde_json::from_str(body).unwrap_or_else(|_| fields().collect::<Map<_, _>>().into()))
}

/// What a schema describes, if each of its parts has an example.
pub(crate) fn from_schema(schema: &Value, components: &Map<String, Value>) -> Option<Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next()?;
        return from_schema(&components["schemas"][name], components);
    }
    let own = schema.get("const").or(schema.get(ONLY_VALUE)).or_else(|| schema["examples"].get(0));
    if let Some(example) = own.or_else(|| schema["enum"].get(0)) {
        return Some(example.clone());
    }
    if schema["maxItems"] == 0 {
        return Some(Value::Array(Vec::new()));
    }
    if let Some(items) = schema.get("items") {
        return Some(vec![from_schema(items, components)?].into());
    }
    let properties = schema["properties"].as_object()?;
    let fields = properties
        .iter()
        .map(|(name, schema)| Some((name.clone(), from_schema(schema, components)?)));
    fields.collect::<Option<Map<_, _>>>().map(Value::from)
}
