//! A table that was prepared once, for many services.

use serde_json::{Value, json};

use crate::TestApp;
use crate::app::TABLE;
use crate::state::without;

/// A time that no test lives to see, as text and in seconds since 1970.
const NEVER: (&str, &str) = ("9999-01-01T00:00:00Z", "253370764800");

impl TestApp {
    /// Everything in the table, as [`TestApp::restored`] takes it: nothing expires, no attempt at a password is under way,
    /// and no use of a credential is noted yet.
    pub async fn snapshot(&self) -> Vec<Value> {
        let items = self.items().await.into_iter();
        items.filter(|item| item["sk"]["S"] != "ATTEMPTS").map(fresh).collect()
    }

    /// A service of its own, over a table that holds these items.
    pub async fn restored(items: &[Value]) -> Self {
        let app = Self::start().await;
        for batch in items.chunks(25) {
            let puts: Vec<_> =
                batch.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
            app.engine("BatchWriteItem", json!({ "RequestItems": { TABLE: puts } })).await;
        }
        app
    }
}

fn fresh(mut item: Value) -> Value {
    if let Some(code) = item.pointer_mut("/code/M/expiresAt") {
        *code = json!({ "S": NEVER.0 });
    }
    if let Some(ttl) = item.get_mut("ttl") {
        *ttl = json!({ "N": NEVER.1 });
    }
    without(&item, "lastUsedAt")
}
