//! Operations: what a group offers, declared once. The router, `Allow` and the name of the metric
//! are derived from it.

use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ApiRequest;
use crate::{Error, Result};

/// An operation as documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, with `{name}` for each parameter, and `{name+}` for one that may contain slashes.
    pub path: &'static str,
    /// The name, as in `events/`.
    pub name: &'static str,
    /// Who may call it.
    pub access: Access,
    /// The status of a success.
    pub status: u16,
}

impl Operation {
    /// The same, which after a success leads to another page: status 303.
    #[must_use]
    pub const fn sends_on(self) -> Self {
        Self { status: 303, ..self }
    }

    /// Whether it is for those who are signed in in a browser.
    pub fn is_in_session(&self) -> bool {
        self.access == Access::Session
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// An OAuth client, authenticated as such.
    Client,
    /// A user, with a credential that has this scope or no list of scopes.
    Scope(&'static str),
    /// A user, with a credential without a list of scopes and without an end.
    FullAccess,
    /// A user who is signed in in a browser.
    Session,
}

/// Stands for every path that is not documented, and for every method that no operation has.
const OTHER: &str = "*";

impl ApiRequest {
    /// The name of the operation that the request calls, with the values of the path's parameters.
    ///
    /// Among paths that match, the first in the list counts. [`Error::NotFound`] if there is none,
    /// [`Error::MethodNotAllowed`] if the path does not offer the method.
    pub fn operation(&self, operations: &[Operation]) -> Result<(&'static str, Vec<&str>)> {
        let (path, parameters) =
            matching_path(operations, &self.path).ok_or(Error::NotFound("path"))?;
        let offered = operations.iter().filter(|own| own.path == path);
        if let Some(operation) = offered.clone().find(|own| own.method == self.method()) {
            return Ok((operation.name, parameters));
        }
        let mut methods: Vec<_> = offered.map(|own| own.method).collect();
        methods.sort_unstable();
        Err(Error::MethodNotAllowed { allow: methods.join(", ") })
    }

    /// The URL that the request calls as links have it, without a slash at its end. Slashes within a
    /// parameter are encoded: browsers take what looks like `/./` out of a path.
    pub fn link(&self, operations: &[Operation]) -> String {
        let path = match matching_path(operations, &self.path) {
            Some((path, values)) => {
                let mut values = values.into_iter().map(encode_segment);
                fill_in(path, |own| values.next().unwrap_or_else(|| own.to_owned()))
            }
            None => encode_path(&self.path),
        };
        match self.raw_query() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }

    /// The name of the route in metrics: `GET /v1/accounts/{}` for
    /// `GET /v1/accounts/5f7b1b7b7b7b7b7b7b7b7b7b/`, and `GET *` for a path that is not documented.
    ///
    /// It becomes a dimension of metrics, each of which costs money. So no other names are
    /// possible: calls of made-up paths create no metrics.
    pub(super) fn metric_name(&self, operations: &[Operation]) -> String {
        const METHODS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "PUT"];
        let method = if METHODS.contains(&self.method()) { self.method() } else { OTHER };
        match matching_path(operations, &self.path) {
            Some((path, _)) => {
                format!("{method} {}", fill_in(path, |_| "{}".to_owned()))
            }
            None => format!("{method} {OTHER}"),
        }
    }
}

/// Whether a path, without a query, offers this method.
pub fn offers(operations: &[Operation], method: &str, path: &str) -> bool {
    matching_path(operations, path).is_some_and(|(matching, _)| {
        operations.iter().any(|own| own.path == matching && own.method == method)
    })
}

/// The first documented path that matches, with the values of its parameters.
fn matching_path<'r>(
    operations: &[Operation],
    called: &'r str,
) -> Option<(&'static str, Vec<&'r str>)> {
    operations.iter().find_map(|own| Some((own.path, parameters(own.path, called)?)))
}

/// What is percent-encoded in the segment of a path.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// A text as the segment of a path in a link.
pub fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// A decoded path as a link has it, where no parameter has a slash: slashes stay.
pub fn encode_path(path: &str) -> String {
    const WITH_SLASHES: &AsciiSet = &ENCODED.remove(b'/');
    utf8_percent_encode(path, WITH_SLASHES).to_string()
}

/// What a segment of a path names; none if it is malformed. Unlike a field, it is not trimmed.
pub fn parse_segment<T: FromStr>(segment: &str) -> Option<T> {
    if segment.trim() == segment { segment.parse().ok() } else { None }
}

