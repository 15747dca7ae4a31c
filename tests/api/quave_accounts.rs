//! `/api/public/v1/account` and `/api/public/v1/accounts`.

use serde_json::json;
use shared::model::Role;
use shared::table::{Actor, NewUser};
use testkit::{Fault, Person, TestApp};

const ACCOUNT: &str = "/api/public/v1/account";
const ACCOUNTS: &str = "/api/public/v1/accounts";

async fn create(person: &Person<'_>, name: &str) -> String {
    let created = person.send_json("POST", ACCOUNT, &json!({ "name": name })).await;
    assert_eq!(created.status, 200, "{created:?}");
    assert_eq!(created.body.as_object().unwrap().len(), 1);
    created.text("accountId").to_owned()
}

async fn slug(person: &Person<'_>, id: &str) -> String {
    person.send("GET", &format!("{ACCOUNT}?accountId={id}")).await.text("slug").to_owned()
}

fn new_user(number: usize) -> NewUser {
    NewUser::new(
        format!("user{number}").parse().unwrap(),
        format!("user{number}@example.com").parse().unwrap(),
    )
}

#[tokio::test]
async fn an_account_is_created_read_listed_and_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let id = create(&jane, " My New Account ").await;
    let path = format!("{ACCOUNT}?accountId={id}");
    let account = json!({
        "accountId": id,
        "name": "My New Account",
        "slug": "my-new-account",
        "isVerified": false,
        "allowAutoScaling": false,
        "isCurrent": false,
    });

    assert_eq!(jane.send("GET", &path).await.parts(), (200, &account));
    let listed = jane.send("GET", ACCOUNTS).await;
    assert_eq!(listed.body["accounts"][0]["accountId"], json!(jane.account()));
    assert_eq!(listed.body["accounts"][1], account);
    assert_eq!(
        jane.send("DELETE", &path).await.parts(),
        (200, &json!({ "message": "Account deleted successfully" }))
    );
    assert_eq!(jane.send("GET", &path).await.status, 404);
    assert_eq!(jane.send("DELETE", &path).await.status, 404);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_name_is_required_and_at_most_100_characters() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    assert_eq!(create(&jane, &"ä".repeat(100)).await.len(), 24);
    for (body, detail) in [
        (json!({}), "name: is required"),
        (json!({ "name": "" }), "name: must not be empty"),
        (json!({ "name": "x".repeat(101) }), "name: must be at most 100 characters long"),
        (json!({ "name": "a\u{7}b" }), "name: must not contain control characters"),
    ] {
        let rejected = jane.send_json("POST", ACCOUNT, &body).await;
        let expected =
            json!({ "error": format!("invalid request: {detail}"), "details": [detail] });
        assert_eq!(rejected.parts(), (400, &expected));
    }
}

#[tokio::test]
async fn accounts_of_one_name_get_numbered_slugs_and_then_random_ones() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut slugs = Vec::new();
    for _ in 0..22 {
        slugs.push(slug(&jane, &create(&jane, "Ärger!").await).await);
    }

    assert_eq!(slugs[0], "arger");
    for (number, slug) in slugs.iter().enumerate().take(20).skip(1) {
        assert_eq!(*slug, format!("arger-{}", number + 1));
    }
    for slug in &slugs[20..] {
        assert_eq!((slug.len(), &slug[..6]), (12, "arger-"), "{slug}");
    }
    assert_ne!(slugs[20], slugs[21]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_deleted_account_frees_its_slug_and_the_first_free_one_is_taken() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let ids =
        [create(&jane, "Team").await, create(&jane, "Team").await, create(&jane, "Team").await];

    jane.send("DELETE", &format!("{ACCOUNT}?accountId={}", ids[1])).await;

    assert_eq!(slug(&jane, &create(&jane, "Team").await).await, "team-2");
}

#[tokio::test]
async fn an_account_id_is_required_well_formed_known_and_of_a_member() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    for method in ["GET", "DELETE"] {
        for (query, status, error) in [
            (String::new(), 400, "invalid request: accountId: is required"),
            (
                "?accountId=".to_owned(),
                400,
                "invalid request: accountId: must be 24 lower-case hexadecimal digits",
            ),
            (
                "?accountId=5F7B1B7B7B7B7B7B7B7B7B7B".to_owned(),
                400,
                "invalid request: accountId: must be 24 lower-case hexadecimal digits",
            ),
            (format!("?accountId={}", crate::NOBODYS), 404, "account not found"),
            (format!("?accountId={}", jane.account()), 403, "you are not a member of this account"),
        ] {
            let response = john.send(method, &format!("{ACCOUNT}{query}")).await;
            assert_eq!(
                (response.status, response.text("error")),
                (status, error),
                "{method} {query}"
            );
        }
    }
    assert_eq!(
        jane.send("GET", &format!("{ACCOUNT}?accountId={}", jane.account())).await.status,
        200
    );
}

