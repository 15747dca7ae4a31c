//! A document: the operations of some groups with their descriptions and components.

use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::http::{Access, Dialect, Operation};

use crate::description::{
    Description, RequestBody, common_headers, header_components, parameter, reference,
};
use crate::schema::{Schema, pattern, string};
use crate::{errors, example};

/// Names the media types that a body may have beside those of its `content`.
pub const MORE_MEDIA_TYPES: &str = "x-media-types";

/// What a document is made of.
pub(crate) struct Api {
    /// The file's name.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What holds for all its operations.
    pub(crate) text: &'static str,
    pub(crate) groups: &'static [&'static [Operation]],
    pub(crate) descriptions: Vec<Description>,
    pub(crate) schemas: Vec<(&'static str, Schema)>,
    /// How users authenticate: for each way its requirements, of which `*` takes the scope.
    pub(crate) credentials: &'static [&'static [&'static str]],
    pub(crate) security_schemes: Value,
}

/// An OpenAPI document, in the order in which it is written.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The file's name, without its extension.
    #[serde(skip)]
    pub name: &'static str,
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Map<String, Value>,
    components: Map<String, Value>,
}

impl Api {
    /// The document. Each operation must be described, and nothing else.
    pub(crate) fn document(self) -> Document {
        let mut document = Document {
            name: self.name,
            openapi: "3.1.0",
            info: json!({
                "title": self.title,
                "description": format!("{}\n\n{COMMON}", self.text),
                "version": env!("CARGO_PKG_VERSION"),
                "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
            }),
            servers: json!([{ "url": "/", "description": "The API's own domain." }]),
            tags: json!([{ "name": self.name, "description": self.title }]),
            paths: Map::new(),
            components: Map::new(),
        };
        let operations = || self.groups.iter().copied().flatten();
        let responses: Map<_, _> = operations()
            .map(|operation| Dialect::from_path(operation.path))
            .flat_map(errors::components)
            .collect();
        let dialects = operations().map(|operation| Dialect::from_path(operation.path));
        let schemas: Map<_, _> = self
            .schemas
            .iter()
            .map(|(name, schema)| ((*name).to_owned(), schema.clone().into_value()))
            .chain(dialects.flat_map(errors::schemas))
            .collect();
        document.components = Map::from_iter([
            ("headers".to_owned(), header_components()),
            ("parameters".to_owned(), header_parameters()),
            ("responses".to_owned(), responses.into()),
            ("schemas".to_owned(), schemas.into()),
            ("securitySchemes".to_owned(), self.security_schemes.clone()),
        ]);
        for operation in operations() {
            let own = |described: &&Description| described.name == operation.name;
            let described = self.descriptions.iter().find(own);
            let described = described.unwrap_or_else(|| panic!("nothing describes {operation:?}"));
            let written = self.operation(operation, described, &document);
            let path = document
                .paths
                .entry(operation.path.replace("+}", "}"))
                .or_insert_with(|| json!({}));
            path[operation.method.to_lowercase()] = written;
        }
        document.drop_unused();
        document
    }

