//! `/rollcall/v1/users/self/audit`.

use serde_json::{Value, json};
use shared::limits::MAX_AUDIT_ENTRIES_READ;
use shared::model::{Role, Scope, TokenKind};
use testkit::{Person, TestApp, token_id};

use super::{errors, pages, text};

const AUDIT: &str = "/rollcall/v1/users/self/audit";

async fn list(person: &Person<'_>, query: &str) -> Value {
    let response = person.send("GET", &format!("{AUDIT}?{query}")).await;
    assert_eq!(response.status, 200, "{query}: {response:?}");
    response.body
}

fn actions(page: &Value) -> Vec<&str> {
    page["entries"].as_array().unwrap().iter().map(|entry| text(entry, "action")).collect()
}

async fn name(person: &Person<'_>, name: &str) {
    let change = json!({ "full_name": name });
    let path = format!("/api/v1.1/users/{}/", person.user().username);
    assert_eq!(person.send_json("PATCH", &path, &change).await.status, 200);
}

/// Puts entries into a user's log, one a millisecond from this time on.
async fn fill(app: &TestApp, person: &Person<'_>, first: i64, actions: &[&str]) {
    let pk = format!("AUDIT#USER#{}", person.user().id);
    for (place, action) in actions.iter().enumerate() {
        let millisecond = first + i64::try_from(place).unwrap();
        let id = format!("{millisecond:012x}{:012x}", place + 1);
        let at = jiff_text(millisecond);
        let item = json!({
            "pk": { "S": pk },
            "sk": { "S": format!("ENTRY#{id}") },
            "type": { "S": "audit" },
            "version": { "N": "1" },
            "id": { "S": id },
            "at": { "S": at },
            "action": { "S": action },
            "actor": { "M": { "kind": { "S": "operator" } } },
            "target": { "M": {
                "kind": { "S": "user" },
                "id": { "S": person.user().id.to_string() },
            } },
        });
        app.engine("PutItem", json!({ "Item": item })).await;
    }
}

fn jiff_text(millisecond: i64) -> String {
    shared::model::Timestamp::from_millisecond(millisecond).unwrap().to_string()
}

#[tokio::test]
async fn a_user_reads_what_was_done_to_it_newest_first() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let created = jane
        .send_json("POST", "/rollcall/v1/tokens", &json!({ "name": "x", "kind": "user" }))
        .await;
    name(&jane, "Jane Doe").await;

    let page = list(&jane, "").await;

    let all = actions(&page);
    assert_eq!(all[..2], ["user.updated", "token.created"], "{page}");
    assert_eq!((all.last(), &page["nextCursor"]), (Some(&"user.created"), &Value::Null));
    let entry = &page["entries"][1];
    let (id, at) = (entry["id"].clone(), entry["at"].clone());
    assert_eq!(
        entry,
        &json!({
            "id": id,
            "at": at,
            "action": "token.created",
            "actor": {
                "kind": "user",
                "id": jane.user().id,
                "credentialId": token_id(jane.token()).unwrap(),
            },
            "target": { "kind": "token", "id": created.body["id"] },
            "changed": [],
            "details": { "kind": "user" },
            "requestId": created.header("x-request-id").unwrap(),
            "dialect": "rollcall",
        })
    );
    let made = &page["entries"][all.len() - 1];
    let operator = json!({ "kind": "operator", "id": null, "credentialId": null });
    assert_eq!((&made["actor"], &made["requestId"]), (&operator, &Value::Null));
}

#[tokio::test]
async fn nobody_reads_another_users_log_or_without_its_scope() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    name(&john, "John Roe").await;

    let mine = list(&jane, "limit=100").await.to_string();
    let others = list(&john, "").await;

    assert!(actions(&others).contains(&"user.updated"));
    assert!(!mine.contains(text(&others["entries"][0], "id")));
    let scopes: Vec<_> =
        Scope::ALL.into_iter().filter(|scope| *scope != Scope::AuditRead).collect();
    let limited = jane.with_token(jane.new_token(TokenKind::User, Some(&scopes), None).await);
    assert_eq!(limited.send("GET", AUDIT).await.status, 403);
    let reader = jane.new_token(TokenKind::User, Some(&[Scope::AuditRead]), None).await;
    assert_eq!(jane.with_token(reader).send("GET", AUDIT).await.status, 200);
}

#[tokio::test]
async fn pages_have_each_entry_once_even_while_others_are_written() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for number in 0..6 {
        name(&jane, &number.to_string()).await;
    }
    let all = list(&jane, "limit=100").await["entries"].as_array().unwrap().clone();

    for limit in [1, 3, all.len()] {
        let (paged, count) = pages(&jane, AUDIT, "entries", limit).await;
        assert_eq!((&paged, count), (&all, all.len().div_ceil(limit)), "{limit}");
    }

    let first = list(&jane, "limit=2").await;
    name(&jane, "Another").await;
    let rest = list(&jane, &format!("limit=100&cursor={}", text(&first, "nextCursor"))).await;
    let both = [first, rest].map(|page| page["entries"].as_array().unwrap().clone()).concat();
    assert_eq!(both, all);
}

