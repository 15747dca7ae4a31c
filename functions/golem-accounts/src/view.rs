//! An account as golem's clients see it.

use serde::Serialize;
use shared::model::{AccountId, AccountName, PlanId};
use shared::table::Addressed;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    id: AccountId,
    name: AccountName,
    email: String,
    plan_id: PlanId,
}

impl From<Addressed> for AccountView {
    fn from(Addressed { account, email }: Addressed) -> Self {
        let email = email.map(|email| email.typed().to_owned()).unwrap_or_default();
        Self { id: account.id, name: account.name, email, plan_id: account.plan }
    }
}
