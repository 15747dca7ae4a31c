//! The errors that operations have in common, in the format of each dialect.

use serde_json::{Value, json};

use shared::http::Dialect;

use crate::description::{HTML, JSON, challenge, common_headers, header, reference, retry_after};
use crate::schema::{
    Schema, always, choice, constant, integer, list, one_of, pattern, string, view,
};

const PROBLEM: &str = "application/problem+json";

/// What errors of a status have in common.
struct Kind {
    status: u16,
    /// The name of its component.
    name: &'static str,
    text: &'static str,
    /// The codes of problem documents.
    codes: &'static [&'static str],
    /// The codes of OAuth.
    oauth_codes: &'static [&'static str],
}

const fn kind(
    status: u16,
    name: &'static str,
    codes: &'static [&'static str],
    oauth_codes: &'static [&'static str],
    text: &'static str,
) -> Kind {
    Kind { status, name, text, codes, oauth_codes }
}

/// The errors by status.
const ERRORS: &[Kind] = &[
    kind(
        400,
        "BadRequest",
        &["invalid_request"],
        &["invalid_request", "invalid_grant", "invalid_scope", "unsupported_grant_type"],
        "A field, a parameter or the body is not as documented.",
    ),
    kind(
        401,
        "Unauthorized",
        &[
            "credential_required",
            "invalid_credential",
            "user_token_required",
            "second_factor_required",
        ],
        &["invalid_client"],
        "No credential was sent, or one that is malformed, unknown, wrong, expired or revoked.",
    ),
    kind(
        403,
        "Forbidden",
        &["insufficient_scope", "forbidden", "other_recipient", "address_not_proved"],
        &[],
        "The credential lacks the scope or full access, or the caller may not do this.",
    ),
    kind(404, "NotFound", &["not_found"], &[], "It does not exist, or not for the caller."),
    kind(
        405,
        "MethodNotAllowed",
        &["method_not_allowed"],
        &["invalid_request"],
        "The path does not support the method.",
    ),
    kind(
        409,
        "Conflict",
        &[
            "conflict",
            "limit_reached",
            "owner_must_transfer",
            "last_admin",
            "last_way_in",
            "not_admin",
            "already_member",
            "idempotency_key_in_use",
        ],
        &[],
        "A value is taken, a limit is reached, the change was made already, or a request with the \
         same `Idempotency-Key` is in progress.",
    ),
    kind(
        410,
        "Gone",
        &["link_ended", "used", "declined", "revoked", "expired", "replaced"],
        &[],
        "The link was used, was replaced by a newer one, or has expired.",
    ),
    kind(
        412,
        "PreconditionFailed",
        &["precondition_failed"],
        &[],
        "The resource is not as `If-Match` or `If-None-Match` demands, or has no tag to match.",
    ),
    kind(
        413,
        "PayloadTooLarge",
        &["body_too_large"],
        &["invalid_request"],
        "The body is larger than 64 KiB.",
    ),
    kind(
        415,
        "UnsupportedMediaType",
        &["unsupported_media_type"],
        &["invalid_request"],
        "The body has another media type, or is encoded.",
    ),
    kind(
        422,
        "IdempotencyKeyReused",
        &["idempotency_key_reused"],
        &[],
        "The `Idempotency-Key` was used with another request before.",
    ),
    kind(
        429,
        "TooManyRequests",
        &["too_many_attempts", "too_many_mails"],
        &["temporarily_unavailable"],
        "Too many passwords were tried.",
    ),
    kind(500, "InternalError", &["internal"], &["server_error"], "A fault of the service."),
    kind(501, "NotImplemented", &["mail_not_configured"], &[], "The service sends no mail."),
    kind(
        503,
        "Unavailable",
        &["unavailable"],
        &["temporarily_unavailable"],
        "The service is busy. A write may have happened; with an `Idempotency-Key` it can be sent \
         again.",
    ),
];

fn find(status: u16) -> Option<&'static Kind> {
    ERRORS.iter().find(|kind| kind.status == status)
}

/// What the names of the components of a dialect's errors begin with.
const fn prefix(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OAuth | Dialect::RollcallOAuth => "OAuth",
        Dialect::OAuthPage | Dialect::Pages => "Page",
        Dialect::None => "Plain",
        Dialect::Quave
        | Dialect::Golem
        | Dialect::E24
        | Dialect::Hub
        | Dialect::Rollcall
        | Dialect::WebAuthn => "",
    }
}

/// The name of the component for the errors of this status.
pub(crate) fn component(dialect: Dialect, status: u16) -> String {
    let name = find(status).map_or("", |kind| kind.name);
    format!("{}{name}", prefix(dialect))
}

/// The components of a dialect: a response for each status.
pub(crate) fn components(dialect: Dialect) -> impl Iterator<Item = (String, Value)> {
    ERRORS.iter().map(move |kind| {
        let mut response = response(dialect, kind.status);
        if let Some(name) = schema_name(dialect, kind)
            && let Some(content) = response["content"].as_object_mut()
        {
            for (_, content) in content {
                content["schema"] = reference("schemas", &name);
            }
        }
        (component(dialect, kind.status), response)
    })
}

/// The schemas that these responses have, by name: generated clients make a type of each.
pub(crate) fn schemas(dialect: Dialect) -> impl Iterator<Item = (String, Value)> {
    ERRORS.iter().filter_map(move |kind| {
        let (_, schema) = body(dialect, kind);
        Some((schema_name(dialect, kind)?, schema.into_value()))
    })
}

