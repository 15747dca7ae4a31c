//! `/rollcall/v1/accounts…`.

use serde_json::{Value, json};
use shared::model::Role;
use shared::table::Actor;
use testkit::{Person, TestApp};

const ACCOUNTS: &str = "/rollcall/v1/accounts";
const CURRENT: &str = "/rollcall/v1/accounts/current";

async fn create(person: &Person<'_>, body: &Value) -> (String, Value) {
    let created = person.send_json("POST", ACCOUNTS, body).await;
    assert_eq!(created.status, 201, "{created:?}");
    let path = format!("{ACCOUNTS}/{}", created.text("id"));
    assert_eq!(created.header("location"), Some(path.as_str()));
    (path, created.body)
}

fn code(body: &Value) -> &str {
    body["code"].as_str().unwrap()
}

fn registry() -> Value {
    json!({
        "server": "https://registry.example.com", "email": "user@example.com",
        "username": "registryuser", "password": "dckr_pat_00000",
    })
}

#[tokio::test]
async fn an_account_is_made_read_changed_listed_and_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let (path, made) = create(&jane, &json!({ "name": " My Team ", "email": null })).await;
    let mut account = json!({
        "id": made["id"], "name": "My Team", "slug": "my-team", "email": jane.email(),
        "role": "admin", "isVerified": false, "allowAutoScaling": false, "isCurrent": false,
        "planId": "00000000-0000-0000-0000-000000000000", "ownerId": jane.user().id,
        "createdAt": made["createdAt"],
    });
    assert_eq!(made, account);
    assert_eq!(jane.send("GET", &path).await.parts(), (200, &account));

    let change = json!({ "name": "Our Team", "email": "team@example.com", "isVerified": true });
    let changed = jane.send_json("PATCH", &path, &change).await;
    account["name"] = json!("Our Team");
    account["email"] = json!("team@example.com");
    assert_eq!(changed.parts(), (200, &account));
    assert_eq!(jane.send_json("PATCH", &path, &account).await.parts(), (200, &account), "as shown");
    for nothing in [json!({}), json!({ "email": null })] {
        assert_eq!(jane.send_json("PATCH", &path, &nothing).await.parts(), (200, &account));
    }

    let listed = jane.send("GET", ACCOUNTS).await;
    assert_eq!(listed.body["accounts"][1], account);
    assert_eq!(listed.body["nextCursor"], Value::Null);
    assert_eq!(jane.send("DELETE", &path).await.status, 204);
    let gone = jane.send("GET", &path).await;
    assert_eq!((gone.status, code(&gone.body)), (404, "not_found"));
    app.assert_consistent().await;
}

#[tokio::test]
async fn every_dialect_shows_what_is_made_and_changed_here() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (path, made) = create(&jane, &json!({ "name": "Team", "email": "team@example.com" })).await;
    let id = made["id"].as_str().unwrap();

    jane.send_json("PATCH", &path, &json!({ "name": "Crew" })).await;
    jane.send_json("PUT", CURRENT, &json!({ "id": id })).await;

    let golem = jane.send("GET", &format!("/v1/accounts/{id}")).await;
    assert_eq!((golem.text("name"), golem.text("email")), ("Crew", "team@example.com"));
    let quave = jane.send("GET", "/api/public/v1/current-account").await;
    assert_eq!((quave.text("name"), quave.text("accountId")), ("Crew", id));
    assert_eq!(quave.body["isCurrent"], json!(true));
}

#[tokio::test]
async fn an_address_that_an_account_or_another_user_has_is_taken() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (path, _) = create(&jane, &json!({ "name": "Team", "email": "team@example.com" })).await;

    for address in ["TEAM@example.com", jane.email()] {
        let body = json!({ "name": "Other", "email": address });
        let refused = john.send_json("POST", ACCOUNTS, &body).await;
        assert_eq!((refused.status, code(&refused.body)), (409, "conflict"), "{address}");
    }
    let refused = jane.send_json("PATCH", &path, &json!({ "email": john.email() })).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert_eq!(jane.send("GET", &path).await.text("email"), "team@example.com");
    app.assert_consistent().await;
}

#[tokio::test]
async fn lists_come_in_pages_in_the_order_of_joining_with_the_callers_role() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let (path, made) = create(&john, &json!({ "name": "Own" })).await;
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut cursor = String::new();

    for _ in 0..3 {
        let page = john.send("GET", &format!("{ACCOUNTS}?limit=1{cursor}")).await;
        let [account] = &page.body["accounts"].as_array().unwrap()[..] else { panic!("{page:?}") };
        let text = |name: &str| account[name].as_str().unwrap().to_owned();
        seen.push((text("id"), text("role")));
        let next = page.body["nextCursor"].as_str().map(|next| format!("&cursor={next}"));
        cursor = next.unwrap_or_default();
    }

    assert_eq!(cursor, "", "no fourth page");
    let own = made["id"].as_str().unwrap();
    let of = |id: &str, role: &str| (id.to_owned(), role.to_owned());
    let expected = [of(&john.account(), "admin"), of(&jane.account(), "member"), of(own, "admin")];
    assert_eq!(seen, expected);
    john.send("DELETE", &path).await;
    let listed = john.send("GET", ACCOUNTS).await;
    assert_eq!(listed.body["accounts"].as_array().unwrap().len(), 2);
    let other = jane.send("GET", &format!("{ACCOUNTS}?cursor=nothing")).await;
    assert_eq!((other.status, code(&other.body)), (400, "invalid_request"));
}

