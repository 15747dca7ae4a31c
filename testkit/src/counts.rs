//! What is counted because it is limited: the counts must be what is there.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use shared::limits::{
    ACCOUNTS_OWNED, API_KEYS, Cap, EMAILS, GRANTS, MAX_GRANTS_PER_CLIENT, MAX_SESSIONS, MEMBERS,
    MEMBERSHIPS, PASSKEYS, PENDING_INVITATIONS, SSH_KEYS, TOKENS, USERS_MADE,
};
use shared::model::Timestamp;

use crate::invariants::{Items, text};

/// Everything that is counted wrongly of a user, or is more than is allowed.
pub(crate) fn of_user(pk: &str, user: &Value, items: &Items<'_>) -> Vec<String> {
    let Some(counts) = items.get(&(pk, "COUNTS")) else {
        return vec![format!("nothing is counted of {user}")];
    };
    let own = |prefix: &str| {
        let keys = items.keys().filter(|(own, sk)| *own == pk && sk.starts_with(prefix));
        keys.count()
    };
    let id = pk.trim_start_matches("USER#");
    let is_owned = |item: &&&Value| text(item, "type") == "account" && text(item, "owner") == id;
    let owned = items.values().filter(is_owned).count();
    let entries = |item: &Value, list: &str| {
        let entries = &item[list];
        entries["M"].as_object().map_or(0, serde_json::Map::len)
            + entries["L"].as_array().map_or(0, Vec::len)
    };
    let mut found = Vec::new();
    for (what, counted, there, cap) in [
        ("addresses", number(user, "emailCount"), own("EMAIL#"), EMAILS),
        ("accounts", number(counts, "accountsOwned"), owned, ACCOUNTS_OWNED),
        ("memberships", number(counts, "memberships"), own("MEMBER#"), MEMBERSHIPS),
        ("API keys", entries(user, "apiKeys"), entries(user, "apiKeys"), API_KEYS),
        ("SSH keys", entries(user, "sshKeys"), entries(user, "sshKeys"), SSH_KEYS),
        ("passkeys", entries(counts, "passkeys"), own("PASSKEY#"), PASSKEYS),
    ] {
        found.extend(compare(&format!("{what} of {pk}"), counted, there, cap));
    }
    found.extend(of_credentials(pk, user, counts, items));
    found
}

/// The same of an account.
pub(crate) fn of_account(pk: &str, account: &Value, items: &Items<'_>) -> Vec<String> {
    let members: Vec<&&Value> = items
        .iter()
        .filter(|((own, sk), _)| *own == pk && sk.starts_with("MEMBER#"))
        .map(|(_, member)| member)
        .collect();
    let admins = members.iter().filter(|member| text(member, "role") == "admin").count();
    let (counted, of) = (number(account, "memberCount"), format!("members of {pk}"));
    let mut found = Vec::from_iter(compare(&of, counted, members.len(), MEMBERS));
    found.extend(compare(
        &format!("admins of {pk}"),
        number(account, "adminCount"),
        admins,
        MEMBERS,
    ));
    found.extend(of_invitations(pk, items));
    found
}

/// All users whom a maker made on a day must be counted, and not be more than is allowed.
pub(crate) fn of_makers(pk: &str, sk: &str, made: &Value, items: &Items<'_>) -> Vec<String> {
    let (maker, day) = (pk.trim_start_matches("USER#"), sk.trim_start_matches("MADE#"));
    let is_of_both = |user: &&&Value| {
        text(user, "rootMaker") == maker && text(user, "createdAt").starts_with(day)
    };
    let (counted, there) = (number(made, "users"), items.values().filter(is_of_both).count());
    let of = format!("users of {maker} on {day}");
    // Those that were deleted since stay counted.
    compare(&of, counted, there.max(counted), USERS_MADE).into_iter().collect()
}

