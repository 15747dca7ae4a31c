//! Whether a request is as described.

use serde_json::{Map, Value};
use shared::http::ApiRequest;

use super::{Body, Described, Parameter, Schema, essence};

impl Described {
    /// What is wrong with a request; these are the parameters in its path.
    pub(super) fn request_errors(&self, request: &ApiRequest, in_path: &[&str]) -> Vec<String> {
        let mut errors = Vec::new();
        let mut in_path = in_path.iter();
        for parameter in &self.parameters {
            let value = match parameter.place.as_str() {
                "path" => in_path.next().map(|text| (*text).to_owned()),
                "query" => form_urlencoded::parse(request.raw_query().as_bytes())
                    .find(|(name, _)| *name == parameter.name)
                    .map(|(_, value)| value.into_owned()),
                _ => request.single_header(&parameter.name).map(str::to_owned),
            };
            errors.extend(parameter.errors(value.as_deref()));
        }
        if let Some(body) = &self.body {
            errors.extend(body.errors(request));
        }
        errors
    }
}

impl Parameter {
    fn errors(&self, value: Option<&str>) -> Vec<String> {
        let Some(value) = value else {
            let missing = || format!("the parameter {} is missing", self.name);
            return self.required.then(missing).into_iter().collect();
        };
        let errors = self.schema.errors(&typed(value.trim(), &self.schema.value));
        errors.iter().map(|error| format!("{}: {error}", self.name)).collect()
    }
}

impl Body {
    fn errors(&self, request: &ApiRequest) -> Vec<String> {
        let bytes = request.raw_body();
        // Generated clients write `null` for an optional body that is left out.
        if bytes.is_empty() || (!self.required && bytes.trim_ascii() == b"null") {
            return self.required.then(|| "the body is missing".to_owned()).into_iter().collect();
        }
        // Without a declared type it counts as JSON.
        let declared = request.single_header("content-type").unwrap_or("application/json");
        let media_type = essence(declared);
        let Some(schema) = self.content.get(&media_type) else {
            return vec![format!("the body's type {media_type} is not described")];
        };
        match media_type.as_str() {
            "application/json" => match serde_json::from_slice(bytes) {
                Ok(Value::Object(fields)) => schema.errors(&trimmed(fields, schema)),
                _ => vec!["the body is no JSON object".to_owned()],
            },
            "application/x-www-form-urlencoded" => {
                let fields = form_urlencoded::parse(bytes).map(|(name, value)| {
                    let value = typed(&value, schema.field(&name));
                    (name.into_owned(), value)
                });
                schema.errors(&trimmed(fields.collect(), schema))
            }
            // The parts are read by the service alone.
            _ => Vec::new(),
        }
    }
}

/// What a text stands for, in a form or a query.
fn typed(text: &str, schema: &Value) -> Value {
    // One that is larger than any is as good as the largest.
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = || is_whole.then(|| text.parse().unwrap_or(u64::MAX)).map(Value::from);
    let of_type = match schema["type"].as_str() {
        Some("integer") => number(),
        Some("boolean") => truth(text),
        _ => None,
    };
    of_type.unwrap_or_else(|| text.into())
}

fn truth(text: &str) -> Option<Value> {
    match text {
        "1" | "on" => Some(true.into()),
        _ => text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
    }
}

/// The fields with their texts as the service takes them: trimmed, except for secrets. An empty
/// field of OAuth's is absent.
fn trimmed(fields: Map<String, Value>, schema: &Schema) -> Value {
    let value = |name: &str, value: Value| match value {
        Value::String(text) if schema.field(name)["format"] != "password" => text.trim().into(),
        Value::Array(values) => values
            .into_iter()
            .map(|value| value.as_str().map(|text| text.trim().into()).unwrap_or(value))
            .collect(),
        other => other,
    };
    fields
        .into_iter()
        .map(|(name, own)| {
            let own = value(&name, own);
            (name, own)
        })
        .collect::<Map<_, _>>()
        .into()
}
