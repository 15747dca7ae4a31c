//! URLs, read as RFC 3986 does and never mended.
//!
//! Browsers and the parsers that follow them take `https:///user@host` for `https://user@host`, and
//! `http://127.1` for `http://127.0.0.1`. A URL that is stored or shown as it was sent must be the
//! same to every reader.

use std::net::Ipv6Addr;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::ParseError;
use crate::text::is_host_name;

/// What is no letter and may stand beside some: joiners, and the dots and marks of Catalan, Greek,
/// Hebrew and Katakana (RFC 5892, appendix A).
const CONTEXTUAL: [char; 7] =
    ['\u{200c}', '\u{200d}', '\u{b7}', '\u{375}', '\u{5f3}', '\u{5f4}', '\u{30fb}'];

/// Letters and marks that look like the end of a host, or strike it through.
const LOOK_ALIKES: [char; 5] = ['\u{1c3}', '\u{2d0}', '\u{337}', '\u{338}', '\u{3033}'];

/// The parts of a URL that has an authority, as they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UrlParts<'a> {
    /// What comes before `://`.
    pub scheme: &'a str,
    /// A name, an IPv4 address, or an IPv6 address with its brackets.
    pub host: &'a str,
    /// The port, if one is given.
    pub port: Option<u16>,
}

impl<'a> UrlParts<'a> {
    /// Parses `scheme://host[:port]` and whatever follows it. `None` without a host, with a user
    /// or an empty one, with a host that parsers write in another way, and with white space, control
    /// characters or a backslash anywhere.
    pub fn parse(text: &'a str) -> Option<Self> {
        let is_unsafe =
            |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\\';
        let (scheme, rest) = text.split_once("://").filter(|_| !text.contains(is_unsafe))?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = split_port(authority)?;
        let port = match port {
            None | Some("") => None,
            Some(port) => Some(port.parse().ok().filter(|_| is_digits(port))?),
        };
        (is_scheme(scheme) && is_host(host)).then_some(Self { scheme, host, port })
    }

    /// Whether the scheme is `http` or `https`, in any case.
    pub fn is_web(&self) -> bool {
        ["http", "https"].iter().any(|web| self.scheme.eq_ignore_ascii_case(web))
    }
}

/// Checks that each character of a URI may stand where it does (RFC 3986, appendix A): square
/// brackets around a host alone, and `#` once. Scheme and host are left to [`UrlParts::parse`].
pub fn check_uri_characters(text: &str) -> Result<(), ParseError> {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    let bracketed = rest.strip_prefix("//[").and_then(|host| host.split_once(']'));
    let rest = bracketed.map_or(rest, |(_, rest)| rest);
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let are_of_uris = rest.bytes().enumerate().all(|(place, byte)| match byte {
        b'%' => (1..=2).all(|next| is_hex(rest.as_bytes().get(place + next))),
        _ => byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=".contains(&byte),
    });
    if are_of_uris && rest.matches('#').count() <= 1 {
        return Ok(());
    }
    Err(ParseError::new(
        "must consist of the characters of RFC 3986, others percent-encoded, in a host as xn--",
    ))
}

