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
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..))]
    project_limit: i64,
    /// Components
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..))]
    component_limit: i64,
    /// Workers
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..))]
    worker_limit: i64,
    /// Bytes of storage
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..))]
    storage_limit: i64,
    /// Units of computation a month
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..))]
    monthly_gas_limit: i64,
    /// Bytes uploaded a month
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(0..))]
    monthly_upload_limit: i64,
}

pub(super) async fn run(table: &Table, options: Options) -> Result<()> {
    let plan = Plan {
        id: options.id,
        limits: PlanLimits {
            project_limit: options.project_limit,
            component_limit: options.component_limit,
            worker_limit: options.worker_limit,
            storage_limit: options.storage_limit,
            monthly_gas_limit: options.monthly_gas_limit,
            monthly_upload_limit: options.monthly_upload_limit,
        },
    };
    retry(async || table.put_plan(&Actor::operator(), &plan).await).await?;
    print_json(&plan)
}
