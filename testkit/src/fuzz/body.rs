//! Bodies: JSON, and forms in both encodings.

use std::collections::BTreeMap;
use std::future::ready;
use std::str::FromStr;
use std::sync::LazyLock;

use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::http::{HeaderMap, HeaderValue};
use lambda_http::{Body, Response};
use serde_json::{Map, Value, json};
use shared::e24::{Name, Phone};
use shared::http::{ApiRequest, Fields, ok};
use shared::model::{
    AccountName, EmailAddress, ParseError, Scope, Timestamp, TokenKind, parse_rfc3339,
};
use shared::password::NewPassword;
use shared::{Error, Result};
use tokio::runtime::{Builder, Runtime};

use super::request;
use super::shape::Sent;

/// The largest body that any operation takes, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The longest overlap of two tokens, in seconds.
const MAX_NUMBER: u64 = 30 * 24 * 3600;

/// A path of every dialect; none is called.
const PATHS: [&str; 9] = [
    "/",
    "/api/public/v1/account",
    "/api/v1.1/o/authorize/",
    "/api/v1.1/o/token/",
    "/api/v1.1/users/janedoe/",
    "/rollcall/v1/introspect",
    "/rollcall/v1/tokens",
    "/v1/accounts",
    "/v2/accounts",
];

/// When a token stops working.
struct Expiry(Timestamp);

impl FromStr for Expiry {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        parse_rfc3339(raw).map(Self)
    }
}

/// A JSON body has the parsed fields, within their limits, or is an error that every dialect can
/// show.
pub fn json(input: &[u8]) {
    let model = || serde_json::from_slice::<Map<String, Value>>(input).ok();
    check(input, "application/json", ApiRequest::json, Some(&|| model().map(BTreeMap::from_iter)));
}

/// The same of a form, whose fields are texts.
pub fn form(input: &[u8]) {
    let model = || {
        let pairs = form_urlencoded::parse(input);
        Some(pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect())
    };
    check(input, "application/x-www-form-urlencoded", ApiRequest::form, Some(&model));
}

/// A multipart form is read, or is an error that every dialect can show.
pub fn multipart(input: &[u8]) {
    check(input, "multipart/form-data; boundary=x", ApiRequest::fields_or_multipart, None);
}

/// What the fields of a body are, read in another way.
type Model<'a> = &'a dyn Fn() -> Option<BTreeMap<String, Value>>;

fn check(
    body: &[u8],
    media_type: &'static str,
    read: fn(&ApiRequest) -> Result<Fields>,
    model: Option<Model<'_>>,
) {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
    let call = |path| request::post(path, headers.clone(), body);
    let is_large = body.len() > MAX_BODY;
    match read(&call("/")).and_then(all) {
        Ok(read) => {
            if let Some(model) = model {
                assert_bounds(&read, &model().expect("fields"));
            }
        }
        Err(Error::PayloadTooLarge) => assert!(is_large),
        Err(Error::Invalid(problems)) => assert!(!problems.is_empty() && !is_large),
        Err(error) => panic!("{error}"),
    }
    for path in PATHS {
        let call = call(path);
        let respond = || ready(read(&call).and_then(all).and_then(|read| ok(&read)));
        assert_well_formed(path, &RUNTIME.block_on(call.respond(&[], respond)), body);
    }
}

/// `ApiRequest::respond` has a time limit.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// Reads a field of every type.
fn all(mut fields: Fields) -> Result<BTreeMap<&'static str, Value>> {
    let mut read = BTreeMap::new();
    let mut note = |name, value: Option<Value>| value.map(|value| read.insert(name, value));
    let name = fields.required("name");
    note("name", name.as_ref().map(|name: &AccountName| json!(name.as_str())));
    note("email", fields.optional("email").map(|email: EmailAddress| json!(email.as_entered())));
    note("first_name", fields.optional("first_name").map(|name: Name| json!(name.to_string())));
    let phone = fields.optional_text_or_number("phone");
    note("phone", phone.map(|phone: Phone| json!(String::from(phone))));
    note("kind", fields.optional("kind").map(|kind: TokenKind| json!(kind)));
    note("client_id", fields.non_empty("client_id").map(|id: String| json!(id)));
    note("password", fields.optional("password").map(|_: NewPassword| Value::Null));
    note("expiresAt", fields.optional("expiresAt").map(|Expiry(end)| json!(end)));
    note("scopes", fields.optional_list("scopes").map(|scopes: Vec<Scope>| json!(scopes)));
    note(
        "overlapSeconds",
        fields.optional_number("overlapSeconds", 0..=MAX_NUMBER).map(Value::from),
    );
    note("verified", Some(fields.optional_true("verified").into()));
    fields.into_result(name.map(|_| read))
}

/// The parsed fields are those of the body, and within their limits.
fn assert_bounds(read: &BTreeMap<&'static str, Value>, body: &BTreeMap<String, Value>) {
    let sent = |name: &str| body[name].as_str().unwrap_or_default();
    for (field, most) in [("name", 100), ("first_name", 127), ("phone", 50), ("email", 254)] {
        let Some(text) = read.get(field).and_then(Value::as_str) else { continue };
        assert!(text.chars().count() <= most && !text.contains(char::is_control), "{text:?}");
        assert_eq!(
            text,
            body[field].as_str().map_or(body[field].to_string(), |text| text.trim().to_owned())
        );
        assert!(field == "phone" || !text.is_empty(), "{field}");
    }
    if read.contains_key("password") {
        assert!((8..=256).contains(&sent("password").chars().count()));
    }
    if let Some(seconds) = read.get("overlapSeconds") {
        assert!(seconds.as_u64() <= Some(MAX_NUMBER) && *seconds == body["overlapSeconds"]);
    }
    if let Some(scopes) = read.get("scopes") {
        let sent = body["scopes"].as_array().map(Vec::len);
        assert_eq!(scopes.as_array().map(Vec::len), sent);
    }
    if read.get("verified") == Some(&json!(true)) {
        let texts = ["true", "True", "TRUE"].map(Value::from);
        assert!(body["verified"] == true || texts.contains(&body["verified"]));
    }
    for field in [
        "email",
        "first_name",
        "phone",
        "kind",
        "password",
        "expiresAt",
        "scopes",
        "overlapSeconds",
    ] {
        assert_eq!(read.contains_key(field), body.contains_key(field), "{field}");
    }
}

fn assert_well_formed(path: &str, response: &Response<Body>, body: &[u8]) {
    let text = std::str::from_utf8(response.body()).expect("a body of text");
    let status = response.status().as_u16();
    assert!([200, 400, 413].contains(&status), "{path} has status {status}");
    Sent { path, status, headers: response.headers(), body: text }.check(body.len());
}
