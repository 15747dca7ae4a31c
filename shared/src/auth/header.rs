//! Reading the `Authorization` header.

use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;

use crate::{Error, Result};

/// The token of an `Authorization` header, in its bare form or after `Bearer` (RFC 6750, section 2.1).
pub(super) fn token(headers: &HeaderMap) -> Result<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Error::NoCredential)?;
    if values.next().is_some() {
        return Err(Error::BadCredential);
    }
    let text = value.to_str().map_err(|_| Error::BadCredential)?.trim();
    match text.split_once(' ') {
        None if text.is_empty() => Err(Error::NoCredential),
        None => Ok(text),
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim_start()),
        Some(_) => Err(Error::BadCredential),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Result<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        token(&headers).map(str::to_owned)
    }

    #[test]
    fn a_token_stands_bare_or_after_bearer_in_any_case() {
        for value in ["rcu_x", " rcu_x ", "Bearer rcu_x", "bearer  rcu_x", "BEARER rcu_x"] {
            assert_eq!(of(&[value]).unwrap(), "rcu_x", "{value}");
        }
    }

    #[test]
    fn an_empty_header_is_no_credential_and_anything_else_is_a_bad_one() {
        assert!(matches!(of(&[]), Err(Error::NoCredential)));
        assert!(matches!(of(&[" "]), Err(Error::NoCredential)));
        for values in [&["Basic rcu_x"][..], &["rcu_x", "rcu_x"], &["Bearer é"]] {
            assert!(matches!(of(values), Err(Error::BadCredential)), "{values:?}");
        }
    }
}
