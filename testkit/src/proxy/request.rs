//! What a call requests of the table, and what it cost.

use std::collections::BTreeSet;

use serde_json::Value;

/// Reads that need not be consistent: the operation, what the body contains, and why nothing
/// depends on stale data. There are none: every read carries a permission, a response or a
/// condition.
const MAY_BE_STALE: [(&str, &str, &str); 0] = [];

/// Whether it is an eventually consistent read that is not allowed.
pub(super) fn is_eventual_read(operation: &str, body: &[u8]) -> bool {
    let may_be = |(own, held, _why): &(&str, &str, &str)| {
        *own == operation && String::from_utf8_lossy(body).contains(held)
    };
    if MAY_BE_STALE.iter().any(may_be) {
        return false;
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let consistent = |request: &Value| request["ConsistentRead"] == Value::Bool(true);
    match operation {
        "BatchGetItem" => !request["RequestItems"]
            .as_object()
            .is_some_and(|tables| tables.values().all(consistent)),
        "GetItem" | "Query" | "Scan" => !consistent(&request),
        _ => false,
    }
}

/// How many keys a `BatchGetItem` requests.
pub(super) fn keys(body: &[u8]) -> usize {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let tables = request["RequestItems"].as_object().into_iter().flat_map(serde_json::Map::values);
    tables.filter_map(|table| table["Keys"].as_array()).map(Vec::len).sum()
}

/// A transaction needs the permission of each of its parts, and none of its own.
pub(super) fn permissions(operation: &str, body: &[u8]) -> BTreeSet<String> {
    if operation != "TransactWriteItems" {
        return BTreeSet::from([format!("dynamodb:{operation}")]);
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts =
        request["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object);
    parts.flat_map(serde_json::Map::keys).map(|part| format!("dynamodb:{part}Item")).collect()
}

/// How many actions a transaction has.
pub(super) fn actions(body: &[u8]) -> usize {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    request["TransactItems"].as_array().map_or(0, Vec::len)
}

/// The consumed capacity units that a response reports.
pub(super) fn units(body: &[u8]) -> Option<f64> {
    let response: Value = serde_json::from_slice(body).unwrap_or_default();
    match &response["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(|table| table["CapacityUnits"].as_f64()).sum(),
        table => table["CapacityUnits"].as_f64(),
    }
}
