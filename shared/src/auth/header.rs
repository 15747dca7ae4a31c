//! Parsing the `Authorization` header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;

use crate::http::ApiRequest;
use crate::{Error, Result};

/// The content of an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header<'a> {
    /// What follows `Bearer` (RFC 6750, section 2.1).
    Bearer(&'a str),
    /// A token without a scheme.
    Bare(&'a str),
    /// What follows `Basic` (RFC 7617).
    Basic(&'a str),
    /// A text with a colon and without a scheme, as e24's signatures have.
    Signature(&'a str),
}

/// Parses the header.
pub(super) fn parse(headers: &HeaderMap) -> Result<Header<'_>> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Error::MissingCredential)?;
    if values.next().is_some() {
        return Err(Error::InvalidCredential);
    }
    let text = value.to_str().map_err(|_| Error::InvalidCredential)?.trim();
    match text.split_once(' ') {
        None if text.is_empty() => Err(Error::MissingCredential),
        None if text.contains(':') => Ok(Header::Signature(text)),
        None => Ok(Header::Bare(text)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Header::Bearer(rest.trim_start()))
        }
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => {
            Ok(Header::Basic(rest.trim_start()))
        }
        // A space within a signature: its parser says in the log what is wrong.
        Some((key, _)) if key.contains(':') => Ok(Header::Signature(text)),
        Some(_) => Err(Error::InvalidCredential),
    }
}

/// Parses what follows `Basic`: base64 of UTF-8, split at the first colon.
pub(super) fn parse_basic(text: &str) -> Result<(String, String)> {
    let decoded = STANDARD.decode(text).map_err(|_| Error::InvalidCredential)?;
    let decoded = String::from_utf8(decoded).map_err(|_| Error::InvalidCredential)?;
    let (name, password) = decoded.split_once(':').ok_or(Error::InvalidCredential)?;
    Ok((name.to_owned(), password.to_owned()))
}

/// The id and secret in the header, for OAuth clients. `None` without a header.
pub fn basic_credentials(request: &ApiRequest) -> Result<Option<(String, String)>> {
    match parse(request.headers()) {
        Err(Error::MissingCredential) => Ok(None),
        Ok(Header::Basic(text)) => parse_basic(text).map(Some),
        Ok(_) => Err(Error::InvalidCredential),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        super::parse(&headers).map(|header| format!("{header:?}"))
    }

    #[test]
    fn a_token_comes_alone_or_after_bearer_in_any_case() {
        for value in ["rcu_x", " rcu_x "] {
            assert_eq!(parse(&[value]).unwrap(), r#"Bare("rcu_x")"#, "{value}");
        }
        for value in ["Bearer rcu_x", "bearer  rcu_x", "BEARER rcu_x"] {
            assert_eq!(parse(&[value]).unwrap(), r#"Bearer("rcu_x")"#, "{value}");
        }
    }

    #[test]
    fn basic_and_signatures_are_distinguished_from_tokens() {
        assert_eq!(parse(&["basic eDp5"]).unwrap(), r#"Basic("eDp5")"#);
        for value in ["KEY:c2ln", "KEY: c2ln"] {
            assert_eq!(parse(&[value]).unwrap(), format!("Signature({value:?})"));
        }
    }

    #[test]
    fn an_empty_header_is_a_missing_credential_and_any_other_an_invalid_one() {
        assert!(matches!(parse(&[]), Err(Error::MissingCredential)));
        assert!(matches!(parse(&[" "]), Err(Error::MissingCredential)));
        for values in [&["Digest rcu_x"][..], &["rcu_x", "rcu_x"], &["Bearer é"]] {
            assert!(matches!(parse(values), Err(Error::InvalidCredential)), "{values:?}");
        }
    }
}
