//! The error of every value that a client sends.

use std::borrow::Cow;

/// What is wrong with a value, in words that continue `<field>: `, as in "must not be empty".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(Cow<'static, str>);

impl ParseError {
    /// An error with this text.
    pub fn new(problem: impl Into<Cow<'static, str>>) -> Self {
        Self(problem.into())
    }
}