#[tokio::test]
async fn only_an_admin_deletes_and_every_member_sees() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let path = format!("{ACCOUNT}?accountId={}", jane.account());

    let rejected = john.send("DELETE", &path).await;

    assert_eq!(rejected.parts(), (403, &json!({ "error": "this needs an admin of the account" })));
    assert_eq!(john.send("GET", &path).await.status, 200);
    assert_eq!(john.send("GET", ACCOUNTS).await.body["accounts"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deleted_account_is_gone_for_all_its_many_members_in_every_dialect() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    for number in 0..60 {
        let member = app.table().create_user(&Actor::operator(), new_user(number)).await.unwrap();
        app.table()
            .add_member(
                &Actor::operator(),
                jane.account().parse().unwrap(),
                member.id,
                Role::Member,
            )
            .await
            .unwrap();
    }
    let path = format!("{ACCOUNT}?accountId={}", jane.account());
    assert_eq!(
        john.send_json(
            "PUT",
            "/api/public/v1/current-account",
            &json!({ "accountId": jane.account() })
        )
        .await
        .status,
        200
    );

    assert_eq!(john.send("DELETE", &path).await.status, 200);

    for person in [&jane, &john] {
        assert_eq!(person.send("GET", &path).await.status, 404);
        assert_eq!(
            person.send("GET", &format!("/v1/accounts/{}", jane.account())).await.status,
            404
        );
        assert_eq!(person.send("GET", "/api/public/v1/current-account").await.status, 404);
    }
    assert_eq!(jane.send("GET", ACCOUNTS).await.body, json!({ "accounts": [] }));
    assert_eq!(john.send("GET", "/v1/accounts").await.body["values"].as_array().unwrap().len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_repeated_deletion_cleans_up_what_an_interrupted_one_left() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let path = format!("{ACCOUNT}?accountId={}", jane.account());
    app.proxy().disturb_all_of("Query", Some(Fault::THROTTLED));
    assert_eq!(jane.send("DELETE", &path).await.status, 200);
    app.proxy().disturb_all_of("Query", None);

    assert_eq!(john.send("GET", ACCOUNTS).await.body["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(jane.send("DELETE", &path).await.status, 404);

    app.assert_consistent().await;
}

#[tokio::test]
async fn accounts_are_listed_oldest_first_however_many_there_are() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let mut ids = vec![jane.account()];
    for number in 0..60 {
        ids.push(create(&jane, &format!("Account {number}")).await);
        let shared = create(&john, &format!("Shared {number}")).await;
        app.join(&jane, &shared, Role::Member).await;
        ids.push(shared);
    }

    let listed = jane.send("GET", ACCOUNTS).await;

    let listed: Vec<_> = listed.body["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["accountId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, ids);
}

#[tokio::test]
async fn the_first_account_of_a_user_without_a_usable_one_becomes_current() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.send("DELETE", &format!("{ACCOUNT}?accountId={}", jane.account())).await;
    assert_eq!(jane.send("GET", "/api/public/v1/current-account").await.status, 404);

    let first = create(&jane, "First").await;
    create(&jane, "Second").await;

    assert_eq!(jane.send("GET", "/api/public/v1/current-account").await.text("accountId"), first);
    jane.send("DELETE", &format!("{ACCOUNT}?accountId={first}")).await;
    let golems = jane
        .send_json(
            "POST",
            "/v1/accounts",
            &json!({ "name": "Third", "email": "third@example.com" }),
        )
        .await;
    assert_eq!(
        jane.send("GET", "/api/public/v1/current-account").await.text("accountId"),
        golems.text("id")
    );
}

#[tokio::test]
async fn the_next_account_of_a_former_member_of_the_current_one_becomes_current() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    john.send_json(
        "PUT",
        "/api/public/v1/current-account",
        &json!({ "accountId": format!(" {} ", jane.account()) }),
    )
    .await;
    assert_eq!(
        john.send("GET", "/api/public/v1/current-account").await.text("accountId"),
        jane.account()
    );
    app.expelling(&john, &jane.account()).await;

    let next = create(&john, "Next").await;

    assert_eq!(john.send("GET", "/api/public/v1/current-account").await.text("accountId"), next);
}

#[tokio::test]
async fn a_repeated_deletion_is_404_even_if_the_cleanup_fails() {
    let app = TestApp::start().await;
    let (jane, _) = app.owner_and(Role::Member).await;
    let path = format!("{ACCOUNT}?accountId={}", jane.account());

    for call in ["BatchWriteItem", "Query"] {
        app.proxy().disturb_all_of(call, Some(Fault::THROTTLED));
        let status = jane.send("DELETE", &path).await.status;
        assert!([200, 404].contains(&status), "{call}: {status}");
        assert_eq!(jane.send("DELETE", &path).await.status, 404, "{call}");
        app.proxy().disturb_all_of(call, None);
    }
    jane.send("DELETE", &path).await;
    app.assert_consistent().await;
}
