//! `assign-plan`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::model::{AccountId, PlanId};
use shared::table::{Actor, Table};

use super::print_json;

/// Put an account on a plan
#[derive(Args)]
pub(super) struct Options {
    /// Which account
    #[arg(long, value_name = "ID")]
    account: AccountId,
    /// Which plan; the nil UUID is the default plan
    #[arg(long, value_name = "UUID")]
    plan: PlanId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssignedPlan {
    account_id: AccountId,
    plan_id: PlanId,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    table.assign_plan(&Actor::operator(), options.account, options.plan).await?;
    print_json(&AssignedPlan { account_id: options.account, plan_id: options.plan })
}
