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
        Self::shown(account, email.as_ref())
    }
}

impl AccountView {
    /// An account that was opened with a contact address of its own.
    pub(crate) fn of_new(account: Account) -> Self {
        let email = account.contact_email.clone();
        Self::shown(account, email.as_ref())
    }

    fn shown(account: Account, email: Option<&EmailAddress>) -> Self {
        let email = email.map(|email| email.as_entered().to_owned()).unwrap_or_default();
        Self { id: account.id, name: account.name, email, plan_id: account.plan }
    }
}
