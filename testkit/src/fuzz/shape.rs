//! The documented format of every response (docs/api.md).

use lambda_http::http::HeaderMap;
use serde_json::Value;
use shared::http::Dialect;

/// How much a response may add to the size of its request, in bytes.
const ROOM: usize = 256 * 1024;

/// The most that escaping makes of a byte.
const ESCAPED: usize = 6;

/// Every status that is documented and is no fault of ours.
const STATUSES: [u16; 18] =
    [200, 201, 202, 204, 303, 304, 400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429];

/// A response as API Gateway receives it.
pub(super) struct Sent<'a> {
    pub(super) path: &'a str,
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a str,
}

/// Where users allow OAuth clients.
const CONSENT: &str = "/api/v1.1/o/authorize";

impl Sent<'_> {
    /// Panics if a response is a 5xx, has another format than its dialect's, or is much larger than
    /// its request.
    pub(super) fn check(&self, request_bytes: usize) {
        let Self { path, status, body, .. } = self;
        assert!(STATUSES.contains(status), "{path} has status {status}: {body}");
        assert!(body.len() <= ROOM + ESCAPED * request_bytes, "{path}: {} bytes", body.len());
        // Of the documentation alone, which is the same for all, copies may be kept.
        let is_documentation =
            *path == "/" || path.starts_with("/docs") || path.starts_with("/openapi/");
        match self.header("cache-control") {
            Some("no-store") => {}
            Some("no-cache" | "public, max-age=300") if is_documentation => {}
            other => panic!("{path} has {other:?}"),
        }
        assert!(self.header("x-request-id").is_some(), "{path}");
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{path}");
        let referrer = self.header("referrer-policy");
        // Forms in a session say where they come from.
        let has_forms = self.dialect() == Dialect::Pages || path.starts_with(CONSENT);
        let is_own_page = has_forms && referrer == Some("same-origin");
        assert!(is_own_page || referrer == Some("no-referrer"), "{path}: {referrer:?}");
        assert!(self.header("content-security-policy").is_some(), "{path}");
        assert_eq!(self.header("allow").is_some(), *status == 405, "{path} {status}");
        assert_eq!(
            self.header("location").is_some(),
            [201, 303].contains(status) && self.has_location()
        );
        if *status == 303 {
            let is_ours = |place: &str| {
                let says_who = place.contains("?iss=") || place.contains("&iss=");
                says_who || place.starts_with("/account") || place.starts_with(CONSENT)
            };
            assert!(self.header("location").is_some_and(is_ours), "{path}");
        }
        if *status == 429 {
            assert!(self.header("retry-after").is_some(), "{path}");
        }
        if *status >= 400 {
            self.check_error();
        }
    }

    /// Whether the created resource has a `Location`: addresses have none.
    fn has_location(&self) -> bool {
        self.status == 303 || self.dialect() == Dialect::Rollcall
    }

    /// A header that is there once at most.
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().expect("a header of text");
        assert!(values.next().is_none(), "{name} is there twice");
        Some(value)
    }

    fn dialect(&self) -> Dialect {
        Dialect::from_path(self.path.strip_suffix('/').unwrap_or(self.path))
    }

    fn check_error(&self) {
        let Self { path, status, body, .. } = self;
        let challenge = self.header("www-authenticate").is_some();
        let is_rejected = *status == 401 || (*status == 403 && challenge);
        assert_eq!(challenge, is_rejected, "{path} {status}");
        if matches!(self.dialect(), Dialect::OAuthPage | Dialect::Pages) {
            assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
            assert!(body.starts_with("<!DOCTYPE html>"), "{path}: {body}");
            return;
        }
        let media_type = match self.dialect() {
            Dialect::Rollcall | Dialect::WebAuthn => "application/problem+json",
            Dialect::RollcallOAuth if self.is_of_path() => "application/problem+json",
            _ => "application/json; charset=utf-8",
        };
        assert_eq!(self.header("content-type"), Some(media_type), "{path}");
        let error: Value = serde_json::from_str(body).expect("a body of JSON");
        assert!(self.is_documented(&error), "{path} {status}: {body}");
    }

    /// Whether the dialect has errors of this shape.
    fn is_documented(&self, error: &Value) -> bool {
        let is_invalid = self.status == 400;
        match self.dialect() {
            Dialect::Quave if is_invalid => {
                has(error, &["details", "error"])
                    && is_text(&error["error"])
                    && are_texts(&error["details"])
            }
            Dialect::Golem if is_invalid => has(error, &["errors"]) && are_texts(&error["errors"]),
            Dialect::Quave | Dialect::Golem | Dialect::None => {
                has(error, &["error"]) && is_text(&error["error"])
            }
            Dialect::E24 => {
                has(error, &["error", "success"])
                    && error["success"] == false
                    && is_text(&error["error"])
            }
            Dialect::Hub if is_invalid && !is_text(&error["detail"]) => {
                error.as_object().is_some_and(|fields| fields.values().all(are_texts))
            }
            Dialect::OAuth | Dialect::RollcallOAuth if !self.is_of_path() => {
                has(error, &["error", "error_description"])
                    && is_text(&error["error"])
                    && is_description(&error["error_description"])
            }
            Dialect::Hub | Dialect::OAuth => has(error, &["detail"]) && is_text(&error["detail"]),
            Dialect::Rollcall | Dialect::RollcallOAuth | Dialect::WebAuthn => {
                self.is_problem(error)
            }
            Dialect::OAuthPage | Dialect::Pages => false,
        }
    }

    /// Whether the path or its method is wrong.
    const fn is_of_path(&self) -> bool {
        matches!(self.status, 404 | 405)
    }

    fn is_problem(&self, error: &Value) -> bool {
        let mut names = vec!["code", "detail", "status", "title"];
        if self.status == 400 {
            names.push("errors");
        }
        names.sort_unstable();
        let is_entry = |entry: &Value| has(entry, &["detail", "field"]);
        has(error, &names)
            && error["status"] == self.status
            && ["code", "detail", "title"].iter().all(|name| is_text(&error[*name]))
            && error["errors"].as_array().is_none_or(|errors| errors.iter().all(is_entry))
    }
}

/// Whether a value is an object of exactly these fields, in alphabetical order.
fn has(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|fields| fields.keys().eq(names))
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// What RFC 6749 allows in a description.
fn is_description(value: &Value) -> bool {
    let is_allowed = |letter| (' '..='~').contains(&letter) && !"\"\\".contains(letter);
    is_text(value) && value.as_str().is_some_and(|text| text.chars().all(is_allowed))
}

fn are_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|texts| !texts.is_empty() && texts.iter().all(is_text))
}
