//! What the lean and the stock function do: one read of four items.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_http::Error;
use serde_json::{Value, json};

/// The keys are pairs of partition and sort key, with a space between any two words.
pub async fn read(client: &Client, table: &str, keys: &str) -> Result<Value, Error> {
    let words: Vec<_> = keys.split(' ').collect();
    let mut wanted = KeysAndAttributes::builder().consistent_read(true);
    for pair in words.chunks(2) {
        let names = ["pk", "sk"].map(str::to_owned);
        let values = pair.iter().map(|word| AttributeValue::S((*word).to_owned()));
        wanted = wanted.keys(names.into_iter().zip(values).collect::<HashMap<_, _>>());
    }
    let answer = client.batch_get_item().request_items(table, wanted.build()?).send().await?;
    let items = answer.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
    let count = items.len();
    let first = items.first().and_then(|item| item.get("pk")).and_then(|pk| pk.as_s().ok());
    Ok(json!({ "count": count, "first": first }))
}
