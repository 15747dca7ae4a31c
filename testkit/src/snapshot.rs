//! A table that was prepared once, for many services.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::TestApp;
use crate::state::without;

/// A time that no test lives to see, as text and in seconds since 1970.
const NEVER: (&str, &str) = ("9999-01-01T00:00:00Z", "253370764800");

impl TestApp {
    /// Everything in the table, as [`TestApp::restored`] takes it: nothing expires, no attempt at a
    /// password is in progress, and no use of a credential is noted yet.
    pub async fn snapshot(&self) -> Vec<Value> {
        let items = self.items().await.into_iter();
        items.filter(|item| item["sk"]["S"] != "LOCKOUT").map(fresh).collect()
    }

    /// A service of its own, over a table that holds these items.
    pub async fn restored(items: &[Value]) -> Self {
        let app = Self::start().await;
        app.put_all(items).await;
        app
    }

    /// The same service restarted without any state, over a table with these items.
    pub async fn used_again(mut self, items: &[Value]) -> Self {
        self.restart().await.expect("the test service starts again");
        self.set_back(items).await;
        self
    }

    /// Makes the table hold these items and no others.
    pub(crate) async fn set_back(&self, items: &[Value]) {
        let there = self.items().await;
        let stored: HashSet<String> = items.iter().map(Value::to_string).collect();
        let found: HashSet<String> = there.iter().map(Value::to_string).collect();
        self.delete_all(there.iter().filter(|item| !stored.contains(&item.to_string()))).await;
        let missing = items.iter().filter(|item| !found.contains(&item.to_string()));
        self.put_all(&missing.cloned().collect::<Vec<_>>()).await;
    }

    async fn delete_all(&self, items: impl Iterator<Item = &Value>) {
        let deletion = |item: &Value| {
            json!({
                "DeleteRequest": { "Key": { "pk": item["pk"], "sk": item["sk"] } },
            })
        };
        self.write_all(items.map(deletion).collect()).await;
    }
}

fn fresh(mut item: Value) -> Value {
    if item["type"]["S"] == "grant" {
        for end in ["/code/M/expiresAt", "/expiresAt"] {
            if let Some(end) = item.pointer_mut(end) {
                *end = json!({ "S": NEVER.0 });
            }
        }
    }
    let counted = item.pointer_mut("/grants/M").and_then(Value::as_object_mut);
    for (_, grant) in counted.into_iter().flatten() {
        grant["M"]["expiresAt"] = json!({ "S": NEVER.0 });
    }
    if let Some(ttl) = item.get_mut("ttl") {
        *ttl = json!({ "N": NEVER.1 });
    }
    without(&item, "lastUsedAt")
}
