//! Items of the table, as the engine stores them.

use anyhow::{Context, Result};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::kinds::{self, Kind, Values};
use crate::engine;

/// Calls to the engine for one page: each brings a megabyte.
const MAX_CALLS: usize = 32;

/// An item, without the types of its attributes.
pub(super) struct Item {
    pub(super) pk: String,
    pub(super) sk: String,
    attributes: Map<String, Value>,
}

/// A part of the table, and where it goes on.
pub(super) struct Items {
    pub(super) items: Vec<Item>,
    pub(super) next: Option<(String, String)>,
}

/// Up to so many of the items that are wanted, from after a key on. Of a large table it reads
/// [`MAX_CALLS`] megabytes, and says where to go on.
pub(super) async fn scan(
    endpoint: &str,
    table: &str,
    after: Option<(String, String)>,
    limit: usize,
    is_wanted: impl Fn(&Item) -> bool,
) -> Result<Items> {
    let (mut items, mut next) = (Vec::new(), after);
    for _ in 0..MAX_CALLS {
        let mut request = json!({ "TableName": table });
        if let Some((pk, sk)) = &next {
            request["ExclusiveStartKey"] = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        }
        let mut page = engine::call(endpoint, "Scan", &request).await?;
        let own = page["Items"].as_array_mut().context("the engine names no items")?;
        for item in own.drain(..).filter_map(Item::new).filter(&is_wanted) {
            if items.len() == limit {
                let last: Option<&Item> = items.last();
                let next = last.map(|item| (item.pk.clone(), item.sk.clone()));
                return Ok(Items { items, next });
            }
            items.push(item);
        }
        let text = |name: &str| page["LastEvaluatedKey"][name]["S"].as_str().map(str::to_owned);
        next = text("pk").zip(text("sk"));
        if next.is_none() {
            break;
        }
    }
    Ok(Items { items, next })
}

impl Item {
    fn new(item: Value) -> Option<Self> {
        let Value::Object(item) = item else { return None };
        let mut attributes: Map<_, _> =
            item.into_iter().map(|(name, value)| (name, plain(value))).collect();
        let mut take = |name| attributes.remove(name)?.as_str().map(str::to_owned);
        Some(Self { pk: take("pk")?, sk: take("sk")?, attributes })
    }

    pub(super) fn kind(&self) -> Option<(&'static Kind, Values<'_>)> {
        kinds::find(&self.pk, &self.sk)
    }

    /// Whether its key has this text.
    pub(super) fn is_at(&self, text: &str) -> bool {
        self.pk.contains(text) || self.sk.contains(text)
    }

    /// Its key and its attributes. What looks like an id leads to the items that have it in their
    /// keys.
    pub(super) fn markup(&self, is_open: bool) -> Markup {
        let (name, values) = match self.kind() {
            Some((kind, values)) => (kind.name, values),
            None => ("not in docs/table.md", Vec::new()),
        };
        html! {
            details.item open[is_open] {
                summary {
                    strong { (name) }
                    @for (name, value) in &values { " " span { (name) " " code { (value) } } }
                }
                dl.facts {
                    dt { "key" }
                    dd { code { (self.pk) " / " (self.sk) } }
                    @for (name, value) in values.iter().filter(|(_, value)| is_id(value)) {
                        dt { (name) }
                        dd { (text(value)) }
                    }
                    @for (name, value) in &self.attributes {
                        dt { (name) }
                        dd { (markup(value)) @if name == "ttl" { (ttl(value)) } }
                    }
                }
            }
        }
    }
}

/// The value of an attribute, without its type.
fn plain(value: Value) -> Value {
    let Value::Object(typed) = value else { return value };
    let Some((kind, value)) = typed.into_iter().next() else { return Value::Null };
    match (kind.as_str(), value) {
        ("N", Value::String(number)) => serde_json::from_str(&number).unwrap_or(number.into()),
        ("NULL", _) => Value::Null,
        ("L", Value::Array(values)) => values.into_iter().map(plain).collect(),
        ("M", Value::Object(members)) => {
            members.into_iter().map(|(name, value)| (name, plain(value))).collect()
        }
        (_, value) => value,
    }
}

fn markup(value: &Value) -> Markup {
    match value {
        Value::String(own) => text(own),
        Value::Array(values) if values.is_empty() => html! { span.quiet { "none" } },
        Value::Array(values) => html! { ul { @for value in values { li { (markup(value)) } } } },
        Value::Object(members) if members.is_empty() => html! { span.quiet { "none" } },
        Value::Object(members) => html! {
            dl.facts {
                @for (name, value) in members {
                    dt { (text(name)) }
                    dd { (markup(value)) }
                }
            }
        },
        other => html! { code { (other) } },
    }
}

fn text(text: &str) -> Markup {
    html! {
        @if is_id(text) {
            a href={ "/_dev/table?id=" (text) } { code { (text) } }
        } @else if text.is_empty() {
            span.quiet { "empty" }
        } @else {
            code { (text) }
        }
    }
}

/// Whether it is the id of something: a UUID, or as many hexadecimal digits as an id has. A grant's
/// has twice as many.
fn is_id(text: &str) -> bool {
    let is_hex = |own: &str| own.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_uuid = || {
        let lengths: Vec<_> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.split('-').all(is_hex)
    };
    ([24, 48].contains(&text.len()) && is_hex(text)) || is_uuid()
}

/// When an item expires.
fn ttl(value: &Value) -> Markup {
    let time = value.as_i64().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    html! {
        @if let Some(time) = time {
            " " span.quiet { (time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_shown_as_it_is_stored_with_its_ids_as_links() {
        let account = "d1a1a9ed6ae7a5b4dc0f8a0b";
        let item = json!({
            "pk": { "S": "USER#01a20047-bff6-70ba-b3c6-bab4b4b3a41c" },
            "sk": { "S": format!("MEMBER#{account}") },
            "role": { "S": "<admin>" },
            "version": { "N": "1" },
            "ttl": { "N": "1795308436" },
            "nonce": { "S": "a".repeat(32) },
        });

        let page = Item::new(item).unwrap().markup(true).into_string();

        for part in [
            "membership, from the user",
            &format!("<a href=\"/_dev/table?id={account}\"><code>{account}</code></a>"),
            "?id=01a20047-bff6-70ba-b3c6-bab4b4b3a41c",
            "<code>&lt;admin&gt;</code>",
            "<code>1</code>",
            "2026-11-22 ",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("?id=aaaa"), "a nonce is no id");
    }

    #[tokio::test]
    async fn a_page_goes_on_where_the_last_one_ended() {
        let engine = engine::Engine::start(engine::Kind::Embedded, 0, None).await.unwrap();
        let template = crate::template::Template::load().unwrap();
        engine.create_table(&template, "rollcall").await.unwrap();
        let item =
            |number| json!({ "pk": { "S": format!("USER#{number}") }, "sk": { "S": "USER" } });
        engine
            .import("rollcall", (0..7).map(|number| item(number).to_string()).collect())
            .await
            .unwrap();
        let is_wanted = |item: &Item| item.pk != "USER#3";

        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = scan(engine.endpoint(), "rollcall", after, 3, is_wanted).await.unwrap();
            assert!(page.items.len() <= 3);
            seen.extend(page.items.into_iter().map(|item| item.pk));
            after = page.next;
            if after.is_none() {
                break;
            }
        }

        seen.sort();
        assert_eq!(seen, [0, 1, 2, 4, 5, 6].map(|number| format!("USER#{number}")));
    }
}
