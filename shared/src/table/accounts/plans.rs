//! Plans.

use crate::model::{AccountId, AuditAction, Plan, PlanId, PlanLimits};
use crate::table::engine::{
    Actor, Changes, Condition, Item, Key, PLAN, PLANS, Table, Trail, Transaction,
};
use crate::{Error, Result};

impl Table {
    /// Creates a plan, or replaces its limits.
    pub async fn put_plan(&self, actor: &Actor, plan: &Plan) -> Result<()> {
        let always = || Condition::absent().or(Condition::present());
        let trail =
            Trail::of_service(plan.id, AuditAction::PlanUpdated).changed(PlanLimits::FIELDS);
        Transaction::new(self, actor, "put a plan", trail)
            .put(plan.to_attributes(Key::plan(plan.id))?, always(), || Error::WriteConflict)?
            .put(plan.to_attributes(Key::listed_plan(plan.id))?, always(), || Error::WriteConflict)?
            .commit()
            .await
    }

    /// All stored plans. The default plan exists without being stored.
    pub async fn plans(&self) -> Result<Vec<Plan>> {
        self.query(PLANS.to_owned(), PLAN).await
    }

    /// Assigns a plan to an account. [`Error::NotFound`] if either does not exist.
    pub async fn assign_plan(&self, actor: &Actor, account: AccountId, plan: PlanId) -> Result<()> {
        let changes = Changes::new().set("plan", plan)?;
        let updated = Trail::of_account(account, AuditAction::AccountUpdated)
            .changed(["plan"])
            .with("plan", &plan);
        let mut transaction = Transaction::new(self, actor, "assign a plan", updated).update(
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
