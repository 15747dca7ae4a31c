//! `/v2/accounts`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::Settings;
use shared::model::Role;
use testkit::{Person, TestApp, read_units};

const PATH: &str = "/v2/accounts";

fn mary() -> Value {
    json!({ "email": "Mary.Major@example.com", "first_name": " Mary ", "last_name": "Major", "phone": 48_123_456_789_i64, "password": " correct horse " })
}

/// The body with one field changed.
fn with(field: &str, value: Value) -> Value {
    let mut body = mary();
    body[field] = value;
    body
}

async fn create(person: &Person<'_>, body: &Value) -> Value {
    let created = person.send_json("PUT", PATH, body).await;
    assert_eq!(created.status, 200, "{created:?}");
    created.body["user"].clone()
}

#[tokio::test]
async fn a_user_is_created_with_keys_that_are_shown_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let created = jane.send_json("PUT", PATH, &mary()).await;

    assert_eq!((created.status, &created.body["success"]), (200, &json!(true)));
    let user = &created.body["user"];
    let (key, secret) = (
        user["api"][0]["api_key"].as_str().unwrap(),
        user["api"][0]["secret_key"].as_str().unwrap(),
    );
    let (s3, s3_secret) = (
        user["e24files"]["s3"]["api_id"].as_str().unwrap(),
        user["e24files"]["s3"]["secret_key"].as_str().unwrap(),
    );
    let expected = json!({
        "id": user["id"],
        "username": "marymajor",
        "state": "created",
        "name": "Mary Major",
        "active": true,
        "email": "Mary.Major@example.com",
        "phone": "48123456789",
        "e24files": { "s3": { "api_id": s3, "secret_key": s3_secret } },
        "api": [{ "api_key": key, "secret_key": secret }],
        "sshkeys": [],
    });
    assert_eq!(*user, expected);
    assert_eq!(
        (user["id"].as_str().unwrap().len(), secret.len(), s3.len(), s3_secret.len()),
        (36, 43, 20, 40)
    );

    let listed = jane.send("GET", PATH).await;
    let mut shown = expected;
    shown["api"] = json!([{ "api_key": key, "made_by": null }]);
    shown["e24files"]["s3"] = json!({ "api_id": s3, "made_by": null });
    assert_eq!(listed.body["users"][1], shown);
    let table = serde_json::to_string(&app.items().await).unwrap();
    for secret in [secret, s3_secret, "correct horse"] {
        assert!(!table.contains(secret) && !listed.body.to_string().contains(secret));
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn every_problem_of_a_body_is_reported() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (body, error) in [
        (
            json!({}),
            "email: is required; first_name: is required; last_name: is required; password: is required",
        ),
        (with("email", json!("mary")), "email: must be an e-mail address"),
        (with("first_name", json!("")), "first_name: must not be empty"),
        (
            with("last_name", json!("x".repeat(128))),
            "last_name: must be at most 127 characters long",
        ),
        (with("phone", json!(true)), "phone: must be a string or a whole number"),
        (with("username", json!("m-m")), "username: must be 4 to 30 letters a-z and digits"),
        (with("password", json!("1234567")), "password: must be at least 8 characters long"),
        (with("password", json!("x".repeat(257))), "password: must be at most 256 characters long"),
        (with("password", json!("PASSWORD1")), "password: is one of the most common passwords"),
    ] {
        let rejected = jane.send_json("PUT", PATH, &body).await;
        let expected = json!({ "success": false, "error": format!("invalid request: {error}") });
        assert_eq!(rejected.parts(), (400, &expected));
    }
}

#[tokio::test]
async fn a_reserved_username_is_the_operators_and_a_derived_one_gets_digits() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for name in ["admin", "Postmaster", "rollcall", "ssladmin", "abuse"] {
        let mut input = with("email", json!(format!("{name}@example.com")));
        input["username"] = json!(name);
        let wished = jane.send_json("PUT", PATH, &input).await;
        input.as_object_mut().unwrap().remove("username");
        let derived = jane.send_json("PUT", PATH, &input).await;

        let taken = json!({ "success": false, "error": "the username is taken" });
        assert_eq!(wished.parts(), (409, &taken), "{name}");
        let username = derived.body["user"]["username"].as_str().unwrap();
        let digits = username.strip_prefix(&name.to_lowercase()).unwrap();
        assert_eq!((digits.len(), digits.parse::<u32>().is_ok()), (8, true), "{username}");
    }
    let operators = app.person("webmaster").await;
    assert_eq!(operators.send("GET", "/api/v1.1/users/webmaster/").await.status, 200);
}

#[tokio::test]
async fn the_name_of_the_service_is_neither_a_username_nor_a_password() {
    let mut app = TestApp::start().await;
    let service_name = "Acme Accounts".parse().unwrap();
    app.configure(Settings { service_name, ..Settings::default() });
    let jane = app.person("janedoe").await;

    let wished = jane.send_json("PUT", PATH, &with("username", json!("acmeAccounts"))).await;
    let guessed = jane.send_json("PUT", PATH, &with("password", json!("Acme Accounts 27"))).await;

    let taken = json!({ "success": false, "error": "the username is taken" });
    assert_eq!(wished.parts(), (409, &taken));
    let problem = "invalid request: password: must not be the name of the service";
    assert_eq!(guessed.parts(), (400, &json!({ "success": false, "error": problem })));
    let password = json!({ "password": "acmeaccounts!" });
    let changed = jane.send_json("POST", "/v2/account/data", &password).await;
    assert_eq!(changed.parts(), guessed.parts());
}

