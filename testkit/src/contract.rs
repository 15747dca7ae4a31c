//! Every request and response of the tests' clients, held against the OpenAPI documents.
//!
//! A status, header or field that is not described panics, and so does one that is described
//! otherwise. A request that succeeds must be as described, too. What was received is noted, so
//! that `cargo xtask test` can tell what is described and never occurs.

mod received;
mod request;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use shared::Error;
use shared::http::{ApiRequest, Dialect};

use crate::ApiResponse;
use crate::operations::GROUPS;

/// The headers that every response may have and that the documents only mention.
const COMMON: [&str; 5] = [
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
];

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::new);

/// What the documents say.
struct Contract {
    operations: BTreeMap<String, Described>,
}

/// What a document says of an operation.
struct Described {
    parameters: Vec<Parameter>,
    body: Option<Body>,
    responses: BTreeMap<u16, Promise>,
}

struct Parameter {
    place: String,
    name: String,
    required: bool,
    schema: Schema,
}

struct Body {
    required: bool,
    /// The schema by media type.
    content: BTreeMap<String, Schema>,
}

/// A response as it is described.
struct Promise {
    /// The media type and the schema, if there is a body.
    content: Option<(String, Schema)>,
    /// The headers by their names in lower case.
    headers: BTreeMap<String, Header>,
}

struct Header {
    required: bool,
    schema: Schema,
}

/// A schema, compiled when it is first needed.
struct Schema {
    value: Value,
    validator: OnceLock<Validator>,
}

impl Schema {
    /// A schema of a document, whose references lead to these components.
    fn new(schema: &Value, components: &Value) -> Self {
        let mut value = schema.clone();
        value["components"] = json!({ "schemas": components["schemas"] });
        Self { value, validator: OnceLock::new() }
    }

    /// What is wrong with a value.
    fn errors(&self, value: &Value) -> Vec<String> {
        let validator = self.validator.get_or_init(|| {
            let options = jsonschema::options().with_draft(Draft::Draft202012);
            options.build(&self.value).expect("a schema")
        });
        let error =
            |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
        validator.iter_errors(value).map(error).collect()
    }

    /// The schema of one of its fields.
    fn field(&self, name: &str) -> &Value {
        let mut schema = &self.value;
        if let Some(reference) = schema["$ref"].as_str() {
            schema = self.value.pointer(&reference[1..]).expect("a component");
        }
        &schema["properties"][name]
    }
}

impl Contract {
    fn new() -> Self {
        let mut operations = BTreeMap::new();
        for document in openapi::documents() {
            let document = document.value();
            let paths = document["paths"].as_object().expect("paths");
            for operation in paths.values().filter_map(Value::as_object).flat_map(Map::values) {
                let name = operation["operationId"].as_str().expect("a name").to_owned();
                operations.insert(name, Described::new(operation, &document));
            }
        }
        Self { operations }
    }
}

/// What a reference leads to.
fn resolved<'d>(value: &'d Value, document: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("a component"),
        None => value,
    }
}

impl Described {
    fn new(operation: &Value, document: &Value) -> Self {
        let components = &document["components"];
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| {
            let parameter = resolved(parameter, document);
            let text = |name: &str| parameter[name].as_str().expect("a text").to_owned();
            Parameter {
                place: text("in"),
                name: text("name"),
                required: parameter["required"] == true,
                schema: Schema::new(&parameter["schema"], components),
            }
        });
        let body = operation.get("requestBody").map(|body| Body {
            required: body["required"] == true,
            content: members(&body["content"])
                .map(|(name, content)| (name.clone(), Schema::new(&content["schema"], components)))
                .collect(),
        });
        let response = |(status, response): (&String, &Value)| {
            let promise = Promise::new(resolved(response, document), document);
            (status.parse().expect("a status"), promise)
        };
        Self {
            parameters: parameters.collect(),
            body,
            responses: members(&operation["responses"]).map(response).collect(),
        }
    }
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

impl Promise {
    fn new(response: &Value, document: &Value) -> Self {
        let components = &document["components"];
        let content = members(&response["content"]).next();
        let content = content.map(|(media_type, content)| {
            (media_type.clone(), Schema::new(&content["schema"], components))
        });
        let headers = members(&response["headers"]).map(|(name, header)| {
            let header = resolved(header, document);
            let required = header["required"] == true;
            let schema = Schema::new(&header["schema"], components);
            (name.to_lowercase(), Header { required, schema })
        });
        Self { content, headers: headers.collect() }
    }

    /// What is wrong with a response.
    fn errors(&self, response: &ApiResponse) -> Vec<String> {
        let mut errors = Vec::new();
        let media_type = response.header("content-type").map(essence);
        if media_type.as_deref() != self.content.as_ref().map(|(own, _)| own.as_str()) {
            errors.push(format!("the content type is {media_type:?}"));
        }
        match &self.content {
            Some((_, schema)) => errors.extend(schema.errors(&response.body)),
            None if !response.body.is_null() => errors.push("there is a body".to_owned()),
            None => {}
        }
        for (name, value) in &response.headers {
            match self.headers.get(name) {
                Some(header) => errors.extend(header.schema.errors(&json!(value))),
                None if COMMON.contains(&name.as_str()) => {}
                None => errors.push(format!("the header {name} is not described")),
            }
        }
        for (name, header) in &self.headers {
            if header.required && !response.headers.iter().any(|(own, _)| own == name) {
                errors.push(format!("the header {name} is missing"));
            }
        }
        errors
    }
}

/// A media type without its parameters.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Panics unless the response of a function is as described, and the request too, if it succeeded.
pub(crate) fn check(request: &ApiRequest, function: &str, response: &ApiResponse) {
    let status = response.status;
    let own = GROUPS.iter().find(|group| group.function == function && function != "not-found");
    let operations = own.map_or(&[][..], |group| group.operations);
    let (what, errors) = match request.operation(operations) {
        Ok((name, parameters)) => {
            let described = CONTRACT.operations.get(name).expect("a description");
            let Some(promise) = described.responses.get(&status) else {
                panic!("{name}: {status} is not described: {response:?}")
            };
            let mut errors = promise.errors(response);
            if (200..300).contains(&status) {
                errors.extend(described.request_errors(request, &parameters));
            }
            received::note(name, status, &response.body);
            (name, errors)
        }
        Err(Error::NotFound(_)) => ("no path", unrouted_errors(request, 404, response)),
        Err(_) => ("no method", unrouted_errors(request, 405, response)),
    };
    assert!(errors.is_empty(), "{what} {status} is not as described: {errors:#?}\n{response:?}");
}

fn unrouted_errors(request: &ApiRequest, status: u16, response: &ApiResponse) -> Vec<String> {
    if response.status != status {
        return vec![format!("{status} is due")];
    }
    let path = request.raw_path();
    let dialect = Dialect::from_path(path.strip_suffix('/').unwrap_or(path));
    let document = json!({ "components": { "headers": openapi::header_components() } });
    Promise::new(&openapi::error_response(dialect, status), &document).errors(response)
}
