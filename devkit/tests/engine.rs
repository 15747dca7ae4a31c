//! What the service rests on, as DynamoDB documents it, on whichever engine the tests run.
#![expect(clippy::unwrap_used, reason = "what cannot be arranged fails the test")]

use devkit::engine::Engine;
use devkit::template::Template;
use serde_json::{Value, json};

struct Stage {
    engine: Engine,
    table: String,
}

impl Stage {
    async fn new() -> Self {
        let engine = Engine::for_test().await.unwrap();
        let table = engine.new_table(&Template::load().unwrap()).await.unwrap();
        Self { engine, table }
    }

    /// The response, also an error.
    async fn call(&self, operation: &str, mut request: Value) -> Value {
        if request.get("TransactItems").is_none() {
            request["TableName"] = json!(self.table);
        }
        let answered = self.engine.call(operation, &request).await;
        answered.unwrap_or_else(|rejected| serde_json::from_str(&rejected.to_string()).unwrap())
    }

    async fn item(&self, name: &str) -> Value {
        self.call("GetItem", json!({ "Key": key(name), "ConsistentRead": true })).await["Item"]
            .take()
    }

    /// Actions that each add an item where there is none.
    fn additions(&self, count: usize) -> Vec<Value> {
        let add = |number| {
            json!({ "Put": {
                "TableName": self.table,
                "Item": key(&format!("item-{number}")),
                "ConditionExpression": "attribute_not_exists(pk)",
            } })
        };
        (0..count).map(add).collect()
    }
}

fn key(name: &str) -> Value {
    json!({ "pk": { "S": name }, "sk": { "S": "x" } })
}

fn is_rejection(response: &Value, name: &str) -> bool {
    response["__type"].as_str().is_some_and(|kind| kind.ends_with(&format!("#{name}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_string_may_be_empty_and_a_key_may_not() {
    let stage = Stage::new().await;
    let mut item = key("item");
    item["name"] = json!({ "S": "" });

    stage.call("PutItem", json!({ "Item": item })).await;

    assert_eq!(stage.item("item").await, item);
    let rejected = stage.call("PutItem", json!({ "Item": key("") })).await;
    assert!(is_rejection(&rejected, "ValidationException"), "{rejected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_transaction_happens_once_and_succeeds_when_repeated() {
    let stage = Stage::new().await;
    let request =
        json!({ "TransactItems": stage.additions(25), "ClientRequestToken": "once and no more" });

    for _ in 0..2 {
        assert_eq!(stage.call("TransactWriteItems", request.clone()).await, json!({}));
    }

    assert_eq!(stage.item("item-24").await, key("item-24"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failed_condition_of_many_is_reported_by_index_and_nothing_is_written() {
    let stage = Stage::new().await;
    stage.call("PutItem", json!({ "Item": key("item-17") })).await;

    let rejected =
        stage.call("TransactWriteItems", json!({ "TransactItems": stage.additions(25) })).await;

    assert!(is_rejection(&rejected, "TransactionCanceledException"), "{rejected}");
    let reasons = rejected["CancellationReasons"].as_array().unwrap();
    let failed: Vec<_> = (0..reasons.len()).filter(|at| reasons[*at]["Code"] != "None").collect();
    assert_eq!((reasons.len(), failed), (25, vec![17]));
    assert_eq!(stage.item("item-0").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_with_one_item_twice_is_rejected() {
    let stage = Stage::new().await;
    let twice = [stage.additions(12), stage.additions(1)].concat();

    let rejected = stage.call("TransactWriteItems", json!({ "TransactItems": twice })).await;

    assert!(is_rejection(&rejected, "ValidationException"), "{rejected}");
    assert_eq!(stage.item("item-0").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_condition_fails_returns_the_existing_item() {
    let stage = Stage::new().await;
    stage.call("PutItem", json!({ "Item": key("item") })).await;
    let mut update = json!({
        "Key": key("item"),
        "UpdateExpression": "SET added = :yes",
        "ConditionExpression": "attribute_not_exists(pk)",
        "ExpressionAttributeValues": { ":yes": { "BOOL": true } },
    });

    let plain = stage.call("UpdateItem", update.clone()).await;
    update["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    let reported = stage.call("UpdateItem", update).await;

    for rejected in [&plain, &reported] {
        assert!(is_rejection(rejected, "ConditionalCheckFailedException"), "{rejected}");
    }
    assert_eq!((plain.get("Item"), &reported["Item"]), (None, &key("item")));
}
