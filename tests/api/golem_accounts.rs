//! `/v1/accounts…`.

use serde_json::{Value, json};
use shared::model::Role;
use testkit::{Person, TestApp};

const ACCOUNTS: &str = "/v1/accounts";
const PLAN: &str = "00000000-0000-0000-0000-000000000000";

async fn create(person: &Person<'_>, name: &str, email: &str) -> Value {
    let created =
        person.send_json("POST", ACCOUNTS, &json!({ "name": name, "email": email })).await;
    assert_eq!(created.status, 200, "{created:?}");
    created.body
}

fn path(account: &Value) -> String {
    format!("{ACCOUNTS}/{}", account["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_account_is_created_read_updated_found_and_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let account = create(&jane, "Team", "Team@Example.com").await;
    let id = account["id"].clone();
    assert_eq!(
        account,
        json!({ "id": id, "name": "Team", "email": "Team@Example.com", "planId": PLAN })
    );
    assert_eq!(jane.send("GET", &path(&account)).await.parts(), (200, &account));

    let updated = json!({ "id": id, "name": "Crew", "email": "crew@example.com", "planId": PLAN });
    let update = json!({ "name": "Crew", "email": "crew@example.com", "planId": PLAN });
    assert_eq!(jane.send_json("PUT", &path(&account), &update).await.parts(), (200, &updated));
    assert_eq!(jane.send("GET", &path(&account)).await.parts(), (200, &updated));
    let seen = jane
        .send("GET", &format!("/api/public/v1/account?accountId={}", id.as_str().unwrap()))
        .await;
    assert_eq!((seen.text("name"), seen.text("slug")), ("Crew", "team"));

    assert_eq!(jane.send("GET", ACCOUNTS).await.body["values"][1], updated);
    app.assert_consistent().await;
    assert_eq!(jane.send("DELETE", &path(&account)).await.parts(), (200, &json!({})));
    assert_eq!(
        jane.send("DELETE", &path(&account)).await.parts(),
        (404, &json!({ "error": "account not found" }))
    );
    assert_eq!(jane.send("GET", &path(&account)).await.status, 404);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_account_from_quave_shows_its_owners_address_until_it_has_its_own() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let path = format!("{ACCOUNTS}/{}", jane.account());

    assert_eq!(john.send("GET", &path).await.text("email"), jane.email());
    let renamed =
        john.send_json("PUT", &path, &json!({ "name": "Renamed", "email": jane.email() })).await;
    assert_eq!((renamed.status, renamed.text("email")), (200, jane.email()));
    // The owner's address was shown, not claimed: it is free for another account of the owner.
    create(&jane, "Other", jane.email()).await;
    let own = john
        .send_json("PUT", &path, &json!({ "name": "Renamed", "email": "own@example.com" }))
        .await;
    assert_eq!((own.status, own.text("email")), (200, "own@example.com"));
    app.assert_consistent().await;
}

#[tokio::test]
async fn accounts_are_found_by_the_shown_address_in_any_form() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    create(&jane, "Team", "Team@bücher.example").await;
    app.join(&jane, &john.account(), Role::Member).await;

    for (query, names) in [
        ("", vec!["janedoe", "johnroe", "Team"]),
        ("?other=x", vec!["janedoe", "johnroe", "Team"]),
        ("?email=team%40xn--bcher-kva.example", vec!["Team"]),
        ("?email=%20TEAM@B%C3%9CCHER.example%20", vec!["Team"]),
        ("?email=janedoe@example.com", vec!["janedoe"]),
        ("?email=JohnRoe%40example.com", vec!["johnroe"]),
        ("?email=nobody@example.com", vec![]),
        ("?email=nonsense", vec![]),
        ("?email=", vec![]),
    ] {
        let found = jane.send("GET", &format!("{ACCOUNTS}{query}")).await;
        assert_eq!(found.status, 200, "{query}");
        let found: Vec<_> = found.body["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| account["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
    }
}

#[tokio::test]
async fn every_problem_of_a_body_is_listed() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let own = format!("{ACCOUNTS}/{}", jane.account());

    for (method, path) in [("POST", ACCOUNTS), ("PUT", &own)] {
        for (body, errors) in [
            (json!({}), vec!["name: is required", "email: is required"]),
            (
                json!({ "name": " ", "email": "x" }),
                vec!["name: must not be empty", "email: must be an e-mail address"],
            ),
            (
                json!({ "name": 1, "email": null }),
                vec!["name: must be a string", "email: must be a string"],
            ),
            (
                json!({ "name": "x".repeat(101), "email": "a@b@c" }),
                vec![
                    "name: must be at most 100 characters long",
                    "email: must be an e-mail address",
                ],
            ),
            (
                json!({ "name": "x", "email": format!("{}@b.co", "a".repeat(250)) }),
                vec!["email: must be at most 254 bytes long"],
            ),
        ] {
            let rejected = jane.send_json(method, path, &body).await;
            assert_eq!(rejected.parts(), (400, &json!({ "errors": errors })), "{method} {body}");
        }
    }
}

#[tokio::test]
async fn a_plan_cannot_be_changed_and_trying_changes_nothing_else() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let account = create(&jane, "Team", "team@example.com").await;

    for plan in
        [json!("b3f60ba2-c1fd-4b3a-a23d-8e876e0ef75d"), json!("nonsense"), json!(null), json!(1)]
    {
        let rejected = jane
            .send_json(
                "PUT",
                &path(&account),
                &json!({ "name": "Crew", "email": "crew@example.com", "planId": plan }),
            )
            .await;
        assert_eq!(rejected.status, 400, "{plan}");
        assert!(
            rejected.body["errors"][0].as_str().unwrap().starts_with("planId: "),
            "{plan}: {rejected:?}"
        );
    }
    assert_eq!(jane.send("GET", &path(&account)).await.body, account);
}

