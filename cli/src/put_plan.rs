//! `put-plan`.

use anyhow::Result;
use clap::{Args, value_parser};
use shared::model::{Plan, PlanId, PlanLimits};
use shared::table::{Actor, Table};

use super::{print_json, retry};

/// Make a plan, or give it other limits, which hold at once for all accounts on it
#[derive(Args)]
pub(super) struct Options {
    /// Which plan; the nil UUID is the default plan
    #[arg(long, value_name = "UUID")]
    id: PlanId,
    /// Projects
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX))]
    project_limit: i64,
    /// Components
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX))]
    component_limit: i64,
    /// Workers
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX))]
    worker_limit: i64,
    /// Bytes of storage
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX))]
    storage_limit: i64,
    /// Units of computation a month
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX_GAS))]
    monthly_gas_limit: i64,
    /// Bytes uploaded a month
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX))]
    monthly_upload_limit: i64,
    /// Bytes of memory of one worker; without it a plan keeps what it has, and a new one gets the
    /// default plan's
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..=PlanLimits::MAX))]
    max_memory_per_worker: Option<i64>,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let (max_memory, default) = (options.max_memory_per_worker, Plan::default_plan().limits);
    let plan = Plan {
        id: options.id,
        limits: PlanLimits {
            project_limit: options.project_limit,
            component_limit: options.component_limit,
            worker_limit: options.worker_limit,
            storage_limit: options.storage_limit,
            monthly_gas_limit: options.monthly_gas_limit,
            monthly_upload_limit: options.monthly_upload_limit,
            max_memory_per_worker: max_memory.unwrap_or(default.max_memory_per_worker),
        },
    };
    let keeps_memory = max_memory.is_none();
    retry(async || table.put_plan(&Actor::operator(), &plan, keeps_memory).await).await?;
    print_json(&table.plan(plan.id).await?)
}
