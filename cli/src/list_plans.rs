//! `list-plans`.

use anyhow::Result;
use serde::Serialize;
use shared::model::{Plan, PlanId};
use shared::table::Table;

use super::print_json;

#[derive(Serialize)]
struct Plans {
    plans: Vec<Plan>,
}

/// The default plan is listed even though it may not be stored.
pub(super) async fn run(table: &Table) -> Result<()> {
    let mut plans = table.plans().await?;
    if plans.iter().all(|plan| plan.id != PlanId::DEFAULT) {
        plans.insert(0, Plan::default_plan());
    }
    print_json(&Plans { plans })
}
