//! What must hold of the whole table after anything.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::{TestApp, counts};

impl TestApp {
    /// Checks the whole table, as [`inconsistencies`].
    pub async fn assert_consistent(&self) {
        assert_eq!(inconsistencies(&self.items().await), Vec::<String>::new());
    }
}

/// The items by their keys.
pub(crate) type Items<'a> = HashMap<(&'a str, &'a str), &'a Value>;

/// Everything inconsistent in a table. Claims and what they claim must match both ways, memberships
/// must exist on both sides of an existing account, every account must have an administrator and an
/// owner who is one, every user's primary address must be its own, what is limited must be counted
/// and not be more than is allowed, nothing may belong to a missing user, a second factor must be on
/// for its user and the other way round, attempts to sign in have no more slots than there are, and
/// every item must come from an insertion.
pub fn inconsistencies(all: &[Value]) -> Vec<String> {
    let items: Items<'_> =
        all.iter().map(|item| ((text(item, "pk"), text(item, "sk")), item)).collect();
    let mut found = Vec::new();
    for ((pk, sk), item) in &items {
        let missing = expected(pk, sk, item);
        let missing = missing.iter().filter(|(pk, sk)| !items.contains_key(&(pk, sk)));
        found.extend(missing.map(|(pk, sk)| format!("{item} without {pk} / {sk}")));
        if text(item, "type") == "claim" && !is_used(pk, item, &items) {
            found.push(format!("a claim of nobody: {item}"));
        }
        if text(item, "type") == "account" && !is_administered(pk, &items) {
            found.push(format!("nobody administers this: {item}"));
        }
        if text(item, "type") == "account" && !is_owned_by_admin(pk, item, &items) {
            found.push(format!("its owner is no admin of this: {item}"));
        }
        if text(item, "type") == "user" && !has_its_factor(pk, item, &items) {
            found.push(format!("not the second factor that this says: {item}"));
        }
        found.extend(match text(item, "type") {
            "user" => counts::of_user(pk, item, &items),
            "account" => counts::of_account(pk, item, &items),
            "made" => counts::of_makers(pk, sk, item, &items),
            _ => Vec::new(),
        });
        if *sk == "LOCKOUT" && !has_slots(pk, item) {
            found.push(format!("not the slots that attempts have: {item}"));
        }
        if item["proofLineage"]["M"].as_object().is_some_and(serde_json::Map::is_empty) {
            found.push(format!("a lineage of nothing: {item}"));
        }
        if *sk != "LOCKOUT" && (text(item, "type").is_empty() || !item["version"]["N"].is_string())
        {
            found.push(format!("nobody inserted this: {item}"));
        }
    }
    found
}

/// What users who are no more have left behind, but for what expires.
pub(crate) fn remains(all: &[Value]) -> Vec<String> {
    let is_user = |item: &&Value| text(item, "sk") == "USER";
    let users: HashSet<&str> = all.iter().filter(is_user).map(|item| text(item, "pk")).collect();
    let of_users = all.iter().filter(|item| text(item, "pk").starts_with("USER#"));
    let lasting = of_users.filter(|item| item["ttl"].is_null());
    let left = lasting.filter(|item| !users.contains(text(item, "pk")));
    left.map(|item| format!("its user is no more: {item}")).collect()
}

/// Whether an account has an administrator; else it could not be reached or deleted.
fn is_administered(account: &str, items: &Items<'_>) -> bool {
    items.iter().any(|((pk, _), item)| {
        *pk == account && text(item, "type") == "membership" && text(item, "role") == "admin"
    })
}

/// Whether the owner of an account is one of its administrators.
fn is_owned_by_admin(pk: &str, account: &Value, items: &Items<'_>) -> bool {
    let member = format!("MEMBER#{}", text(account, "owner"));
    items.get(&(pk, member.as_str())).is_some_and(|owner| text(owner, "role") == "admin")
}

