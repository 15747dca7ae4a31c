//! The whole table in a form that can be compared between runs: without random values, times and
//! what clients cannot see.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::counts::{is_of_ended_epoch, is_revoked_with_its_maker};

/// What the table shows.
#[derive(Debug, Clone)]
pub struct State {
    items: Vec<String>,
    /// The same, whatever the versions are.
    unversioned: Vec<String>,
    /// The same with everything that is random.
    exact: Vec<String>,
}

/// Attributes that clients cannot see: when a credential was used, and which tokens were revoked
/// but not deleted yet.
const UNSEEN: [&str; 2] = ["lastUsedAt", "revokedTokens"];

impl State {
    /// Of all items of a table.
    pub fn from_items(items: &[Value]) -> Self {
        let shown = seen(items);
        let lines = |line: &dyn Fn(&Value) -> Value| {
            let mut lines: Vec<String> = shown.iter().map(|item| line(item).to_string()).collect();
            lines.sort();
            lines
        };
        Self {
            items: lines(&|item| masked(item, &UNSEEN)),
            unversioned: lines(&|item| masked(item, &[UNSEEN[0], UNSEEN[1], "version"])),
            exact: lines(&|item| {
                UNSEEN.iter().fold(item.clone(), |item, name| without(&item, name))
            }),
        }
    }

    /// Whether one could be the other's in another run.
    pub fn is_like(&self, other: &Self) -> bool {
        self.items == other.items
    }

    /// Whether nothing was written in between, but when credentials were used.
    pub fn is_untouched_since(&self, other: &Self) -> bool {
        self.exact == other.exact
    }

    /// Whether everything that was there is there as it was; there may be more, which is counted.
    pub fn only_adds_to(&self, other: &Self) -> bool {
        let is_count = |item: &str| item.contains(r#""type":{"S":"counts"}"#);
        other.exact.iter().all(|item| is_count(item) || self.exact.binary_search(item).is_ok())
    }

    /// Whether nothing but the versions of items is different.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.unversioned == other.unversioned
    }

    /// What is here and is not there, and the other way round.
    pub fn difference(&self, other: &Self) -> String {
        let mut text = String::new();
        for (sign, one, another) in [('+', self, other), ('-', other, self)] {
            let mut left = another.items.clone();
            for item in &one.items {
                match left.iter().position(|own| own == item) {
                    Some(place) => drop(left.swap_remove(place)),
                    None => drop(write!(text, "\n      {sign} {item}")),
                }
            }
        }
        text
    }
}

/// Without what clients cannot see: login attempts, memberships of deleted accounts, which are
/// counted as if they were gone, tokens, grants and sessions from before a password change, tokens revoked
/// with their maker, cleanup tasks, and what audit logs tell of clean-up.
pub fn seen(items: &[Value]) -> Vec<Value> {
    let keys: HashSet<(&str, &str)> =
        items.iter().map(|item| (text(item, "pk"), text(item, "sk"))).collect();
    let is_seen = |item: &&Value| match text(item, "type") {
        "" => text(item, "sk") != "LOCKOUT",
        "cleanup" => false,
        // What the service does by itself comes when it comes.
        "audit" => item["actor"]["M"]["kind"]["S"] != "system",
        "membership" => {
            let account = format!("ACCOUNT#{}", text(item, "account"));
            keys.contains(&(account.as_str(), "ACCOUNT"))
        }
        "token" | "grant" | "session" => !is_revoked(item, items),
        _ => true,
    };
    let unseen: Vec<&Value> = items.iter().filter(|item| !is_seen(item)).collect();
    items.iter().filter(is_seen).map(|item| without_memberships(item, &unseen)).collect()
}

/// The counts of a user without these memberships; every other item as it is.
fn without_memberships(item: &Value, gone: &[&Value]) -> Value {
    let mut item = item.clone();
    if text(&item, "type") == "counts" {
        let is_own =
            |gone: &&&Value| gone["pk"] == item["pk"] && text(gone, "type") == "membership";
        let own = gone.iter().filter(is_own).count();
        let counted = item["memberships"]["N"].as_str().and_then(|count| count.parse().ok());
        let left = counted.unwrap_or(0_usize).saturating_sub(own);
        item["memberships"] = json!({ "N": left.to_string() });
    }
    item
}

/// Whether the user's password changed since, and the token was not spared.
fn is_revoked(item: &Value, items: &[Value]) -> bool {
    let is_its_user =
        |user: &&Value| text(user, "pk") == text(item, "pk") && text(user, "sk") == "USER";
    let Some(user) = items.iter().find(is_its_user) else { return false };
    let id = text(item, "id");
    is_revoked_with_its_maker(id, user) || is_of_ended_epoch(id, item, user)
}

/// The value without the fields of this name, however deep.
pub(crate) fn without(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let stored = fields.iter().filter(|(own, _)| *own != name);
            stored.map(|(own, value)| (own.clone(), without(value, name))).collect()
        }
        other => other.clone(),
    }
}

fn masked(value: &Value, without: &[&str]) -> Value {
    match value {
        Value::Object(fields) => {
            let stored = fields.iter().filter(|(name, _)| !without.contains(&name.as_str()));
            let masked = stored.map(|(name, value)| {
                let is_number = name == "N";
                let value = if is_number { number(value) } else { masked(value, without) };
                (if has_digit(name) { "*".to_owned() } else { name.clone() }, value)
            });
            Value::Object(distinct(masked.collect()))
        }
        Value::Array(values) => values.iter().map(|value| masked(value, without)).collect(),
        Value::String(text) => Value::String(words(text)),
        other => other.clone(),
    }
}

/// Entries whose masked names are the same are all kept, in the order of what they hold: their own
/// names are random.
fn distinct(mut entries: Vec<(String, Value)>) -> Map<String, Value> {
    entries.sort_by_cached_key(|(_, value)| value.to_string());
    let mut map = Map::new();
    for (mut name, value) in entries {
        while map.contains_key(&name) {
            name.push('*');
        }
        map.insert(name, value);
    }
    map
}

/// Small numbers count something; large ones are times and identities.
fn number(value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    Value::String(if text.len() > 3 { "*".to_owned() } else { text.to_owned() })
}

/// Before the last digit of a random id, which may be a letter.
const SHARD: &str = "OUTBOX#";

/// The text with a star in place of every word that is an id, a time, a hash or made for one run.
fn words(text: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || "+/=_-".contains(letter);
    let mut masked = String::new();
    for piece in text.split_inclusive(|letter| !is_part(letter)) {
        let word = piece.trim_end_matches(|letter| !is_part(letter));
        let end = &piece[word.len()..];
        let is_random = has_digit(word) || word.len() >= 16 || masked == SHARD;
        masked.push_str(if is_random { "*" } else { word });
        masked.push_str(end);
    }
    masked
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}