/// The values of a documented path's parameters in a called one, if that matches. An empty segment
/// is no value: two slashes make another path.
fn parameters<'r>(path: &str, called: &'r str) -> Option<Vec<&'r str>> {
    let (mut values, mut rest) = (Vec::new(), called);
    let mut segments = template(path);
    while let Some(own) = segments.next() {
        rest = rest.strip_prefix('/')?;
        let end = if own.ends_with("+}") {
            // What stands behind it is taken from the end.
            match segments.clone().count().checked_sub(1) {
                None => rest.len(),
                Some(slashes) => rest.rmatch_indices('/').nth(slashes)?.0,
            }
        } else {
            rest.find('/').unwrap_or(rest.len())
        };
        let (value, following) = rest.split_at(end);
        match is_parameter(own) {
            true if !value.is_empty() => values.push(value),
            false if value == own => (),
            _ => return None,
        }
        rest = following;
    }
    rest.is_empty().then_some(values)
}

/// The segments of a documented path; a trailing slash is ignored, as in requests.
fn template(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.trim_end_matches('/').split('/').skip(1)
}

/// A documented path with these in place of its parameters.
fn fill_in(path: &str, mut value: impl FnMut(&str) -> String) -> String {
    let segment = |own| if is_parameter(own) { value(own) } else { own.to_owned() };
    let segments: Vec<_> = template(path).map(segment).collect();
    format!("/{}", segments.join("/"))
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

#[cfg(test)]
mod tests {
    use lambda_http::http::Method;
    use lambda_http::{Request, RequestExt};

    use super::*;
    use crate::Settings;

    const fn operation(method: &'static str, path: &'static str, name: &'static str) -> Operation {
        Operation { method, path, name, access: Access::Public, status: 200 }
    }

    const OPERATIONS: &[Operation] = &[
        operation("GET", "/tokens/self", "get-own-token"),
        operation("GET", "/tokens/{id}", "get-token"),
        operation("DELETE", "/tokens/{id}", "revoke-token"),
        operation("POST", "/users/{name}/emails/", "add-email"),
        operation("POST", "/emails/{address+}/proof", "prove-email"),
        operation("DELETE", "/emails/{address+}", "delete-email"),
    ];

    fn request(method: &str, path: &str) -> ApiRequest {
        let mut request = Request::default().with_raw_http_path(path);
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        ApiRequest::new(request, &Settings::default())
    }

    #[test]
    fn a_request_calls_the_operation_of_the_first_path_that_matches() {
        for (method, path, name, parameters) in [
            ("GET", "/tokens/self", "get-own-token", &[][..]),
            ("GET", "/tokens/1/", "get-token", &["1"]),
            ("DELETE", "/tokens/2", "revoke-token", &["2"]),
            ("POST", "/users/jane/emails", "add-email", &["jane"]),
            ("DELETE", "/emails/jane", "delete-email", &["jane"]),
            ("DELETE", "/emails/a/b//c/", "delete-email", &["a/b//c"]),
            ("POST", "/emails/a/b/proof", "prove-email", &["a/b"]),
        ] {
            let request = request(method, path);
            let Ok(found) = request.operation(OPERATIONS) else { panic!("{method} {path}") };
            assert_eq!(found, (name, parameters.to_vec()), "{method} {path}");
        }
    }

    #[test]
    fn a_path_allows_its_own_methods_and_any_other_path_is_not_found() {
        for (method, path, expected) in
            [("PUT", "/tokens/1", "DELETE, GET"), ("DELETE", "/tokens/self", "GET")]
        {
            match request(method, path).operation(OPERATIONS) {
                Err(Error::MethodNotAllowed { allow }) => assert_eq!(allow, expected),
                other => panic!("{method} {path}: {other:?}"),
            }
        }
        for path in
            ["/", "/token", "/tokens//", "/tokens/1/2", "/users/jane", "/emails", "/emails//"]
        {
            let other = request("GET", path);
            assert!(matches!(other.operation(OPERATIONS), Err(Error::NotFound("path"))), "{path}");
        }
    }

    #[test]
    fn metrics_name_no_values_of_parameters_and_no_undocumented_paths() {
        for (method, path, expected) in [
            ("GET", "/tokens/1", "GET /tokens/{}"),
            ("GET", "/tokens/self", "GET /tokens/self"),
            ("PATCH", "/users/jane/emails", "PATCH /users/{}/emails"),
            ("DELETE", "/emails/a/b@x", "DELETE /emails/{}"),
            ("GET", "/", "GET *"),
            ("BREW", "/jane@example.com", "* *"),
            ("BREW", "/tokens/1", "* /tokens/{}"),
            ("PUT", "/tokens/1/2/3/4/5/6", "PUT *"),
        ] {
            assert_eq!(request(method, path).metric_name(OPERATIONS), expected);
        }
    }
}