#[tokio::test]
async fn an_address_of_another_account_or_user_is_taken_and_the_callers_is_not() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let team = create(&jane, "Team", "team@example.com").await;
    let johns = create(&john, "Johns", "johns@example.com").await;

    for email in ["team@example.com", "TEAM@example.com", jane.email()] {
        let input = json!({ "name": "x", "email": email });
        let taken = (409, &json!({ "error": "the e-mail address is taken" }));
        assert_eq!(john.send_json("POST", ACCOUNTS, &input).await.parts(), taken, "{email}");
        assert_eq!(john.send_json("PUT", &path(&johns), &input).await.parts(), taken, "{email}");
    }
    assert_eq!(john.send("GET", ACCOUNTS).await.body["values"].as_array().unwrap().len(), 2);
    assert_eq!(
        jane.send_json(
            "PUT",
            &path(&team),
            &json!({ "name": "Team", "email": "TEAM@example.com" })
        )
        .await
        .text("email"),
        "TEAM@example.com"
    );
    assert_eq!(
        jane.send_json("PUT", &path(&team), &json!({ "name": "Team", "email": jane.email() }))
            .await
            .status,
        200
    );
    // A released address is free again.
    assert_eq!(
        john.send_json("PUT", &path(&johns), &json!({ "name": "x", "email": "team@example.com" }))
            .await
            .status,
        200
    );
    jane.send("DELETE", &path(&team)).await;
    create(&jane, "Again", jane.email()).await;
    app.assert_consistent().await;
}

#[tokio::test]
async fn non_members_get_403_non_admins_403_on_writes_and_unknown_accounts_are_404() {
    let app = TestApp::start().await;
    let (jane, john, member) =
        (app.person("janedoe").await, app.person("johnroe").await, app.person("maryroe").await);
    app.join(&member, &jane.account(), Role::Member).await;
    let known = format!("{ACCOUNTS}/{}", jane.account());
    let update = json!({ "name": "x", "email": "x@example.com" });

    for (path, status, error) in [
        (known.clone(), 403, "you are not a member of this account"),
        (format!("{ACCOUNTS}/{}", crate::NOBODYS), 404, "account not found"),
        (format!("{ACCOUNTS}/nonsense"), 404, "account not found"),
        (format!("{ACCOUNTS}/%35f7b1b7b7b7b7b7b7b7b7b7b"), 404, "account not found"),
        (format!("{ACCOUNTS}/{}", crate::NOBODYS.to_uppercase()), 404, "account not found"),
    ] {
        let plan = format!("{path}/plan");
        let responses = [
            john.send("GET", &path).await,
            john.send("GET", &plan).await,
            john.send("DELETE", &path).await,
            john.send_json("PUT", &path, &update).await,
        ];
        for response in responses {
            assert_eq!((response.status, response.text("error")), (status, error), "{path}");
        }
    }
    for response in
        [member.send("DELETE", &known).await, member.send_json("PUT", &known, &update).await]
    {
        assert_eq!(
            response.parts(),
            (403, &json!({ "error": "this needs an admin of the account" }))
        );
    }
    assert_eq!(member.send("GET", &known).await.status, 200);
    assert_eq!(member.send("GET", &format!("{known}/plan")).await.status, 200);
}

#[tokio::test]
async fn the_default_plan_exists_without_being_stored_and_a_stored_one_replaces_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("{ACCOUNTS}/{}/plan", jane.account());
    let mut limits = json!({
        "projectLimit": 100,
        "componentLimit": 100,
        "workerLimit": 10_000,
        "storageLimit": 500_000_000,
        "monthlyGasLimit": 1_000_000_000_000_i64,
        "monthlyUploadLimit": 1_000_000_000,
        "maxMemoryPerWorker": 1_073_741_824,
    });

    assert_eq!(
        jane.send("GET", &path).await.parts(),
        (200, &json!({ "planId": PLAN, "planData": limits }))
    );

    let numbers = limits
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, limit)| (name.clone(), json!({ "N": limit.to_string() })));
    let mut item: Value = numbers.collect::<serde_json::Map<_, _>>().into();
    item["pk"] = json!({ "S": format!("PLAN#{PLAN}") });
    item["sk"] = json!({ "S": "PLAN" });
    item["id"] = json!({ "S": PLAN });
    item["projectLimit"] = json!({ "N": "7" });
    app.engine("PutItem", json!({ "Item": item })).await;
    limits["projectLimit"] = json!(7);
    assert_eq!(
        jane.send("GET", &path).await.parts(),
        (200, &json!({ "planId": PLAN, "planData": limits }))
    );
}

#[tokio::test]
async fn a_caller_who_may_not_change_an_account_gets_403_before_plan_errors() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let input = json!({
        "name": "x",
        "email": "x@example.com",
        "planId": "b3f60ba2-c1fd-4b3a-a23d-8e876e0ef75d",
    });

    for (id, status) in [(jane.account(), 403), (crate::NOBODYS.to_owned(), 404)] {
        assert_eq!(john.send_json("PUT", &format!("{ACCOUNTS}/{id}"), &input).await.status, status);
    }
}
