//! Claims: items that keep values unique.

use serde::{Deserialize, Serialize};

use super::item::{Attributes, Item, Stored};
use super::key::Key;
use super::table::Table;
use crate::Result;
use crate::model::{AccountId, UserId};

/// The owner of a unique value. The value is the key of the claim, so only one of two concurrent
/// claims succeeds.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::table) struct Claim {
    pub(in crate::table) user: Option<UserId>,
    pub(in crate::table) account: Option<AccountId>,
}

impl Claim {
    /// The attributes of a user's claim at `key`.
    pub(in crate::table) fn by_user(user: UserId, key: Key) -> Result<Attributes> {
        Self { user: Some(user), account: None }.to_attributes(key)
    }

    /// The attributes of an account's claim at `key`.
    pub(in crate::table) fn by_account(account: AccountId, key: Key) -> Result<Attributes> {
        Self { user: None, account: Some(account) }.to_attributes(key)
    }
}

impl Claim {
    /// The attributes of a claim at `key` to a value that nobody has and nobody gets.
    pub(in crate::table) fn by_nobody(key: Key) -> Result<Attributes> {
        Self { user: None, account: None }.to_attributes(key)
    }
}

impl Item for Claim {
    const TYPE: &'static str = "claim";
}

impl Table {
    /// The user who holds the claim at `key`.
    pub(in crate::table) async fn claim_owner(&self, key: Key) -> Result<Option<UserId>> {
        let claim: Option<Stored<Claim>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        Ok(claim.and_then(|claim| claim.user))
    }
}
