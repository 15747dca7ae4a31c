//! What a group's table of operations cannot know: parameters, bodies, responses.

use serde_json::{Map, Value, json};

use crate::schema::{Schema, constant, pattern};

/// JSON, as every dialect takes it.
pub(crate) const JSON: &str = "application/json";
/// A form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// A form that may have files elsewhere.
pub(crate) const MULTIPART: &str = "multipart/form-data";
/// A page.
pub(crate) const HTML: &str = "text/html";

/// One operation, described.
pub(crate) struct Description {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) text: &'static str,
    pub(crate) parameters: Vec<Value>,
    pub(crate) body: Option<RequestBody>,
    pub(crate) responses: Vec<(u16, Response)>,
    /// Whether the response shows a single resource, with its `ETag`.
    pub(crate) has_etag: bool,
    /// Whether it does something without a credential, too.
    pub(crate) credential_is_optional: bool,
    /// What an error means here, or that there is one that others do not have.
    pub(crate) errors: Vec<(u16, &'static str)>,
}

/// The body of a request.
pub(crate) struct RequestBody {
    pub(crate) schema: Schema,
    pub(crate) media_type: &'static str,
    /// What else is accepted. Only words and an extension say so: of a body with a form among its
    /// media types, generators make clients that do not compile.
    pub(crate) others: &'static [&'static str],
    pub(crate) required: bool,
}

/// A success.
pub(crate) struct Response {
    pub(crate) text: &'static str,
    pub(crate) content: Option<(&'static str, Schema)>,
    /// Its own headers, by name; those whose name ends in `?` may be absent.
    pub(crate) headers: Vec<(&'static str, Value)>,
}

/// An operation by its name, and in a few words what it does.
pub(crate) fn describe(name: &'static str, summary: &'static str) -> Description {
    Description {
        name,
        summary,
        text: "",
        parameters: Vec::new(),
        body: None,
        responses: Vec::new(),
        has_etag: false,
        credential_is_optional: false,
        errors: Vec::new(),
    }
}

impl Description {
    /// What else is to be known of it.
    pub(crate) fn text(self, text: &'static str) -> Self {
        Self { text, ..self }
    }

    /// A parameter in the path.
    pub(crate) fn path(self, name: &str, schema: Schema) -> Self {
        self.parameter("path", name, true, schema)
    }

    /// A parameter in the query; one whose name ends in `?` may be absent.
    pub(crate) fn query(self, name: &str, schema: Schema) -> Self {
        self.parameter("query", name.trim_end_matches('?'), !name.ends_with('?'), schema)
    }

    fn parameter(mut self, place: &str, name: &str, required: bool, schema: Schema) -> Self {
        self.parameters.push(parameter(place, name, required, schema));
        self
    }

    /// A body in JSON.
    pub(crate) fn json(self, schema: Schema) -> Self {
        self.body(schema, JSON)
    }

    /// A form.
    pub(crate) fn form(self, schema: Schema) -> Self {
        self.body(schema, FORM)
    }

    fn body(self, schema: Schema, media_type: &'static str) -> Self {
        let body = RequestBody { schema, media_type, others: &[], required: true };
        Self { body: Some(body), ..self }
    }

    /// The body may be in these media types, too.
    pub(crate) fn or_as(mut self, media_types: &'static [&'static str]) -> Self {
        self.body.iter_mut().for_each(|body| body.others = media_types);
        self
    }

    /// The body may be left out.
    pub(crate) fn body_is_optional(mut self) -> Self {
        self.body.iter_mut().for_each(|body| body.required = false);
        self
    }

    /// It does something without a credential, too.
    pub(crate) fn credential_is_optional(self) -> Self {
        Self { credential_is_optional: true, ..self }
    }

    /// A success that shows something, in JSON.
    pub(crate) fn shows(self, status: u16, text: &'static str, schema: Schema) -> Self {
        self.responds(status, text, Some((JSON, schema)))
    }

    /// A success of any kind.
    pub(crate) fn responds(
        mut self,
        status: u16,
        text: &'static str,
        content: Option<(&'static str, Schema)>,
    ) -> Self {
        self.responses.push((status, Response { text, content, headers: Vec::new() }));
        self
    }

    /// A header of the success before it; one whose name ends in `?` may be absent.
    pub(crate) fn with_header(mut self, name: &'static str, schema: Schema) -> Self {
        if let Some((_, response)) = self.responses.last_mut() {
            response.headers.push((name, header(!name.ends_with('?'), schema)));
        }
        self
    }

    /// The success shows a single resource, with its `ETag`.
    pub(crate) fn etag(self) -> Self {
        Self { has_etag: true, ..self }
    }

    /// What an error means here.
    pub(crate) fn error(mut self, status: u16, text: &'static str) -> Self {
        self.errors.push((status, text));
        self
    }
}

/// A parameter; its description and example move out of its schema.
pub(crate) fn parameter(place: &str, name: &str, required: bool, schema: Schema) -> Value {
    let mut parameter = described(schema);
    parameter.insert("name".to_owned(), name.into());
    parameter.insert("in".to_owned(), place.into());
    if required {
        parameter.insert("required".to_owned(), true.into());
    }
    parameter.into()
}

/// A header of a response.
pub(crate) fn header(required: bool, schema: Schema) -> Value {
    let mut header = described(schema);
    if required {
        header.insert("required".to_owned(), true.into());
    }
    header.into()
}

fn described(schema: Schema) -> Map<String, Value> {
    let Value::Object(mut schema) = schema.into_value() else { return Map::new() };
    let description = schema.remove("description").unwrap_or_default();
    let example = schema.remove("examples").map(|examples| examples[0].clone());
    let mut described = Map::from_iter([
        ("description".to_owned(), description),
        ("schema".to_owned(), schema.into()),
    ]);
    described.extend(example.map(|example| ("example".to_owned(), example)));
    described
}

/// A component.
pub(crate) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// The headers that every response has and that say something to clients.
pub(crate) fn common_headers() -> Value {
    json!({
        "X-Request-Id": reference("headers", "RequestId"),
        "Cache-Control": reference("headers", "CacheControl"),
    })
}

/// The headers that more than one response has, by the names of their components.
pub fn header_components() -> Value {
    json!({
        "RequestId": header(true, pattern("^[!-~]+$")
            .about("Identifies the request; the service's log lines have it too.")
            .example("8a3f0c1e-5a0b-4c0d-9e1f-3b7c2d1a0f4e")),
        "CacheControl": header(true, constant("no-store")
            .about("Nothing is stored on the way.")),
        "Replayed": header(false, constant("true")
            .about("The response was stored under the request's `Idempotency-Key`, and nothing \
                    happened again.")),
        "ETag": header(true, pattern("^\"[A-Za-z0-9_-]+\"$")
            .about("The resource's tag, for `If-Match` and `If-None-Match`.")
            .example("\"p1nAtQ0oTSyGfI7Z3QmB6w\"")),
        "RetryAfter": retry_after(true),
        "Challenge": challenge(true),
    })
}

/// When to send the request again.
pub(crate) fn retry_after(required: bool) -> Value {
    header(required, pattern("^[0-9]+$").about("Seconds to wait before trying again.").example("1"))
}

/// Which credentials are accepted, and what was wrong with the one that was sent.
pub(crate) fn challenge(required: bool) -> Value {
    let challenge = pattern("^(Bearer|Basic) realm=\"rollcall\"");
    header(
        required,
        challenge
            .about(
                "Which credentials are accepted (RFC 6750, RFC 7617), and which scope is missing.",
            )
            .example("Bearer realm=\"rollcall\", error=\"invalid_token\""),
    )
}
