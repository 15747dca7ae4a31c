//! Plans: what an account may use.

use serde::{Deserialize, Serialize};

use super::PlanId;

/// What an account may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which plan.
    pub id: PlanId,
    /// Its limits.
    #[serde(flatten)]
    pub limits: PlanLimits,
}

/// The limits of a plan. The gas is at most [`PlanLimits::MAX_GAS`], all others are at most
/// [`PlanLimits::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanLimits {
    /// Projects.
    pub project_limit: i64,
    /// Components.
    pub component_limit: i64,
    /// Workers.
    pub worker_limit: i64,
    /// Bytes of storage.
    pub storage_limit: i64,
    /// Units of computation a month.
    pub monthly_gas_limit: i64,
    /// Bytes uploaded a month.
    pub monthly_upload_limit: i64,
    /// Bytes of memory of one worker.
    pub max_memory_per_worker: i64,
}

impl PlanLimits {
    /// More than this, Golem Cloud's published clients cannot read: they take 32-bit integers.
    pub const MAX: i64 = i32::MAX as i64;
    /// More than this, JavaScript's clients do not read exactly.
    pub const MAX_GAS: i64 = (1 << 53) - 1;

    /// The names of all limits.
    pub const FIELDS: [&str; 7] = [
        "projectLimit",
        "componentLimit",
        "workerLimit",
        "storageLimit",
        "monthlyGasLimit",
        "monthlyUploadLimit",
        "maxMemoryPerWorker",
    ];
}

impl Plan {
    /// The plan with the nil UUID, unless the table has one with that id. The limits are Golem
    /// Cloud's.
    pub const fn default_plan() -> Self {
        Self {
            id: PlanId::DEFAULT,
            limits: PlanLimits {
                project_limit: 100,
                component_limit: 100,
                worker_limit: 10_000,
                storage_limit: 500_000_000,
                monthly_gas_limit: 1_000_000_000_000,
                monthly_upload_limit: 1_000_000_000,
                max_memory_per_worker: 1_073_741_824,
            },
        }
    }
}
