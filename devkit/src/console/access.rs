//! Who may see the console: browsers on this machine, at its own address, with its cookie.
//!
//! A page of another site reaches a server on this machine too, with requests of its own or by a
//! name that it makes resolve to 127.0.0.1. What browsers say of themselves tells it apart.

use std::net::IpAddr;

use anyhow::{Context, Result};
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use subtle::ConstantTimeEq;

use super::PATH;
use crate::random;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

pub(super) struct Access {
    base_url: String,
    /// A name of this machine, and the port.
    host: String,
    /// All its names.
    names: [String; 3],
    /// What the first address has.
    token: String,
    /// What the cookie has.
    session: String,
    cookie_name: String,
}

impl Access {
    pub(super) fn new(base_url: &str) -> Result<Self> {
        let host = base_url.strip_prefix("http://").context("the console is served over http")?;
        let (_, port) = host.rsplit_once(':').context("the console needs a port")?;
        Ok(Self {
            base_url: base_url.to_owned(),
            host: host.to_owned(),
            names: ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")),
            token: random::text()?,
            session: random::text()?,
            // Browsers send cookies to all ports of an address.
            cookie_name: format!("rollcall_dev_{port}"),
        })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Whether a request comes from this machine, by a name of it, and from no page of another
    /// origin.
    pub(super) fn is_allowed(&self, source: IpAddr, parts: &Parts) -> bool {
        let hosts: Vec<_> = texts(&parts.headers, &HOST).collect();
        let [Some(host)] = hosts[..] else { return false };
        let target = parts.uri.authority().map(Authority::as_str);
        let is_known = |host: &str| self.names.iter().any(|name| name.eq_ignore_ascii_case(host));
        let is_own = |origin: Option<&str>| {
            origin.and_then(|origin| origin.strip_prefix("http://")) == Some(host)
        };
        let is_no_others = |site| matches!(site, Some("same-origin" | "none"));
        let must_have_origin = parts.method != Method::GET;
        source.is_loopback()
            && is_known(host)
            && target.is_none_or(is_known)
            && texts(&parts.headers, &ORIGIN).all(is_own)
            && texts(&parts.headers, &SEC_FETCH_SITE).all(is_no_others)
            // The API's own pages have the same origin, and scripts of others.
            && texts(&parts.headers, &SEC_FETCH_MODE).all(|mode| mode == Some("navigate"))
            && (!must_have_origin || parts.headers.contains_key(ORIGIN))
    }

    /// The same page at the address that has the cookie, for a request by another name.
    pub(super) fn elsewhere(&self, parts: &Parts) -> Option<String> {
        let host = texts(&parts.headers, &HOST).next().flatten()?;
        let path = parts.uri.path_and_query()?;
        (host != self.host).then(|| format!("{}{path}", self.base_url))
    }

    /// Whether the query has the token.
    pub(super) fn accepts_token(&self, query: &str) -> bool {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        fields.any(|(name, value)| name == "token" && is_same(&value, &self.token))
    }

    /// Whether the request has the cookie.
    pub(super) fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        // Another server on this machine may have set one with any characters.
        let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
        let named = pairs.filter_map(|pair| pair.strip_prefix(self.cookie_name.as_bytes()));
        let mut values = named.filter_map(|rest| rest.strip_prefix(b"="));
        values.any(|value| value.ct_eq(self.session.as_bytes()).into())
    }

    /// The `Set-Cookie` header.
    pub(super) fn cookie(&self) -> String {
        let Self { cookie_name, session, .. } = self;
        format!("{cookie_name}={session}; Path={PATH}; HttpOnly; SameSite=Strict")
    }
}

/// The values of a header; nothing in place of one that is not visible ASCII.
fn texts<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
    headers.get_all(name).iter().map(|value| value.to_str().ok())
}

