//! The embedded engine counts capacity units as `DynamoDB` documents them: bills are worked out
//! from its counts.

use serde_json::{Value, json};
use testkit::TestApp;

/// Placeholder for the table of the test.
const TABLE: &str = "<table>";

fn key(name: &str) -> Value {
    json!({ "pk": { "S": name }, "sk": { "S": "x" } })
}

/// An item of about so many kilobytes.
fn item(name: &str, kilobytes: usize) -> Value {
    json!({
        "pk": { "S": name },
        "sk": { "S": "x" },
        "text": { "S": "x".repeat(1024 * kilobytes - 100) },
    })
}

fn put(name: &str, kilobytes: usize) -> Value {
    json!({ "Put": { "TableName": TABLE, "Item": item(name, kilobytes) } })
}

fn check(name: &str, condition: &str) -> Value {
    json!({
        "ConditionCheck": {
            "TableName": TABLE,
            "Key": key(name),
            "ConditionExpression": condition,
        },
    })
}

fn get(names: &[&str]) -> Value {
    let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
    json!({ "RequestItems": { TABLE: { "Keys": keys, "ConsistentRead": true } } })
}

fn query(name: &str) -> Value {
    json!({
        "TableName": TABLE,
        "ConsistentRead": true,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": { ":pk": { "S": name } },
    })
}

#[tokio::test]
async fn the_engine_counts_units_as_dynamodb_documents_them() {
    let app = TestApp::start().await;
    let all = |items: Value| json!({ "TransactItems": items });
    let of_one = |rest: Value| {
        let mut request = rest;
        (request["TableName"], request["Key"]) = (json!(TABLE), key("small"));
        request
    };
    for (operation, request, units, rule) in [
        (
            "TransactWriteItems",
            all(json!([put("small", 1), put("large", 5)])),
            12.0,
            "two write units per started KB of each item",
        ),
        (
            "TransactWriteItems",
            all(json!([put("other", 1), check("large", "attribute_exists(pk)")])),
            12.0,
            "a check as a write of what it looks at",
        ),
        (
            "TransactWriteItems",
            all(json!([put("third", 1), check("none", "attribute_not_exists(pk)")])),
            4.0,
            "a check of nothing as one of a KB",
        ),
        (
            "TransactWriteItems",
            all(json!([put("large", 1)])),
            10.0,
            "the larger of what was and what is",
        ),
        ("TransactWriteItems", all(json!([put("large", 5)])), 10.0, "again"),
        (
            "BatchGetItem",
            get(&["small", "other"]),
            2.0,
            "one read unit per started 4 KB of each item",
        ),
        (
            "BatchGetItem",
            get(&["small", "large"]),
            3.0,
            "one read unit per started 4 KB of each item",
        ),
        ("BatchGetItem", get(&["small", "none"]), 2.0, "one for an item that is not there"),
        ("Query", query("small"), 1.0, "started 4 KB of all items together"),
        ("Query", query("large"), 2.0, "started 4 KB of all items together"),
        ("Query", query("none"), 1.0, "one for finding nothing"),
        (
            "UpdateItem",
            of_one(json!({
                "UpdateExpression": "SET a = :a",
                "ExpressionAttributeValues": { ":a": { "S": "x" } },
            })),
            1.0,
            "a write outside a transaction once",
        ),
        (
            "BatchWriteItem",
            json!({
                "RequestItems": {
                    TABLE: [
                        { "DeleteRequest": { "Key": key("small") } },
                        { "DeleteRequest": { "Key": key("none") } },
                    ],
                },
            }),
            2.0,
            "each deletion, of nothing too",
        ),
    ] {
        assert_eq!(consumed(&app, operation, request).await, json!(units), "{operation}: {rule}");
    }
}

#[expect(clippy::unwrap_used, reason = "what was JSON is JSON")]
async fn consumed(app: &TestApp, operation: &str, request: Value) -> Value {
    let text = request.to_string().replace(TABLE, app.table_name());
    let mut request: Value = serde_json::from_str(&text).unwrap();
    request["ReturnConsumedCapacity"] = json!("TOTAL");
    let response = app.engine(operation, request).await;
    let capacity = &response["ConsumedCapacity"];
    let table = if capacity.is_array() { &capacity[0] } else { capacity };
    table["CapacityUnits"].clone()
}
