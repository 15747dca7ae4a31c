//! What an update of an item changes.

use std::collections::HashMap;
use std::fmt::Display;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::item::VERSION;
use crate::Result;
use crate::error::failed;

/// New values for attributes of an item.
#[derive(Default)]
pub(in crate::table) struct Changes {
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Changes {
    /// Changes that increment the item's version.
    pub(in crate::table) fn new() -> Self {
        let mut changes = Self::default();
        let version = changes.name(VERSION);
        let one = changes.number(1);
        changes.set.push(format!("{version} = {version} + {one}"));
        changes
    }

    /// Changes of a user's password or keys, of what its addresses prove, or of whether a second
    /// factor is on.
    pub(in crate::table) fn of_credentials() -> Self {
        Self::new().add("credentialVersion", 1)
    }

    /// Changes of a user's tokens, as its counts have them.
    pub(in crate::table) fn of_tokens() -> Self {
        Self::new().add("tokensVersion", 1)
    }

    /// Changes of a user's addresses.
    pub(in crate::table) fn of_emails() -> Self {
        Self::new().and_of_emails()
    }

    /// These and changes of a user's addresses.
    pub(in crate::table) fn and_of_emails(self) -> Self {
        self.add("emailVersion", 1)
    }

    /// Changes of numbers that are limited by conditions of their own: the version stays, so that
    /// nothing that rests on the rest of the item conflicts with them.
    pub(in crate::table) fn of_numbers() -> Self {
        Self::default()
    }

    /// Changes that create the item if it does not exist.
    pub(in crate::table) fn or_new_item(item_type: &str) -> Self {
        let mut changes = Self::default();
        let (version, kind) = (changes.name(VERSION), changes.name("type"));
        let (zero, one) = (changes.number(0), changes.number(1));
        changes.set.push(format!("{version} = if_not_exists({version}, {zero}) + {one}"));
        let value = changes.value(AttributeValue::S(item_type.to_owned()));
        changes.set.push(format!("{kind} = {value}"));
        changes
    }

    pub(in crate::table) fn set(
        self,
        attribute: &'static str,
        value: impl Serialize,
    ) -> Result<Self> {
        self.assign(attribute, value, |_, value| value.to_owned())
    }

    /// Removes an attribute, if the item has it.
    pub(in crate::table) fn remove(mut self, attribute: &'static str) -> Self {
        let name = self.name(attribute);
        self.remove.push(name);
        self
    }

    /// Sets an attribute, unless the item has it.
    pub(in crate::table) fn set_if_absent(
        self,
        attribute: &'static str,
        value: impl Serialize,
    ) -> Result<Self> {
        self.assign(attribute, value, |name, value| format!("if_not_exists({name}, {value})"))
    }

    fn assign(
        mut self,
        attribute: &'static str,
        value: impl Serialize,
        assigned: impl Fn(&str, &str) -> String,
    ) -> Result<Self> {
        let value = self.serialized(value)?;
        let name = self.name(attribute);
        self.set.push(format!("{name} = {}", assigned(&name, &value)));
        Ok(self)
    }

    /// Inserts or replaces an entry of a map attribute.
    pub(in crate::table) fn set_entry(
        mut self,
        map: &'static str,
        name: impl Display,
        value: impl Serialize,
    ) -> Result<Self> {
        let value = self.serialized(value)?;
        let entry = self.entry(map, name);
        self.set.push(format!("{entry} = {value}"));
        Ok(self)
    }

    /// Sets a field of an entry of a map attribute, which must be there.
    pub(in crate::table) fn set_in_entry(
        mut self,
        map: &'static str,
        name: impl Display,
        field: &'static str,
        value: impl Serialize,
    ) -> Result<Self> {
        let value = self.serialized(value)?;
        let (entry, field) = (self.entry(map, name), self.name(field));
        self.set.push(format!("{entry}.{field} = {value}"));
        Ok(self)
    }

    /// Removes an entry of a map attribute, if it is there.
    pub(in crate::table) fn remove_entry(mut self, map: &'static str, name: impl Display) -> Self {
        let entry = self.entry(map, name);
        self.remove.push(entry);
        self
    }

    /// Adds to a number, which is 0 if it does not exist.
    pub(in crate::table) fn add(mut self, attribute: &'static str, number: i64) -> Self {
        let number = self.number(number);
        let name = self.name(attribute);
        self.add.push(format!("{name} {number}"));
        self
    }

    /// Adds to a set of texts, which is empty if it does not exist.
    pub(in crate::table) fn add_to_set(
        mut self,
        attribute: &'static str,
        texts: Vec<String>,
    ) -> Self {
        let texts = self.value(AttributeValue::Ss(texts));
        let name = self.name(attribute);
        self.add.push(format!("{name} {texts}"));
        self
    }

    /// The update expression.
    pub(super) fn expression(&self) -> String {
        [("SET", &self.set), ("REMOVE", &self.remove), ("ADD", &self.add)]
            .into_iter()
            .filter(|(_, clauses)| !clauses.is_empty())
            .map(|(verb, clauses)| format!("{verb} {}", clauses.join(", ")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn entry(&mut self, map: &'static str, name: impl Display) -> String {
        let entry = format!("#entry{}", self.names.len());
        self.names.insert(entry.clone(), name.to_string());
        format!("{}.{entry}", self.name(map))
    }

    fn name(&mut self, attribute: &str) -> String {
        let name = format!("#{attribute}");
        self.names.insert(name.clone(), attribute.to_owned());
        name
    }

    fn number(&mut self, number: i64) -> String {
        self.value(AttributeValue::N(number.to_string()))
    }

    fn serialized(&mut self, value: impl Serialize) -> Result<String> {
        let value = serde_dynamo::to_attribute_value(value).map_err(failed("write an item"))?;
        Ok(self.value(value))
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let name = format!(":new{}", self.values.len());
        self.values.insert(name.clone(), value);
        name
    }
}
