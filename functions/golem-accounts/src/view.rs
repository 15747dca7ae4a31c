//! An account as golem's clients see it.

use serde::Serialize;
use shared::model::{Account, AccountId, AccountName, EmailAddress, PlanId};
use shared::table::AccountWithEmail;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    id: AccountId,
    name: AccountName,
    email: String,
    plan_id: PlanId,
}

impl From<AccountWithEmail> for AccountView {
    fn from(AccountWithEmail { account, email, versions: _ }: AccountWithEmail) -> Self {
        Self::with_email(account, email.as_ref())
    }
}

impl AccountView {
    /// A new account, which has a contact address of its own.
    pub(crate) fn from_new(account: Account) -> Self {
        let email = account.contact_email.clone();
        Self::with_email(account, email.as_ref())
    }

    fn with_email(account: Account, email: Option<&EmailAddress>) -> Self {
        let Account {
            id,
            name,
            slug: _,
            is_verified: _,
            allow_auto_scaling: _,
            plan: plan_id,
            owner: _,
            contact_email: _,
            registry: _,
            member_count: _,
            admin_count: _,
            created_at: _,
        } = account;
        let email = email.map(|email| email.as_entered().to_owned()).unwrap_or_default();
        Self { id, name, email, plan_id }
    }
}