#[tokio::test]
async fn a_taken_address_or_requested_username_is_409_and_a_derived_one_never_is() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let first = create(&jane, &mary()).await;

    let address =
        jane.send_json("PUT", PATH, &with("email", json!("mary.major@EXAMPLE.com"))).await;
    let mut input = with("email", json!("m@example.com"));
    input["username"] = json!("MaryMajor");
    let username = jane.send_json("PUT", PATH, &input).await;
    let derived = create(&jane, &with("email", json!("mary.major@example.org"))).await;
    let short = create(&jane, &with("email", json!("é@example.org"))).await;

    assert_eq!(
        address.parts(),
        (409, &json!({ "success": false, "error": "the e-mail address is taken" }))
    );
    assert_eq!(
        username.parts(),
        (409, &json!({ "success": false, "error": "the username is taken" }))
    );
    assert_eq!(first["username"], "marymajor");
    let derived = derived["username"].as_str().unwrap();
    assert!(derived.starts_with("marymajor") && derived.len() == 17, "{derived}");
    assert_eq!(short["username"].as_str().unwrap().len(), 4);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_new_user_joins_the_callers_current_account_and_has_a_personal_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    create(&jane, &mary()).await;

    let memberships: Vec<(String, String)> = app
        .items()
        .await
        .into_iter()
        .filter(|item| {
            item["type"]["S"] == "membership"
                && item["pk"]["S"].as_str().unwrap().starts_with("ACCOUNT#")
        })
        .map(|item| {
            (
                item["account"]["S"].as_str().unwrap().to_owned(),
                item["role"]["S"].as_str().unwrap().to_owned(),
            )
        })
        .collect();

    assert_eq!(memberships.len(), 3);
    assert!(memberships.contains(&(jane.account(), "member".to_owned())));
    app.assert_consistent().await;
}

#[tokio::test]
async fn only_an_admin_of_a_usable_current_account_creates_and_sees_the_others() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    john.send_json(
        "PUT",
        "/api/public/v1/current-account",
        &json!({ "accountId": jane.account() }),
    )
    .await;

    let rejected = john.send_json("PUT", PATH, &mary()).await;
    let alone = john.send("GET", PATH).await;
    let both = jane.send("GET", PATH).await;
    let names = |body: &Value| {
        body["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["username"].clone())
            .collect::<Vec<_>>()
    };

    assert_eq!(
        rejected.parts(),
        (403, &json!({ "success": false, "error": "this needs an admin of the account" }))
    );
    assert_eq!(names(&alone.body), ["johnroe"]);
    assert_eq!(names(&both.body), ["janedoe", "johnroe"]);
    jane.send("DELETE", &format!("/v1/accounts/{}", jane.account())).await;
    for response in [
        jane.send("GET", PATH).await,
        john.send("GET", PATH).await,
        jane.send_json("PUT", PATH, &mary()).await,
    ] {
        assert_eq!(
            response.parts(),
            (403, &json!({ "success": false, "error": "you have no usable current account" }))
        );
    }
}

#[tokio::test]
async fn users_are_listed_oldest_first_page_by_page() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for number in 0..4 {
        create(&jane, &with("email", json!(format!("user{number}@example.com")))).await;
    }
    let names = async |query: &str| {
        let listed = jane.send("GET", &format!("{PATH}{query}")).await;
        assert_eq!(listed.status, 200, "{query}: {listed:?}");
        listed.body["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };

    assert_eq!(names("").await, ["janedoe", "user0", "user1", "user2", "user3"]);
    assert_eq!(names("?limit=2").await, ["janedoe", "user0"]);
    assert_eq!(names("?limit=2&offset=2").await, ["user1", "user2"]);
    assert_eq!(names("?offset=4").await, ["user3"]);
    for offset in ["99999999999", "18446744073709551615", "99999999999999999999999"] {
        assert_eq!(names(&format!("?limit=1000&offset={offset}")).await, Vec::<String>::new());
    }
    for query in [
        "?limit=0",
        "?limit=1001",
        "?limit=-1",
        "?limit=99999999999999999999999",
        "?limit=x",
        "?limit=",
        "?offset=-1",
        "?offset=1.5",
        "?offset=",
    ] {
        assert_eq!(jane.send("GET", &format!("{PATH}{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_page_costs_what_it_lists_and_skips_and_nothing_for_what_follows() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let john = app.person("johnroe").await;
    app.join(&john, &jane.account(), Role::Member).await;
    let read = async |query: &str| {
        app.proxy().take_consumed();
        let listed = jane.send("GET", &format!("{PATH}{query}")).await;
        assert_eq!(listed.status, 200, "{query}: {listed:?}");
        read_units(&app.proxy().take_consumed())
    };
    let among_two = read("?limit=1").await;

    app.crowd(&jane.account(), &john, 400).await;

    let among_many = read("?limit=1").await;
    assert!((among_many - among_two).abs() < 0.25, "{among_many} units, {among_two} among two");
    assert!(read("?limit=1&offset=300").await > among_two + 10.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_concurrent_creations_of_one_user_have_one_winner() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = mary();

    let responses = join_all((0..6).map(|_| jane.send_json("PUT", PATH, &body))).await;

    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    app.assert_consistent().await;
}
