//! The records of a stream, in the order of the writes.

use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::{Value, json};

use crate::engine;

/// A place in a table's stream, at first before its oldest record. Engines on one machine write to
/// one shard at a time.
pub(super) struct Reader {
    client: Client,
    engine: String,
    arn: String,
    shard: Option<String>,
    /// The last record that was read of the shard.
    last: Option<String>,
}

impl Reader {
    pub(super) async fn open(engine: &str, table: &str) -> Result<Self> {
        let client = Client::builder().no_proxy().build()?;
        let request = json!({ "TableName": table });
        let listed = engine::call_streams(&client, engine, "ListStreams", &request).await?;
        let arn = listed["Streams"][0]["StreamArn"].as_str();
        let arn = arn.with_context(|| format!("the table {table} has no stream"))?.to_owned();
        Ok(Self { client, engine: engine.to_owned(), arn, shard: None, last: None })
    }

    /// Records after those of the last call, as a function gets them; none if there are none yet.
    pub(super) async fn read(&mut self) -> Result<Vec<Value>> {
        if self.shard.is_none() {
            self.shard = self.next_shard().await?;
        }
        let Some(shard) = &self.shard else { return Ok(Vec::new()) };
        let iterator = self.iterator(shard).await?;
        let mut read = self.call("GetRecords", &json!({ "ShardIterator": iterator })).await?;
        let mut records: Vec<Value> = serde_json::from_value(read["Records"].take())?;
        if let Some(last) = records.last() {
            self.last = last["dynamodb"]["SequenceNumber"].as_str().map(str::to_owned);
        } else if read["NextShardIterator"].is_null()
            && let Some(next) = self.next_shard().await?
        {
            (self.shard, self.last) = (Some(next), None);
        }
        for record in &mut records {
            self.complete(record);
        }
        Ok(records)
    }

    /// A new one for each call: an old one would be expired.
    async fn iterator(&self, shard: &str) -> Result<Value> {
        let mut request = json!({ "StreamArn": self.arn, "ShardId": shard });
        request["ShardIteratorType"] = json!("TRIM_HORIZON");
        if let Some(last) = &self.last {
            request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
            request["SequenceNumber"] = json!(last);
        }
        Ok(self.call("GetShardIterator", &request).await?["ShardIterator"].take())
    }

    /// The shard that follows the present one, at first the oldest.
    async fn next_shard(&self) -> Result<Option<String>> {
        let described = self.call("DescribeStream", &json!({ "StreamArn": self.arn })).await?;
        let shards = described["StreamDescription"]["Shards"].as_array().into_iter().flatten();
        let mut ids = shards.filter_map(|shard| shard["ShardId"].as_str());
        let next = match &self.shard {
            Some(present) => ids.skip_while(|id| id != present).nth(1),
            None => ids.next(),
        };
        Ok(next.map(str::to_owned))
    }

    async fn call(&self, operation: &str, request: &Value) -> Result<Value> {
        engine::call_streams(&self.client, &self.engine, operation, request).await
    }

    /// Adds what Lambda does, and has the time in whole seconds, as Lambda has.
    fn complete(&self, record: &mut Value) {
        record["eventSourceARN"] = json!(self.arn);
        let time = &mut record["dynamodb"]["ApproximateCreationDateTime"];
        let seconds = time.as_f64().and_then(|own| Duration::try_from_secs_f64(own).ok());
        *time = json!(seconds.map(|own| own.as_secs()));
    }
}
