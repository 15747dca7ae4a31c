//! What the operator decides for a stack beyond its table and keys, read from the environment once,
//! at the start.

use std::env::{self, VarError};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use lambda_http::http::Uri;
use lambda_http::http::uri::{Port, Scheme};

use crate::look::Look;
use crate::text::{ParseError, is_host_name, parse_shown};
use crate::{Error, Result};

/// The settings of a function. A variable that is empty counts as not set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where clients reach the API: `PUBLIC_URL`. Without it, the domain that the event names.
    pub public_url: Option<PublicUrl>,
    /// Whether a signature must cover the query of a GET: `SIGNED_QUERY`.
    pub signed_query: SignedQuery,
    /// Whether a change of the password takes the current one: `REQUIRE_CURRENT_PASSWORD`.
    pub require_current_password: bool,
    /// What people know the service as: `SERVICE_NAME`.
    pub service_name: ServiceName,
    /// How pages look: `ACCENT_COLOR` and `LOGO`, in a function that shows pages.
    pub look: Look,
    /// Whether anybody may sign up: `SIGN_UP`.
    pub sign_up: SignUpPolicy,
    /// Whether the service sends mail: `MAIL_FROM` names the address that it comes from.
    pub sends_mail: bool,
}

impl Settings {
    /// Reads the environment. Fails the cold start on a value that is not valid.
    pub fn from_env() -> Result<Self> {
        Ok(Self {
            public_url: parse("PUBLIC_URL")?,
            signed_query: parse("SIGNED_QUERY")?.unwrap_or_default(),
            require_current_password: parse("REQUIRE_CURRENT_PASSWORD")?.unwrap_or_default(),
            service_name: parse("SERVICE_NAME")?.unwrap_or_default(),
            #[cfg(feature = "look")]
            look: Look::new(parse("ACCENT_COLOR")?, parse("LOGO")?),
            #[cfg(not(feature = "look"))]
            look: Look::default(),
            sign_up: parse("SIGN_UP")?.unwrap_or_default(),
            sends_mail: parse::<String>("MAIL_FROM")?.is_some(),
        })
    }
}

impl AsRef<Self> for Settings {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// The value of an environment variable, if it is set.
fn parse<T: FromStr<Err: fmt::Display>>(name: &'static str) -> Result<Option<T>> {
    let invalid = |reason: &dyn fmt::Display| {
        Error::internal("start", format!("the environment variable {name} {reason}"))
    };
    match env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => text.parse().map(Some).map_err(|error: T::Err| invalid(&error)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(invalid(&"is not UTF-8")),
    }
}

/// Whether a signature may leave out the query of a GET, as some clients do. That of a write must
/// always be covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignedQuery {
    /// It may.
    #[default]
    Lenient,
    /// It must not.
    Strict,
}

/// The error of a text that is no [`SignedQuery`].
#[derive(Debug, thiserror::Error)]
#[error("must be `lenient` or `strict`")]
pub struct InvalidSignedQuery;

impl FromStr for SignedQuery {
    type Err = InvalidSignedQuery;

    fn from_str(text: &str) -> Result<Self, InvalidSignedQuery> {
        match text {
            "lenient" => Ok(Self::Lenient),
            "strict" => Ok(Self::Strict),
            _ => Err(InvalidSignedQuery),
        }
    }
}

/// Whether anybody with an e-mail address may become a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SignUpPolicy {
    /// Nobody may.
    #[default]
    Closed,
    /// Anybody may.
    Open,
}

/// The error of a text that is no [`SignUpPolicy`].
#[derive(Debug, thiserror::Error)]
#[error("must be `closed` or `open`")]
pub struct InvalidSignUpPolicy;

impl FromStr for SignUpPolicy {
    type Err = InvalidSignUpPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidSignUpPolicy> {
        match text {
            "closed" => Ok(Self::Closed),
            "open" => Ok(Self::Open),
            _ => Err(InvalidSignUpPolicy),
        }
    }
}

/// The URL that all paths of the API are below: `https` or `http`, a host, perhaps a port, and
/// nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// The domain that `cargo lambda watch` names in its events, in place of one of API Gateway's.
const LOCAL_DOMAIN: &str = "localhost";

impl PublicUrl {
    /// The URL of the domain that API Gateway names in its event. It serves `https` only.
    pub(crate) fn from_domain(domain: Option<&str>) -> Self {
        let domain = domain.filter(|domain| *domain != LOCAL_DOMAIN);
        domain
            .and_then(|domain| format!("https://{}", domain.to_ascii_lowercase()).parse().ok())
            .unwrap_or_else(|| Self(format!("http://{LOCAL_DOMAIN}")))
    }

    /// The host, with the port if one is given.
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or(&self.0, |(_, host)| host)
    }

    /// Whether the host is a domain name, and no address: only then it has passkeys.
    pub fn has_domain_name(&self) -> bool {
        let host = self.host();
        let host = host.split_once(':').map_or(host, |(host, _)| host);
        !host.starts_with('[') && host.parse::<Ipv4Addr>().is_err()
    }

    /// Whether it is reached over TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What people know the service as: 1 to 60 characters, by the rules of [`parse_shown`]; Rollcall,
/// unless the operator chose another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName(String);

