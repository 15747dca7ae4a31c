//! What holds for every text that a client sends, secrets apart.

use std::borrow::Cow;

/// What is wrong with a value, as the client is told: "is longer than 100 characters".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(Cow<'static, str>);

impl ParseError {
    /// A problem in words that continue `<field>: `.
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self(problem.into())
    }
}

/// The text without surrounding white space: 1 to `max` characters (code points), none of them control characters.
pub fn parse_text(raw: &str, max: usize) -> Result<String, ParseError> {
    let text = raw.trim();
    if text.is_empty() {
        return Err(ParseError::new("must not be empty"));
    }
    if text.chars().count() > max {
        return Err(ParseError::new(format!("must be at most {max} characters long")));
    }
    if text.chars().any(char::is_control) {
        return Err(ParseError::new("must not contain control characters"));
    }
    Ok(text.to_owned())
}
