//! The line of one request.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Response;
use axum::http::request::Parts;
use devkit::console::RequestSummary;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;
use shared::lifetimes::SIGNATURE_TOLERANCE;

use super::paint::{Colour, Paint};

/// The longest reason that is shown.
const MAX_REASON_CHARS: usize = 120;

/// A request and its response.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange {
    time: Timestamp,
    method: String,
    /// Without its query, which may hold a code or an address.
    path: String,
    /// The date of a signature.
    date: Option<String>,
    status: u16,
    elapsed: Duration,
    /// What the response says of an error.
    message: Option<String>,
    /// The function's id of the request, which its log line has too.
    pub(super) id: Option<String>,
}

impl Exchange {
    pub(super) fn new(request: &Parts, response: &Response<Bytes>, elapsed: Duration) -> Self {
        let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        Self {
            time: Timestamp::now(),
            method: request.method.to_string(),
            path: request.uri.path().to_owned(),
            date: request.headers.get("x-date").and_then(text),
            status: response.status().as_u16(),
            elapsed,
            message: is_error.then(|| message(response.body())).flatten(),
            id: response.headers().get("x-request-id").and_then(text),
        }
    }

    /// The request with what the function's log line adds.
    pub(super) fn summary(&self, log: Option<&Value>, user: Option<&str>) -> RequestSummary {
        let text = |name: &str| log.and_then(|log| log[name].as_str()).map(str::to_owned);
        RequestSummary {
            time: self.time,
            method: self.method.clone(),
            path: shown_path(&printable(&self.path)),
            status: self.status,
            reason: self.reason(log),
            elapsed: self.elapsed,
            calls: log.map(|log| log["DynamoDBCalls"].as_u64().unwrap_or_default()),
            units: log.and_then(|log| log["capacityUnits"].as_f64()),
            is_replayed: log.is_some_and(|log| log["replayed"] == 1),
            user: log.and(user).map(str::to_owned),
            credential: text("credential").filter(|own| own != "client"),
            client: text("client"),
        }
    }

    /// Why the request was rejected or has failed.
    fn reason(&self, log: Option<&Value>) -> Option<String> {
        let text = |name: &str| log.and_then(|log| log[name].as_str());
        let reason = if let Some(check) = text("signatureRejected") {
            format!("signature: {}", self.signature(check))
        } else if let Some(error) = text("error") {
            error.to_owned()
        } else {
            let message = self.message.clone()?;
            match text("event") {
                Some(event) => format!("{}: {message}", event.replace('_', " ")),
                None => message,
            }
        };
        let reason = printable(&reason);
        if reason.chars().count() <= MAX_REASON_CHARS {
            return Some(reason);
        }
        Some(reason.chars().take(MAX_REASON_CHARS - 1).chain(['…']).collect())
    }

    fn signature(&self, check: &str) -> String {
        match check {
            "key" => "no such API key".to_owned(),
            "mac" => "another secret, or something else was signed".to_owned(),
            "date" => "the date is missing or malformed".to_owned(),
            "clock" => self.clock().unwrap_or_else(|| "the date is too far off".to_owned()),
            "user" => "the user is deleted or disabled".to_owned(),
            "query" => "the query is not signed".to_owned(),
            other => other.to_owned(),
        }
    }

    /// How far the date is off, if it is in a format that says it without a name of a zone.
    fn clock(&self) -> Option<String> {
        let date = rfc2822::parse(self.date.as_deref()?).ok()?.timestamp();
        let seconds = self.time.duration_since(date).as_secs();
        let (minutes, off) = (seconds / 60, seconds.abs() / 60);
        (seconds.abs() >= SIGNATURE_TOLERANCE).then(|| {
            let unit = if off == 1 { "minute" } else { "minutes" };
            let what = if minutes > 0 { "old" } else { "ahead" };
            format!("date is {off} {unit} {what}")
        })
    }
}

/// The line of a request.
pub(super) fn line(request: &RequestSummary, paint: Paint) -> String {
    let status_colour = match request.status {
        ..400 => Colour::Green,
        400..500 => Colour::Yellow,
        _ => Colour::Red,
    };
    let mut parts = vec![
        paint.with(Colour::Dim, request.time.strftime("%H:%M:%S")),
        request.method.clone(),
        request.path.clone(),
        paint.with(status_colour, request.status),
    ];
    parts.extend(request.reason.as_ref().map(|reason| paint.with(status_colour, reason)));
    parts.push(paint.with(Colour::Dim, format_args!("{} ms", request.elapsed.as_millis())));
    if let Some(calls) = request.calls {
        let noun = if calls == 1 { "call" } else { "calls" };
        parts.push(paint.with(Colour::Dim, format_args!("{calls} {noun}")));
    }
    parts.extend(request.is_replayed.then(|| "replayed".to_owned()));
    parts.extend(request.user.clone());
    parts.extend(request.credential.clone());
    parts.extend(request.client.as_ref().map(|client| format!("client {client}")));
    parts.join(" ")
}

