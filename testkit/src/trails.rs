//! The audit logs of accounts, compared with the members and owners that they led to, and with what
//! became of those who were left.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::invariants::text;

/// How often somebody is a member of an account, and owns it, without that its log says so.
type Untold = [i64; 2];

const MEMBER: Untold = [1, 0];
const OWNER: Untold = [0, 1];

/// The logs of accounts.
const LOGS: &str = "AUDIT#ACCOUNT#";

/// Every account of a table that is not as its log says: whoever was added and not removed is a
/// member, and whoever it was handed to and not handed on from is its owner. Only whoever made it
/// is both without an entry. In whatever order the entries were written, they must add up.
pub(crate) fn unexplained(all: &[Value]) -> Vec<String> {
    let accounts = all.iter().filter(|item| text(item, "type") == "account");
    accounts.filter_map(|account| of_account(account, all)).collect()
}

/// Every account that was deleted because its last member was, though its log knows of others. Only
/// users delete accounts that have other members.
pub(crate) fn abandoned(all: &[Value]) -> Vec<String> {
    let ends = all.iter().filter(|entry| {
        let actor = entry.pointer("/actor/M/kind/S").and_then(Value::as_str);
        text(entry, "action") == "account.deleted" && matches!(actor, Some("operator" | "system"))
    });
    let logs = ends.map(|entry| text(entry, "pk")).filter(|log| log.starts_with(LOGS));
    let has_others = |log: &&str| {
        let told = all.iter().filter(|item| text(item, "pk") == *log).flat_map(told);
        told.map(|(_, [member, _])| member).sum::<i64>() != 0
    };
    let logs = logs.filter(has_others);
    logs.map(|log| format!("{log} knows of members whom nobody left an account to")).collect()
}

fn of_account(account: &Value, all: &[Value]) -> Option<String> {
    let (own, log) = (text(account, "pk"), format!("AUDIT#{}", text(account, "pk")));
    let members = all.iter().filter(|item| text(item, "pk") == own);
    let members = members.filter(|item| text(item, "type") == "membership");
    let members = members.map(|member| (text(member, "user"), MEMBER));
    let told = all.iter().filter(|item| text(item, "pk") == log).flat_map(told);
    let mut untold: BTreeMap<&str, Untold> = BTreeMap::new();
    for (user, [member, owner]) in members.chain([(text(account, "owner"), OWNER)]).chain(told) {
        let sums = untold.entry(user).or_default();
        *sums = [sums[0] + member, sums[1] + owner];
    }
    untold.retain(|_, sums| *sums != [0, 0]);
    let is_explained = untold.values().eq([&[1_i64, 1]]);
    (!is_explained).then(|| format!("the log of {own} does not explain {untold:?}"))
}

/// Whom an entry names, and what it takes from what is untold of them.
fn told(entry: &Value) -> Vec<(&str, Untold)> {
    let id = |path: &str| entry.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let target = id("/target/M/id/S");
    match text(entry, "action") {
        "member.added" => vec![(target, [-1, 0])],
        "member.removed" => vec![(target, MEMBER)],
        "account.owner_changed" => {
            vec![(id("/details/M/to/S"), [0, -1]), (id("/details/M/from/S"), OWNER)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(action: &str, target: &str, details: &Value) -> Value {
        json!({
            "pk": { "S": "AUDIT#ACCOUNT#1" }, "action": { "S": action },
            "target": { "M": { "id": { "S": target } } }, "details": { "M": details },
        })
    }

    #[test]
    fn a_log_explains_who_is_a_member_and_the_owner_in_whatever_order_it_was_written() {
        let member = json!({
            "pk": { "S": "ACCOUNT#1" }, "type": { "S": "membership" }, "user": { "S": "john" },
        });
        let handed_over = json!({ "from": { "S": "jane" }, "to": { "S": "john" } });
        let all = vec![
            json!({
                "pk": { "S": "ACCOUNT#1" }, "type": { "S": "account" }, "owner": { "S": "john" },
            }),
            member,
            entry("member.removed", "jane", &json!({})),
            entry("account.owner_changed", "1", &handed_over),
            entry("member.added", "john", &json!({})),
        ];
        let without = |place: usize| {
            let mut fewer = all.clone();
            fewer.remove(place);
            unexplained(&fewer).len()
        };

        assert_eq!(unexplained(&all), Vec::<String>::new());
        // An entry without its change, and changes without their entries.
        assert_eq!([1, 2, 3, 4].map(without), [1; 4]);
    }
    #[test]
    fn an_account_is_deleted_with_its_last_member_and_with_no_other() {
        let by = |actor: &str| {
            let mut deleted = entry("account.deleted", "1", &json!({}));
            deleted["actor"] = json!({ "M": { "kind": { "S": actor } } });
            deleted
        };
        let added = || entry("member.added", "john", &json!({}));
        let removed = || entry("member.removed", "jane", &json!({}));

        let found = |all: &[Value]| abandoned(all).len();

        assert_eq!(found(&[by("operator")]), 0);
        assert_eq!(found(&[added(), removed(), by("operator")]), 0);
        assert_eq!(found(&[added(), by("operator")]), 1);
        assert_eq!(found(&[added(), by("system")]), 1);
        assert_eq!(found(&[added(), by("user")]), 0);
    }
}