#[tokio::test]
async fn a_member_sees_the_account_and_its_plan_and_an_admin_all_else() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let mary = app.person("marymajor").await;
    let path = format!("{ACCOUNTS}/{}", jane.account());
    jane.send_json("PUT", &format!("{path}/registry"), &registry()).await;

    let shown = john.send("GET", &path).await;
    assert_eq!((shown.status, shown.text("role")), (200, "member"));
    assert_eq!(
        (shown.text("email"), shown.body["isCurrent"].clone()),
        (jane.email(), json!(false))
    );
    let plan = john.send("GET", &format!("{path}/plan")).await;
    assert_eq!((plan.status, plan.body["workerLimit"].clone()), (200, json!(10_000)));
    for (method, below, body) in [
        ("PATCH", "", json!({ "name": "Mine" })),
        ("DELETE", "", Value::Null),
        ("GET", "/registry", Value::Null),
        ("PUT", "/registry", registry()),
        ("DELETE", "/registry", Value::Null),
        ("GET", "/audit", Value::Null),
    ] {
        for (person, is_member) in [(&john, true), (&mary, false)] {
            let path = format!("{path}{below}");
            let refused = match &body {
                Value::Null => person.send(method, &path).await,
                body => person.send_json(method, &path, body).await,
            };
            assert_eq!(
                (refused.status, code(&refused.body)),
                (403, "forbidden"),
                "{method} {path}"
            );
            let names_admin = refused.text("detail").contains("admin");
            assert_eq!(names_admin, is_member, "{method} {path}");
        }
    }
    for below in ["", "/plan"] {
        assert_eq!(mary.send("GET", &format!("{path}{below}")).await.status, 403, "{below}");
    }
    assert_eq!(jane.send("GET", &path).await.text("name"), "janedoe");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_registry_is_added_replaced_shown_without_its_password_and_taken_away() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("{ACCOUNTS}/{}/registry", jane.account());
    assert_eq!(jane.send("GET", &path).await.status, 404);
    assert_eq!(jane.send("DELETE", &path).await.status, 404);

    for username in ["registryuser", "another"] {
        let mut body = registry();
        body["username"] = json!(username);
        assert_eq!(jane.send_json("PUT", &path, &body).await.status, 204);
        let shown = jane.send("GET", &path).await;
        let expected = json!({
            "server": "https://registry.example.com", "email": "user@example.com",
            "username": username,
        });
        assert_eq!(shown.parts(), (200, &expected));
    }
    assert!(!json!(app.written().await).to_string().contains("dckr_pat"), "it is sealed");

    for (field, value) in [
        ("server", json!("https:///user:secret@registry.example.com")),
        ("server", json!("http://registry.example.com")),
        ("username", json!("")),
        ("password", Value::Null),
    ] {
        let mut body = registry();
        body[field] = value;
        let refused = jane.send_json("PUT", &path, &body).await;
        assert_eq!((refused.status, code(&refused.body)), (400, "invalid_request"), "{body}");
        assert!(refused.body.to_string().contains(field), "{refused:?}");
    }
    let one = jane.send_json("PUT", &path, &json!({ "server": "https://a.example" })).await;
    assert_eq!(one.status, 400, "{one:?}");

    assert_eq!(jane.send("DELETE", &path).await.status, 204);
    assert_eq!(jane.send("GET", &path).await.status, 404);
}

#[tokio::test]
async fn the_current_account_is_chosen_and_is_of_no_use_to_who_is_no_longer_a_member() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let chosen = john.send_json("PUT", CURRENT, &json!({ "id": jane.account() })).await;
    assert_eq!((chosen.status, chosen.body["isCurrent"].clone()), (200, json!(true)));
    assert_eq!(john.send("GET", CURRENT).await.parts(), (200, &chosen.body));

    app.expelling(&john, &jane.account()).await;

    let refused = john.send("GET", CURRENT).await;
    assert_eq!((refused.status, code(&refused.body)), (403, "forbidden"));
    let again = john.send_json("PUT", CURRENT, &json!({ "id": jane.account() })).await;
    assert_eq!(again.status, 403, "{again:?}");
    let (_, made) = create(&john, &json!({ "name": "Next" })).await;
    assert_eq!(made["isCurrent"], json!(true), "the next account made becomes it");
    app.unset_current_account(&john).await;
    assert_eq!(john.send("GET", CURRENT).await.status, 404);
}