/// What an error says, in any dialect.
fn message(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(error) = body["errors"].as_array() {
        return Some(error.iter().filter_map(text).collect::<Vec<_>>().join("; "));
    }
    let named = ["error_description", "error", "detail", "message"];
    named.iter().find_map(|name| text(&body[name])).or_else(|| {
        let fields = body.as_object()?.iter();
        let fields =
            fields.filter_map(|(name, texts)| Some(format!("{name}: {}", texts[0].as_str()?)));
        Some(fields.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
    })
}

/// The path with a placeholder for each address and each token of a mail: no log has one.
fn shown_path(path: &str) -> String {
    let shown = |part| match part {
        part if is_address(part) => "{address}",
        part if is_token(part) => "{token}",
        part => part,
    };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

fn is_address(part: &str) -> bool {
    part.contains('@') || part.to_lowercase().contains("%40")
}

/// Whether it begins as all of Rollcall's tokens do, also one that lost a character on the way.
fn is_token(part: &str) -> bool {
    part.starts_with("rc") && part.as_bytes().get(3) == Some(&b'_')
}

/// The text without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().map(|own| if own.is_control() { '\u{fffd}' } else { own }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use serde_json::json;

    #[test]
    fn an_address_or_a_token_in_a_path_is_shown_as_a_placeholder() {
        let path = "/rollcall/v1/users/self/emails/jane%40example.com";

        assert_eq!(shown_path(path), "/rollcall/v1/users/self/emails/{address}");
        assert_eq!(shown_path("/a/j@x/b"), "/a/{address}/b");
        assert_eq!(shown_path("/account/reset/rcw_YOUR_TOKEN"), "/account/reset/{token}");
        assert_eq!(shown_path("/v1/accounts/"), "/v1/accounts/");
    }

    fn exchange(status: u16, body: &Value, date: &str) -> Exchange {
        let request = Request::get("/v1/accounts?email=a").header("x-date", date).body(()).unwrap();
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status.try_into().unwrap();
        let exchange =
            Exchange::new(&request.into_parts().0, &response, Duration::from_micros(7_900));
        Exchange { time: "2026-11-28T12:03:11Z".parse().unwrap(), ..exchange }
    }

    fn line(status: u16, body: &Value, log: Option<&Value>) -> String {
        let date = "Sat, 28 Nov 2026 11:47:00 GMT";
        super::line(&exchange(status, body, date).summary(log, Some("janedoe")), Paint::plain())
    }

    #[test]
    fn a_success_has_its_duration_calls_user_and_credential() {
        let log = json!({ "DynamoDBCalls": 2, "credential": "token", "user": "some-id" });

        assert_eq!(
            line(200, &json!({}), Some(&log)),
            "12:03:11 GET /v1/accounts 200 7 ms 2 calls janedoe token"
        );
    }

    #[test]
    fn a_rejection_has_its_reason() {
        let calls = json!({ "DynamoDBCalls": 1 });
        let with = |name: &str, value: &str| {
            let mut log = calls.clone();
            log[name] = value.into();
            log
        };
        for (status, body, log, reason) in [
            (
                401,
                json!({ "error": "x" }),
                with("signatureRejected", "clock"),
                "signature: date is 16 minutes old",
            ),
            (
                401,
                json!({ "error": "x" }),
                with("signatureRejected", "key"),
                "signature: no such API key",
            ),
            (
                401,
                json!({ "detail": "the credential is not valid" }),
                with("event", "sign_in_rejected"),
                "sign in rejected: the credential is not valid",
            ),
            (404, json!({ "error": "account not found" }), calls.clone(), "account not found"),
            (400, json!({ "errors": ["a: b", "c: d"] }), calls.clone(), "a: b; c: d"),
            (400, json!({ "email": ["must be one"] }), calls.clone(), "email: must be one"),
            (
                404,
                json!({ "detail": "token not found", "title": "Not Found" }),
                calls.clone(),
                "token not found",
            ),
            (
                503,
                json!({ "error": "x" }),
                with("error", "could not read: timeout"),
                "could not read: timeout",
            ),
            (400, json!({ "error": "a\u{1b}[2J" }), calls.clone(), "a\u{fffd}[2J"),
        ] {
            let expected =
                format!("12:03:11 GET /v1/accounts {status} {reason} 7 ms 1 call janedoe");
            let line = line(status, &body, Some(&log));
            assert_eq!(line.strip_suffix(" token").unwrap_or(&line), expected);
        }
    }

    #[test]
    fn without_a_functions_response_the_reason_is_the_gateways_message() {
        assert_eq!(
            line(413, &json!({ "message": "Request Too Long" }), None),
            "12:03:11 GET /v1/accounts 413 Request Too Long 7 ms"
        );
    }
}
