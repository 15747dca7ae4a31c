//! `/rollcall/v1/accounts/{id}/members` and `…/owner`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::Error;
use shared::limits::ACCOUNTS_OWNED;
use shared::model::Role;
use shared::table::{Actor, UserDeletion};
use testkit::{ApiResponse, Person, TestApp, held_up};

const WRITE: &str = "TransactWriteItems";
const CURRENT: &str = "/api/public/v1/current-account";
/// How many race.
const MANY: usize = 64;

fn account_path(owner: &Person<'_>) -> String {
    format!("/rollcall/v1/accounts/{}", owner.account())
}

fn members(owner: &Person<'_>) -> String {
    format!("{}/members", account_path(owner))
}

/// The path of a member of an owner's account.
fn member(owner: &Person<'_>, user: &Person<'_>) -> String {
    format!("{}/{}", members(owner), user.user().id)
}

async fn set_role(by: &Person<'_>, path: &str, role: &str) -> ApiResponse {
    by.send_json("PATCH", path, &json!({ "role": role })).await
}

async fn hand_over(by: &Person<'_>, owner: &Person<'_>, to: &Person<'_>) -> ApiResponse {
    let path = format!("{}/owner", account_path(owner));
    by.send_json("POST", &path, &json!({ "userId": to.user().id })).await
}

fn code(response: &ApiResponse) -> (u16, &str) {
    (response.status, response.body["code"].as_str().unwrap_or_default())
}

/// Owner, admin and plain member of one account.
async fn team(app: &TestApp) -> (Person<'_>, Person<'_>, Person<'_>) {
    let (jane, john) = app.owner_and(Role::Admin).await;
    let mary = app.person("marymajor").await;
    app.join(&mary, &jane.account(), Role::Member).await;
    (jane, john, mary)
}

/// Whether the lists of a person's accounts show this one: in every dialect, or in none.
async fn is_listed(person: &Person<'_>, account: &str) -> bool {
    let mut shown = Vec::new();
    for (list, entries) in [
        ("/api/public/v1/accounts", "accounts"),
        ("/v1/accounts", "values"),
        ("/rollcall/v1/accounts", "accounts"),
    ] {
        let listed = person.send("GET", list).await;
        assert_eq!(listed.status, 200, "{list}");
        shown.push(listed.body[entries].to_string().contains(account));
    }
    assert!(shown.iter().all(|own| *own == shown[0]), "{shown:?}");
    shown[0]
}