/// Tokens, grants and sessions that work must be counted with their ends, and what is counted must be there
/// unless it ended.
fn of_credentials(pk: &str, user: &Value, counts: &Value, items: &Items<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (list, prefix, max) in [
        ("tokens", "TOKEN#", TOKENS.max),
        ("grants", "GRANT#", GRANTS.max),
        ("sessions", "SESSION#", MAX_SESSIONS),
    ] {
        let there: BTreeMap<&str, String> = items
            .iter()
            .filter(|((own, _), _)| *own == pk)
            .filter_map(|((_, sk), item)| Some((sk.strip_prefix(prefix)?, *item)))
            .filter(|(id, item)| works(id, item, user))
            .map(|(id, item)| (id, end(item)))
            .collect();
        let entries = counts[list]["M"].as_object();
        let counted: BTreeMap<&str, String> = entries
            .into_iter()
            .flatten()
            .filter(|(id, entry)| works(id, &entry["M"], user))
            .map(|(id, entry)| (id.as_str(), end(&entry["M"])))
            .collect();
        if there != counted {
            found.push(format!("{list} of {pk}: {counted:?} are counted, {there:?} are there"));
        }
        if there.len() > max as usize {
            found.push(format!("{list} of {pk}: {}, but {max} at most", there.len()));
        }
    }
    let mut by_client: HashMap<&str, usize> = HashMap::new();
    for ((_, sk), grant) in items.iter().filter(|((own, _), _)| *own == pk) {
        if sk.strip_prefix("GRANT#").is_some_and(|id| works(id, grant, user)) {
            *by_client.entry(text(grant, "client")).or_default() += 1;
        }
    }
    let too_many = by_client.into_iter().filter(|(_, count)| *count > MAX_GRANTS_PER_CLIENT);
    found.extend(too_many.map(|(client, count)| format!("{count} grants of {pk} to {client}")));
    found
}

/// Whether a token or grant works, or a counted one.
fn works(id: &str, item: &Value, user: &Value) -> bool {
    !is_of_ended_epoch(id, item, user)
        && !is_revoked_with_its_maker(id, user)
        && end(item) > Timestamp::now().to_string()
}

/// Whether a change of the password ended the token or grant.
pub(crate) fn is_of_ended_epoch(id: &str, item: &Value, user: &Value) -> bool {
    if text(item, "kind") == "environment" {
        return number(item, "epoch") < number(user, "environmentEpoch");
    }
    number(item, "epoch") != number(user, "credentialEpoch") && user["retainedToken"]["S"] != id
}

/// Whether the user names the token as one that is revoked.
pub(crate) fn is_revoked_with_its_maker(id: &str, user: &Value) -> bool {
    let revoked = user["revokedTokens"]["SS"].as_array();
    revoked.is_some_and(|revoked| revoked.iter().any(|own| own == id))
}

/// When a token or grant ends, or its code if that is not redeemed; later than any time if it does
/// not.
fn end(item: &Value) -> String {
    let is_redeemed = item.pointer("/refresh/M").is_some();
    let code = item.pointer("/code/M/expiresAt/S").filter(|_| !is_redeemed);
    let end = code.or_else(|| item.pointer("/expiresAt/S"));
    end.and_then(Value::as_str).unwrap_or("never").to_owned()
}

fn compare(of: &str, counted: usize, there: usize, cap: Cap) -> Option<String> {
    if counted != there {
        return Some(format!("{of}: {counted} are counted, {there} are there"));
    }
    (there > cap.max as usize).then(|| format!("{of}: {there}, but {cap}"))
}

fn number(item: &Value, name: &str) -> usize {
    item[name]["N"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// Invitations of an account that wait must be listed with their ends, and what is listed must wait
/// or have ended.
fn of_invitations(pk: &str, items: &Items<'_>) -> Vec<String> {
    let own = items.iter().filter(|((own, sk), _)| *own == pk && sk.starts_with("INVITE#"));
    let waiting = own.filter(|(_, item)| text(item, "state") == "pending");
    let waiting: BTreeMap<&str, &str> = waiting
        .map(|((_, sk), item)| (sk.trim_start_matches("INVITE#"), text(item, "expiresAt")))
        .collect();
    let listed = items.get(&(pk, "INVITATIONS")).and_then(|list| list["pending"]["M"].as_object());
    let end = |end: &Value| end["S"].as_str().unwrap_or_default().to_owned();
    let listed: BTreeMap<&str, String> =
        listed.into_iter().flatten().map(|(id, own)| (id.as_str(), end(own))).collect();
    let is_over = |end: &str| {
        let end: Option<Timestamp> = end.parse().ok();
        end.is_some_and(|end| end <= Timestamp::now())
    };
    let unlisted = waiting
        .iter()
        .filter(|(id, end)| !is_over(end) && listed.get(**id).map(String::as_str) != Some(**end));
    let mut found: Vec<_> = unlisted
        .map(|(id, _)| format!("{pk} has an invitation that is not listed: {id}"))
        .collect();
    let answered = listed.iter().filter(|(id, end)| !is_over(end) && !waiting.contains_key(**id));
    found.extend(answered.map(|(id, _)| format!("{pk} lists what does not wait: {id}")));
    let count = listed.values().filter(|end| !is_over(end)).count();
    found.extend(compare(&format!("invitations of {pk}"), count, count, PENDING_INVITATIONS));
    found
}
