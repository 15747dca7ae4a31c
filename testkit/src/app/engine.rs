//! The table past functions and proxy: for what no operation can do or show.

use std::collections::BTreeSet;

use devkit::engine;
use serde_json::{Value, json};
use shared::table::{Connection, Table};

use super::TestApp;

impl TestApp {
    /// The table past the proxy: for what others do while a request is in progress.
    pub fn others(&self) -> Table {
        Table::connect(Connection::local(self.engine.endpoint(), &self.table_name))
            .expect("a client")
    }

    /// Where the engine is, past the proxy.
    pub fn engine_endpoint(&self) -> &str {
        self.engine.endpoint()
    }

    /// Where the service key is read.
    pub fn secrets_endpoint(&self) -> &str {
        self.secrets_manager.endpoint()
    }

    /// What the table is called there.
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// Calls the engine itself, bypassing functions and proxy: to arrange and inspect what no
    /// operation shows.
    pub async fn engine(&self, operation: &str, mut request: Value) -> Value {
        request["TableName"] = json!(self.table_name);
        self.engine.call(operation, &request).await.expect("the engine responds")
    }

    /// The same later: for what others do while a request is in progress.
    pub fn engine_later(
        &self,
        operation: &'static str,
        mut request: Value,
    ) -> impl Future<Output = ()> + Send + 'static {
        request["TableName"] = json!(self.table_name);
        let endpoint = self.engine.endpoint().to_owned();
        async move {
            engine::call(&endpoint, operation, &request).await.expect("the engine responds");
        }
    }

    /// Puts items, each the JSON text of its attributes, into the table in one step, past functions
    /// and proxy.
    pub async fn import(&self, items: Vec<String>) -> anyhow::Result<()> {
        self.engine.import(&self.table_name, items).await
    }

    /// Every item of the table.
    pub async fn items(&self) -> Vec<Value> {
        Self::items_in(self.engine.endpoint(), &self.table_name).await
    }

    /// Every item of this type.
    pub async fn items_of(&self, kind: &str) -> Vec<Value> {
        self.items().await.into_iter().filter(|item| item["type"]["S"] == kind).collect()
    }

    /// The text of every item but for the attempts to sign in: equal if nothing was written.
    pub async fn written(&self) -> BTreeSet<String> {
        let items = self.items().await.into_iter().filter(|item| item["sk"]["S"] != "LOCKOUT");
        items.map(|item| item.to_string()).collect()
    }

    /// Every item of the table of this name in the engine at this address.
    pub async fn items_in(endpoint: &str, table_name: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut request = json!({ "TableName": table_name, "ConsistentRead": true });
        loop {
            let page = engine::call(endpoint, "Scan", &request).await;
            let mut page = page.expect("the engine responds");
            items.extend(page["Items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match page["LastEvaluatedKey"].take() {
                Value::Null => return items,
                last => request["ExclusiveStartKey"] = last,
            }
        }
    }

    /// Puts items into the table, past all functions.
    pub(crate) async fn put_all(&self, items: &[Value]) {
        self.write_all(
            items.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect(),
        )
        .await;
    }

    pub(crate) async fn write_all(&self, writes: Vec<Value>) {
        for batch in writes.chunks(25) {
            let request = json!({ "RequestItems": { self.table_name.as_str(): batch } });
            let written = self.engine.call("BatchWriteItem", &request).await;
            let written = written.expect("the engine takes items");
            assert_eq!(written["UnprocessedItems"], json!({}));
        }
    }
}
