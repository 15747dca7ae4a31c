//! Claims to values that must be unique.

use serde::{Deserialize, Serialize};

use super::item::{Attributes, Item, Stored};
use super::key::Key;
use super::table::Table;
use crate::Result;
use crate::model::{AccountId, UserId};

/// Who has a value that must be unique. Its key is the value, so that of two claims one fails.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::table) struct Claim {
    pub(in crate::table) user: Option<UserId>,
    pub(in crate::table) account: Option<AccountId>,
}

impl Claim {
    /// The attributes of a user's claim to what `key` spells.
    pub(in crate::table) fn of_user(user: UserId, key: Key) -> Result<Attributes> {
        Self { user: Some(user), account: None }.at(key)
    }

    /// The attributes of an account's claim to what `key` spells.
    pub(in crate::table) fn of_account(account: AccountId, key: Key) -> Result<Attributes> {
        Self { user: None, account: Some(account) }.at(key)
    }
}

impl Item for Claim {
    const TYPE: &'static str = "claim";
}

impl Table {
    /// Who has the value that `key` spells.
    pub(in crate::table) async fn claim_owner(&self, key: Key) -> Result<Option<UserId>> {
        let claim: Option<Stored<Claim>> = self.batch_get(vec![key.clone()]).await?.take(&key)?;
        Ok(claim.and_then(|claim| claim.user))
    }
}