impl Default for ServiceName {
    fn default() -> Self {
        Self("Rollcall".to_owned())
    }
}

impl ServiceName {
    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_shown(text, 60).map(Self)
    }
}

/// The error of a text that is no [`PublicUrl`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be https:// or http://, a host in lower case and perhaps a port, nothing after it")]
pub struct InvalidPublicUrl;

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let url: Uri = text.parse().map_err(|_| InvalidPublicUrl)?;
        let scheme = url.scheme().filter(|own| [Scheme::HTTPS, Scheme::HTTP].contains(own));
        let (Some(scheme), Some(authority)) = (scheme, url.authority()) else {
            return Err(InvalidPublicUrl);
        };
        let (host, has_port) = (authority.host(), authority.as_str() != authority.host());
        // Browsers leave zeros before a port out.
        let is_port = |port: Port<&str>| !port.as_str().starts_with('0');
        let is_plain = is_host(host) && (!has_port || authority.port().is_some_and(is_port));
        // Whatever the parser lets pass or mends is not the same text.
        let is_whole = text == format!("{scheme}://{authority}") && !text.contains('@');
        if !is_plain || !is_whole {
            return Err(InvalidPublicUrl);
        }
        // Browsers leave it out of an `Origin`.
        let port = if *scheme == Scheme::HTTPS { ":443" } else { ":80" };
        let without_port = if has_port { text.strip_suffix(port) } else { None };
        Ok(Self(without_port.unwrap_or(text).to_owned()))
    }
}

/// Whether a host is written as browsers write it in an `Origin`, in lower case. An IPv4 address
/// within an IPv6 one is none in any form: browsers write it in another way than `to_string`.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(text) => text
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.to_ipv4_mapped().is_none() && address.to_string() == text),
        None => is_host_name(host) && !host.contains(|letter: char| letter.is_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin_as_browsers_name_it() {
        for (given, origin) in [
            ("https://accounts.example.com:443", "https://accounts.example.com"),
            ("https://[2001:db8::443]:443", "https://[2001:db8::443]"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://127.0.0.1:443", "http://127.0.0.1:443"),
            ("https://accounts.example.com:8443", "https://accounts.example.com:8443"),
        ] {
            assert_eq!(given.parse::<PublicUrl>().unwrap().to_string(), origin);
        }
    }

    #[test]
    fn a_public_url_is_scheme_host_and_port_and_nothing_else() {
        for url in [
            "https://accounts.example.com",
            "http://127.0.0.1:9000",
            "http://localhost",
            "https://[2001:db8::1]:8443",
        ] {
            assert_eq!(url.parse::<PublicUrl>().unwrap().to_string(), url);
        }
        for text in [
            "accounts.example.com",
            "ftp://accounts.example.com",
            "https://",
            "https://:443",
            "https://accounts.example.com:",
            "https://accounts.example.com:65536",
            "https://accounts.example.com:08443",
            "https://accounts.example.com/",
            "https://accounts.example.com/api",
            "https://accounts.example.com?x",
            "https://accounts.example.com#x",
            "https://user@accounts.example.com",
            "HTTPS://accounts.example.com",
            " https://accounts.example.com",
            "https://accounts example.com",
            "https:///user:secret@accounts.example.com",
            "https://accounts..example.com",
            "https://accounts$example.com",
            "https://127.1",
            "https://0x7f.0.0.1",
            "https://2130706433",
            "https://127.0.0.1.",
            "https://[2001:db8:0::1]",
            "https://[2001:DB8::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[::ffff:7f00:1]",
            "https://Accounts.example.com",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{text}");
        }
    }

    #[test]
    fn a_public_url_has_a_domain_name_or_an_address() {
        for (url, has_domain_name) in [
            ("https://accounts.example.com", true),
            ("http://localhost:9000", true),
            ("http://127.0.0.1:9000", false),
            ("https://[2001:db8::1]:8443", false),
        ] {
            assert_eq!(url.parse::<PublicUrl>().unwrap().has_domain_name(), has_domain_name);
        }
    }

    #[test]
    fn the_name_of_the_service_is_a_text_that_people_are_shown() {
        for name in ["Acme Accounts", "Ünïcode & Söhne", "می\u{200c}خواهم", &"ü".repeat(60)]
        {
            assert_eq!(name.parse::<ServiceName>().unwrap().as_str(), name);
        }
        for (text, problem) in [
            (" ", "must not be empty"),
            (&*"ü".repeat(61), "must be at most 60 characters long"),
            ("Ac\nme", "must not contain control characters"),
            ("\u{200b}", "must have a visible character"),
            ("Ac\u{200b}me", "must not contain invisible characters"),
            ("Acme\u{202e}stnuoccA", "must not contain invisible characters"),
        ] {
            let error = text.parse::<ServiceName>().unwrap_err().to_string();
            assert!(error.starts_with(problem), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_domain_of_api_gateway_is_served_over_https_and_the_local_one_over_http() {
        for (domain, url) in [
            (
                Some("a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"),
                "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com",
            ),
            (Some("Accounts.example.com"), "https://accounts.example.com"),
            (Some("localhost"), "http://localhost"),
            (Some("a/b"), "http://localhost"),
            (None, "http://localhost"),
        ] {
            assert_eq!(PublicUrl::from_domain(domain).to_string(), url);
        }
    }
}