#[tokio::test]
async fn an_accounts_log_is_its_own_in_pages_and_by_action() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (path, made) = create(&jane, &json!({ "name": "Team" })).await;
    jane.send_json("PATCH", &path, &json!({ "name": "Crew" })).await;
    jane.send_json("PUT", &format!("{path}/registry"), &registry()).await;

    let log = jane.send("GET", &format!("{path}/audit")).await;
    let entries = log.body["entries"].as_array().unwrap();
    let shown: Vec<_> =
        entries.iter().map(|entry| (entry["action"].clone(), entry["changed"].clone())).collect();
    assert_eq!(
        shown,
        [
            (json!("account.updated"), json!(["registry"])),
            (json!("account.updated"), json!(["name"])),
            (json!("account.created"), json!([])),
        ]
    );
    assert!(entries.iter().all(|entry| entry["target"]["id"] == made["id"]), "{entries:?}");

    let created = jane.send("GET", &format!("{path}/audit?action=account.created")).await;
    assert_eq!(created.body["entries"].as_array().unwrap().len(), 1);
    let page = jane.send("GET", &format!("{path}/audit?limit=1")).await;
    let cursor = page.body["nextCursor"].as_str().unwrap();
    let next = jane.send("GET", &format!("{path}/audit?limit=1&cursor={cursor}")).await;
    assert_eq!(next.body["entries"][0], entries[1]);
    let own = jane.send("GET", &format!("/rollcall/v1/users/self/audit?cursor={cursor}")).await;
    assert_eq!(own.status, 400, "a cursor counts for its log");
    let unknown = jane.send("GET", &format!("{ACCOUNTS}/nothing/audit")).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
}

#[tokio::test]
async fn an_accounts_log_is_read_by_who_acted_and_when() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let path = format!("{ACCOUNTS}/{}", jane.account());
    for (person, name) in [(&jane, "One"), (&john, "Two")] {
        let changed = person.send_json("PATCH", &path, &json!({ "name": name })).await;
        assert_eq!(changed.status, 200, "{changed:?}");
    }
    let entries = async |query: &str| {
        let log = jane.send("GET", &format!("{path}/audit?{query}")).await;
        assert_eq!(log.status, 200, "{query}: {log:?}");
        log.body["entries"].as_array().unwrap().clone()
    };
    let all = entries("").await;

    let of_john = format!("actor={}", john.user().id);
    assert_eq!(entries(&of_john).await, all[..1]);
    let at = all[0]["at"].as_str().unwrap();
    assert!(entries(&format!("from={at}")).await.contains(&all[0]));
    assert!(!entries(&format!("to={at}")).await.contains(&all[0]));
    assert_eq!(entries(&format!("{of_john}&to={at}")).await, all[..0]);
    assert_eq!(entries("to=9999-12-31T23:59:59Z").await, all);
    assert_eq!(entries("from=9999-12-31T23:59:59Z").await, all[..0]);
}

#[tokio::test]
async fn a_former_admin_changes_neither_account_nor_registry() {
    let mut another_registry = registry();
    another_registry["username"] = json!("another");
    for (method, below, body) in [
        ("PATCH", "", json!({ "name": "Mine" })),
        ("DELETE", "", Value::Null),
        ("PUT", "/registry", another_registry),
        ("DELETE", "/registry", Value::Null),
    ] {
        let app = TestApp::start().await;
        let (jane, john) = app.owner_and(Role::Admin).await;
        let path = format!("{ACCOUNTS}/{}", jane.account());
        jane.send_json("PUT", &format!("{path}/registry"), &registry()).await;
        let before = jane.send("GET", &format!("{path}/registry")).await;
        let (account, id, others) = (jane.account().parse().unwrap(), john.user().id, app.others());
        app.proxy().before("TransactWriteItems", async move {
            others.set_role(&Actor::operator(), account, id, Role::Member).await.unwrap();
        });

        let refused = match &body {
            Value::Null => john.send(method, &format!("{path}{below}")).await,
            body => john.send_json(method, &format!("{path}{below}"), body).await,
        };

        assert_eq!((refused.status, code(&refused.body)), (403, "forbidden"), "{method} {below}");
        assert_eq!(app.proxy().faults_left(), 0);
        assert_eq!(jane.send("GET", &path).await.text("name"), "janedoe");
        let after = jane.send("GET", &format!("{path}/registry")).await;
        assert_eq!(after.header("etag"), before.header("etag"), "{method} {below}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_registry_that_somebody_else_set_meanwhile_is_not_overwritten() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("{ACCOUNTS}/{}/registry", jane.account());
    let body = registry().to_string();
    let headers = [
        ("authorization", jane.token()),
        ("content-type", "application/json"),
        ("if-none-match", "*"),
    ];
    let set = || app.send("PUT", &path, &headers, Some(&body));

    assert_eq!(set().await.status, 204);
    assert_eq!(set().await.status, 412);
}
