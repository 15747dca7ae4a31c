//! Items, and how they become attributes and back.

use std::collections::HashMap;
use std::ops::Deref;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::Key;
use crate::Result;
use crate::error::failed;

/// The attributes of one item, as the SDK represents them.
pub(in crate::table) type Attributes = HashMap<String, AttributeValue>;

/// The TTL attribute: the table deletes an item after this time, in seconds since 1970.
pub(in crate::table) const TTL: &str = "ttl";

/// The attribute that counts an item's writes.
pub(in crate::table) const VERSION: &str = "version";

/// A kind of item.
pub(in crate::table) trait Item: Serialize + DeserializeOwned {
    /// The value of the `type` attribute, for operators and exports.
    const TYPE: &'static str;

    /// The attributes of a new item with this key; its version is 1.
    fn to_attributes(&self, key: Key) -> Result<Attributes> {
        let mut attributes: Attributes =
            serde_dynamo::to_item(self).map_err(failed("write an item"))?;
        attributes.retain(|_, value| !value.is_null());
        attributes.extend(key.into_attributes());
        attributes.insert("type".to_owned(), AttributeValue::S(Self::TYPE.to_owned()));
        attributes.insert(VERSION.to_owned(), AttributeValue::N("1".to_owned()));
        Ok(attributes)
    }
}

/// An item whose key follows from its content.
pub(in crate::table) trait Keyed: Item {
    /// The key of the item.
    fn key(&self) -> Key;
}

/// An item as it was read. A write can require that it has not changed since.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    pub(in crate::table) item: T,
    pub(in crate::table) version: u64,
}

impl<T> Stored<T> {
    /// The item itself.
    pub fn into_inner(self) -> T {
        self.item
    }
}

impl<T> Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

/// Parses the attributes of an item.
#[cfg(feature = "operator")]
pub(super) fn from_attributes<T: Item>(attributes: Attributes) -> Result<Stored<T>> {
    let version = attributes.get(VERSION).and_then(|value| value.as_n().ok()?.parse().ok());
    let item = serde_dynamo::from_item(attributes).map_err(failed("read an item"))?;
    Ok(Stored { item, version: version.unwrap_or_default() })
}
