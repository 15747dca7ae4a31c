//! The fields of a JSON body or a form, with every error found in them.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::json::{Document, MAX_REPORTED};
use super::multipart;
use crate::{Error, FieldError, Result};

pub(super) const GIVEN_TWICE: &str = "is given more than once";

/// The fields of a JSON object or of a form. Reading an invalid field adds an error and goes on, so
/// that the response lists all of them; [`Fields::into_result`] then rejects the body. Unknown
/// fields are ignored.
pub struct Fields {
    object: Map<String, Value>,
    errors: Vec<FieldError>,
    is_form: bool,
    /// Fields that occur more than once.
    repeated: BTreeSet<String>,
}

impl Fields {
    /// The fields of a body, which must be a JSON object without repeated members at any depth.
    pub(super) fn from_json(body: &[u8]) -> Result<Self> {
        match Document::parse(body) {
            Ok(Document { value: Value::Object(object), repeated }) => {
                let twice = |name: &String| FieldError::new(name.clone(), GIVEN_TWICE);
                let errors = repeated.iter().map(twice).collect();
                Ok(Self { object, errors, is_form: false, repeated })
            }
            Ok(_) => Err(Error::invalid("body", "must be a JSON object")),
            // Only the position: the parser's message may quote the body. It also rejects JSON that is
            // nested too deep, and numbers too large for a double.
            Err(error) => Err(Error::invalid(
                "body",
                format!(
                    "cannot be read as JSON (line {}, column {})",
                    error.line(),
                    error.column()
                ),
            )),
        }
    }

