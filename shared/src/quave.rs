//! What the functions of the quave dialect share.

use serde::Serialize;

use crate::model::{Account, AccountId, AccountName, Slug, User};

/// An account as quave's clients see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    account_id: AccountId,
    name: AccountName,
    slug: Slug,
    is_verified: bool,
    allow_auto_scaling: bool,
    is_current: bool,
}

impl AccountView {
    /// The account, as the calling user sees it.
    pub fn new(account: Account, user: &User) -> Self {
        let Account {
            id,
            name,
            slug,
            is_verified,
            allow_auto_scaling,
            plan: _,
            owner: _,
            contact_email: _,
            registry: _,
            member_count: _,
            admin_count: _,
            created_at: _,
        } = account;
        Self {
            account_id: id,
            name,
            slug,
            is_verified,
            allow_auto_scaling,
            is_current: user.current_account == Some(id),
        }
    }
}
