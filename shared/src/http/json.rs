//! JSON bodies, parsed in one pass that notices members given twice.
//!
//! `serde_json` keeps the last of two members with one name, other parsers the first. Whoever checks
//! a request before it comes here might see another one.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::FieldError;

/// Repeated members that are reported; of a body with more, these are enough.
pub(super) const MAX_REPORTED: usize = 20;

/// A JSON text.
pub(super) struct Document {
    /// Its value, with the first of repeated members.
    pub(super) value: Value,
    /// The members that were given more than once, at any depth, as in `outer.inner`.
    pub(super) repeated: BTreeSet<String>,
}

impl Document {
    /// Parses a text that is one JSON value.
    pub(super) fn parse(text: &[u8]) -> serde_json::Result<Self> {
        let mut repeated = BTreeSet::new();
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        let root = Node { path: None, repeated: &mut repeated };
        let value = root.deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(Self { value, repeated })
    }
}

/// Where a member is.
#[derive(Clone, Copy)]
struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    name: &'a str,
}

impl Path<'_> {
    /// The names from the outermost one on, cut after [`FieldError::MAX_NAME`] characters.
    fn text(&self) -> String {
        let mut names = vec![self.name];
        let mut parent = self.parent;
        while let Some(path) = parent {
            names.push(path.name);
            parent = path.parent;
        }
        let letters = names.iter().rev().flat_map(|name| name.chars().chain(['.']));
        let mut text: String = letters.take(FieldError::MAX_NAME + 1).collect();
        text.pop();
        text
    }
}

/// A value in the document, as its parser sees it.
struct Node<'a> {
    /// The member that it is of, or in a list of; none for the whole document.
    path: Option<&'a Path<'a>>,
    repeated: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let Self { path, repeated } = self;
        while let Some(value) = values.next_element_seed(Node { path, repeated })? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let Self { path: parent, repeated } = self;
        while let Some(name) = members.next_key::<String>()? {
            let path = Path { parent, name: &name };
            let is_repeated = object.contains_key(&name);
            if is_repeated && repeated.len() < MAX_REPORTED {
                repeated.insert(path.text());
            }
            let value = members.next_value_seed(Node { path: Some(&path), repeated })?;
            if !is_repeated {
                object.insert(name, value);
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(text: &str) -> Vec<String> {
        Document::parse(text.as_bytes()).unwrap().repeated.into_iter().collect()
    }

    #[test]
    fn a_document_has_the_values_that_serde_json_reads() {
        for text in [
            r#"{"a":[1,-1,1.5,1e400,true,null,"\u00e4",{"b":{}}],"":18446744073709551616}"#,
            "[]",
            " null ",
            "0",
            "",
            "{}{}",
            r#"{"a":}"#,
            &"[".repeat(200),
        ] {
            let read = Document::parse(text.as_bytes()).map(|document| document.value);
            let expected = serde_json::from_str::<Value>(text);
            assert_eq!(read.ok(), expected.ok(), "{text}");
        }
    }

    #[test]
    fn repeated_members_are_named_at_any_depth() {
        for (text, names) in [
            (r#"{"a":1,"b":{"a":2}}"#, &[][..]),
            (r#"{"a":1,"a":1}"#, &["a"]),
            (r#"{"a":1,"\u0061":2,"a":3}"#, &["a"]),
            (r#"{"a":{"b":[{"c":1},{"c":1,"c":2}]}}"#, &["a.b.c"]),
            (r#"{"a":{},"a":{"b":1,"b":1}}"#, &["a", "a.b"]),
            (r#"[{"":1,"":2}]"#, &[""]),
        ] {
            assert_eq!(repeated(text), names, "{text}");
        }
    }

    #[test]
    fn what_is_reported_stays_small() {
        let inner: Vec<String> = (0..50).map(|n| format!(r#""{n}":0,"{n}":0"#)).collect();
        let name = "x".repeat(1000);

        assert_eq!(repeated(&format!("{{{}}}", inner.join(","))).len(), MAX_REPORTED);
        let cut = repeated(&format!(r#"{{"{name}":{{{}}}}}"#, inner.join(",")));
        assert_eq!(cut, [&name[..FieldError::MAX_NAME]]);
    }
}
