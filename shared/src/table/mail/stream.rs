//! What the table's stream hands to a function.

use serde::Deserialize;

use crate::model::MailId;
use crate::table::engine::Key;

/// A batch of changes of one part of the table, in their order.
#[derive(Deserialize)]
pub struct StreamEvent {
    /// The changes.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// A change of one item.
#[derive(Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    keys: ItemKey,
    sequence_number: String,
}

#[derive(Deserialize)]
struct ItemKey {
    pk: Text,
    sk: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl StreamRecord {
    /// The place of the change in the stream, by which a function reports what it has not done.
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// What changed in the outbox; nothing if the change was elsewhere.
    pub fn outbox_id(&self) -> Option<MailId> {
        let ItemKey { pk, sk } = &self.dynamodb.keys;
        Key::from_texts(&pk.text, &sk.text).mail()
    }
}
