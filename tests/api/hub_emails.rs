//! Docker Hub's addresses: `/api/v1.1/users/{username}/emails/`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::table::{Actor, fetch};
use testkit::{ApiResponse, Person, TestApp};

const PATH: &str = "/api/v1.1/users/janedoe/emails/";

async fn add(person: &Person<'_>, address: &str) -> ApiResponse {
    person.send_json("POST", PATH, &json!({ "email": address })).await
}

async fn verify(person: &Person<'_>, address: &str) -> ApiResponse {
    person.send_json("PATCH", PATH, &json!({ "email": address, "verified": true })).await
}

async fn make_primary(person: &Person<'_>, address: &str) -> ApiResponse {
    person.send_json("PATCH", PATH, &json!({ "email": address, "primary": true })).await
}

async fn delete(person: &Person<'_>, address: &str) -> ApiResponse {
    person.send_json("DELETE", PATH, &json!({ "email": address })).await
}

fn view(address: &str, verified: bool, primary: bool) -> Value {
    json!({ "email": address, "verified": verified, "primary": primary })
}

#[tokio::test]
async fn addresses_are_added_unverified_and_listed_with_the_primary_one_first() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for address in ["Zoe@Example.com", "amy@example.com"] {
        assert_eq!(add(&jane, address).await.parts(), (201, &view(address, false, false)));
    }

    let listed = jane.send("GET", PATH).await;
    assert_eq!(
        listed.parts(),
        (
            200,
            &json!([
                view("janedoe@example.com", true, true),
                view("Zoe@Example.com", false, false),
                view("amy@example.com", false, false),
            ])
        )
    );
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_taken_or_invalid_address_is_400_for_the_field() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.person("johnroe").await;
    add(&jane, "second@example.com").await;

    for (address, problem) in [
        ("JOHNROE@example.com", "the e-mail address is taken"),
        ("janedoe@example.com", "the e-mail address is taken"),
        ("Second@Example.COM", "the e-mail address is taken"),
        ("nobody", "must be an e-mail address"),
        ("a@b@c", "must be an e-mail address"),
    ] {
        let response = add(&jane, address).await;
        assert_eq!(response.parts(), (400, &json!({ "email": [problem] })), "{address}");
    }
    let missing = jane.send_json("POST", PATH, &json!({})).await;
    assert_eq!(missing.parts(), (400, &json!({ "email": ["is required"] })));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_contact_address_of_an_account_is_free_for_users() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let team = json!({ "name": "Team", "email": "team@example.com" });
    assert_eq!(john.send_json("POST", "/v1/accounts", &team).await.status, 200);

    assert_eq!(add(&jane, "team@example.com").await.status, 201);
}

#[tokio::test]
async fn a_user_has_at_most_50_addresses_however_many_are_added_at_once() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for number in 0..46 {
        assert_eq!(add(&jane, &format!("a{number}@example.com")).await.status, 201, "{number}");
    }

    let addresses: Vec<_> = (46..54).map(|number| format!("a{number}@example.com")).collect();
    let responses = join_all(addresses.iter().map(|address| add(&jane, address))).await;

    let added = responses.iter().filter(|response| response.status == 201).count();
    let rejected = json!({ "email": ["a user can have at most 50 addresses"] });
    assert_eq!(added, 3, "{responses:?}");
    assert!(responses.iter().all(|response| response.status == 201 || response.body == rejected));
    assert_eq!(jane.send("GET", PATH).await.body.as_array().unwrap().len(), 50);
    assert_eq!(delete(&jane, "a0@example.com").await.status, 204);
    assert_eq!(add(&jane, "another@example.com").await.status, 201);
    app.assert_consistent().await;
}

#[tokio::test]
async fn only_a_verified_address_becomes_primary_and_there_is_always_exactly_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    add(&jane, "second@example.com").await;

    let unverified = make_primary(&jane, "second@example.com").await;
    let verified = verify(&jane, "SECOND@example.com").await;
    let primary = make_primary(&jane, "second@example.com").await;

    assert_eq!(
        unverified.parts(),
        (400, &json!({ "primary": ["only a verified or proved address can be primary"] }))
    );
    assert_eq!(verified.parts(), (200, &view("second@example.com", true, false)));
    assert_eq!(primary.parts(), (200, &view("second@example.com", true, true)));
    assert_eq!(
        jane.send("GET", PATH).await.body,
        json!([view("second@example.com", true, true), view("janedoe@example.com", true, false),])
    );
    let golem = jane.send("GET", &format!("/v1/accounts/{}", jane.account())).await;
    assert_eq!(golem.text("email"), "second@example.com");
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_primary_address_may_be_made_primary_again_and_stays_as_it_is() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mary = json!({
        "email": "mary@example.com", "first_name": "Mary", "last_name": "Major",
        "password": "correct horse battery",
    });
    assert_eq!(jane.send_json("PUT", "/v2/accounts", &mary).await.status, 200);
    let basic = testkit::basic("mary", "correct horse battery");
    let headers = [("authorization", basic.as_str())];
    let path = "/api/v1.1/users/mary/emails/";
    let body = json!({ "email": "mary@example.com", "primary": true }).to_string();

    let again = app.send("PATCH", path, &headers, Some(&body)).await;

    assert_eq!(again.parts(), (200, &view("mary@example.com", false, true)));
    let listed = app.send("GET", path, &headers, None).await;
    assert_eq!(listed.body, json!([view("mary@example.com", false, true)]));
}

#[tokio::test]
async fn an_address_is_verified_and_made_primary_in_one_write() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    add(&jane, "second@example.com").await;
    let both = json!({ "email": "second@example.com", "verified": true, "primary": true });

    app.proxy().count();
    let changed = jane.send_json("PATCH", PATH, &both).await;

    assert_eq!(changed.parts(), (200, &view("second@example.com", true, true)));
    assert_eq!(app.proxy().rounds(), 2, "{:?}", app.proxy().calls());
    let again = jane.send_json("PATCH", PATH, &both).await;
    assert_eq!(again.parts(), changed.parts());
}