    /// The fields of a form (`application/x-www-form-urlencoded`), all of them strings.
    ///
    /// A JSON object would be one unknown field. `curl -d` declares every body to be a form.
    pub(super) fn from_form(body: &[u8]) -> Result<Self> {
        if body.trim_ascii_start().starts_with(b"{") && Document::parse(body).is_ok() {
            return Err(Error::invalid("body", "is JSON, and is declared to be a form"));
        }
        let mut fields = Self::empty_form();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            fields.insert_text(name, value);
        }
        Ok(fields.with_repeated())
    }

    /// The fields of a form (`multipart/form-data`), all of them strings.
    pub(super) fn from_multipart(content_type: Option<&str>, body: &[u8]) -> Result<Self> {
        let mut fields = Self::empty_form();
        for (name, value) in multipart::parse(content_type, body)? {
            fields.insert_text(name, value);
        }
        Ok(fields.with_repeated())
    }

    fn empty_form() -> Self {
        let (object, repeated) = (Map::new(), BTreeSet::new());
        Self { object, errors: Vec::new(), is_form: true, repeated }
    }

    /// The form with an error for each of its repeated fields, as of a JSON object's.
    fn with_repeated(mut self) -> Self {
        let names = self.repeated.iter().take(MAX_REPORTED);
        self.errors = names.map(|name| FieldError::new(name.clone(), GIVEN_TWICE)).collect();
        self
    }

    fn insert_text(&mut self, name: String, value: String) {
        if self.object.insert(name.clone(), value.into()).is_some() {
            self.repeated.insert(name);
        }
    }

    /// Whether the body has the field, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// A required string.
    pub fn required<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        if !self.has(name) {
            self.add_error(name, "is required");
        }
        self.optional(name)
    }

    /// An optional string. `null` is not absent but of the wrong type.
    pub fn optional<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        if self.is_repeated(name) {
            return None;
        }
        let outcome = match self.object.get(name)? {
            Value::String(text) => text.parse().map_err(|error: T::Err| error.to_string()),
            _ => Err("must be a string".to_owned()),
        };
        outcome.map_err(|error| self.add_error(name, error)).ok()
    }

    /// An optional string that counts as absent if it is empty (RFC 6749, section 3.2).
    pub fn non_empty<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        match self.object.get(name) {
            Some(Value::String(text)) if text.is_empty() && !self.repeated.contains(name) => None,
            _ => self.optional(name),
        }
    }

    /// A required string that counts as absent if it is empty.
    pub fn required_non_empty<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        let before = self.errors.len();
        let value = self.non_empty(name);
        let is_reported = self.errors.len() > before || self.is_repeated(name);
        if value.is_none() && !is_reported {
            self.add_error(name, "is required");
        }
        value
    }

    /// An optional string or whole number; a number counts as its text.
    pub fn optional_text_or_number<T: FromStr>(&mut self, name: &'static str) -> Option<T>
    where
        T::Err: Display,
    {
        let text = match self.object.get(name)? {
            Value::String(_) => return self.optional(name),
            Value::Number(number) if let Some(whole) = whole(number) => whole.to_string(),
            Value::Number(number) if number.as_f64().is_some_and(|it| it.fract() == 0.0) => {
                self.add_error(name, "is too large for an exact number; send it as a string");
                return None;
            }
            _ => {
                self.add_error(name, "must be a string or a whole number");
                return None;
            }
        };
        text.parse().map_err(|error: T::Err| self.add_error(name, error)).ok()
    }

    /// Makes a field absent that is `null`: where responses show it so, it may be sent back.
    pub fn allow_null(&mut self, name: &'static str) {
        if self.object.get(name).is_some_and(Value::is_null) {
            self.object.remove(name);
        }
    }

    /// A field that must be `true` or absent. In a form it is what languages make of that, or of a
    /// checked box: `true`, `True`, `TRUE`, `1` or `on`.
    pub fn optional_true(&mut self, name: &'static str) -> bool {
        if self.is_repeated(name) {
            return false;
        }
        match self.object.get(name) {
            None => return false,
            Some(Value::Bool(true)) => return true,
            Some(Value::String(text)) if self.is_form && is_true(text) => return true,
            Some(_) => self.add_error(name, "must be true or absent"),
        }
        false
    }

    /// Whether a box of a form is ticked: any text but those for true is as good as none.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.object.get(name).and_then(Value::as_str).is_some_and(is_true)
    }

    /// An optional truth value.
    pub fn optional_bool(&mut self, name: &'static str) -> Option<bool> {
        let value = self.object.get(name)?.as_bool();
        if value.is_none() {
            self.add_error(name, "must be true or false");
        }
        value
    }

    /// An optional whole number in this range, also one that is written with a fraction of zero.
    pub fn optional_number(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = self.object.get(name)?.as_number().and_then(whole);
        let number = number.and_then(|number| u64::try_from(number).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (start, end) = range.into_inner();
            self.add_error(name, format_args!("must be a whole number from {start} to {end}"));
        }
        number
    }

    /// An optional list of strings.
    pub fn optional_list<T: FromStr>(&mut self, name: &'static str) -> Option<Vec<T>>
    where
        T::Err: Display,
    {
        let Value::Array(values) = self.object.get(name)? else {
            self.add_error(name, "must be a list of strings");
            return None;
        };
        let parse = |value: &Value| match value {
            Value::String(text) => {
                text.parse().map_err(|error: T::Err| format!("holds a value that {error}"))
            }
            _ => Err("must be a list of strings".to_owned()),
        };
        let parsed: Result<Vec<T>, _> = values.iter().map(parse).collect();
        parsed.map_err(|error| self.add_error(name, error)).ok()
    }

    /// An optional object, of which `parse` reads the fields. Their errors are named as in
    /// `outer.inner`.
    pub fn optional_object<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.is_repeated(name) {
            return None;
        }
        let Value::Object(object) = self.object.get(name)?.clone() else {
            self.add_error(name, "must be an object");
            return None;
        };
        let within = |path: &String| Some(path.strip_prefix(name)?.strip_prefix('.')?.to_owned());
        let repeated = self.repeated.iter().filter_map(within).collect();
        let mut inner = Self { object, errors: Vec::new(), is_form: self.is_form, repeated };
        let parsed = parse(&mut inner);
        self.errors.extend(inner.errors.into_iter().map(|error| error.within(name)));
        Some(parsed)
    }

    /// An error if one of these fields occurs more than once: which of its values counts is not to
    /// be guessed.
    #[cfg(feature = "table")]
    pub(crate) fn check_single(&self, names: &[&'static str]) -> Result<()> {
        let is_repeated = |name: &&&'static str| self.repeated.contains(**name);
        match names.iter().find(is_repeated) {
            Some(name) => Err(Error::invalid(name, GIVEN_TWICE)),
            None => Ok(()),
        }
    }

    /// Whether a field occurs more than once, of which its error is there already.
    fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// Adds an error of a field.
    pub fn add_error(&mut self, name: &'static str, text: impl Display) {
        self.errors.push(FieldError::new(name, text));
    }

    /// What was parsed, if no field was invalid.
    pub fn into_result<T>(self, parsed: Option<T>) -> Result<T> {
        parsed.filter(|_| self.errors.is_empty()).ok_or(Error::Invalid(self.errors))
    }
}

/// What languages write for true and false when they make a text of it.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

fn is_true(text: &str) -> bool {
    let text = text.trim();
    parse_bool(text) == Some(true) || text == "1" || text == "on"
}

/// A whole number, also one that is written with a fraction of zero, as programs write what they
/// keep as a floating-point number.
fn whole(number: &serde_json::Number) -> Option<i128> {
    // Those that every such program keeps exactly (RFC 8259, section 6).
    const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
    number.as_i128().or_else(|| {
        let exact = |number: &f64| number.fract() == 0.0 && number.abs() <= MAX_EXACT;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is a whole number, and small enough"
        )]
        number.as_f64().filter(exact).map(|number| number as i128)
    })
}

/// A name or a value of a form, in UTF-8.
fn decode(raw: &[u8]) -> Result<String> {
    let spaced: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes = percent_decode(&spaced).collect();
    String::from_utf8(bytes).map_err(|_| Error::invalid("body", "is not UTF-8"))
}