/// Takes as long for any other text of the same length.
fn is_same(text: &str, secret: &str) -> bool {
    text.as_bytes().ct_eq(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn access() -> Access {
        Access::new("http://127.0.0.1:9000").unwrap()
    }

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_this_machine_by_its_own_names_and_no_other_origin_is_allowed() {
        let own = ("host", "127.0.0.1:9000");
        let origin = ("origin", "http://127.0.0.1:9000");
        for (source, method, uri, headers, is_allowed) in [
            ("127.0.0.1", "GET", "/_dev", vec![own], true),
            ("::1", "GET", "/_dev", vec![("host", "[::1]:9000")], true),
            ("127.0.0.1", "GET", "/_dev", vec![("host", "LocalHost:9000")], true),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("sec-fetch-site", "none")], true),
            ("127.0.0.1", "GET", "/_dev", vec![own, origin], true),
            ("127.0.0.1", "POST", "/_dev", vec![own, origin], true),
            ("127.0.0.1", "POST", "/_dev", vec![own], false),
            ("127.0.0.1", "POST", "/_dev", vec![own, ("origin", "null")], false),
            ("192.0.2.1", "GET", "/_dev", vec![own], false),
            ("127.0.0.1", "GET", "/_dev", vec![], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, own], false),
            ("127.0.0.1", "GET", "/_dev", vec![("host", "127.0.0.1")], false),
            ("127.0.0.1", "GET", "/_dev", vec![("host", "127.0.0.1:9001")], false),
            ("127.0.0.1", "GET", "/_dev", vec![("host", "evil.example:9000")], false),
            ("127.0.0.1", "GET", "http://evil.example/_dev", vec![own], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("origin", "http://127.0.0.1:3000")], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("origin", "https://127.0.0.1:9000")], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("sec-fetch-mode", "navigate")], true),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("sec-fetch-mode", "cors")], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("sec-fetch-mode", "no-cors")], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("sec-fetch-site", "same-site")], false),
            ("127.0.0.1", "GET", "/_dev", vec![own, ("sec-fetch-site", "cross-site")], false),
        ] {
            let request = parts(method, uri, &headers);

            let allowed = access().is_allowed(source.parse().unwrap(), &request);

            assert_eq!(allowed, is_allowed, "{source} {method} {uri} {headers:?}");
        }
    }

    #[test]
    fn token_and_cookie_are_two_secrets_and_each_is_compared_as_a_whole() {
        let access = access();
        let cookie = |value: &str| {
            let line = format!("other=1; rollcall_dev_9000={value}");
            access.is_signed_in(&parts("GET", "/", &[("cookie", &line)]).headers)
        };

        assert!(access.accepts_token(&format!("a=b&token={}", access.token)));
        assert!(cookie(&access.session));
        for other in ["", &access.token[1..], &access.session, &format!("{}x", access.token)] {
            assert!(!access.accepts_token(&format!("token={other}")), "{other}");
        }
        for other in ["", &access.session[1..], &access.token] {
            assert!(!cookie(other), "{other}");
        }
        assert!(access.cookie().ends_with("; Path=/_dev; HttpOnly; SameSite=Strict"));
    }

    #[test]
    fn cookies_of_other_servers_may_have_any_characters() {
        let access = access();
        let own = format!("rollcall_dev_9000={}", access.session).into_bytes();
        let is_signed_in = |line: &[u8]| {
            let line = HeaderValue::from_bytes(line).unwrap();
            access.is_signed_in(&HeaderMap::from_iter([(COOKIE, line)]))
        };

        for other in ["name=J\u{fc}rgen".as_bytes(), b"name=J\xfcrgen", b"\xff"] {
            assert!(is_signed_in(&[&own[..], other].join(&b"; "[..])), "{other:?}");
            assert!(is_signed_in(&[other, &own[..]].join(&b"; "[..])), "{other:?}");
            assert!(!is_signed_in(&[&own[..], other].concat()), "{other:?}");
        }
    }

    #[test]
    fn another_name_of_this_machine_leads_to_the_one_with_the_cookie() {
        let at = |host| access().elsewhere(&parts("GET", "/_dev/table?a=b", &[("host", host)]));

        assert_eq!(at("127.0.0.1:9000"), None);
        assert_eq!(at("localhost:9000").unwrap(), "http://127.0.0.1:9000/_dev/table?a=b");
    }
}
