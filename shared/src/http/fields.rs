//! The fields of a JSON body, with every problem found in them.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::{Error, Problem, Result};

/// The fields of a JSON object. Reading one that is not as it must be notes a problem and goes on, so that the client
/// learns of all of them at once; [`Fields::finish`] then refuses the body. Fields that nobody reads are ignored.
pub struct Fields {
    object: Map<String, Value>,
    problems: Vec<Problem>,
}

impl Fields {
    /// The fields of a body, which must be a JSON object.
    pub(super) fn parse(body: &[u8]) -> Result<Self> {
        if body.is_empty() {
            return Err(Error::invalid("body", "is required: a JSON object"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => Ok(Self { object, problems: Vec::new() }),
            Ok(_) => Err(Error::invalid("body", "must be a JSON object")),
            // Only the place: the parser's message may quote the body.
            Err(error) => Err(Error::invalid(
                "body",
                format!("is not valid JSON (line {}, column {})", error.line(), error.column()),
            )),
        }
    }

    /// Whether the body has the field, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// A text field that must be there.
    pub fn required<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        if !self.has(name) {
            self.problem(name, "is required");
        }
        self.optional(name)
    }

    /// A text field that may be absent. `null` is not absent but of the wrong type.
    pub fn optional<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        let outcome = match self.object.get(name)? {
            Value::String(text) => text.parse().map_err(|problem: T::Err| problem.to_string()),
            _ => Err("must be a string".to_owned()),
        };
        outcome.map_err(|problem| self.problem(name, problem)).ok()
    }

    /// A field that may be absent, and is a text or a number, which is taken as its text.
    pub fn optional_text_or_number<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        if let Some(Value::Number(number)) = self.object.get(name) {
            let text = Value::String(number.to_string());
            self.object.insert(name.to_owned(), text);
        }
        self.optional(name)
    }

    /// Notes a problem with a field.
    pub fn problem(&mut self, name: &'static str, text: impl Display) {
        self.problems.push(Problem::new(name, text));
    }

    /// What was read, if nothing was wrong with any field.
    pub fn finish<T>(self, read: Option<T>) -> Result<T> {
        read.filter(|_| self.problems.is_empty()).ok_or(Error::Invalid(self.problems))
    }
}
