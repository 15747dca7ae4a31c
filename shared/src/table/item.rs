//! Kinds of items, and how they become attributes and back.

use std::collections::HashMap;
use std::ops::Deref;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::answers::StoredResponse;
use super::clearing::CleanupTask;
use super::key::Key;
use crate::Result;
use crate::error::failed;
use crate::model::{
    Account, AccountId, Client, Email, Grant, Membership, Plan, User, UserId, UserToken,
};

/// The attributes of one item, as the SDK has them.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// The attribute with the time after which the table deletes an item, in seconds since 1970.
pub(super) const TTL: &str = "ttl";

/// The attribute that counts an item's writes.
pub(super) const VERSION: &str = "version";

/// A kind of item.
pub(super) trait Item: Serialize + DeserializeOwned {
    /// The value of the `type` attribute, for people and exports.
    const TYPE: &'static str;

    /// The attributes of a new item at this key; its version is 1.
    fn at(&self, key: Key) -> Result<Attributes> {
        let mut attributes: Attributes =
            serde_dynamo::to_item(self).map_err(failed("write an item"))?;
        attributes.retain(|_, value| !value.is_null());
        attributes.extend(key.into_attributes());
        attributes.insert("type".to_owned(), AttributeValue::S(Self::TYPE.to_owned()));
        attributes.insert(VERSION.to_owned(), AttributeValue::N("1".to_owned()));
        Ok(attributes)
    }
}

/// An item whose key follows from what it says.
pub(super) trait Keyed: Item {
    /// Where the item is.
    fn key(&self) -> Key;
}

/// An item as it was read. A write can demand that it has not changed since.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    pub(super) item: T,
    pub(super) version: u64,
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

/// The item that these attributes are.
pub(super) fn stored<T: Item>(attributes: Attributes) -> Result<Stored<T>> {
    let version = attributes.get(VERSION).and_then(|value| value.as_n().ok()?.parse().ok());
    let item = serde_dynamo::from_item(attributes).map_err(failed("read an item"))?;
    Ok(Stored { item, version: version.unwrap_or_default() })
}

/// Says of each kind of item its type and its key.
macro_rules! items {
    ($($(#[$doc:meta])* $item:ty = $type:literal at |$this:ident| $key:expr;)*) => {$(
        $(#[$doc])*
        impl Item for $item {
            const TYPE: &'static str = $type;
        }

        impl Keyed for $item {
            fn key(&self) -> Key {
                let $this = self;
                $key
            }
        }
    )*};
}

items! {
    User = "user" at |user| Key::user(user.id);
    Email = "email" at |email| Key::email(email.user, &email.address);
    UserToken = "token" at |token| Key::token(token.user, token.id);
    Grant = "grant" at |grant| Key::grant(grant.user, grant.id);
    Client = "client" at |client| Key::client(client.id);
    Account = "account" at |account| Key::account(account.id);
    StoredResponse = "answer" at |answer| Key::answer(answer.user, &answer.slot);
    /// Kept twice: here among its user's items, and at [`Key::member`] among its account's.
    Membership = "membership" at |membership| Key::membership(membership.user, membership.account);
    /// Kept twice: here, and at [`Key::listed_plan`] among all plans.
    Plan = "plan" at |plan| Key::plan(plan.id);
    CleanupTask = "clearing" at |clearing| match clearing {
        CleanupTask::Members { account, .. } => Key::clearing_of_members(*account),
        CleanupTask::Credentials { user, epoch, .. } => Key::clearing_of_credentials(*user, *epoch),
    };
}

/// Who has a value that must be unique. Its key is the value, so that of two claims one fails.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) user: Option<UserId>,
    pub(super) account: Option<AccountId>,
}

impl Claim {
    /// The attributes of a user's claim to what `key` spells.
    pub(super) fn of_user(user: UserId, key: Key) -> Result<Attributes> {
        Self { user: Some(user), account: None }.at(key)
    }

    /// The attributes of an account's claim to what `key` spells.
    pub(super) fn of_account(account: AccountId, key: Key) -> Result<Attributes> {
        Self { user: None, account: Some(account) }.at(key)
    }
}

impl Item for Claim {
    const TYPE: &'static str = "claim";
}