/// The usernames that e24 lists to a person.
async fn listed_users(person: &Person<'_>) -> Vec<String> {
    let list = person.send("GET", "/v2/accounts").await;
    let users = list.body["users"].as_array().unwrap_or_else(|| panic!("{list:?}"));
    users.iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

/// Makes the owner a plain member, as no operation does: only the count protects the last admin.
async fn demote_owner(app: &TestApp, owner: &Person<'_>) {
    for key in owner.membership_keys(&owner.account()) {
        let plain = json!({
            "Key": key,
            "UpdateExpression": "SET #role = :member",
            "ExpressionAttributeNames": { "#role": "role" },
            "ExpressionAttributeValues": { ":member": { "S": "member" } },
        });
        app.engine("UpdateItem", plain).await;
    }
    let counted = json!({
        "Key": {
            "pk": { "S": format!("ACCOUNT#{}", owner.account()) }, "sk": { "S": "ACCOUNT" },
        },
        "UpdateExpression": "ADD adminCount :less",
        "ExpressionAttributeValues": { ":less": { "N": "-1" } },
    });
    app.engine("UpdateItem", counted).await;
}

/// Gives the owner the role back, which every owner has.
async fn restore_owner(app: &TestApp, owner: &Person<'_>) {
    let account = owner.account().parse().unwrap();
    let (operator, id) = (Actor::operator(), owner.user().id);
    app.table().set_role(&operator, account, id, Role::Admin).await.unwrap();
}

/// The logs of the entries with this action, as `USER` and `ACCOUNT`, with their details.
async fn entries(app: &TestApp, action: &str) -> Vec<(String, Value)> {
    let entries = app.items_of("audit").await;
    let of_action = entries.iter().filter(|entry| entry["action"]["S"] == action);
    let mut found: Vec<_> = of_action
        .map(|entry| {
            let pk = entry["pk"]["S"].as_str().unwrap().trim_start_matches("AUDIT#");
            (pk.to_owned(), entry["details"]["M"].clone())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

#[tokio::test]
async fn members_are_shown_one_by_one_and_in_pages_oldest_user_first() {
    let app = TestApp::start().await;
    let (jane, john, mary) = team(&app).await;
    john.send_json("PATCH", "/rollcall/v1/users/self", &json!({ "name": "John Roe" })).await;

    let all = mary.send("GET", &members(&jane)).await;

    let view = |person: &Person<'_>, name: &str, role: &str, shown: &Value| {
        json!({
            "userId": person.user().id, "username": person.user().username, "name": name,
            "role": role, "joinedAt": shown["joinedAt"],
        })
    };
    let shown = all.body["members"].as_array().unwrap();
    let expected = [
        view(&jane, "", "admin", &shown[0]),
        view(&john, "John Roe", "admin", &shown[1]),
        view(&mary, "", "member", &shown[2]),
    ];
    assert_eq!(
        (all.status, shown, &all.body["nextCursor"]),
        (200, &expected.to_vec(), &Value::Null)
    );
    let joined: Vec<_> = shown.iter().map(|own| own["joinedAt"].as_str().unwrap()).collect();
    assert!(joined.is_sorted() && joined.iter().all(|time| time.ends_with('Z')), "{joined:?}");
    for (person, expected) in [&jane, &john, &mary].into_iter().zip(&expected) {
        let one = mary.send("GET", &member(&jane, person)).await;
        assert_eq!(one.parts(), (200, expected));
        assert!(one.header("etag").is_some());
    }
    for limit in [1, 2, 3] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let path = format!("{}?limit={limit}{cursor}", members(&jane));
            let page = mary.send("GET", &path).await;
            seen.extend(page.body["members"].as_array().unwrap().clone());
            pages += 1;
            let Some(next) = page.body["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!((&seen[..], pages), (&expected[..], 3_usize.div_ceil(limit)), "{limit}");
    }
    let unknown = mary.send("GET", &format!("{}?cursor=nothing", members(&jane))).await;
    assert_eq!(code(&unknown), (400, "invalid_request"));
}

#[tokio::test]
async fn who_is_no_member_gets_403_for_all_and_a_plain_member_only_reads_and_leaves() {
    let app = TestApp::start().await;
    let (jane, john, mary) = team(&app).await;
    let paul = app.person("paulpoe").await;
    let [list, one, owner] =
        [members(&jane), member(&jane, &john), format!("{}/owner", account_path(&jane))];
    let (role, new_owner) = (json!({ "role": "member" }), json!({ "userId": john.user().id }));

    for (method, path, body, by_member) in [
        ("GET", &list, None, 200),
        ("GET", &one, None, 200),
        ("PATCH", &one, Some(&role), 403),
        ("DELETE", &one, None, 403),
        ("POST", &owner, Some(&new_owner), 403),
    ] {
        for (person, expected) in [(&paul, 403), (&mary, by_member)] {
            let response = match body {
                Some(body) => person.send_json(method, path, body).await,
                None => person.send(method, path).await,
            };
            assert_eq!(response.status, expected, "{method} {path}: {response:?}");
        }
    }
    // Who is no member does not learn who is one.
    let [nobody, somebody] = [&paul, &john].map(|person| member(&jane, person));
    assert_eq!(paul.send("GET", &nobody).await.body, paul.send("GET", &somebody).await.body);
    assert_eq!(mary.send("DELETE", &member(&jane, &mary)).await.status, 204);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_unknown_account_or_member_is_404_and_an_unknown_role_400() {
    let app = TestApp::start().await;
    let (jane, john, _) = team(&app).await;
    let paul = app.person("paulpoe").await;
    let (no_account, own) = (crate::NOBODYS, jane.account());
    let [id, other] = [&john, &paul].map(|person| person.user().id.to_string());

    for (account, user, what) in [
        (no_account, &id, "account not found"),
        ("nothing", &id, "account not found"),
        (&own, &other, "member not found"),
        (&own, &"nothing".to_owned(), "member not found"),
    ] {
        let path = format!("/rollcall/v1/accounts/{account}/members/{user}");
        let role = json!({ "role": "member" });
        for response in [
            jane.send("GET", &path).await,
            jane.send_json("PATCH", &path, &role).await,
            jane.send("DELETE", &path).await,
        ] {
            assert_eq!((response.status, response.text("detail")), (404, what), "{path}");
        }
    }
    for body in [json!({ "role": "owner" }), json!({ "role": null }), json!({})] {
        let response = jane.send_json("PATCH", &member(&jane, &john), &body).await;
        assert_eq!(code(&response), (400, "invalid_request"), "{body}");
    }
}

#[tokio::test]
async fn a_role_holds_at_once_in_every_dialect_and_the_same_again_leaves_no_entry() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let path = member(&jane, &john);
    john.send_json("PUT", CURRENT, &json!({ "accountId": jane.account() })).await;
    let listed = async || {
        let users = john.send("GET", "/v2/accounts").await;
        users.body["users"].as_array().unwrap().len()
    };
    let golem = format!("/v1/accounts/{}", jane.account());
    let renamed = json!({ "name": "Team", "email": "team@example.com" });
    assert_eq!((listed().await, john.send_json("PUT", &golem, &renamed).await.status), (1, 403));

    let promoted = set_role(&jane, &path, "admin").await;

    assert_eq!((promoted.status, promoted.text("role")), (200, "admin"));
    assert_eq!(promoted.parts(), john.send("GET", &path).await.parts());
    assert_eq!((listed().await, john.send_json("PUT", &golem, &renamed).await.status), (2, 200));
    let own = john.send("GET", &account_path(&jane)).await;
    assert_eq!(own.text("role"), "admin");
    let changes = entries(&app, "member.role_changed").await;
    let details = json!({ "account": { "S": jane.account() }, "role": { "S": "admin" } });
    let logs = [format!("ACCOUNT#{}", jane.account()), format!("USER#{}", john.user().id)];
    assert_eq!(changes, logs.map(|log| (log, details.clone())));

    let before = app.written().await;
    assert_eq!(set_role(&jane, &path, "admin").await.parts(), promoted.parts());
    assert_eq!(set_role(&jane, &member(&jane, &jane), "admin").await.status, 200);
    assert_eq!(app.written().await, before);
    assert_eq!(set_role(&jane, &path, "member").await.text("role"), "member");
    assert_eq!((listed().await, john.send_json("PUT", &golem, &renamed).await.status), (1, 403));
    app.assert_consistent().await;
}

#[tokio::test]
async fn who_was_removed_or_left_has_no_access_in_any_dialect_from_the_next_request_on() {
    for leaves in [false, true] {
        let app = TestApp::start().await;
        let (jane, john) = app.owner_and(Role::Admin).await;
        john.send_json("PUT", CURRENT, &json!({ "accountId": jane.account() })).await;
        let path = member(&jane, &john);
        let by = if leaves { &john } else { &jane };
        assert!(is_listed(&john, &jane.account()).await);
        assert_eq!(listed_users(&jane).await, ["janedoe", "johnroe"]);

        assert_eq!(by.send("DELETE", &path).await.status, 204);

        let quave = format!("/api/public/v1/account?accountId={}", jane.account());
        let golem = format!("/v1/accounts/{}", jane.account());
        for denied in [
            CURRENT,
            &quave,
            &golem,
            &format!("{golem}/plan"),
            "/v2/accounts",
            "/rollcall/v1/accounts/current",
            &account_path(&jane),
            &format!("{}/plan", account_path(&jane)),
            &format!("{}/registry", account_path(&jane)),
            &format!("{}/audit", account_path(&jane)),
            &members(&jane),
            &path,
        ] {
            assert_eq!(john.send("GET", denied).await.status, 403, "{denied}");
        }
        assert!(!is_listed(&john, &jane.account()).await);
        assert_eq!(listed_users(&jane).await, ["janedoe"]);
        let again = by.send("DELETE", &path).await;
        assert_eq!(again.status, if leaves { 403 } else { 404 }, "{again:?}");
        let logs: Vec<_> = entries(&app, "member.removed").await;
        let details = json!({ "account": { "S": jane.account() } });
        let expected = [format!("ACCOUNT#{}", jane.account()), format!("USER#{}", john.user().id)];
        assert_eq!(logs, expected.map(|log| (log, details.clone())));

        let next = json!({ "name": "Next" });
        let made = john.send_json("POST", "/api/public/v1/account", &next).await;
        let current = john.send("GET", CURRENT).await;
        assert_eq!(current.text("accountId"), made.text("accountId"), "the next one made");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn every_dialect_shows_at_once_who_joined_by_an_invitation_and_became_an_admin() {
    let mut app = TestApp::start().await;
    let _post = app.start_mail().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    jane.credentials().prove_address(&app).await;
    assert!(!is_listed(&john, &jane.account()).await);
    let invitation = json!({ "email": john.email(), "role": "member", "deliver": "link" });
    let path = format!("{}/invitations", account_path(&jane));
    let sent = jane.send_json("POST", &path, &invitation).await;
    let (_, token) = sent.text("link").rsplit_once('/').unwrap();

    let joined = john.send("POST", &format!("/rollcall/v1/invitations/{token}/accept")).await;

    assert_eq!(joined.status, 200, "{joined:?}");
    assert!(is_listed(&john, &jane.account()).await);
    assert_eq!(listed_users(&jane).await, ["janedoe", "johnroe"]);
    john.send_json("PUT", CURRENT, &json!({ "accountId": jane.account() })).await;
    assert_eq!(listed_users(&john).await, ["johnroe"]);
    assert_eq!(set_role(&jane, &member(&jane, &john), "admin").await.status, 200);
    assert_eq!(listed_users(&john).await, ["janedoe", "johnroe"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_former_member_writes_nothing_in_any_dialect_from_the_next_request_on() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let id = jane.account();
    john.send_json("PUT", CURRENT, &json!({ "accountId": id })).await;
    assert_eq!(jane.send("DELETE", &member(&jane, &john)).await.status, 204);
    let before = app.written().await;
    let account = account_path(&jane);
    let (quave, golem) =
        (format!("/api/public/v1/account?accountId={id}"), format!("/v1/accounts/{id}"));
    let [registry, owner] = ["registry", "owner"].map(|below| format!("{account}/{below}"));
    let [own, others] = [&john, &jane].map(|person| member(&jane, person));
    let new_user = json!({
        "email": "mary@example.com", "first_name": "Mary", "last_name": "Major",
        "password": "correct horse battery",
    });
    let new_registry = json!({
        "server": "https://registry.example.com", "email": "user@example.com",
        "username": "registryuser", "password": "dckr_pat_00000",
    });

    for (method, path, body) in [
        ("PUT", CURRENT, json!({ "accountId": id })),
        ("DELETE", quave.as_str(), Value::Null),
        ("PUT", golem.as_str(), json!({ "name": "Mine", "email": "mine@example.com" })),
        ("DELETE", golem.as_str(), Value::Null),
        ("PUT", "/v2/accounts", new_user),
        ("PUT", "/rollcall/v1/accounts/current", json!({ "id": id })),
        ("PATCH", account.as_str(), json!({ "name": "Mine" })),
        ("DELETE", account.as_str(), Value::Null),
        ("PUT", registry.as_str(), new_registry),
        ("DELETE", registry.as_str(), Value::Null),
        ("PATCH", own.as_str(), json!({ "role": "admin" })),
        ("DELETE", others.as_str(), Value::Null),
        ("POST", owner.as_str(), json!({ "userId": john.user().id })),
    ] {
        let denied = match &body {
            Value::Null => john.send(method, path).await,
            body => john.send_json(method, path, body).await,
        };
        assert_eq!(denied.status, 403, "{method} {path}: {denied:?}");
    }

    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn a_member_who_left_under_a_key_gets_the_same_response_again() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let path = member(&jane, &john);
    let headers = [("authorization", john.token()), ("idempotency-key", "leaving")];
    let leave = async || app.send("DELETE", &path, &headers, None).await;

    assert_eq!(leave().await.status, 204);
    let again = leave().await;

    assert_eq!((again.status, again.header("idempotency-replayed")), (204, Some("true")));
    assert_eq!(john.send("DELETE", &path).await.status, 403);
    assert_eq!(entries(&app, "member.removed").await.len(), 2);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_owner_is_neither_demoted_nor_removed_and_does_not_leave() {
    let app = TestApp::start().await;
    let (jane, john, _) = team(&app).await;
    let path = member(&jane, &jane);
    let before = app.written().await;

    for by in [&jane, &john] {
        for response in [set_role(by, &path, "member").await, by.send("DELETE", &path).await] {
            assert_eq!(code(&response), (409, "owner_must_transfer"));
        }
    }

    assert_eq!(app.written().await, before);
}

#[tokio::test]
async fn an_account_is_handed_over_by_its_owner_to_an_admin_and_counts_for_the_new_one() {
    let app = TestApp::start().await;
    let (jane, john, mary) = team(&app).await;
    let paul = app.person("paulpoe").await;
    let before = app.written().await;
    for by in [&john, &mary, &paul] {
        let refused = hand_over(by, &jane, &john).await;
        assert_eq!(code(&refused), (403, "forbidden"));
    }
    for to in [&mary, &paul] {
        assert_eq!(code(&hand_over(&jane, &jane, to).await), (409, "not_admin"));
    }
    assert_eq!(hand_over(&jane, &jane, &jane).await.text("email"), jane.email(), "hers already");
    assert_eq!(app.written().await, before);

    let handed_over = hand_over(&jane, &jane, &john).await;

    assert_eq!(handed_over.status, 200, "{handed_over:?}");
    assert_eq!(handed_over.text("ownerId"), john.user().id.to_string());
    assert_eq!((handed_over.text("email"), handed_over.text("role")), (john.email(), "admin"));
    assert_eq!(handed_over.parts(), jane.send("GET", &account_path(&jane)).await.parts());
    let golem = mary.send("GET", &format!("/v1/accounts/{}", jane.account())).await;
    assert_eq!(golem.text("email"), john.email());
    let id = |person: &Person<'_>| json!({ "S": person.user().id });
    let details = json!({ "from": id(&jane), "to": id(&john) });
    let mut logs = [
        format!("ACCOUNT#{}", jane.account()),
        format!("USER#{}", jane.user().id),
        format!("USER#{}", john.user().id),
    ];
    logs.sort();
    let found = entries(&app, "account.owner_changed").await;
    assert_eq!(found, logs.map(|log| (log, details.clone())));
    app.assert_consistent().await;

    assert_eq!(code(&hand_over(&jane, &jane, &jane).await), (403, "forbidden"));
    assert_eq!(
        code(&john.send("DELETE", &member(&jane, &john)).await),
        (409, "owner_must_transfer")
    );
    assert_eq!(jane.send("DELETE", &member(&jane, &jane)).await.status, 204);
    assert_eq!(jane.send("GET", CURRENT).await.status, 403);
    app.assert_consistent().await;
}

/// Sets how many accounts somebody owns, as they are counted.
async fn set_owned(app: &TestApp, person: &Person<'_>, count: u32) {
    let change = json!({
        "Key": { "pk": { "S": format!("USER#{}", person.user().id) }, "sk": { "S": "COUNTS" } },
        "UpdateExpression": "SET accountsOwned = :count",
        "ExpressionAttributeValues": { ":count": { "N": count.to_string() } },
    });
    app.engine("UpdateItem", change).await;
}

#[tokio::test]
async fn nobody_is_handed_more_accounts_than_one_may_own() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    set_owned(&app, &john, ACCOUNTS_OWNED.max).await;

    let refused = hand_over(&jane, &jane, &john).await;

    assert_eq!(code(&refused), (409, "limit_reached"));
    assert_eq!(refused.text("detail"), ACCOUNTS_OWNED.to_string());
    set_owned(&app, &john, 1).await;
    assert_eq!(hand_over(&jane, &jane, &john).await.status, 200);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_accounts_handed_at_once_to_an_admin_with_one_free_place_one_is() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let mut paths = vec![format!("{}/owner", account_path(&jane))];
    for number in 1..MANY {
        let new = json!({ "name": format!("Account {number}") });
        let made = jane.send_json("POST", "/rollcall/v1/accounts", &new).await;
        app.join(&john, made.text("id"), Role::Admin).await;
        paths.push(format!("/rollcall/v1/accounts/{}/owner", made.text("id")));
    }
    set_owned(&app, &john, ACCOUNTS_OWNED.max - 1).await;
    let body = json!({ "userId": john.user().id });

    let handovers = paths.iter();
    let handovers =
        handovers.map(|path| patiently(async || jane.send_json("POST", path, &body).await));
    let responses = join_all(handovers).await;

    // One whose response came too late is forbidden when it is sent again.
    let rejected = responses.iter().filter(|own| code(own) == (409, "limit_reached"));
    assert_eq!(rejected.count(), MANY - 1, "{responses:?}");
    set_owned(&app, &john, 2).await;
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_disabled_admin_still_counts_as_one_and_may_be_demoted() {
    let app = TestApp::start().await;
    let (jane, john, mary) = team(&app).await;
    set_role(&jane, &member(&jane, &mary), "admin").await;
    demote_owner(&app, &jane).await;
    let (operator, id) = (Actor::operator(), john.user().id);
    app.table().set_disabled(&operator, id, true).await.unwrap();

    // Mary may go, since John is an admin still; then he is the last one.
    assert_eq!(set_role(&mary, &member(&jane, &mary), "member").await.status, 200);

    let account = jane.account().parse().unwrap();
    let last = app.table().set_role(&operator, account, id, Role::Member).await.unwrap_err();
    assert_eq!(last.to_string(), "the user is the only admin of the account");
    restore_owner(&app, &jane).await;
    assert_eq!(set_role(&jane, &member(&jane, &john), "member").await.status, 200);
    app.assert_consistent().await;
}

#[tokio::test]
async fn of_two_admins_who_go_at_once_by_themselves_one_stays() {
    for demotes in [false, true] {
        let app = TestApp::start().await;
        let (jane, john, mary) = team(&app).await;
        set_role(&jane, &member(&jane, &mary), "admin").await;
        demote_owner(&app, &jane).await;
        let (account, id, others) = (jane.account().parse().unwrap(), mary.user().id, app.others());
        app.proxy().before(WRITE, async move {
            others.set_role(&Actor::operator(), account, id, Role::Member).await.unwrap();
        });
        let path = member(&jane, &john);

        let last = if demotes {
            set_role(&john, &path, "member").await
        } else {
            john.send("DELETE", &path).await
        };

        assert_eq!(code(&last), (409, "last_admin"));
        assert_eq!(app.proxy().faults_left(), 0);
        restore_owner(&app, &jane).await;
        app.assert_consistent().await;
    }
}

/// Somebody becomes the owner of an account, before the next write if it is awaited then.
fn becoming_owner(
    app: &TestApp,
    account: &Person<'_>,
    owner: &Person<'_>,
) -> impl Future<Output = ()> + Send + 'static {
    let change = json!({
        "Key": {
            "pk": { "S": format!("ACCOUNT#{}", account.account()) }, "sk": { "S": "ACCOUNT" },
        },
        "UpdateExpression": "SET #owner = :new, #version = #version + :one",
        "ExpressionAttributeNames": { "#owner": "owner", "#version": "version" },
        "ExpressionAttributeValues": {
            ":new": { "S": owner.user().id }, ":one": { "N": "1" },
        },
    });
    app.engine_later("UpdateItem", change)
}

#[tokio::test]
async fn who_becomes_the_owner_meanwhile_is_neither_demoted_nor_removed() {
    for demotes in [false, true] {
        let app = TestApp::start().await;
        let (jane, john, _) = team(&app).await;
        let path = member(&jane, &john);
        app.proxy().before(WRITE, becoming_owner(&app, &jane, &john));

        let kept = if demotes {
            set_role(&jane, &path, "member").await
        } else {
            jane.send("DELETE", &path).await
        };

        assert_eq!(code(&kept), (409, "owner_must_transfer"));
        assert_eq!(app.proxy().faults_left(), 0);
        becoming_owner(&app, &jane, &jane).await;
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn changes_of_other_members_meanwhile_hold_nothing_up() {
    let app = TestApp::start().await;
    let (jane, john, mary) = team(&app).await;
    let paul = app.person("paulpoe").await;
    app.join(&paul, &jane.account(), Role::Member).await;
    let (account, id) = (jane.account().parse().unwrap(), paul.user().id);
    let path = member(&jane, &mary);

    for (place, role) in [Role::Admin, Role::Member, Role::Admin].into_iter().enumerate() {
        let others = app.others();
        app.proxy().before(WRITE, async move {
            others.set_role(&Actor::operator(), account, id, role).await.unwrap();
        });
        app.proxy().record();

        let response = match place {
            0 => set_role(&jane, &path, "admin").await,
            1 => hand_over(&jane, &jane, &john).await,
            _ => jane.send("DELETE", &path).await,
        };

        assert!(response.status < 300, "{response:?}");
        let calls = app.proxy().calls();
        let writes = calls.iter().filter(|call| call.operation == WRITE).count();
        assert_eq!((writes, app.proxy().faults_left()), (1, 0), "{place}");
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_former_admin_neither_changes_nor_removes_a_member() {
    for removes in [false, true] {
        let app = TestApp::start().await;
        let (jane, john, mary) = team(&app).await;
        let (account, id, others) = (jane.account().parse().unwrap(), john.user().id, app.others());
        app.proxy().before(WRITE, async move {
            others.set_role(&Actor::operator(), account, id, Role::Member).await.unwrap();
        });
        let path = member(&jane, &mary);

        let refused = if removes {
            john.send("DELETE", &path).await
        } else {
            set_role(&john, &path, "admin").await
        };

        assert_eq!(code(&refused), (403, "forbidden"));
        assert_eq!(mary.send("GET", &path).await.text("role"), "member");
        assert_eq!(app.proxy().faults_left(), 0);
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_member_who_is_promoted_meanwhile_leaves_the_number_of_admins_right() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let (account, id, others) = (jane.account().parse().unwrap(), john.user().id, app.others());
    app.proxy().before(WRITE, async move {
        others.set_role(&Actor::operator(), account, id, Role::Admin).await.unwrap();
    });

    assert_eq!(jane.send("DELETE", &member(&jane, &john)).await.status, 204);

    assert_eq!(app.proxy().faults_left(), 0);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_account_passes_to_no_former_admin_and_from_no_former_owner() {
    let app = TestApp::start().await;
    let (jane, john, mary) = team(&app).await;
    let (account, id, others) = (jane.account().parse().unwrap(), john.user().id, app.others());
    app.proxy().before(WRITE, async move {
        others.set_role(&Actor::operator(), account, id, Role::Member).await.unwrap();
    });
    assert_eq!(code(&hand_over(&jane, &jane, &john).await), (409, "not_admin"));
    set_role(&jane, &member(&jane, &john), "admin").await;
    app.proxy().before(WRITE, becoming_owner(&app, &jane, &mary));
    assert_eq!(code(&hand_over(&jane, &jane, &john).await), (403, "forbidden"));
    becoming_owner(&app, &jane, &jane).await;
    assert_eq!(app.proxy().faults_left(), 0);
    set_role(&jane, &member(&jane, &mary), "admin").await;

    let (one, other) = tokio::join!(hand_over(&jane, &jane, &john), hand_over(&jane, &jane, &mary));

    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403], "{one:?} {other:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn who_leaves_an_account_that_is_deleted_meanwhile_is_counted_once() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let (path, account) = (member(&jane, &john), account_path(&jane));

    let (left, deleted) = tokio::join!(john.send("DELETE", &path), jane.send("DELETE", &account));

    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert!([204, 404].contains(&left.status), "{left:?}");
    assert_eq!(john.send("DELETE", &path).await.status, 404);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_erased_owners_account_passes_to_the_admin_who_was_promoted_here() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let (table, operator, id) = (app.table(), Actor::operator(), jane.user().id);
    let account = jane.account().parse().unwrap();
    assert_eq!(table.accounts_without_successor(id).await.unwrap(), [account]);

    assert_eq!(set_role(&jane, &member(&jane, &john), "admin").await.status, 200);

    assert_eq!(table.accounts_without_successor(id).await.unwrap(), []);
    let stored = table.user_and(id, ()).await.unwrap().0.unwrap();
    table.begin_user_deletion(&operator, &stored).await.unwrap();
    assert_eq!(set_role(&jane, &member(&jane, &john), "member").await.status, 401);
    assert_eq!(table.finish_user_deletion(&operator, id).await.unwrap(), UserDeletion::Finished);
    let shown = john.send("GET", &account_path(&jane)).await;
    assert_eq!(shown.text("ownerId"), john.user().id.to_string());
    let listed = john.send("GET", &members(&jane)).await;
    assert_eq!(listed.body["members"].as_array().unwrap().len(), 1);
    app.assert_consistent().await;
}

/// An account of an owner and so many others with a role, who are named by a number.
async fn crowd(app: &TestApp, count: usize, role: Role) -> (Person<'_>, Vec<Person<'_>>) {
    let jane = app.person("janedoe").await;
    let mut others = Vec::new();
    for number in 0..count {
        let other = app.person(&format!("member{number}")).await;
        app.join(&other, &jane.account(), role).await;
        others.push(other);
    }
    (jane, others)
}

/// Sends again what a busy machine did not answer in time, as a client does.
async fn patiently(send: impl AsyncFn() -> ApiResponse) -> ApiResponse {
    for _ in 0..20 {
        let response = send().await;
        if response.status != 503 {
            return response;
        }
    }
    panic!("too busy for twenty attempts")
}

fn count(responses: &[ApiResponse], status: u16) -> usize {
    responses.iter().filter(|response| response.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_admins_who_demote_each_other_one_stays() {
    let app = TestApp::start().await;
    let (jane, others) = crowd(&app, 2, Role::Admin).await;
    let (john, mary) = (&others[0], &others[1]);
    let (johns, marys) = (member(&jane, john), member(&jane, mary));

    let (one, other) =
        tokio::join!(set_role(john, &marys, "member"), set_role(mary, &johns, "member"));

    let responses = [one, other];
    assert_eq!((count(&responses, 200), count(&responses, 403)), (1, 1), "{responses:?}");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_erased_while_the_other_admins_demote_each_other_leaves_an_owner() {
    let app = TestApp::start().await;
    let (jane, others) = crowd(&app, 8, Role::Admin).await;
    let paths: Vec<_> = others.iter().map(|person| member(&jane, person)).collect();
    let (table, operator, id) = (app.others(), Actor::operator(), jane.user().id);
    let erase = Box::pin(async {
        let stored = table.user_and(id, ()).await.unwrap().0.unwrap();
        table.begin_user_deletion(&operator, &stored).await.unwrap();
        table.finish_user_deletion(&operator, id).await
    });
    let demotions = others.iter().enumerate().map(|(place, by)| {
        let path = &paths[(place + 1) % paths.len()];
        patiently(async || set_role(by, path, "member").await)
    });

    let (erased, responses) = tokio::join!(erase, join_all(demotions));

    let expected = |response: &ApiResponse| [200, 403, 409].contains(&response.status);
    assert!(responses.iter().all(expected), "{responses:?}");
    // Those who act at the same time may hold it up; one of them stays an admin.
    let ended = match erased {
        Err(Error::WriteConflict) => table.finish_user_deletion(&operator, id).await,
        ended => ended,
    };
    assert_eq!(ended.unwrap(), UserDeletion::Finished);
    let shown = others[0].send("GET", &account_path(&jane)).await;
    let owner = shown.text("ownerId").to_owned();
    assert!(others.iter().any(|person| person.user().id.to_string() == owner), "{shown:?}");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_admins_who_demote_each_other_in_a_ring_the_owner_and_others_stay() {
    let app = TestApp::start().await;
    let (jane, others) = crowd(&app, MANY - 1, Role::Admin).await;
    let ring: Vec<&Person<'_>> = others.iter().chain([&jane]).collect();
    let paths: Vec<_> = ring.iter().map(|person| member(&jane, person)).collect();

    let demotions = (0..MANY).map(|place| {
        let (by, path) = (ring[place], &paths[(place + 1) % MANY]);
        patiently(async || set_role(by, path, "member").await)
    });
    let responses = join_all(demotions).await;

    let (done, rejected, kept) =
        (count(&responses, 200), count(&responses, 403), count(&responses, 409));
    assert_eq!(done + rejected + kept, MANY, "{responses:?}");
    // One whose response came too late may be rejected when it is sent again.
    let demoted = entries(&app, "member.role_changed").await.len() / 2;
    assert!(done <= demoted && demoted < MANY, "{done} of {demoted}");
    let listed = jane.send("GET", &format!("{}?limit=100", members(&jane))).await;
    let admins = listed.body["members"].as_array().unwrap().iter();
    let admins = admins.filter(|own| own["role"] == "admin").count();
    assert_eq!(admins, MANY - demoted);
    assert!(done > 0 && kept <= 1, "{done} demoted, {kept} kept");
    let kept = responses.iter().find(|response| response.status == 409);
    assert!(kept.is_none_or(|own| code(own).1 == "owner_must_transfer"), "{kept:?}");
    assert_eq!(held_up(&jane.account()), [""; 0]);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_members_who_leave_at_once_everybody_does_and_of_64_admins_one_stays() {
    for (role, left, code_of_last) in
        [(Role::Member, MANY, ""), (Role::Admin, MANY - 1, "last_admin")]
    {
        let app = TestApp::start().await;
        let (jane, others) = crowd(&app, MANY, role).await;
        if role == Role::Admin {
            demote_owner(&app, &jane).await;
        }
        let paths: Vec<_> = others.iter().map(|person| member(&jane, person)).collect();

        let leaving = others.iter().zip(&paths);
        let leaving =
            leaving.map(|(person, path)| patiently(async || person.send("DELETE", path).await));
        let responses = join_all(leaving).await;

        // One whose response came too late is no member when it is sent again.
        let gone = |response: &ApiResponse| [204, 403].contains(&response.status);
        let count = responses.iter().filter(|response| gone(response)).count();
        assert_eq!(count, left, "{responses:?}");
        let last = responses.iter().find(|response| !gone(response));
        assert_eq!(last.map_or("", |response| code(response).1), code_of_last);
        assert_eq!(entries(&app, "member.removed").await.len(), 2 * left);
        assert_eq!(held_up(&jane.account()), [""; 0]);
        if role == Role::Admin {
            restore_owner(&app, &jane).await;
        }
        app.assert_consistent().await;
    }
}
