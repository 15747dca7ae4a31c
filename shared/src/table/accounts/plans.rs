//! Plans, for the operator; accounts are read with theirs in `accounts`.

use crate::model::{AccountId, Plan, PlanId};
use crate::table::engine::{Changes, Condition, Item, Key, PLAN, PLANS, Table, Transaction};
use crate::{Error, Result};

impl Table {
    /// Makes a plan, or gives it other limits.
    pub async fn put_plan(&self, plan: &Plan) -> Result<()> {
        let whatever = || Condition::absent().or(Condition::present());
        Transaction::new(self, "put a plan")
            .put(plan.at(Key::plan(plan.id))?, whatever(), || Error::WriteConflict)?
            .put(plan.at(Key::listed_plan(plan.id))?, whatever(), || Error::WriteConflict)?
            .commit()
            .await
    }

    /// All plans that are stored; the default one exists without that.
    pub async fn plans(&self) -> Result<Vec<Plan>> {
        self.query(PLANS.to_owned(), PLAN).await
    }

    /// Puts an account on a plan. [`Error::NotFound`] without the account or the plan.
    pub async fn assign_plan(&self, account: AccountId, plan: PlanId) -> Result<()> {
        let changes = Changes::new().set("plan", plan)?;
        let mut transaction = Transaction::new(self, "assign a plan").update(
            Key::account(account),
            changes,
            Condition::present(),
            || Error::NotFound("account"),
        );
        if plan != PlanId::DEFAULT {
            transaction = transaction
                .check(Key::plan(plan), Condition::present(), || Error::NotFound("plan"));
        }
        transaction.commit().await
    }
}