    fn operation(
        &self,
        operation: &Operation,
        described: &Description,
        document: &Document,
    ) -> Value {
        let dialect = Dialect::from_path(operation.path);
        let is_write = is_of_user(operation) && operation.method != "GET";
        let mut parameters = described.parameters.clone();
        let of_header = |name| reference("parameters", name);
        if is_write {
            parameters.push(of_header("IdempotencyKey"));
        }
        if is_write || described.has_etag {
            parameters.extend([of_header("IfMatch"), of_header("IfNoneMatch")]);
        }
        let mut responses: Map<String, Value> = described
            .responses
            .iter()
            .map(|(status, response)| {
                let etag = described.has_etag;
                (status.to_string(), success(response, is_write, etag, document))
            })
            .collect();
        if described.has_etag && operation.method == "GET" {
            responses.insert("304".to_owned(), unchanged());
        }
        let shared = common_errors(operation, described);
        for status in shared.iter().copied().chain(described.errors.iter().map(|error| error.0)) {
            let mut error = reference("responses", &errors::component(dialect, status));
            if let Some((_, text)) = described.errors.iter().find(|error| error.0 == status) {
                error["description"] = (*text).into();
            }
            responses.insert(status.to_string(), error);
        }
        let mut security = self.security(operation);
        if let (true, Some(ways)) = (described.credential_is_optional, security.as_array_mut()) {
            ways.push(json!({}));
        }
        let mut written = json!({
            "operationId": operation.name,
            "summary": described.summary,
            "tags": [self.name],
            "security": security,
            "responses": responses,
        });
        let others = described.body.as_ref().map_or_else(String::new, others_text);
        let text = [described.text, &others, access_text(operation)];
        let text = text.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            written["description"] = text.into();
        }
        if !parameters.is_empty() {
            written["parameters"] = parameters.into();
        }
        if let Some(body) = &described.body {
            written["requestBody"] = request_body(body, operation);
        }
        written
    }

    fn security(&self, operation: &Operation) -> Value {
        let scopes = match operation.access {
            // Browsers alone send sessions, and only to pages, which no document has.
            Access::Public | Access::Session => return json!([]),
            Access::Client => return json!([{ "client": [] }, {}]),
            Access::Scope(scope) => vec![scope],
            Access::FullAccess => Vec::new(),
        };
        let way = |schemes: &&'static [&'static str]| -> Value {
            let requirement = |scheme: &&'static str| match scheme.strip_suffix('*') {
                Some(scheme) => (scheme.to_owned(), json!(scopes)),
                None => ((*scheme).to_owned(), json!([])),
            };
            schemes.iter().map(requirement).collect::<Map<_, _>>().into()
        };
        // An OAuth access token never has full access.
        let is_usable = |schemes: &&&'static [&'static str]| {
            operation.access != Access::FullAccess || schemes[0] != "oauth*"
        };
        self.credentials.iter().filter(is_usable).map(way).collect()
    }
}

/// What the documents have in common.
const COMMON: &str = "\
One trailing slash more or less changes nothing. Unknown paths are 404, and methods that a path \
does not support 405 with `Allow`, in the format of the API's errors. Bodies have at most 64 KiB. \
Unknown fields and parameters are ignored; a field or parameter that is given twice is 400. Texts \
are trimmed, passwords are taken as they are. Checks run in this order: path and method, \
credential, scope, body and parameters, existence, permission, state.

Every response also has `X-Content-Type-Options: nosniff`, `Referrer-Policy: no-referrer` (a page \
with a form `same-origin`), a `Content-Security-Policy` and, over https, \
`Strict-Transport-Security`. The gateway in front of the service may respond with 413, 429, 500 \
and 503 itself, as `{\"message\"}`.";

const fn is_of_user(operation: &Operation) -> bool {
    matches!(operation.access, Access::Scope(_) | Access::FullAccess)
}

const fn access_text(operation: &Operation) -> &'static str {
    match operation.access {
        Access::FullAccess => {
            "Needs full access: a password, a signature, or a token without a list of scopes and \
             without an expiry."
        }
        Access::Client => {
            "For OAuth clients: `client_id` and `client_secret` as `Basic`, or in the body."
        }
        Access::Scope(_) | Access::Session | Access::Public => "",
    }
}

/// The errors that follow from what kind of operation it is.
fn common_errors(operation: &Operation, described: &Description) -> Vec<u16> {
    let takes_basic =
        matches!(Dialect::from_path(operation.path), Dialect::Hub | Dialect::Rollcall);
    let statuses: &[(u16, bool)] = &[
        (400, true),
        (401, operation.access != Access::Public),
        (403, is_of_user(operation)),
        (409, is_of_user(operation) && operation.method != "GET"),
        (412, is_of_user(operation) && (operation.method != "GET" || described.has_etag)),
        (413, true),
        (415, described.body.is_some()),
        (422, is_of_user(operation) && operation.method != "GET"),
        (429, is_of_user(operation) && takes_basic),
        // One operation needs neither the table nor a key; of the other whatever is wrong is 503.
        (500, !["hub-oauth-metadata", "rollcall-get-health"].contains(&operation.name)),
        (503, operation.name != "hub-oauth-metadata"),
    ];
    statuses.iter().filter(|(_, occurs)| *occurs).map(|(status, _)| *status).collect()
}

