//! What was measured, and what a stack is made of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that costs are worked out from, beside prices and assumptions.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    /// Every documented operation, asked for with what its event carries.
    pub operations: Vec<Measured>,
    /// One operation asked for with different credentials.
    pub credentials: Vec<Measured>,
    /// Stacks with different parameters.
    pub stacks: Vec<Stack>,
}

/// One request that went well.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// The operation or credential.
    pub name: String,
    /// The binary that answered.
    pub function: String,
    /// Its name in log and metrics.
    pub route: String,
    /// How many password hashes it computed.
    pub hashes: u32,
    /// Calls to the table at once are one round.
    pub rounds: u32,
    /// How often each operation of `DynamoDB` was called.
    pub calls: BTreeMap<String, u32>,
    /// Read request units.
    pub reads: f64,
    /// Write request units.
    pub writes: f64,
    /// Metrics that the line in the log carries.
    pub metrics: usize,
    /// Size of that line.
    pub log_bytes: usize,
    /// Size of the answer's head and body.
    pub answer_bytes: usize,
}

/// A stack as `CloudFormation` makes it, under parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stack {
    /// Which parameters those are.
    pub name: String,
    /// Its resources by their logical ids.
    pub resources: BTreeMap<String, Value>,
}

impl Stack {
    /// The resources of one type.
    pub(super) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.resources.values().filter(move |resource| resource["Type"] == kind)
    }
}
