//! The filter patterns of a mapping, as far as the template uses them: exact values and prefixes.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

/// A pattern; every field that it names must match.
#[derive(Debug, Clone)]
pub struct Filter(BTreeMap<String, Pattern>);

#[derive(Debug, Clone)]
enum Pattern {
    Fields(Filter),
    AnyOf(Vec<Rule>),
}

#[derive(Debug, Clone)]
enum Rule {
    Exact(Value),
    Prefix(String),
}

impl Filter {
    /// Parses the JSON text of a pattern. What is not supported is an error.
    pub fn parse(text: &str) -> Result<Self> {
        let pattern: Value = serde_json::from_str(text).context("a filter is not JSON")?;
        let fields = pattern.as_object().context("a filter is no object")?;
        Self::from_fields(fields).with_context(|| format!("cannot use the filter {text}"))
    }

    fn from_fields(fields: &Map<String, Value>) -> Result<Self> {
        let fields = fields.iter();
        let fields = fields.map(|(name, pattern)| Ok((name.clone(), Pattern::new(pattern)?)));
        fields.collect::<Result<_>>().map(Self)
    }

    /// Whether the record, as a function would get it, matches.
    pub fn matches(&self, record: &Value) -> bool {
        let mut fields = self.0.iter();
        fields.all(|(name, pattern)| record.get(name).is_some_and(|value| pattern.matches(value)))
    }
}

impl Pattern {
    fn new(pattern: &Value) -> Result<Self> {
        match pattern {
            Value::Object(fields) => Ok(Self::Fields(Filter::from_fields(fields)?)),
            Value::Array(rules) => {
                ensure!(!rules.is_empty(), "an empty list matches nothing");
                Ok(Self::AnyOf(rules.iter().map(Rule::new).collect::<Result<_>>()?))
            }
            other => bail!("{other} is neither a list nor an object"),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Fields(filter) => filter.matches(value),
            Self::AnyOf(rules) => rules.iter().any(|rule| rule.matches(value)),
        }
    }
}

impl Rule {
    fn new(rule: &Value) -> Result<Self> {
        match rule {
            Value::Object(comparison) => {
                let prefix = comparison.get("prefix").and_then(Value::as_str);
                let prefix = prefix.filter(|_| comparison.len() == 1);
                Ok(Self::Prefix(prefix.with_context(|| format!("{rule} is no prefix"))?.to_owned()))
            }
            Value::Array(_) => bail!("{rule} is a list in a list"),
            exact => Ok(Self::Exact(exact.clone())),
        }
    }

    fn matches(&self, value: &Value) -> bool {
        match self {
            Self::Exact(own) => own == value,
            Self::Prefix(prefix) => value.as_str().is_some_and(|own| own.starts_with(prefix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_matches_if_every_field_has_one_of_the_values_or_prefixes() {
        let filter = Filter::parse(
            r#"{"eventName":["INSERT","MODIFY"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"A#"}]}}}}"#,
        )
        .unwrap();
        let record = |name: &str, key: &str| json!({ "eventName": name, "dynamodb": { "Keys": { "pk": { "S": key } } } });

        for (record, matches) in [
            (record("INSERT", "A#1"), true),
            (record("MODIFY", "A#"), true),
            (record("REMOVE", "A#1"), false),
            (record("INSERT", "B#1"), false),
            (record("INSERT", "A"), false),
            (json!({ "eventName": "INSERT" }), false),
            (json!({ "eventName": "INSERT", "dynamodb": { "Keys": "A#" } }), false),
        ] {
            assert_eq!(filter.matches(&record), matches, "{record}");
        }
    }

    #[test]
    fn a_pattern_that_is_not_supported_is_an_error() {
        for text in [
            "INSERT",
            "[]",
            r#"{"eventName":"INSERT"}"#,
            r#"{"eventName":[]}"#,
            r#"{"eventName":[["INSERT"]]}"#,
            r#"{"eventName":[{"suffix":"T"}]}"#,
            r#"{"eventName":[{"prefix":1}]}"#,
            r#"{"eventName":[{"prefix":"I","suffix":"T"}]}"#,
            r#"{"$or":[{"eventName":["INSERT"]}]}"#,
        ] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