#[tokio::test]
async fn verified_and_primary_must_be_true_or_absent_and_not_both_absent() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let absent = "must be true; verified and primary cannot both be absent";

    for (body, problem) in [
        (json!({}), json!({ "verified": [absent], "primary": [absent] })),
        (json!({ "verified": false }), json!({ "verified": ["must be true or absent"] })),
        (json!({ "primary": "true" }), json!({ "primary": ["must be true or absent"] })),
        (
            json!({ "verified": true, "primary": null }),
            json!({ "primary": ["must be true or absent"] }),
        ),
    ] {
        let mut body = body;
        body["email"] = json!("janedoe@example.com");
        assert_eq!(jane.send_json("PATCH", PATH, &body).await.parts(), (400, &problem), "{body}");
    }
    for (body, status) in [
        ("email=janedoe%40example.com&verified=true", 200),
        ("email=janedoe%40example.com&verified=True", 200),
        ("email=janedoe%40example.com&verified=TRUE", 200),
        ("email=janedoe%40example.com&verified=tRUE", 400),
        ("email=janedoe%40example.com&verified=1", 200),
        ("email=janedoe%40example.com&verified=on", 200),
        ("email=janedoe%40example.com&verified=0", 400),
    ] {
        let headers = [
            ("authorization", jane.token()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        assert_eq!(app.send("PATCH", PATH, &headers, Some(body)).await.status, status, "{body}");
    }
}

#[tokio::test]
async fn a_deleted_address_is_free_again_and_the_primary_one_stays() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    add(&jane, "second@example.com").await;

    let primary = delete(&jane, "JaneDoe@example.com").await;
    let deleted = delete(&jane, "Second@Example.com").await;

    assert_eq!(
        primary.parts(),
        (400, &json!({ "email": ["the primary address cannot be deleted"] }))
    );
    assert_eq!(deleted.parts(), (204, &Value::Null));
    assert_eq!(deleted.header("content-type"), None);
    let theirs = json!({ "email": "second@example.com" });
    let path = "/api/v1.1/users/johnroe/emails/";
    assert_eq!(john.send_json("POST", path, &theirs).await.status, 201);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_that_is_unknown_or_another_users_is_404() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.person("johnroe").await;

    for address in ["nobody@example.com", "johnroe@example.com"] {
        for response in [verify(&jane, address).await, delete(&jane, address).await] {
            let expected = json!({ "detail": "e-mail address not found" });
            assert_eq!(response.parts(), (404, &expected), "{address}");
        }
    }
}

#[tokio::test]
async fn swaps_of_the_primary_address_at_once_leave_exactly_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let addresses: Vec<_> = (0..8).map(|number| format!("a{number}@example.com")).collect();
    for address in &addresses {
        add(&jane, address).await;
        verify(&jane, address).await;
    }

    let responses = join_all(addresses.iter().map(|address| make_primary(&jane, address))).await;

    assert!(responses.iter().all(|response| response.status == 200), "{responses:?}");
    let listed = jane.send("GET", PATH).await.body;
    let primary = listed.as_array().unwrap().iter().filter(|email| email["primary"] == true);
    assert_eq!(primary.count(), 1, "{listed}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_cannot_be_deleted_while_it_becomes_the_primary_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for number in 0..10 {
        let address = format!("a{number}@example.com");
        add(&jane, &address).await;
        verify(&jane, &address).await;
        let (swapped, deleted) =
            tokio::join!(make_primary(&jane, &address), delete(&jane, &address));
        let outcome = (swapped.status, deleted.status);
        assert!([(200, 400), (404, 204)].contains(&outcome), "{number}: {outcome:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn an_address_that_is_deleted_meanwhile_does_not_become_the_primary_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let address = "other@example.com";
    add(&jane, address).await;
    verify(&jane, address).await;
    let (others, user) = (app.others(), jane.user().id);
    app.proxy().before("TransactWriteItems", async move {
        let wanted = fetch::email(address.parse().unwrap());
        let (user, email) = others.user_and(user, wanted).await.unwrap();
        others
            .remove_email(&Actor::operator(), &user.unwrap(), &email.unwrap())
            .unwrap()
            .commit()
            .await
            .unwrap();
    });

    let rejected = make_primary(&jane, address).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (404, 0), "{rejected:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn one_address_claimed_through_two_dialects_at_once_has_one_winner() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for number in 0..10 {
        let address = format!("wanted{number}@example.com");
        let new = json!({
            "email": address, "first_name": "Mary", "last_name": "Major", "password": "correct horse battery",
        });
        let (hub, e24) =
            tokio::join!(add(&jane, &address), jane.send_json("PUT", "/v2/accounts", &new));
        let outcome = (hub.status, e24.status);
        assert!([(201, 409), (400, 200)].contains(&outcome), "{outcome:?}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_list_read_while_the_primary_address_changes_is_read_again() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let items = app.items().await;
    let primary = items.iter().find(|item| item["sk"]["S"] == "EMAIL#janedoe@example.com").unwrap();
    let key = json!({ "pk": primary["pk"], "sk": primary["sk"] });
    app.proxy().before("Query", app.engine_later("DeleteItem", json!({ "Key": key })));
    app.proxy().before("Query", app.engine_later("PutItem", json!({ "Item": primary })));

    let listed = jane.send("GET", PATH).await;

    assert_eq!(listed.parts(), (200, &json!([view("janedoe@example.com", true, true)])));
    assert_eq!(app.proxy().faults_left(), 0);
}
