//! What a user may say of itself.

use std::str::FromStr;

use super::{EmailAddress, OptionalText, ParseError, UrlParts};
use crate::limits::MAX_PROFILE_LINE;

/// A line of a profile, or nothing.
pub type ProfileLine = OptionalText<MAX_PROFILE_LINE>;

/// An http or https URL as long as a line of a profile, or nothing.
pub struct ProfileUrl(String);

/// The address for Gravatar, or nothing.
pub struct GravatarEmail(String);

impl FromStr for ProfileUrl {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        let typed = String::from(raw.parse::<ProfileLine>()?);
        if typed.is_empty() || UrlParts::parse(&typed).is_some_and(|url| url.is_web()) {
            return Ok(Self(typed));
        }
        Err(ParseError::new("must be an http or https URL, or empty"))
    }
}

impl FromStr for GravatarEmail {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        if raw.trim().is_empty() {
            return Ok(Self(String::new()));
        }
        raw.parse().map(|address: EmailAddress| Self(address.to_string()))
    }
}

impl From<ProfileUrl> for String {
    fn from(url: ProfileUrl) -> Self {
        url.0
    }
}

impl From<GravatarEmail> for String {
    fn from(address: GravatarEmail) -> Self {
        address.0
    }
}
