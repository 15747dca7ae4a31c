//! Transactions of more actions than the engine accepts: all conditions are checked before anything
//! is written, while all other calls wait.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::{Backend, key_of};

/// The engine takes so many actions.
const ENGINE_MAX_ACTIONS: usize = 10;
/// `DynamoDB` takes so many.
const MAX_ACTIONS: usize = 100;
/// True of everything.
const ANYTHING: &str = "attribute_exists(pk) OR attribute_not_exists(pk)";

/// Whether the engine rejects for its length what `DynamoDB` takes.
pub(super) fn exceeds_engine(request: &Value) -> bool {
    (ENGINE_MAX_ACTIONS + 1..=MAX_ACTIONS).contains(&actions(request).len())
}

fn actions(request: &Value) -> &[Value] {
    request["TransactItems"].as_array().map(Vec::as_slice).unwrap_or_default()
}

impl Backend {
    pub(super) async fn transact(
        &self,
        headers: &HeaderMap,
        request: &Value,
    ) -> Result<(StatusCode, String)> {
        let actions = actions(request);
        if names_an_item_twice(actions) {
            let message = "Transaction request cannot include multiple operations on one item";
            return Ok(rejection(
                "com.amazon.coral.validate#ValidationException",
                json!({ "message": message }),
            ));
        }
        let mut completed = self.completed.write().await;
        let token = request["ClientRequestToken"].as_str().unwrap_or_default();
        if !token.is_empty() && completed.get(token) == Some(request) {
            return Ok((StatusCode::OK, "{}".to_owned()));
        }
        let reasons = self.reasons(headers, actions).await?;
        if reasons.iter().any(|reason| reason["Code"] != "None") {
            return Ok(cancelled(&reasons));
        }
        self.write(headers, actions).await?;
        completed.insert(token.to_owned(), request.clone());
        Ok((StatusCode::OK, "{}".to_owned()))
    }

    async fn write(&self, headers: &HeaderMap, actions: &[Value]) -> Result<()> {
        for portion in actions.chunks(ENGINE_MAX_ACTIONS) {
            let (status, response) = self.transact_some(headers, portion).await?;
            ensure!(status.is_success(), "a long transaction stopped half-way: {response}");
        }
        Ok(())
    }

    /// The result of each condition.
    async fn reasons(&self, headers: &HeaderMap, actions: &[Value]) -> Result<Vec<Value>> {
        let mut reasons = Vec::new();
        for portion in actions.chunks(ENGINE_MAX_ACTIONS) {
            let checks: Vec<_> = portion.iter().map(check).collect();
            let (status, response) = self.transact_some(headers, &checks).await?;
            let response: Value = serde_json::from_str(&response)?;
            if let Some(of_portion) = response["CancellationReasons"].as_array() {
                reasons.extend(of_portion.iter().cloned());
            } else {
                ensure!(status.is_success(), "a part of a long transaction: {response}");
                reasons.extend(portion.iter().map(|_| json!({ "Code": "None" })));
            }
        }
        Ok(reasons)
    }

    async fn transact_some(
        &self,
        headers: &HeaderMap,
        actions: &[Value],
    ) -> Result<(StatusCode, String)> {
        self.forward(headers, json!({ "TransactItems": actions }).to_string()).await
    }
}

fn cancelled(reasons: &[Value]) -> (StatusCode, String) {
    rejection(
        "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        json!({ "Message": "Transaction cancelled", "CancellationReasons": reasons }),
    )
}

fn rejection(kind: &str, mut body: Value) -> (StatusCode, String) {
    body["__type"] = kind.into();
    (StatusCode::BAD_REQUEST, body.to_string())
}

fn fields(action: &Value) -> &Value {
    action.as_object().and_then(|kinds| kinds.values().next()).unwrap_or(&Value::Null)
}

fn names_an_item_twice(actions: &[Value]) -> bool {
    let place = |action| {
        let action = fields(action);
        format!("{} {}", action["TableName"], key_of(action))
    };
    let places: HashSet<_> = actions.iter().map(place).collect();
    places.len() < actions.len()
}

/// The condition of an action and nothing else of it.
fn check(action: &Value) -> Value {
    let action = fields(action);
    let condition = action["ConditionExpression"].as_str().unwrap_or(ANYTHING);
    let mut check = json!({
        "TableName": action["TableName"],
        "Key": key_of(action),
        "ConditionExpression": condition,
    });
    for kind in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let used = used(condition, action[kind].as_object());
        if !used.is_empty() {
            check[kind] = used.into();
        }
    }
    json!({ "ConditionCheck": check })
}

/// The engine rejects a name or a value that is not in the expression.
fn used(expression: &str, all: Option<&Map<String, Value>>) -> Map<String, Value> {
    let part_of_name = |letter: char| letter.is_alphanumeric() || "_#:".contains(letter);
    let words: HashSet<_> = expression.split(|letter| !part_of_name(letter)).collect();
    let used = all.into_iter().flatten().filter(|(name, _)| words.contains(name.as_str()));
    used.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(key: &str) -> Value {
        json!({ "Update": {
            "TableName": "t",
            "Key": { "pk": { "S": key }, "sk": { "S": "x" } },
            "UpdateExpression": "SET #n = :new",
            "ConditionExpression": "attribute_exists(pk) AND #version=:v",
            "ExpressionAttributeNames": { "#n": "name", "#version": "version" },
            "ExpressionAttributeValues": { ":new": { "S": "x" }, ":v": { "N": "1" } },
        } })
    }

    #[test]
    fn a_condition_check_has_only_the_names_and_values_it_uses() {
        assert_eq!(
            check(&update("a")),
            json!({ "ConditionCheck": {
                "TableName": "t",
                "Key": { "pk": { "S": "a" }, "sk": { "S": "x" } },
                "ConditionExpression": "attribute_exists(pk) AND #version=:v",
                "ExpressionAttributeNames": { "#version": "version" },
                "ExpressionAttributeValues": { ":v": { "N": "1" } },
            } })
        );
        let put = json!({
            "Put": {
                "TableName": "t",
                "Item": { "pk": { "S": "a" }, "sk": { "S": "x" }, "n": { "N": "1" } },
            },
        });
        assert_eq!(
            check(&put),
            json!({ "ConditionCheck": {
                "TableName": "t",
                "Key": { "pk": { "S": "a" }, "sk": { "S": "x" } },
                "ConditionExpression": ANYTHING,
            } })
        );
    }

    #[test]
    fn one_item_named_twice_is_found_at_any_distance() {
        let mut actions: Vec<_> = (0..12).map(|number| update(&number.to_string())).collect();
        assert!(!names_an_item_twice(&actions));

        actions[11] = update("0");

        assert!(names_an_item_twice(&actions));
    }
}
