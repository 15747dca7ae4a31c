//! Where a client may have its responses sent.

use std::fmt;
use std::str::FromStr;

use shared::model::ParseError;
use url::{Host, Url};

/// The longest redirect URI, in bytes.
const MAX_LENGTH: usize = 2000;

/// An absolute URI without a fragment: https, or http to this machine, or a private-use scheme with
/// a dot (RFC 8252, section 7). It is stored exactly as given, as it is compared.
#[derive(Debug, Clone)]
pub(crate) struct RedirectUri(String);

impl FromStr for RedirectUri {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let problem = match Url::parse(text) {
            _ if text.len() > MAX_LENGTH => "must be at most 2000 bytes long",
            // The parser would repair what browsers then read in another way.
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') => {
                "must be ASCII without white space and backslashes"
            }
            Err(_) => "must be an absolute URI",
            Ok(uri) if uri.fragment().is_some() => "must have no fragment",
            Ok(uri) if !uri.username().is_empty() || uri.password().is_some() => {
                "must hold no credentials"
            }
            Ok(uri) if !may_be_sent_to(&uri, text) => {
                "must be https://…, http://… to localhost, 127.0.0.1 or [::1], or have a scheme with a dot"
            }
            Ok(_) => return Ok(Self(text.to_owned())),
        };
        Err(ParseError::new(problem))
    }
}

fn may_be_sent_to(uri: &Url, text: &str) -> bool {
    match uri.scheme() {
        "https" => text.starts_with("https://"),
        "http" => text.starts_with("http://") && is_local(uri),
        private => private.contains('.'),
    }
}

fn is_local(uri: &Url) -> bool {
    match uri.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_go_over_https_or_to_this_machine_or_to_an_app() {
        for right in [
            "https://example.com",
            "https://example.com:8443/callback?from=rollcall",
            "http://localhost/",
            "http://127.0.0.1:9010/callback",
            "http://[::1]:9010/callback",
            "com.example.app:/oauth",
        ] {
            let stored = right.parse::<RedirectUri>().map(|uri| uri.to_string());
            assert_eq!(stored.as_deref(), Ok(right));
        }
        for wrong in [
            "",
            "/callback",
            "example.com/callback",
            "https:example.com",
            "https://",
            "https://example.com/#",
            "https://example.com/#fragment",
            "https://user@example.com/",
            "https://:password@example.com/",
            "https:\\\\example.com",
            "https://example.com/a b",
            " https://example.com/",
            "https://example.com/\n",
            "https://exämple.com/",
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://[::2]/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "app:/callback",
            &format!("https://example.com/{}", "x".repeat(2000)),
        ] {
            assert!(wrong.parse::<RedirectUri>().is_err(), "{wrong}");
        }
    }
}
