//! JSON Schemas, each built up from its type.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};
use shared::limits::MAX_EMAIL_BYTES;

/// Has the only value of a boolean, as `const` would.
pub const ONLY_VALUE: &str = "x-const";

/// Has the pattern of a time, as `pattern` would.
pub const TIME_PATTERN: &str = "x-pattern";

/// Has the types of a value that may be of several, as `type` would. Clients that are generated for
/// Kotlin, PHP and TypeScript send nothing of a choice of types, so that `type` has the one to use.
pub const ALL_TYPES: &str = "x-type";

/// Has the schemas of which an object fits one, as `anyOf` would. Of that, generators make clients
/// for Java that do not compile, and for Python that cannot read it.
pub const CHOICE: &str = "x-any-of";

/// A schema of draft 2020-12, as OpenAPI 3.1 has it.
#[derive(Debug, Clone)]
pub(crate) struct Schema(Map<String, Value>);

fn with_type(name: &str) -> Schema {
    Schema(Map::new()).with("type", name)
}

/// Any text.
pub(crate) fn string() -> Schema {
    with_type("string")
}

/// A text of 1 to `max` characters, none of which is a control character. It is trimmed.
pub(crate) fn text(max: usize) -> Schema {
    string().length(1..=max).with("pattern", format!("^{SPACE}{TRIMMED}{SPACE}$"))
}

/// The same, or nothing.
pub(crate) fn optional_text(max: usize) -> Schema {
    string().length(0..=max).with("pattern", format!("^{SPACE}({TRIMMED})?{SPACE}$"))
}

const SPACE: &str = r"\s*";
/// Without ASCII's control characters, and without white space at its ends. The others cannot be
/// written for all engines: PHP's reads bytes, and Ruby's knows `\x` for ASCII alone.
const TRIMMED: &str = r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?";

/// A text that is not empty.
pub(crate) fn required_text() -> Schema {
    string().with("minLength", 1)
}

/// An e-mail address.
pub(crate) fn email() -> Schema {
    string().length(1..=MAX_EMAIL_BYTES).with("format", "email")
}

/// An e-mail address that mail can be sent to: in ASCII before the `@`, and of no domain below
/// `invalid`, as placeholders are. A path ends at a `?`.
pub(crate) fn recipient(in_path: bool) -> Schema {
    let last = if in_path { r"\x3e" } else { r"\x3f" };
    let local = format!(r"[\x21-{last}\x41-\x7e][\x20-{last}\x41-\x7e]*");
    // Letter by letter: not all engines can look ahead.
    let letter = r"[^\s.?@]";
    let label = "invalid".chars().rev().fold(format!("{letter}+"), |rest, own| {
        let own = format!("{own}{}", own.to_ascii_uppercase());
        format!(r"([^\s.?@{own}]{letter}*|[{own}]{rest})?")
    });
    let label = label.trim_end_matches('?');
    email().with("pattern", format!(r"^{local}@([^\s?@]*\.)?{label}$"))
}

/// A text that this pattern describes.
pub(crate) fn pattern(pattern: &str) -> Schema {
    string().with("pattern", pattern)
}

/// A time in this form. Generated clients make their language's time of it, and compare that with a
/// `pattern` as the language writes it, so that only an extension has one.
pub(crate) fn timestamp(pattern: &str) -> Schema {
    string().with("format", "date-time").with(TIME_PATTERN, pattern)
}

/// So many bytes, written as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: usize) -> Schema {
    pattern(&format!("^[0-9a-f]{{{}}}$", bytes * 2))
}