/// Whether a user says of its second factor what there is: that it is on since then, or off. What is
/// left of it while a user is deleted counts for nothing.
fn has_its_factor(pk: &str, user: &Value, items: &Items<'_>) -> bool {
    let since = items.get(&(pk, "FACTOR")).map_or("", |factor| text(factor, "since"));
    text(user, "secondFactorSince") == since || user["disabled"]["BOOL"] == true
}

/// Whether login attempts have the slots that they may have, ten in a set or a hundred of a source,
/// and sets for at most 20 sources beside the one for all others.
fn has_slots(pk: &str, item: &Value) -> bool {
    let (sources, slots) = if pk.starts_with("SOURCE#") { (0, 100) } else { (20, 10) };
    // An item that was only touched has none.
    let Some(sets) = item["slots"]["M"].as_object() else { return item["slots"].is_null() };
    let is_slot = |name: &String| {
        let place = name.strip_prefix("until").or_else(|| name.strip_prefix("wrong"));
        place.is_none_or(|place| place.parse().is_ok_and(|place: u32| place < slots))
    };
    let mut attributes = sets.values().filter_map(|set| set["M"].as_object()).flatten();
    sets.contains_key("other")
        && sets.len() <= sources + 1
        && attributes.all(|(name, _)| is_slot(name))
}

/// The keys of the items that must exist because this one does.
fn expected(pk: &str, sk: &str, item: &Value) -> Vec<(String, String)> {
    let claim = |kind: &str, value: &str| (format!("CLAIM#{kind}#{value}"), "CLAIM".to_owned());
    match text(item, "type") {
        "user" => vec![
            claim("USERNAME", text(item, "username")),
            claim("NUMBER", item["number"]["N"].as_str().unwrap_or_default()),
            (
                pk.to_owned(),
                format!(
                    "EMAIL#{}",
                    item["primaryEmail"]["M"]["normal"]["S"].as_str().unwrap_or_default()
                ),
            ),
        ],
        "email" => vec![
            claim("EMAIL", sk.trim_start_matches("EMAIL#")),
            (pk.to_owned(), "USER".to_owned()),
        ],
        "account" => {
            let contact = item["contactEmail"]["M"]["normal"]["S"]
                .as_str()
                .map(|address| claim("CONTACT", address));
            std::iter::once(claim("SLUG", text(item, "slug"))).chain(contact).collect()
        }
        "membership" => {
            let (user, account) = (text(item, "user"), text(item, "account"));
            vec![
                (format!("USER#{user}"), format!("MEMBER#{account}")),
                (format!("ACCOUNT#{account}"), format!("MEMBER#{user}")),
                (format!("ACCOUNT#{account}"), "ACCOUNT".to_owned()),
                (format!("USER#{user}"), "USER".to_owned()),
            ]
        }
        "token" | "grant" | "session" | "passkey" | "secondFactor" | "response" | "signature" => {
            vec![(pk.to_owned(), "USER".to_owned())]
        }
        _ => Vec::new(),
    }
}

/// Whether the claimant exists and has what is claimed. The names of a deleted user stay claimed by
/// nobody.
fn is_used(pk: &str, claim: &Value, items: &Items<'_>) -> bool {
    let mut parts = pk.splitn(3, '#').skip(1);
    let (kind, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let user = format!("USER#{}", text(claim, "user"));
    let account = format!("ACCOUNT#{}", text(claim, "account"));
    let field =
        |item: Option<&&Value>, name: &str| item.is_some_and(|item| text(item, name) == value);
    match kind {
        "USERNAME" | "NUMBER" if claim["user"].is_null() => true,
        "SLUG" => field(items.get(&(account.as_str(), "ACCOUNT")), "slug"),
        "CONTACT" => items
            .get(&(account.as_str(), "ACCOUNT"))
            .is_some_and(|item| item["contactEmail"]["M"]["normal"]["S"] == value),
        "EMAIL" => items.contains_key(&(user.as_str(), format!("EMAIL#{value}").as_str())),
        "USERNAME" => field(items.get(&(user.as_str(), "USER")), "username"),
        "NUMBER" => {
            items.get(&(user.as_str(), "USER")).is_some_and(|item| item["number"]["N"] == value)
        }
        _ => false,
    }
}

pub(crate) fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}
