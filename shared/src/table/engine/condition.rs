//! Conditions of writes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Stored, TTL, VERSION};
use super::key::PK;
use crate::model::User;

/// What must hold of an item for a write to happen, as an expression with its names and values.
pub(in crate::table) struct Condition {
    pub(in crate::table) expression: String,
    pub(in crate::table) names: HashMap<String, String>,
    pub(in crate::table) values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// There is no item yet.
    pub(in crate::table) fn absent() -> Self {
        Self::bare(format!("attribute_not_exists({PK})"))
    }

    /// There is an item.
    pub(in crate::table) fn present() -> Self {
        Self::bare(format!("attribute_exists({PK})"))
    }

    /// There is a user, who is not disabled.
    pub(in crate::table) fn enabled() -> Self {
        let no = (":no".to_owned(), AttributeValue::Bool(false));
        let not_disabled = Self::compare("disabled", "= :no", [no]);
        let expression = format!(
            "attribute_exists({PK}) AND (attribute_not_exists(#disabled) OR {})",
            not_disabled.expression
        );
        Self { expression, ..not_disabled }
    }

    /// There is a user, who is not disabled, and whose password was not changed since it was read.
    pub(in crate::table) fn same_epoch(user: &User) -> Self {
        let epoch = AttributeValue::N(user.credential_epoch.to_string());
        let same = Self::compare("credentialEpoch", "= :epoch", [(":epoch".to_owned(), epoch)]);
        let same = if user.credential_epoch == 0 {
            same.or(Self::bare("attribute_not_exists(#credentialEpoch)".to_owned()))
        } else {
            same
        };
        Self::enabled().and(same)
    }

    /// The item is as it was read.
    pub(in crate::table) fn unchanged<T>(read: &Stored<T>) -> Self {
        let value = AttributeValue::N(read.version.to_string());
        Self::compare(VERSION, "= :read", [(":read".to_owned(), value)])
    }

    /// The item has this version. Unlike [`Condition::unchanged`] it may stand beside any other condition.
    pub(in crate::table) fn version(version: u64) -> Self {
        let value = AttributeValue::N(version.to_string());
        Self::compare(VERSION, "= :basis", [(":basis".to_owned(), value)])
    }

    /// There is no item yet, or only one whose time was over at `now`, in seconds since 1970.
    pub(in crate::table) fn absent_or_over(now: i64) -> Self {
        let now = AttributeValue::N(now.to_string());
        Self::absent().or(Self::compare(TTL, "<= :now", [(":now".to_owned(), now)]))
    }

    /// The text attribute has one of these values.
    pub(in crate::table) fn one_of<const N: usize>(
        attribute: &'static str,
        texts: [String; N],
    ) -> Self {
        let values: Vec<_> = texts
            .into_iter()
            .enumerate()
            .map(|(place, text)| (format!(":{attribute}{place}"), AttributeValue::S(text)))
            .collect();
        let list = values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        Self::compare(attribute, &format!("IN ({list})"), values)
    }

    /// Either of two holds.
    pub(in crate::table) fn or(mut self, other: Self) -> Self {
        self.expression = format!("{} OR {}", self.expression, other.expression);
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    /// Both hold.
    pub(in crate::table) fn and(mut self, other: Self) -> Self {
        self.expression = format!("({}) AND ({})", self.expression, other.expression);
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    fn bare(expression: String) -> Self {
        Self { expression, names: HashMap::new(), values: HashMap::new() }
    }

    /// Names stand behind a `#`, since `user`, `role` and others are words of the expression language.
    fn compare(
        attribute: &'static str,
        comparison: &str,
        values: impl IntoIterator<Item = (String, AttributeValue)>,
    ) -> Self {
        Self {
            expression: format!("#{attribute} {comparison}"),
            names: HashMap::from([(format!("#{attribute}"), attribute.to_owned())]),
            values: values.into_iter().collect(),
        }
    }
}