fn success(
    response: &crate::description::Response,
    is_write: bool,
    has_etag: bool,
    document: &Document,
) -> Value {
    let mut headers = common_headers();
    if is_write {
        headers["Idempotency-Replayed"] = reference("headers", "Replayed");
    }
    if has_etag {
        headers["ETag"] = reference("headers", "ETag");
    }
    for (name, header) in &response.headers {
        headers[name.trim_end_matches('?')] = header.clone();
    }
    let mut written = json!({ "description": response.text, "headers": headers });
    if let Some((media_type, schema)) = &response.content {
        let schema = schema.clone().into_value();
        written["content"] = json!({ *media_type: { "schema": schema } });
        if let Some(example) = example::from_schema(&schema, &document.components) {
            written["content"][*media_type]["example"] = example;
        }
    }
    written
}

fn unchanged() -> Value {
    let mut headers = common_headers();
    headers["ETag"] = reference("headers", "ETag");
    json!({ "description": "The resource has the tag of `If-None-Match`.", "headers": headers })
}

fn request_body(body: &RequestBody, operation: &Operation) -> Value {
    let mut content = json!({ "schema": body.schema.clone().into_value() });
    if let Some(example) = example::from_event(operation.name) {
        content["example"] = example;
    }
    let mut written = json!({ "required": body.required, "content": { body.media_type: content } });
    if !body.others.is_empty() {
        written[MORE_MEDIA_TYPES] = json!(body.others);
    }
    written
}

/// In which media types the body may be beside its own.
fn others_text(body: &RequestBody) -> String {
    let named: Vec<_> = body.others.iter().map(|own| format!("`{own}`")).collect();
    if named.is_empty() {
        return String::new();
    }
    format!("The fields may be sent as {}, too.", named.join(" or "))
}

/// The headers that clients of many operations may send.
fn header_parameters() -> Value {
    let tags = |text: &str| string().about(text).example("\"p1nAtQ0oTSyGfI7Z3QmB6w\"");
    let max = shared::limits::MAX_IDEMPOTENCY_KEY;
    let key = pattern(&format!("^(\"[!#-\\[\\]-~]{{1,{max}}}\"|[!#-\\[\\]-~]{{1,{max}}})$"));
    let key = key
        .about(
            "Names the request, so that it can be sent again: for 24 hours the same request gets \
             the same response, and nothing happens again. 1 to 255 visible ASCII characters, bare \
             or in double quotes.",
        )
        .example("8e03978e-40d5-43e8-bc93-6894a57f9324");
    json!({
        "IdempotencyKey": parameter("header", "Idempotency-Key", false, key),
        "IfMatch": parameter("header", "If-Match", false, tags(
            "Tags, one of which the resource must have; else the response is 412.")),
        "IfNoneMatch": parameter("header", "If-None-Match", false, tags(
            "Tags, none of which the resource may have; else the response is 304 to a GET, and 412 \
             to other methods.")),
    })
}

impl Document {
    /// The document as a value.
    pub fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Drops the components that nothing refers to.
    fn drop_unused(&mut self) {
        loop {
            let text = self.value().to_string();
            let mut dropped = false;
            for (kind, components) in &mut self.components {
                let Value::Object(components) = components else { continue };
                let is_used =
                    |name: &str| text.contains(&format!("\"#/components/{kind}/{name}\""));
                let before = components.len();
                components.retain(|name, _| kind == "securitySchemes" || is_used(name));
                dropped |= components.len() < before;
            }
            self.components
                .retain(|_, components| components.as_object().is_some_and(|own| !own.is_empty()));
            if !dropped {
                return;
            }
        }
    }
}

/// The security scheme of user tokens.
pub(crate) fn token_scheme() -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "description": "A user token, `rcu_…`, after `Bearer` or bare. A token without a list of \
            scopes has all of them; one with a list needs the scope that the operation names.",
    })
}

/// The security scheme of a username, or an address, and a password.
pub(crate) fn password_scheme() -> Value {
    json!({
        "type": "http",
        "scheme": "basic",
        "description": "A username or an e-mail address, and the password, in UTF-8. After ten \
            wrong ones within 15 minutes it is 429 for as long. In place of the password a user \
            token of that user may stand, which counts as it does after `Bearer`; with a second \
            factor on only that is accepted.",
    })
}

/// The security scheme of OAuth clients.
pub(crate) fn client_scheme() -> Value {
    json!({
        "type": "http",
        "scheme": "basic",
        "description": "An OAuth client's id and secret, form-encoded (RFC 6749, section 2.3.1).",
    })
}
