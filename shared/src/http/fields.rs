//! The fields of a body, JSON or a form, with every problem found in them.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::{Error, FieldError, Result};

/// The fields of a JSON object or of a form. Reading one that is not as it must be notes a problem and goes on, so that the client
/// learns of all of them at once; [`Fields::finish`] then refuses the body. Fields that nobody reads are ignored.
pub struct Fields {
    object: Map<String, Value>,
    problems: Vec<FieldError>,
    is_form: bool,
    /// Fields of a form that are there more than once.
    repeated: BTreeSet<String>,
}

impl Fields {
    /// The fields of a body, which must be a JSON object.
    pub(super) fn of_json(body: &[u8]) -> Result<Self> {
        if body.is_empty() {
            return Err(Error::invalid("body", "is required: a JSON object"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(object)) => {
                Ok(Self { object, problems: Vec::new(), is_form: false, repeated: BTreeSet::new() })
            }
            Ok(_) => Err(Error::invalid("body", "must be a JSON object")),
            // Only the place: the parser's message may quote the body.
            Err(error) => Err(Error::invalid(
                "body",
                format!("is not valid JSON (line {}, column {})", error.line(), error.column()),
            )),
        }
    }

    /// The fields of a form (`application/x-www-form-urlencoded`), all of them texts. One that is read may be there once.
    pub(super) fn of_form(body: &[u8]) -> Result<Self> {
        let (mut object, mut repeated) = (Map::new(), BTreeSet::new());
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            let value = decoded(halves.next().unwrap_or_default())?;
            if object.insert(name.clone(), value.into()).is_some() {
                repeated.insert(name);
            }
        }
        Ok(Self { object, problems: Vec::new(), is_form: true, repeated })
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
        if self.repeated.contains(name) {
            self.problem(name, "is given more than once");
            return None;
        }
        let outcome = match self.object.get(name)? {
            Value::String(text) => text.parse().map_err(|problem: T::Err| problem.to_string()),
            _ => Err("must be a string".to_owned()),
        };
        outcome.map_err(|problem| self.problem(name, problem)).ok()
    }

    /// A text field that may be absent, where an empty one is absent too (RFC 6749, section 3.2).
    pub fn given<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        match self.object.get(name) {
            Some(Value::String(text)) if text.is_empty() && !self.repeated.contains(name) => None,
            _ => self.optional(name),
        }
    }

    /// The same, for one that must be there.
    pub fn required_non_empty<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        let before = self.problems.len();
        let value = self.given(name);
        if value.is_none() && self.problems.len() == before {
            self.problem(name, "is required");
        }
        value
    }

    /// A field that may be absent, and is a text or a whole number, which is taken as its text.
    pub fn optional_text_or_number<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        let text = match self.object.get(name)? {
            Value::Number(number) if number.is_u64() || number.is_i64() => number.to_string(),
            Value::String(_) => return self.optional(name),
            _ => {
                self.problem(name, "must be a string or a whole number");
                return None;
            }
        };
        text.parse().map_err(|problem: T::Err| self.problem(name, problem)).ok()
    }

    /// A field that must be `true` or absent; in a form the text `true` is true.
    pub fn optional_true(&mut self, name: &'static str) -> bool {
        if self.repeated.contains(name) {
            self.problem(name, "is given more than once");
            return false;
        }
        match self.object.get(name) {
            None => return false,
            Some(Value::Bool(true)) => return true,
            Some(Value::String(text)) if self.is_form && text == "true" => return true,
            Some(_) => self.problem(name, "must be true or absent"),
        }
        false
    }

    /// A whole number in this range that may be absent.
    pub fn optional_number(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = self.object.get(name)?.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            let (start, end) = range.into_inner();
            self.problem(name, format_args!("must be a whole number from {start} to {end}"));
        }
        number
    }

    /// A list of texts that may be absent.
    pub fn optional_list<T: FromStr>(&mut self, name: &'static str) -> Option<Vec<T>>
    where
        T::Err: Display,
    {
        let Value::Array(values) = self.object.get(name)? else {
            self.problem(name, "must be a list of strings");
            return None;
        };
        let read = |value: &Value| match value {
            Value::String(text) => {
                text.parse().map_err(|problem: T::Err| format!("holds a value that {problem}"))
            }
            _ => Err("must be a list of strings".to_owned()),
        };
        let read: Result<Vec<T>, _> = values.iter().map(read).collect();
        read.map_err(|problem| self.problem(name, problem)).ok()
    }

    /// Notes a problem with a field.
    pub fn problem(&mut self, name: &'static str, text: impl Display) {
        self.problems.push(FieldError::new(name, text));
    }

    /// What was read, if nothing was wrong with any field.
    pub fn finish<T>(self, read: Option<T>) -> Result<T> {
        read.filter(|_| self.problems.is_empty()).ok_or(Error::Invalid(self.problems))
    }
}

/// A name or a value of a form, in UTF-8.
fn decoded(raw: &[u8]) -> Result<String> {
    let spaced: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes = percent_decode(&spaced).collect();
    String::from_utf8(bytes).map_err(|_| Error::invalid("body", "is not UTF-8"))
}
