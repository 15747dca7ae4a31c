//! Events of payload format 2.0.
//!
//! What Amazon's documentation leaves open is from captures of deployed HTTP APIs: the path is
//! decoded, and ends at a decoded question mark; the query string is not; a body is text for few
//! media types, which forms are not among.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use axum::http::header::{
    CONNECTION, CONTENT_TYPE, COOKIE, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    USER_AGENT,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::{key, route};

/// The domain of the API: no header of the request decides it.
const DOMAIN: &str = "localhost";
/// They are about the connection, or stand elsewhere in the event.
const LEFT_OUT: [HeaderName; 9] = [
    CONNECTION,
    COOKIE,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What an event says that is not in the request.
#[derive(Debug, Clone)]
pub struct EventContext {
    /// The gateway's id of the request.
    pub request_id: String,
    trace_id: String,
    source: IpAddr,
    port: u16,
    time: Timestamp,
}

impl EventContext {
    /// For a request that comes from `source` to this port now.
    pub fn new(source: IpAddr, port: u16) -> Self {
        let time = Timestamp::now();
        // Ids alone: should the system give no random bytes, they are equal.
        let mut random = [0; 23];
        let _ = getrandom::fill(&mut random);
        let (request, trace) = random.split_at(11);
        let mut trace_id = format!("Root=1-{:08x}-", time.as_second());
        for byte in trace {
            let _ = write!(trace_id, "{byte:02x}");
        }
        Self { request_id: STANDARD.encode(request), trace_id, source, port, time }
    }
}

/// The event of a request that a route takes.
pub fn event(parts: &Parts, body: &[u8], route: &str, context: &EventContext) -> Value {
    let path = path(&parts.uri);
    let query = parts.uri.query().unwrap_or_default();
    let key = key(route);
    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, body.len(), context),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": DOMAIN,
            "domainName": DOMAIN,
            "domainPrefix": DOMAIN,
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": context.source.to_string(),
                "userAgent": joined(&parts.headers, &USER_AGENT),
            },
            "requestId": context.request_id,
            "routeKey": key,
            "stage": "$default",
            "time": context.time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": context.time.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    let mut add = |name: &str, members: Value| {
        event[name] = members;
    };
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        add("cookies", json!(cookies));
    }
    let parameters = query_parameters(query);
    if !parameters.is_empty() {
        add("queryStringParameters", json!(parameters));
    }
    let parameters = route::parameters(route, &path);
    if !parameters.is_empty() {
        add("pathParameters", json!(parameters));
    }
    match std::str::from_utf8(body) {
        _ if body.is_empty() => {}
        Ok(text) if is_text(&parts.headers) => add("body", json!(text)),
        _ => {
            add("body", json!(STANDARD.encode(body)));
            add("isBase64Encoded", json!(true));
        }
    }
    event
}

/// The path, decoded.
pub(super) fn path(uri: &Uri) -> String {
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    path.split('?').next().unwrap_or_default().to_owned()
}

fn headers(headers: &HeaderMap, length: usize, context: &EventContext) -> Map<String, Value> {
    let names = headers.keys().filter(|name| !LEFT_OUT.contains(name));
    let mut values: BTreeMap<String, String> =
        names.map(|name| (name.to_string(), joined(headers, name))).collect();
    let source = context.source.to_string();
    let mut add = |name: &str, value: String| values.insert(name.to_owned(), value);
    add("content-length", length.to_string());
    add("x-forwarded-port", context.port.to_string());
    add("x-forwarded-proto", "http".to_owned());
    append(&mut values, "x-forwarded-for", ", ", &source);
    values.entry("x-amzn-trace-id".to_owned()).or_insert_with(|| context.trace_id.clone());
    values.entry(HOST.to_string()).or_insert_with(|| DOMAIN.to_owned());
    values.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// All values of a header in one.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).iter().map(|value| text(value.as_bytes()));
    values.collect::<Vec<_>>().join(",")
}

/// UTF-8, else Latin-1, in which each byte is a character.
fn text(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => text.into(),
        Err(_) => value.iter().map(|byte| char::from(*byte)).collect::<String>().into(),
    }
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter().map(|value| text(value.as_bytes()));
    let lines: Vec<_> = lines.collect();
    let cookies = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
    cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        append(&mut parameters, &name, ",", &value);
    }
    parameters
}

