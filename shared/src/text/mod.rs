//! Rules for every text that a client sends, secrets excepted.

mod host;
mod parse_error;
mod shown;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use host::is_host_name;
pub use parse_error::ParseError;
use shown::check_shown;
#[cfg(feature = "table")]
pub(crate) use shown::is_hidden;

/// Trims a text of 1 to `max` characters (code points) without control characters.
pub fn parse_text(raw: &str, max: usize) -> Result<String, ParseError> {
    // U+0085 is white space to Rust, and a control character to the patterns of the documents.
    let text = raw.trim_matches(|letter: char| letter.is_whitespace() && letter != '\u{85}');
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

/// The same for a text that people are shown, such as a name: with a visible character, and with
/// invisible ones only where a script or an emoji needs them.
pub fn parse_shown(raw: &str, max: usize) -> Result<String, ParseError> {
    let text = parse_text(raw, max)?;
    check_shown(&text).map(|()| text)
}

/// A text of 1 to `MAX` characters that people are shown. See [`parse_shown`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// A [`Text`], or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionalText<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        parse_shown(raw, MAX).map(Self)
    }
}

impl<const MAX: usize> FromStr for OptionalText<MAX> {
    type Err = ParseError;

    fn from_str(raw: &str) -> Result<Self, ParseError> {
        if raw.trim().is_empty() { Ok(Self::default()) } else { parse_shown(raw, MAX).map(Self) }
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> From<OptionalText<MAX>> for String {
    fn from(text: OptionalText<MAX>) -> Self {
        text.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_its_characters_are_counted() {
        assert_eq!(" ü é ".parse::<Text<3>>().map(String::from), Ok("ü é".to_owned()));
        for (raw, problem) in [
            (" ", "must not be empty"),
            ("abcd", "must be at most 3 characters long"),
            ("a\nb", "must not contain control characters"),
            ("\u{85}", "must not contain control characters"),
            ("\u{200b}", "must have a visible character"),
        ] {
            assert_eq!(raw.parse::<Text<3>>(), Err(ParseError::new(problem)));
        }
    }

    #[test]
    fn an_optional_text_may_be_empty_and_nothing_else_is_laxer() {
        assert_eq!(" ".parse::<OptionalText<3>>().map(String::from), Ok(String::new()));
        assert_eq!(" a ".parse::<OptionalText<3>>().map(String::from), Ok("a".to_owned()));
        assert!("abcd".parse::<OptionalText<3>>().is_err());
        assert!("a\nb".parse::<OptionalText<3>>().is_err());
    }
}
