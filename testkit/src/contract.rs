//! Every request and response of the tests' clients, held against the OpenAPI documents.
//!
//! A status, header or field that is not described panics, and so does one that is described
//! otherwise. A request that succeeds must be as described, too. What was received is noted, so
//! that `cargo xtask test` can tell what is described and never occurs.

mod notes;
mod request;

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use shared::http::{ApiRequest, Dialect};
use shared::{Error, Settings};

use crate::ApiResponse;
use crate::app::{event, function_of, received};
use crate::operations::GROUPS;

/// The headers that every response may have and that the documents only mention.
const COMMON: [&str; 5] = [
    "content-security-policy",
    "content-type",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
];

/// The headers of HTTP itself, and API Gateway's own.
const OF_HTTP: [&str; 5] =
    ["apigw-requestid", "connection", "content-length", "date", "transfer-encoding"];

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
        enforce_extensions(&mut value);
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

/// Makes of every extension the keyword that the validator checks.
fn enforce_extensions(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (own, keyword) in [
                (openapi::ONLY_VALUE, "const"),
                (openapi::TIME_PATTERN, "pattern"),
                (openapi::ALL_TYPES, "type"),
                (openapi::CHOICE, "anyOf"),
            ] {
                if let Some(value) = members.get(own).cloned() {
                    members.insert(keyword.to_owned(), value);
                }
            }
            members.values_mut().for_each(enforce_extensions);
        }
        Value::Array(values) => values.iter_mut().for_each(enforce_extensions),
        _ => {}
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
        let body = operation.get("requestBody").map(|body| {
            let own = members(&body["content"]);
            let first = own.clone().next().map(|(_, content)| content);
            let more = body[openapi::MORE_MEDIA_TYPES].as_array().into_iter().flatten();
            let more = more.filter_map(move |name| Some((name.as_str()?, first?)));
            let content = own.map(|(name, content)| (name.as_str(), content)).chain(more);
            let schema = |(name, content): (&str, &Value)| {
                (name.to_owned(), Schema::new(&content["schema"], components))
            };
            Body { required: body["required"] == true, content: content.map(schema).collect() }
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

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> + Clone {
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
    let (method, path, status) = (request.method(), request.raw_path(), response.status);
    let problems = problems(request, function, response);
    assert!(
        problems.is_empty(),
        "{method} {path}: {status} is not as described: {problems:#?}\n{response:?}"
    );
}

/// Panics unless a response over HTTP is as described, and the request too, if it succeeded.
pub fn check_over_http(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
    response: &ApiResponse,
) {
    // HTTP leaves out what is described, the body.
    if method == "HEAD" {
        return;
    }
    let event = event("127.0.0.1", method, path, headers, body);
    let event = serde_json::from_value(event).expect("an API Gateway event");
    let request = received(event, &Settings::default());
    let mut response = response.clone();
    response.headers.retain(|(name, _)| !OF_HTTP.contains(&name.as_str()));
    check(&request, function_of(&request), &response);
}

/// In what way a response differs from its description, or the request, if it succeeded.
fn problems(request: &ApiRequest, function: &str, response: &ApiResponse) -> Vec<String> {
    // One shows the documents, the others are for people and the script of their pages; none is in
    // them.
    if ["docs", "pages", "passkeys"].contains(&function) {
        return Vec::new();
    }
    let status = response.status;
    let own = GROUPS.iter().find(|group| group.function == function && function != "not-found");
    let operations = own.map_or(&[][..], |group| group.operations);
    let (name, parameters) = match request.operation(operations) {
        Ok(called) => called,
        Err(Error::NotFound(_)) => return unrouted_errors(request, 404, response),
        Err(_) => return unrouted_errors(request, 405, response),
    };
    let described = CONTRACT.operations.get(name).expect("a description");
    let Some(promise) = described.responses.get(&status) else {
        return vec!["the status is not described".to_owned()];
    };
    notes::add(name, status, &response.body);
    let mut errors = promise.errors(response);
    if (200..300).contains(&status) {
        errors.extend(described.request_errors(request, &parameters));
    }
    errors
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

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/rollcall/v1/tokens";

    fn request(path: &str, body: &Value) -> ApiRequest {
        let event = json!({
            "version": "2.0",
            "rawPath": path,
            "headers": { "content-type": "application/json" },
            "requestContext": { "http": { "method": "POST" } },
            "body": body.to_string(),
        });
        received(serde_json::from_value(event).unwrap(), &Settings::default())
    }

    /// A token as it was created, and the response to that.
    fn created() -> (Value, ApiResponse) {
        let headers = [
            ("cache-control", "no-store"),
            ("content-type", "application/json; charset=utf-8"),
            ("location", "/rollcall/v1/tokens/0197a1b2c3d4e5f60718293a"),
            ("x-request-id", "1"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let body = json!({
            "id": "0197a1b2c3d4e5f60718293a",
            "token": format!("rcu_{}", "A".repeat(64)),
            "name": "deploy",
            "kind": "user",
            "scopes": null,
            "createdAt": "2026-11-21T12:00:00.000Z",
            "expiresAt": null,
            "madeBy": null,
        });
        let sent = json!({ "name": "deploy", "kind": "user", "unknown": 1 });
        (sent, ApiResponse { status: 201, headers, body })
    }

    fn problems_of(path: &str, sent: &Value, response: &ApiResponse) -> Vec<String> {
        problems(&request(path, sent), "rollcall-tokens", response)
    }

    #[test]
    fn a_response_has_the_fields_headers_and_statuses_that_are_described_and_no_others() {
        let (sent, good) = created();
        let with = |name: &str, value: Value| {
            let mut other = good.clone();
            other.body[name] = value;
            other
        };
        let with_headers = |edit: fn(&mut Vec<(String, String)>)| {
            let mut other = good.clone();
            edit(&mut other.headers);
            other
        };
        let without = |mut other: ApiResponse, name: &str| {
            other.body.as_object_mut().unwrap().remove(name);
            other
        };
        assert_eq!(problems_of(PATH, &sent, &good), Vec::<String>::new());
        for (case, response) in [
            ("another field", with("secret", json!("x"))),
            ("a missing field", without(good.clone(), "madeBy")),
            ("another type", with("name", json!(1))),
            ("another word", with("kind", json!("robot"))),
            ("another form", with("createdAt", json!("2026-11-21T12:00:00Z"))),
            ("another status", ApiResponse { status: 202, ..good.clone() }),
            ("another header", with_headers(|own| own.push(("x-more".into(), "1".into())))),
            ("a missing header", with_headers(|own| own.retain(|(name, _)| name != "location"))),
            ("another media type", with_headers(|own| own[1].1 = "text/plain".into())),
        ] {
            assert_eq!(problems_of(PATH, &sent, &response).len(), 1, "{case}");
        }
        assert_eq!(problems_of("/rollcall/v1/other", &sent, &good), ["404 is due"]);
    }

    #[test]
    fn a_truth_value_that_is_the_only_one_is_checked() {
        let flag = json!({ "type": "boolean", openapi::ONLY_VALUE: true });
        let view = Schema::new(&json!({ "anyOf": [{ "properties": { "ok": flag } }] }), &json!({}));

        assert_eq!(view.errors(&json!({ "ok": true })), Vec::<String>::new());
        assert_eq!(view.errors(&json!({ "ok": false })).len(), 1);
    }

    #[test]
    fn the_digits_of_a_time_are_checked() {
        let time = json!({ "type": "string", openapi::TIME_PATTERN: r"\.\d{3}Z$" });
        let view = Schema::new(&json!({ "properties": { "at": time } }), &json!({}));

        assert_eq!(view.errors(&json!({ "at": "2026-11-21T12:00:00.000Z" })), Vec::<String>::new());
        assert_eq!(view.errors(&json!({ "at": "2026-11-21T12:00:00Z" })).len(), 1);
    }

    #[test]
    fn a_value_of_several_types_and_an_object_that_is_one_of_several_are_checked() {
        let phone = json!({ "type": "string", openapi::ALL_TYPES: ["string", "integer"] });
        let text = json!({ "properties": { "detail": { "type": "string" } } });
        let either = json!({ openapi::CHOICE: [text, { "required": ["email"] }] });
        for (schema, value, is_described) in [
            (&phone, json!("48123456789"), true),
            (&phone, json!(48_123_456_789_u64), true),
            (&phone, json!(true), false),
            (&either, json!({ "detail": "x" }), true),
            (&either, json!({ "detail": 1, "email": "x" }), true),
            (&either, json!({ "detail": 1 }), false),
        ] {
            let errors = Schema::new(schema, &json!({})).errors(&value);
            assert_eq!(errors.is_empty(), is_described, "{value}: {errors:?}");
        }
    }

    #[test]
    fn a_request_that_succeeds_is_as_described() {
        let (sent, good) = created();
        let with = |name: &str, value: Value| {
            let mut other = sent.clone();
            other[name] = value;
            other
        };
        for (sent, problems) in [
            (with("name", json!(" deploy ")), 0),
            (with("scopes", json!(["account_read"])), 0),
            (with("name", json!("x".repeat(101))), 1),
            // Too short for what it stands for, and not of the pattern.
            (with("name", json!(" ")), 2),
            (with("kind", json!("robot")), 1),
            (with("scopes", json!([])), 1),
            (json!({ "name": "deploy" }), 1),
            (json!([]), 1),
        ] {
            assert_eq!(problems_of(PATH, &sent, &good).len(), problems, "{sent}");
        }
    }

    #[test]
    fn an_address_that_mail_is_sent_to_is_ascii_before_the_at_and_no_placeholder() {
        let sign_up = &CONTRACT.operations["rollcall-request-sign-up"];
        let proof = &CONTRACT.operations["rollcall-request-email-proof"];
        for (address, in_body, in_path) in [
            ("Jane.Doe+a@example.com", true, true),
            (r#""jane doe"@x.example"#, true, true),
            ("jane@b\u{fc}cher.example", true, true),
            ("jane@inv", true, true),
            ("jane@users.invalids", true, true),
            ("jane@invalid.example", true, true),
            ("jane?@x.example", true, false),
            ("j\u{e4}ne@x.example", false, false),
            ("jane@users.invalid", false, false),
            ("jane@Users.INVALID", false, false),
            ("jane@", false, false),
            ("jane", false, false),
        ] {
            let body = request("/rollcall/v1/sign-ups", &json!({ "email": address }));
            let path = request("/", &json!({}));
            let errors =
                (sign_up.request_errors(&body, &[]), proof.request_errors(&path, &[address]));
            let is_described = (errors.0.is_empty(), errors.1.is_empty());
            assert_eq!(is_described, (in_body, in_path), "{address}: {errors:?}");
        }
    }
}
