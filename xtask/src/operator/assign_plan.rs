//! `assign-plan`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{AccountId, PlanId};
use shared::table::Table;

use super::print;

/// Put an account on a plan
#[derive(Args)]
pub(super) struct Assignment {
    /// Which account
    #[arg(long, value_name = "ID")]
    account: AccountId,
    /// Which plan; the nil UUID is the default plan
    #[arg(long, value_name = "UUID")]
    plan: PlanId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Assigned {
    account_id: AccountId,
    plan_id: PlanId,
}

pub(super) async fn run(table: &Table, options: Assignment) -> Result<()> {
    table.assign_plan(options.account, options.plan).await?;
    print(&Assigned { account_id: options.account, plan_id: options.plan })
}
