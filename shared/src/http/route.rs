//! Operations: what a group offers, declared once. The router, `Allow` and the name of the metric
//! are derived from it.

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
}

/// Stands for every path that is not documented, and for every method that no operation has.
const OTHER: &str = "*";

impl ApiRequest {
    /// The name of the operation that the request calls, with the values of the path's parameters.
    ///
    /// Among paths that match, the first in the list counts. [`Error::NotFound`] if there is none,
    /// [`Error::MethodNotAllowed`] if the path does not offer the method.
    pub fn operation(&self, operations: &[Operation]) -> Result<(&'static str, Vec<&str>)> {
        let path = matching_path(operations, &self.path).ok_or(Error::NotFound("path"))?;
        let mut offered: Vec<_> = operations.iter().filter(|own| own.path == path).collect();
        if let Some(operation) = offered.iter().find(|own| own.method == self.method()) {
            return Ok((operation.name, parameters(path, &self.path)));
        }
        offered.sort_by_key(|own| own.method);
        let methods: Vec<_> = offered.into_iter().map(|own| own.method).collect();
        Err(Error::MethodNotAllowed { allow: methods.join(", ") })
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
            Some(path) => {
                let segments = template(path).map(|own| if is_parameter(own) { "{}" } else { own });
                format!("{method} /{}", segments.collect::<Vec<_>>().join("/"))
            }
            None => format!("{method} {OTHER}"),
        }
    }
}

fn matching_path(operations: &[Operation], called: &str) -> Option<&'static str> {
    operations.iter().map(|operation| operation.path).find(|path| matches(path, called))
}

/// An empty segment is no parameter: two slashes make another path.
fn matches(path: &str, called: &str) -> bool {
    let is_same = |(own, segment): (&str, &str)| {
        if is_parameter(own) { !segment.is_empty() } else { own == segment }
    };
    pairs(path, called).is_some_and(|pairs| pairs.into_iter().all(is_same))
}

fn parameters<'r>(path: &str, called: &'r str) -> Vec<&'r str> {
    let pairs = pairs(path, called).into_iter().flatten();
    pairs.filter(|(own, _)| is_parameter(own)).map(|(_, segment)| segment).collect()
}

/// The segments of a documented path, each with what a called path has there; none if that has more
/// or fewer.
fn pairs<'p, 'r>(path: &'p str, called: &'r str) -> Option<Vec<(&'p str, &'r str)>> {
    let own: Vec<_> = template(path).collect();
    let Some(called) = called.strip_prefix('/') else { return own.is_empty().then(Vec::new) };
    let before = own.iter().position(|segment| segment.ends_with("+}"));
    let segments = match before {
        None => called.split('/').collect(),
        // What stands behind it is taken from the end.
        Some(before) => {
            let after = own.len() - before - 1;
            let mut first: Vec<_> = called.splitn(before + 1, '/').collect();
            let mut last: Vec<_> = first.pop()?.rsplitn(after + 1, '/').collect();
            last.reverse();
            first.extend(last);
            first
        }
    };
    (segments.len() == own.len()).then(|| own.into_iter().zip(segments).collect())
}

/// The segments of a documented path; a trailing slash is ignored, as in requests.
fn template(path: &str) -> impl Iterator<Item = &str> {
    path.trim_end_matches('/').split('/').skip(1)
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
