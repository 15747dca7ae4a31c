//! Where a client may have its responses sent.

use std::fmt;
use std::str::FromStr;

use shared::limits::MAX_REDIRECT_URI_BYTES;
use shared::model::{ParseError, UrlParts, check_uri_characters};

/// The parameters of responses (RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207): in the URI's own
/// query they would come twice.
const OF_RESPONSES: [&str; 6] = ["code", "state", "iss", "error", "error_description", "error_uri"];

/// What `http` may be sent to, letter by letter: browsers read other texts as these hosts too.
const LOCAL_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where a public client is answered at any port.
const LOOPBACK_ADDRESSES: [&str; 2] = ["127.0.0.1", "[::1]"];

/// An absolute URI without a fragment: https, or http to this machine, or a private-use scheme with
/// a dot (RFC 8252, section 7). Its query has no parameter of responses. It is stored exactly as
/// given, as it is compared.
#[derive(Debug, Clone)]
pub(crate) struct RedirectUri(String);

impl RedirectUri {
    /// Whether it is at port 0, at which nobody listens: it is of use to a public client alone,
    /// which names its own port.
    pub(crate) fn is_at_port_0(&self) -> bool {
        UrlParts::parse(&self.0).is_some_and(|url| url.port == Some(0))
    }
}

impl FromStr for RedirectUri {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() > MAX_REDIRECT_URI_BYTES {
            let problem = format!("must be at most {MAX_REDIRECT_URI_BYTES} bytes long");
            return Err(ParseError::new(problem));
        }
        // Browsers would encode others, and the client then names another text.
        check_uri_characters(text)?;
        let problem = if text.contains('#') {
            "must have no fragment"
        } else if !may_be_sent_to(text) {
            "must be https://…, http://… to localhost, 127.0.0.1 or [::1], or have a scheme with a \
             dot; it must have a host after :// and no user"
        } else if is_at_port_0_elsewhere(text) {
            "must not be at port 0, at which nobody listens; http://127.0.0.1:0 and http://[::1]:0 \
             of a public client mean any port"
        } else if has_parameter_of_responses(text) {
            "must have none of the query parameters that responses have: code, state, iss, error, \
             error_description, error_uri"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(ParseError::new(problem))
    }
}

/// A name counts as its readers decode it.
fn has_parameter_of_responses(text: &str) -> bool {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    names.any(|name| OF_RESPONSES.contains(&&*name))
}

/// Whether a URI is at port 0, and the port counts.
fn is_at_port_0_elsewhere(text: &str) -> bool {
    UrlParts::parse(text).is_some_and(|url| {
        let is_loopback = url.scheme == "http" && LOOPBACK_ADDRESSES.contains(&url.host);
        url.port == Some(0) && !is_loopback
    })
}

fn may_be_sent_to(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let url = UrlParts::parse(text);
    match scheme {
        "https" => url.is_some(),
        "http" => url.is_some_and(|url| LOCAL_HOSTS.contains(&url.host)),
        // One of these may go without a host, but must not have an empty one.
        private => {
            is_private_scheme(private)
                && !rest.is_empty()
                && (url.is_some() || !rest.starts_with("//"))
        }
    }
}

/// Whether a scheme is the reverse of a domain that its app's maker has.
fn is_private_scheme(scheme: &str) -> bool {
    let is_label = |label: &str| {
        label.starts_with(|first: char| first.is_ascii_alphanumeric())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-".contains(&byte))
    };
    scheme.contains('.')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.split('.').all(is_label)
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
            "https://example.com/?from=code&code_=1&Code=2",
            "http://localhost/",
            "http://127.0.0.1:9010/callback",
            "http://[::1]:9010/callback",
            "http://127.0.0.1:0/callback",
            "http://[::1]:/callback",
            "https://[2001:db8::1]/callback?a=%20",
            "com.example.app:/oauth",
            "com.example.app://oauth/callback",
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
            "https:///user:secret@example.com/",
            "https:///example.com/",
            "https://@example.com/",
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "com.example.app:///callback",
            "com.example.app://user@callback",
            "com..app:/callback",
            "com.example.app:",
            "https://example.com/?code=x",
            "https://example.com/?from=x&state",
            "https://example.com/?iss=",
            "https://example.com/?%65rror=x",
            "com.example.app:/?error_description=x",
            "https://example.com/#",
            "https://example.com/#fragment",
            "https://user@example.com/",
            "https://:password@example.com/",
            "https:\\\\example.com",
            "https://example.com/{x}|^`",
            "https://example.com/a b",
            " https://example.com/",
            "https://example.com/\n",
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://[::2]/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "app:/callback",
            "https://example.com:0/",
            "https://127.0.0.1:00/",
            "http://localhost:0/callback",
            "com.example.app://callback:0/",
            "http://127.0.0.1:65536/",
            &format!("https://example.com/{}", "x".repeat(2000)),
        ] {
            assert!(wrong.parse::<RedirectUri>().is_err(), "{wrong}");
        }
    }
}