/// The name of the schema of an error's body; errors with the same body have the same. A page has
/// none.
fn schema_name(dialect: Dialect, kind: &Kind) -> Option<String> {
    let is_of_path = matches!(kind.status, 404 | 405);
    let prefix = prefix(dialect);
    match dialect {
        Dialect::OAuthPage | Dialect::Pages => None,
        Dialect::Quave | Dialect::Golem | Dialect::Hub if kind.status == 400 => {
            Some("ValidationError".to_owned())
        }
        Dialect::OAuth | Dialect::RollcallOAuth if !is_of_path => {
            Some(format!("{prefix}{}Error", kind.name))
        }
        Dialect::Rollcall | Dialect::RollcallOAuth => Some(format!("{prefix}{}Problem", kind.name)),
        _ => Some(format!("{prefix}Error")),
    }
}

/// The response to an error with this status.
pub fn response(dialect: Dialect, status: u16) -> Value {
    let Some(kind) = find(status) else { return Value::Null };
    let mut headers = common_headers();
    let (name, own) = match status {
        401 => ("WWW-Authenticate", reference("headers", "Challenge")),
        403 => ("WWW-Authenticate", challenge(false)),
        405 => ("Allow", allow()),
        409 => ("Retry-After", retry_after(false)),
        415 => ("Accept-Encoding", accept_encoding()),
        429 | 503 => ("Retry-After", reference("headers", "RetryAfter")),
        _ => ("", Value::Null),
    };
    if !name.is_empty() {
        headers[name] = own;
    }
    if matches!(dialect, Dialect::OAuthPage | Dialect::Pages) {
        headers["X-Frame-Options"] = header(true, frame_options());
    }
    let (media_type, body) = body(dialect, kind);
    json!({
        "description": kind.text,
        "headers": headers,
        "content": { media_type: { "schema": body.into_value() } },
    })
}

fn body(dialect: Dialect, kind: &Kind) -> (&'static str, Schema) {
    let status = kind.status;
    let message = || string().about("What is wrong, for people.").example("account not found");
    let texts = |text| list(string().example("name: is required")).about(text);
    let is_of_path = matches!(status, 404 | 405);
    let body = match (dialect, status) {
        (Dialect::Quave, 400) => {
            view([("error", message()), ("details", texts("Each field and what is wrong."))])
        }
        (Dialect::Golem, 400) => view([("errors", texts("Every problem found."))]),
        (Dialect::Quave | Dialect::Golem | Dialect::None, _) => view([("error", message())]),
        (Dialect::E24, _) => {
            view([("success", always(false).about("It failed.")), ("error", message())])
        }
        (Dialect::Hub, 400) => hub_fields(message()),
        (Dialect::OAuthPage | Dialect::Pages, _) => {
            return (HTML, string().about("A page that says what is wrong."));
        }
        (Dialect::RollcallOAuth, 400) => oauth(&["invalid_request"]),
        (Dialect::OAuth | Dialect::RollcallOAuth, _) if !is_of_path => oauth(kind.oauth_codes),
        (Dialect::Hub | Dialect::OAuth, _) => view([("detail", message())]),
        (Dialect::Rollcall | Dialect::RollcallOAuth | Dialect::WebAuthn, _) => {
            return (PROBLEM, problem(status, kind.codes));
        }
    };
    (JSON, body)
}

/// Either the error of the body as a whole, or the errors of its fields.
fn hub_fields(message: Schema) -> Schema {
    let by_field = crate::schema::body([])
        .with("minProperties", 1)
        .with("additionalProperties", list(string()).not_empty().into_value())
        .about("What is wrong with each field.")
        .example(json!({ "email": ["is taken"] }));
    choice([by_field, view([("detail", message)])])
        .about("Each field with what is wrong with it, or `detail` with what is wrong otherwise.")
}

fn problem(status: u16, codes: &[&str]) -> Schema {
    let title = string().about("The status in words.").example("Not Found");
    let number =
        integer().range(status.into()..=status.into()).about("The status.").example(status);
    let detail = string().about("What is wrong, for people; may change.").example("not found");
    let code = one_of(codes).about("What is wrong, for programs; does not change.");
    let fields = [("title", title), ("status", number), ("detail", detail), ("code", code)];
    if status != 400 {
        return view(fields);
    }
    let field = string().about("The field or parameter; `body` for the whole.").example("name");
    let text = string().about("What is wrong with it.").example("is required");
    let errors = list(view([("field", field), ("detail", text)])).about("Every error found.");
    let [title, number, detail, code] = fields;
    view([title, number, detail, code, ("errors", errors)])
}

fn oauth(codes: &[&str]) -> Schema {
    let code = one_of(codes).about("The error of RFC 6749, section 5.2.");
    let text = pattern("^[ !#-\\[\\]-~]*$").about("What is wrong, for people; may change.");
    view([("error", code), ("error_description", text.example("token: is required"))])
}

fn allow() -> Value {
    header(true, string().about("The methods that the path supports.").example("DELETE, GET"))
}

fn accept_encoding() -> Value {
    header(false, constant("identity").about("The body was encoded, and must not be."))
}

/// The header that keeps a page out of frames.
pub(crate) fn frame_options() -> Schema {
    constant("DENY").about("The page cannot be framed.")
}
