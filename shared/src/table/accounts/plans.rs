//! Plans.

use crate::model::{AccountId, AuditAction, Plan, PlanId, PlanLimits};
use crate::table::engine::{
    Actor, Changes, Condition, Item, Key, PLAN, PLANS, Table, Trail, Transaction,
};
use crate::{Error, Result};

const MEMORY: &str = "maxMemoryPerWorker";

/// All of a plan, which needs not be there yet.
fn changes(plan: &Plan, keeps_memory: bool) -> Result<Changes> {
    let Plan { id, limits } = plan;
    let changes = Changes::or_new_item(Plan::TYPE)
        .set("id", id)?
        .set("projectLimit", limits.project_limit)?
        .set("componentLimit", limits.component_limit)?
        .set("workerLimit", limits.worker_limit)?
        .set("storageLimit", limits.storage_limit)?
        .set("monthlyGasLimit", limits.monthly_gas_limit)?
        .set("monthlyUploadLimit", limits.monthly_upload_limit)?;
    if keeps_memory {
        changes.set_if_absent(MEMORY, limits.max_memory_per_worker)
    } else {
        changes.set(MEMORY, limits.max_memory_per_worker)
    }
}

impl Table {
    /// Creates a plan, or replaces its limits. A stored one keeps its own `max_memory_per_worker` if
    /// `keeps_memory` says so.
    pub async fn put_plan(&self, actor: &Actor, plan: &Plan, keeps_memory: bool) -> Result<()> {
        let set = PlanLimits::FIELDS.into_iter().filter(|field| !keeps_memory || *field != MEMORY);
        let trail = Trail::of_service(plan.id, AuditAction::PlanUpdated).changed(set);
        let mut transaction = Transaction::new(self, actor, "put a plan", trail);
        for key in [Key::plan(plan.id), Key::listed_plan(plan.id)] {
            let always = Condition::absent().or(Condition::present());
            let changes = changes(plan, keeps_memory)?;
            transaction = transaction.update(key, changes, always, || Error::WriteConflict);
        }
        transaction.commit().await
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