/// Adds a value to those that the name has.
fn append(values: &mut BTreeMap<String, String>, name: &str, separator: &str, value: &str) {
    match values.get_mut(name) {
        Some(values) => values.extend([separator, value]),
        None => drop(values.insert(name.to_owned(), value.to_owned())),
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    const TEXT: [&str; 3] = ["application/json", "application/javascript", "application/xml"];
    let media_type = joined(headers, &CONTENT_TYPE).to_ascii_lowercase();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.starts_with("text/") || TEXT.contains(&essence)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;
    use crate::gateway::Routes;
    use crate::template::Template;
    use crate::workspace;

    fn event_of(method: &str, target: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Value {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let routes = Routes::new(&Template::load().unwrap());
        let path = path(&parts.uri);
        let (route, _) = routes.find(&path).unwrap();
        event(&parts, body, route, &EventContext::new("203.0.113.10".parse().unwrap(), 443))
    }

    fn text_of(value: &Value) -> &str {
        value.as_str().unwrap_or_default()
    }

    /// What differs from request to request and from API to API.
    fn without_names_and_times(mut event: Value) -> Value {
        let context = event["requestContext"].as_object_mut().unwrap();
        for name in
            ["accountId", "apiId", "domainName", "domainPrefix", "requestId", "time", "timeEpoch"]
        {
            let value = context.insert(name.to_owned(), Value::Null);
            assert!(value.is_some(), "{name}");
        }
        for name in ["x-amzn-trace-id", "x-forwarded-proto"] {
            assert!(!event["headers"][name].is_null(), "{name}");
            event["headers"][name] = Value::Null;
        }
        event
    }

    #[test]
    fn the_event_of_every_documented_request_is_the_one_in_events() {
        let files = std::fs::read_dir(workspace::root().join("events")).unwrap();
        let mut count = 0;
        for file in files {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let mut expected: Value = serde_json::from_str(&text).unwrap();
            let query = text_of(&expected["rawQueryString"]);
            let separator = if query.is_empty() { "" } else { "?" };
            let target = format!("{}{separator}{query}", text_of(&expected["rawPath"]));
            let sent = expected["headers"].as_object().unwrap().iter();
            let sent = sent.filter(|(name, _)| !name.starts_with("x-"));
            // The event has cookies beside the headers.
            let cookies = expected["cookies"].as_array().into_iter().flatten();
            let cookies = cookies.map(|cookie| ("cookie", text_of(cookie).as_bytes()));
            let headers: Vec<_> = sent
                .map(|(name, value)| (name.as_str(), text_of(value).as_bytes()))
                .chain(cookies)
                .collect();
            let method = text_of(&expected["requestContext"]["http"]["method"]);
            let body = text_of(&expected["body"]).to_owned();

            let made = event_of(method, &target, &headers, body.as_bytes());

            // The files have forms as text, so that people can read them.
            if made["isBase64Encoded"] == true {
                assert_eq!(expected["headers"]["content-type"], FORM, "{target}");
                expected["body"] = json!(STANDARD.encode(body));
                expected["isBase64Encoded"] = json!(true);
            }
            assert_eq!(without_names_and_times(made), without_names_and_times(expected));
            count += 1;
        }
        assert!(count > 40);
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn repeated_headers_and_parameters_are_joined_and_cookies_stand_apart() {
        let headers: [(&str, &[u8]); 8] = [
            ("authorization", b"one"),
            ("AUTHORIZATION", b"two"),
            ("cookie", b"a=1; b=2"),
            ("cookie", b"c=3"),
            ("connection", b"close"),
            ("lambda-runtime-trace-id", b"x"),
            ("x-forwarded-for", b"192.0.2.1"),
            ("x-latin", b"caf\xe9"),
        ];

        let event = event_of("GET", "/v1/accounts?a=1&b=%20&a=2+3", &headers, b"");

        assert_eq!(event["headers"]["authorization"], "one,two");
        assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
        assert_eq!(event["headers"]["cookie"], Value::Null);
        assert_eq!(event["headers"]["connection"], Value::Null);
        assert_eq!(event["headers"]["lambda-runtime-trace-id"], "x");
        assert_eq!(event["headers"]["x-forwarded-for"], "192.0.2.1, 203.0.113.10");
        assert_eq!(event["headers"]["x-latin"], "caf\u{e9}");
        assert_eq!(event["rawQueryString"], "a=1&b=%20&a=2+3");
        assert_eq!(event["queryStringParameters"], json!({ "a": "1,2 3", "b": " " }));
    }

    #[test]
    fn a_body_is_text_only_if_its_media_type_is_one_of_few() {
        for (media_type, body, is_text) in [
            (Some("application/json"), &b"{}"[..], true),
            (Some("Application/JSON; charset=utf-8"), b"{}", true),
            (Some("text/csv"), b"a", true),
            (Some("application/problem+json"), b"{}", false),
            (Some(FORM), b"a=b", false),
            (Some("application/json"), b"\xff", false),
            (None, b"{}", false),
        ] {
            let headers: Vec<_> =
                media_type.iter().map(|own| ("content-type", own.as_bytes())).collect();

            let event = event_of("POST", "/v1/accounts", &headers, body);

            assert_eq!(event["isBase64Encoded"], !is_text, "{media_type:?}");
            let text = String::from_utf8_lossy(body);
            let text = if is_text { text.into_owned() } else { STANDARD.encode(body) };
            assert_eq!(event["body"], text, "{media_type:?}");
        }
    }

    #[test]
    fn a_path_is_decoded_and_ends_at_a_decoded_question_mark() {
        for (target, path) in [
            ("/v1/accounts/a%20b/plan", "/v1/accounts/a b/plan"),
            ("/v1/accounts/a%2Fplan", "/v1/accounts/a/plan"),
            ("/v1/accounts/a%3Fb/plan?c=%3F", "/v1/accounts/a"),
            ("/v1//accounts/", "/v1//accounts/"),
            ("/v1/%zz%ff", "/v1/%zz\u{fffd}"),
        ] {
            assert_eq!(event_of("GET", target, &[], b"")["rawPath"], path, "{target}");
        }
    }
}