/// The host, and what follows a colon after it.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let (host, rest) = authority.split_at(authority.find(']')? + 1);
        return match rest.strip_prefix(':') {
            port @ Some(_) => Some((host, port)),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    Some(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_scheme(scheme: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(is_valid)
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    if host.is_ascii() {
        return is_host_name(host);
    }
    // An international name must be written as its ASCII form is shown.
    let is_word = host.chars().all(|letter| letter.is_ascii() || is_of_words(letter));
    is_word
        && idna::domain_to_ascii_strict(host).is_ok_and(|ascii| {
            let (shown, valid) = idna::domain_to_unicode(&ascii);
            valid.is_ok() && shown == host.to_lowercase() && is_host_name(&ascii)
        })
}

/// Whether a letter may be in an international name (RFC 5892, section 2): no symbol can, of which
/// some look like a slash or another character that ends a host.
fn is_of_words(letter: char) -> bool {
    let words = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::DecimalNumber);
    let is_word = words.contains(CodePointMapData::<GeneralCategory>::new().get(letter))
        || CONTEXTUAL.contains(&letter);
    is_word && !LOOK_ALIKES.contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_as_sent() {
        for (text, scheme, host, port) in [
            ("https://example.com", "https", "example.com", None),
            ("HTTP://Example.COM./a?b#c", "HTTP", "Example.COM.", None),
            ("https://example.com:8443/@x", "https", "example.com", Some(8443)),
            ("https://example.com:?a=b@c", "https", "example.com", None),
            ("https://127.0.0.1:9010#@", "https", "127.0.0.1", Some(9010)),
            ("https://[2001:db8::1]:1/", "https", "[2001:db8::1]", Some(1)),
            ("https://my_registry", "https", "my_registry", None),
            ("https://Bücher.example/ä", "https", "Bücher.example", None),
            ("https://col·lecció.example", "https", "col·lecció.example", None),
            ("https://ノート・メモ.example", "https", "ノート・メモ.example", None),
            ("https://नेपाल.example", "https", "नेपाल.example", None),
            ("com.example.app://callback", "com.example.app", "callback", None),
        ] {
            assert_eq!(UrlParts::parse(text), Some(UrlParts { scheme, host, port }), "{text}");
        }
    }

    #[test]
    fn a_uri_has_the_characters_of_rfc_3986_each_where_it_may_stand() {
        for right in [
            "https://example.com:8443/~a-b._%C3%bc//c;d=1,2?e=%20&f=:@/?!$'()*+#g/?=%00",
            "https://[2001:db8::1]:5000/?a#",
            "com.example.app:/oauth",
        ] {
            assert_eq!(check_uri_characters(right), Ok(()), "{right}");
        }
        for wrong in [
            "https://example.com/<x>",
            "https://example.com/\"",
            "https://example.com/{x}",
            "https://example.com/|",
            "https://example.com/^",
            "https://example.com/`",
            "https://example.com/\\",
            "https://example.com/[x]",
            "https://[::1]/?[",
            "https://example.com/?a=<x>&b=://[c]",
            "com.example.app:/<x>?a=://[b]",
            "https://example.com/%zz",
            "https://example.com/%4",
            "https://example.com/%",
            "https://example.com/a b",
            "https://example.com/\u{7f}",
            "https://example.com/ä",
            "https://exämple.com/",
            "https://example.com/#a#b",
        ] {
            assert!(check_uri_characters(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_host_has_a_symbol_that_looks_like_the_end_of_one() {
        for symbol in "\u{2044}\u{2215}\u{ff0f}\u{29f8}\u{2571}\u{29f6}\u{1735}\u{2216}\u{29f5}\u{ff3c}\
                       \u{fe68}\u{2236}\u{ff1a}\u{fe55}\u{ff1f}\u{fe56}\u{2048}\u{ff03}\u{fe5f}\u{266f}\
                       \u{ff20}\u{fe6b}\u{2100}\u{2024}\u{ff0e}\u{2027}\u{1c3}\u{2d0}\u{337}\u{338}\u{3033}"
            .chars()
        {
            let text = format!("https://example.com{symbol}evil.example");
            assert_eq!(UrlParts::parse(&text), None, "{symbol:?}");
        }
    }

    #[test]
    fn a_url_that_needs_mending_is_none() {
        for text in [
            "",
            "example.com",
            "https:example.com",
            "https:/example.com",
            "https://",
            "https:///",
            "https:///example.com",
            "https:///user:secret@registry.example.com",
            "https:////example.com",
            "https://?example.com",
            "https://#example.com",
            "https://:443",
            "https://user@example.com",
            "https://user:secret@example.com/",
            "https://@example.com",
            "https://:@example.com",
            "https://user%40example.com",
            "https://%65xample.com",
            "https://example.com:65536",
            "https://example.com:+1",
            "https://example.com:80:80",
            "https://example..com",
            "https://.example.com",
            "https://exa mple.com",
            "https://example.com/\t",
            "https:\\\\example.com",
            "https://example.com\\@other.example",
            "https://exa\u{ad}mple.com",
            "https://example。com",
            "https://ｅxample.com",
            "https://127.1",
            "https://0x7f.0.0.1",
            "https://0177.0.0.1",
            "https://2130706433",
            "https://1.2.3.4.",
            "https://[::1",
            "https://[::1]x",
            "https://[fe80::1%25eth0]",
            "https://[v1.x]",
            "://example.com",
            "1https://example.com",
            " https://example.com",
        ] {
            assert_eq!(UrlParts::parse(text), None, "{text}");
        }
    }
}