/// A UUID in its form with hyphens.
pub(crate) fn uuid() -> Schema {
    string().with("format", "uuid").with(
        "pattern",
        "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    )
}

/// A whole number, of 64 bits unless a range says that fewer are enough.
pub(crate) fn integer() -> Schema {
    with_type("integer").with("format", "int64")
}

/// A whole number that every JSON parser reads exactly, of a thing that has been drawn at random.
pub(crate) fn random_number() -> Schema {
    integer().range(1..=(1 << 53) - 1)
}

/// `true` or `false`.
pub(crate) fn boolean() -> Schema {
    with_type("boolean")
}

/// One text and no other.
pub(crate) fn constant(text: &str) -> Schema {
    string().with("const", text)
}

/// One truth value and no other. Generated clients make an enum of texts of a `const`, and then
/// cannot read the value, so that only an extension says which one it is.
pub(crate) fn always(value: bool) -> Schema {
    boolean().with(ONLY_VALUE, value)
}

/// One of these words.
pub(crate) fn one_of(words: &[&str]) -> Schema {
    string().with("enum", words)
}

/// A list.
pub(crate) fn list(items: Schema) -> Schema {
    with_type("array").with("items", items.into_value())
}

/// Any value. Clients that are generated for Kotlin, PHP and Rust read nothing of a choice of types.
pub(crate) fn anything() -> Schema {
    Schema(Map::new())
}

/// An object that fits any of these.
pub(crate) fn choice<const N: usize>(schemas: [Schema; N]) -> Schema {
    let schemas: Vec<_> = schemas.into_iter().map(Schema::into_value).collect();
    Schema::object_of(anything()).with(CHOICE, schemas)
}

/// The schema of this name, among the components.
pub(crate) fn named(name: &str) -> Schema {
    Schema(Map::new()).with("$ref", format!("#/components/schemas/{name}"))
}

/// An object that a client sends. Other fields are ignored; one whose name ends in `?` may be
/// absent.
pub(crate) fn body<const N: usize>(fields: [(&str, Schema); N]) -> Schema {
    object(fields)
}

/// An object that a response shows: these fields and no others.
pub(crate) fn view<const N: usize>(fields: [(&str, Schema); N]) -> Schema {
    view_of(fields)
}

/// The same, of any number of fields.
pub(crate) fn view_of<'a>(fields: impl IntoIterator<Item = (&'a str, Schema)>) -> Schema {
    object(fields).with("additionalProperties", false)
}

fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Schema)>) -> Schema {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema) in fields {
        properties.insert(name.trim_end_matches('?').to_owned(), schema.into_value());
        required.extend(Some(name).filter(|name| !name.ends_with('?')));
    }
    let object = with_type("object").with("properties", properties);
    if required.is_empty() { object } else { object.with("required", required) }
}

impl Schema {
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// An object with any names, whose values are like this.
    pub(crate) fn object_of(values: Self) -> Self {
        with_type("object").with("additionalProperties", values.into_value())
    }

    /// What it is.
    pub(crate) fn about(self, text: &str) -> Self {
        self.with("description", text)
    }

    /// What it may look like.
    pub(crate) fn example(self, value: impl Into<Value>) -> Self {
        self.with("examples", vec![value.into()])
    }

    /// The least and the most characters.
    pub(crate) fn length(self, range: RangeInclusive<usize>) -> Self {
        let (min, max) = range.into_inner();
        let limited = self.with("maxLength", max);
        if min == 0 { limited } else { limited.with("minLength", min) }
    }

    /// The least and the greatest number.
    pub(crate) fn range(self, range: RangeInclusive<u64>) -> Self {
        let (min, max) = range.into_inner();
        let format = if i32::try_from(max).is_ok() { "int32" } else { "int64" };
        self.with("minimum", min).with("maximum", max).with("format", format)
    }

    /// An object that has all of these fields or none of them.
    pub(crate) fn all_or_none(self, names: &[&str]) -> Self {
        let others =
            |own: &str| -> Value { names.iter().filter(|other| **other != own).copied().collect() };
        let fields = names.iter().map(|own| ((*own).to_owned(), others(own)));
        self.with("dependentRequired", fields.collect::<Map<_, _>>())
    }

    /// The most entries of a list.
    pub(crate) fn at_most(self, entries: impl Into<Value>) -> Self {
        self.with("maxItems", entries)
    }

    /// A list that must not be empty.
    pub(crate) fn not_empty(self) -> Self {
        self.with("minItems", 1)
    }

    /// A value of another type, too.
    pub(crate) fn or(self, name: &str) -> Self {
        let own = self.0["type"].clone();
        self.with("type", json!([own, name]))
    }

    pub(crate) fn into_value(self) -> Value {
        self.0.into()
    }
}