#[tokio::test]
async fn a_filter_by_action_and_actor_shows_what_fits_and_nothing_else() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    name(&jane, "Jane Doe").await;
    app.join(&jane, &john.account(), Role::Member).await;

    let updated = list(&jane, "action=user.updated").await;
    assert_eq!(actions(&updated), ["user.updated"]);
    let by_jane = list(&jane, &format!("actor={}", jane.user().id)).await;
    assert!(actions(&by_jane).contains(&"user.updated"), "{by_jane}");
    let entries = by_jane["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["actor"]["id"] == json!(jane.user().id)));
    let none = list(&jane, &format!("action=user.created&actor={}", john.user().id)).await;
    assert_eq!(none, json!({ "entries": [], "nextCursor": null }));
    for (query, problem) in [
        ("action=user.nothing", "action: is not an action of audit logs"),
        ("action=", "action: is not an action of audit logs"),
        ("actor=operator", "actor: must be the id of a user or a client"),
        ("from=yesterday", "from: must be a timestamp as in RFC 3339"),
        ("to=2026-11-28", "to: must be a timestamp as in RFC 3339"),
        ("limit=0", "limit: must be a number from 1 to 100"),
    ] {
        let rejected = jane.send("GET", &format!("{AUDIT}?{query}")).await;
        assert_eq!(errors(&rejected), [problem], "{query}");
    }
}

#[tokio::test]
async fn times_bound_the_entries_from_the_first_one_to_before_the_second() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    // 2001-09-09T01:46:40.000Z
    fill(&app, &jane, 1_000_000_000_000, &["user.updated"; 4]).await;
    let millisecond = |page: &Value| -> Vec<String> {
        let entries = page["entries"].as_array().unwrap();
        entries.iter().map(|entry| text(entry, "at")[20..23].to_owned()).collect()
    };
    let second = "2001-09-09T01:46:40";

    for (from, to, expected) in [
        (".001Z", ".003Z", vec!["002", "001"]),
        (".0001Z", ".0029Z", vec!["002", "001"]),
        (".000Z", ".001Z", vec!["000"]),
        (".001Z", ".001Z", vec![]),
        (".003Z", ".001Z", vec![]),
        (".003Z", ".999Z", vec!["003"]),
    ] {
        let page = list(&jane, &format!("from={second}{from}&to={second}{to}")).await;
        assert_eq!(millisecond(&page), expected, "{from} {to}");
        assert_eq!(page["nextCursor"], Value::Null);
    }
    let old = list(&jane, "to=1970-01-01T00:00:00Z").await;
    assert_eq!(old, json!({ "entries": [], "nextCursor": null }));
    let zone = list(&jane, &format!("to={second}.001%2B00:00&from=1969-01-01T00:00:00Z")).await;
    assert_eq!(millisecond(&zone), ["000"]);
    // As clients for Python, Rust and Ruby write it.
    for zone in [".001000%2B0000", ".001%20%2B00:00", ".001%20UTC"] {
        let to = format!("{second}{zone}").replacen('T', "%20", 1);
        let own = list(&jane, &format!("from=1969-01-01T00:00:00Z&to={to}")).await;
        assert_eq!(millisecond(&own), ["000"], "{zone}");
    }
    // What programs write for no end, and for no beginning.
    for end in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-01:00"]
    {
        let page = list(&jane, &format!("from=0001-01-01T00:00:00Z&to={end}")).await;
        assert_eq!(page, list(&jane, "").await, "{end}");
        let late = list(&jane, &format!("from={end}")).await;
        assert_eq!(late, json!({ "entries": [], "nextCursor": null }), "{end}");
    }
    assert!(
        !list(&jane, &format!("from={second}.004Z")).await["entries"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_cursor_counts_for_its_user_and_its_filter_alone() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    for number in 0..3 {
        name(&jane, &number.to_string()).await;
    }
    let filter = "action=user.updated&from=2001-01-01T00:00:00Z";
    let first = list(&jane, &format!("{filter}&limit=1")).await;
    let cursor = text(&first, "nextCursor").to_owned();

    let second = list(&jane, &format!("{filter}&limit=2&cursor={cursor}")).await;
    assert_eq!(actions(&second), ["user.updated"; 2]);
    let cut = &cursor[..cursor.len() - 1];
    let entry = text(&first["entries"][0], "id");
    for (person, query) in [
        (&john, format!("{filter}&cursor={cursor}")),
        (&jane, format!("cursor={cursor}")),
        (&jane, format!("{filter}&actor={}&cursor={cursor}", jane.user().id)),
        (&jane, format!("{filter}&to=2099-01-01T00:00:00Z&cursor={cursor}")),
        (&jane, format!("{filter}&cursor={cut}")),
        (&jane, format!("{filter}&cursor={entry}")),
        (&jane, format!("{filter}&cursor={entry}0000000000000000")),
        (&jane, format!("{filter}&cursor=x")),
    ] {
        let rejected = person.send("GET", &format!("{AUDIT}?{query}")).await;
        assert_eq!(errors(&rejected), ["cursor: is not one of this list"], "{query}");
    }
}

#[tokio::test]
async fn an_action_that_another_version_of_the_service_wrote_is_shown() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    fill(&app, &jane, 1_000_000_000_000, &["user.knighted"]).await;

    let page = list(&jane, "").await;

    assert_eq!(actions(&page).last(), Some(&"user.knighted"), "{page}");
}

#[tokio::test]
async fn a_rare_action_is_found_in_pages_that_each_read_a_bounded_part() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let bound = usize::try_from(MAX_AUDIT_ENTRIES_READ).unwrap();
    let mut log = vec!["email.added"; bound + 40];
    (log[0], log[bound + 30]) = ("password.changed", "password.changed");
    fill(&app, &jane, 1_000_000_000_000, &log).await;
    let query = "action=password.changed&limit=10";

    app.proxy().count();
    let first = list(&jane, query).await;
    let calls: Vec<_> = app.proxy().calls().into_iter().map(|call| call.operation).collect();
    assert_eq!((app.proxy().rounds(), calls.len()), (1, 2), "{calls:?}");

    assert_eq!(actions(&first), ["password.changed"]);
    let cursor = text(&first, "nextCursor");
    let second = list(&jane, &format!("{query}&cursor={cursor}")).await;
    assert_eq!((actions(&second), &second["nextCursor"]), (vec!["password.changed"], &Value::Null));
}
