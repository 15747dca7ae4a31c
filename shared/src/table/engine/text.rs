//! Items as the text of a response has them, from which they are parsed at once.
//!
//! The SDK would make a map of each, which takes 18 % of the instructions of a request.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// Parses an item.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    T::deserialize(Fields(&mut serde_json::Deserializer::from_str(text)))
}

/// The types of attributes, as the protocol names them.
#[derive(Clone, Copy, Deserialize)]
enum Type {
    S,
    N,
    #[serde(rename = "BOOL")]
    Bool,
    #[serde(rename = "NULL")]
    Null,
    M,
    L,
    #[serde(rename = "SS")]
    StringSet,
}

/// An object whose values are attributes.
struct Fields<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Fields<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Parts(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

/// Hands on what holds attributes, and has each of them read as one.
struct Parts<T>(T);

impl<'de, V: Visitor<'de>> Visitor<'de> for Parts<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Parts(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Parts(list))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Parts(seed))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Parts<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Parts(seed))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Parts<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Attribute(json))
    }
}

/// An attribute: an object with the type as its only name.
struct Attribute<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Attribute<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Typed(visitor, As::Any))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Typed(visitor, As::Option))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Typed(visitor, As::Enum))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// As what an attribute is read.
#[derive(Clone, Copy)]
enum As {
    Any,
    Option,
    /// One without data.
    Enum,
}

/// Reads the type of an attribute, and then what it holds.
struct Typed<V>(V, As);

impl<'de, V: Visitor<'de>> Visitor<'de> for Typed<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<V::Value, A::Error> {
        let Self(visitor, how) = self;
        let kind = map.next_key()?.ok_or_else(|| A::Error::custom("an attribute has no type"))?;
        match (how, kind) {
            (As::Any, kind) => map.next_value_seed(Held { visitor, kind }),
            (As::Option, Type::Null) => {
                map.next_value::<IgnoredAny>()?;
                visitor.visit_none()
            }
            (As::Option, kind) => visitor.visit_some(Opened { map, kind }),
            (As::Enum, _) => map.next_value_seed(Name(visitor)),
        }
    }
}

/// An attribute whose type was read.
struct Opened<A> {
    map: A,
    kind: Type,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Opened<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(Held { visitor, kind: self.kind })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(Name(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// What an attribute of a type holds.
struct Held<V> {
    visitor: V,
    kind: Type,
}

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Held<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        let Self { visitor, kind } = self;
        match kind {
            Type::S => json.deserialize_str(visitor),
            Type::N => json.deserialize_str(Number(visitor)),
            Type::Bool => json.deserialize_bool(visitor),
            Type::Null => {
                IgnoredAny::deserialize(json)?;
                visitor.visit_unit()
            }
            Type::M => Fields(json).deserialize_any(visitor),
            Type::L => json.deserialize_seq(Parts(visitor)),
            Type::StringSet => json.deserialize_seq(visitor),
        }
    }
}

/// Reads a number, which the protocol writes as a text.
struct Number<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Number<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        if let Ok(number) = text.parse() {
            return self.0.visit_u64(number);
        }
        if let Ok(number) = text.parse() {
            return self.0.visit_i64(number);
        }
        self.0.visit_f64(text.parse().map_err(E::custom)?)
    }
}

/// Reads the name of one of several.
struct Name<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Name<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<V::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_enum(StrDeserializer::new(name))
    }
}

/// An attribute in a form that becomes the SDK's.
#[derive(Deserialize)]
pub(super) enum Value {
    S(String),
    N(String),
    #[serde(rename = "BOOL")]
    Bool(bool),
    #[serde(rename = "NULL")]
    Null(bool),
    M(HashMap<String, Value>),
    L(Vec<Value>),
    #[serde(rename = "SS")]
    StringSet(Vec<String>),
}

impl From<Value> for AttributeValue {
    fn from(value: Value) -> Self {
        match value {
            Value::S(text) => Self::S(text),
            Value::N(number) => Self::N(number),
            Value::Bool(is) => Self::Bool(is),
            Value::Null(is) => Self::Null(is),
            Value::M(fields) => Self::M(attributes(fields)),
            Value::L(parts) => Self::L(parts.into_iter().map(Self::from).collect()),
            Value::StringSet(texts) => Self::Ss(texts),
        }
    }
}

/// An item in the SDK's form.
pub(super) fn attributes(fields: HashMap<String, Value>) -> HashMap<String, AttributeValue> {
    fields.into_iter().map(|(name, value)| (name, value.into())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Own {
        text: String,
        escaped: String,
        count: u64,
        below: i64,
        fraction: f64,
        is: bool,
        maybe: Option<String>,
        nothing: Option<u8>,
        #[serde(default)]
        absent: Option<bool>,
        kind: Kind,
        maybe_kind: Option<Kind>,
        of: Wrapped,
        maybe_of: Option<Wrapped>,
        list: Vec<u8>,
        set: BTreeSet<String>,
        map: BTreeMap<String, Inner>,
        tagged: Tagged,
        #[serde(flatten)]
        flat: Flat,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Kind {
        One,
        Other,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(u32);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        a: Option<BTreeMap<String, i32>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "kind", rename_all = "camelCase")]
    enum Tagged {
        With { id: u64, kinds: Vec<Kind> },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        flat: i64,
    }

    const ITEM: &str = r#"{
        "pk": {"S": "left out"}, "deep": {"M": {"a": {"L": [{"S": "left out"}]}}},
        "text": {"S": "ä"}, "escaped": {"S": "\"\\\n\u00e4"}, "count": {"N": "18446744073709551615"},
        "below": {"N": "-9007199254740993"}, "fraction": {"N": "1.5"}, "is": {"BOOL": true},
        "maybe": {"S": "there"}, "nothing": {"NULL": true}, "kind": {"S": "one"},
        "maybeKind": {"S": "other"}, "of": {"N": "7"}, "maybeOf": {"N": "8"},
        "list": {"L": [{"N": "1"}, {"N": "2"}]}, "set": {"SS": ["a", "b"]},
        "map": {"M": {"x": {"M": {"a": {"M": {"y": {"N": "-3"}}}}}, "z": {"M": {}}}},
        "tagged": {"M": {"id": {"N": "5"}, "kinds": {"L": [{"S": "one"}]}, "kind": {"S": "with"}}},
        "flat": {"N": "-1"}
    }"#;

    #[test]
    fn an_item_is_the_same_from_its_text_and_from_the_form_of_the_sdk() {
        let from_text: Own = parse(ITEM).unwrap();

        let fields: HashMap<String, Value> = serde_json::from_str(ITEM).unwrap();
        let from_sdk: Own = serde_dynamo::from_item(attributes(fields)).unwrap();
        assert_eq!(from_text, from_sdk);
        assert_eq!((from_text.escaped.as_str(), from_text.count), ("\"\\\nä", u64::MAX));
    }

    #[test]
    fn what_is_no_item_of_the_kind_is_an_error() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"flat": {}}"#,
            r#"{"flat": {"N": "a"}}"#,
            r#"{"flat": {"S": "1"}}"#,
            r#"{"flat": {"N": "1", "S": "1"}}"#,
            r#"{"flat": {"X": "1"}}"#,
            r#"{"flat": "1"}"#,
        ] {
            assert!(parse::<Flat>(wrong).is_err(), "{wrong}");
        }
    }
}
