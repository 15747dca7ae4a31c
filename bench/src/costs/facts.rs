//! The measurements, and the resources of a stack.

use std::collections::BTreeMap;

use serde_json::Value;

/// Everything that costs are worked out from, beside prices and assumptions.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Every documented operation, called with its event.
    pub(crate) operations: Vec<Measured>,
    /// One operation called with different credentials.
    pub(crate) credentials: Vec<Measured>,
    /// Stacks with different parameters.
    pub(crate) stacks: Vec<Stack>,
}

/// One request that went well.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// The operation or credential.
    pub(crate) name: String,
    /// The binary that responded.
    pub(crate) function: String,
    /// How many password hashes it computed.
    pub(crate) hashes: u32,
    /// Concurrent calls to the table are one round trip.
    pub(crate) rounds: u32,
    /// How often each operation of `DynamoDB` was called.
    pub(crate) calls: BTreeMap<String, u32>,
    /// Read request units.
    pub(crate) reads: f64,
    /// Write request units.
    pub(crate) writes: f64,
    /// Size of that line.
    pub(crate) log_bytes: usize,
    /// Size of the response's head and body.
    pub(crate) response_bytes: usize,
}

/// A stack as `CloudFormation` makes it, under parameters.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    /// Which parameters those are.
    pub(crate) name: String,
    /// Its resources by their logical ids.
    pub(crate) resources: BTreeMap<String, Value>,
}

impl Stack {
    /// The resources of one type.
    pub(crate) fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.resources.values().filter(move |resource| resource["Type"] == kind)
    }
}
