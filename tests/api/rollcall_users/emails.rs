//! `/rollcall/v1/users/self/emails…`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{ApiResponse, Person, TestApp};

use super::{SELF, conflict, errors, not_found, pages};

const EMAILS: &str = "/rollcall/v1/users/self/emails";
const HUB: &str = "/api/v1.1/users/janedoe/emails/";

async fn add(person: &Person<'_>, address: &str) -> ApiResponse {
    person.send_json("POST", EMAILS, &json!({ "email": address })).await
}

async fn verify(person: &Person<'_>, address: &str) {
    let verified =
        person.send_json("PATCH", HUB, &json!({ "email": address, "verified": true })).await;
    assert_eq!(verified.status, 200, "{verified:?}");
}

async fn set_primary(person: &Person<'_>, address: &str, primary: bool) -> ApiResponse {
    let path = format!("{EMAILS}/{address}");
    person.send_json("PATCH", &path, &json!({ "primary": primary })).await
}

async fn delete(person: &Person<'_>, address: &str) -> ApiResponse {
    person.send("DELETE", &format!("{EMAILS}/{address}")).await
}

fn view(email: &str, primary: bool, verified: bool) -> Value {
    json!({ "email": email, "primary": primary, "verified": verified, "provedAt": null })
}

/// Notes that an address is proved, since this time.
async fn prove(app: &TestApp, person: &Person<'_>, address: &str, time: &str) {
    let change = json!({
        "Key": {
            "pk": { "S": format!("USER#{}", person.user().id) },
            "sk": { "S": format!("EMAIL#{address}") },
        },
        "UpdateExpression": "SET provedAt = :time, #version = #version + :one",
        "ExpressionAttributeNames": { "#version": "version" },
        "ExpressionAttributeValues": { ":time": { "S": time }, ":one": { "N": "1" } },
    });
    app.engine("UpdateItem", change).await;
}

#[tokio::test]
async fn addresses_are_added_listed_oldest_first_and_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let added = ["Zoe@Example.com", "a+b@example.com"].map(|address| view(address, false, false));

    for view in &added {
        assert_eq!(add(&jane, view["email"].as_str().unwrap()).await.parts(), (201, view));
    }

    let [zoe, amy] = added;
    let own = view("janedoe@example.com", true, true);
    let all = json!({ "emails": [own, zoe, amy], "nextCursor": null });
    assert_eq!(jane.send("GET", EMAILS).await.parts(), (200, &all));
    assert_eq!(delete(&jane, "ZOE@example.com").await.parts(), (204, &Value::Null));
    assert_eq!(delete(&jane, "zoe@example.com").await.parts(), (404, &not_found("e-mail address")));
    let rest = json!({ "emails": [own, amy], "nextCursor": null });
    assert_eq!(jane.send("GET", EMAILS).await.parts(), (200, &rest));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_new_address_says_where_it_is_in_the_form_of_a_path() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for (address, segment) in [
        ("a+b=c@example.com", "a%2Bb%3Dc@example.com"),
        ("ä@bücher.example", "%C3%A4@b%C3%BCcher.example"),
        (r#""a b"@example.com"#, "%22a%20b%22@example.com"),
        ("100%25@example.com", "100%2525@example.com"),
        ("a/b//c@example.com", "a%2Fb%2F%2Fc@example.com"),
    ] {
        let added = add(&jane, address).await;
        let location = added.header("location").unwrap_or_else(|| panic!("{added:?}"));
        assert_eq!(location, format!("{EMAILS}/{segment}"));
        // API Gateway decodes the path.
        assert_eq!(delete(&jane, address).await.status, 204, "{address}");
    }
}

#[tokio::test]
async fn pages_have_each_address_once_whatever_is_deleted_between_them() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for number in 0..6 {
        assert_eq!(add(&jane, &format!("a{number}@example.com")).await.status, 201);
    }

    let (all, count) = pages(&jane, EMAILS, "emails", 3).await;
    assert_eq!((all.len(), count), (7, 3));
    let (all, count) = pages(&jane, EMAILS, "emails", 7).await;
    assert_eq!((all.len(), count), (7, 1));

    let first = jane.send("GET", &format!("{EMAILS}?limit=2")).await;
    let cursor = first.text("nextCursor").to_owned();
    assert_eq!(delete(&jane, "a0@example.com").await.status, 204);
    let second = jane.send("GET", &format!("{EMAILS}?limit=100&cursor={cursor}")).await;
    let listed = second.body["emails"].as_array().unwrap().iter().map(|own| own["email"].clone());
    let listed: Vec<_> = listed.collect();
    assert_eq!(
        listed,
        (1..6).map(|number| json!(format!("a{number}@example.com"))).collect::<Vec<_>>()
    );
    for wrong in ["x", "0197a1b2c3d4e5f60718293a", &cursor.to_uppercase()] {
        let rejected = jane.send("GET", &format!("{EMAILS}?cursor={wrong}")).await;
        assert_eq!(errors(&rejected), ["cursor: is not one of this list"], "{wrong}");
    }
    let rejected = jane.send("GET", &format!("{EMAILS}?limit=101")).await;
    assert_eq!(errors(&rejected), ["limit: must be a number from 1 to 100"]);
}

#[tokio::test]
async fn a_taken_address_is_409_and_an_invalid_one_400() {
    let app = TestApp::start().await;
    let (jane, _john) = (app.person("janedoe").await, app.person("johnroe").await);

    for taken in ["JOHNROE@example.com", "janedoe@example.com"] {
        let rejected = add(&jane, taken).await;
        assert_eq!(rejected.parts(), (409, &conflict("the e-mail address is taken")), "{taken}");
    }
    assert_eq!(errors(&add(&jane, "a@b@c").await), ["email: must be an e-mail address"]);
    let missing = jane.send_json("POST", EMAILS, &json!({ "primary": true })).await;
    assert_eq!(errors(&missing), ["email: is required"]);
    for nobodys in ["nobody", "johnroe@example.com", " janedoe@example.com", "a@b@c"] {
        let unknown = (404, &not_found("e-mail address"));
        assert_eq!(delete(&jane, nobodys).await.parts(), unknown, "{nobodys}");
        assert_eq!(set_primary(&jane, nobodys, true).await.parts(), unknown, "{nobodys}");
    }
}

#[tokio::test]
async fn a_verified_or_proved_address_becomes_the_primary_one_and_no_other() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for address in ["plain@example.com", "verified@example.com", "proved@example.com"] {
        add(&jane, address).await;
    }
    verify(&jane, "verified@example.com").await;
    prove(&app, &jane, "proved@example.com", "2026-11-28T12:00:00.123456Z").await;

    let plain = set_primary(&jane, "plain@example.com", true).await;
    let refused = conflict("only a verified or proved address can be primary");
    assert_eq!(plain.parts(), (409, &refused));
    let verified = set_primary(&jane, "Verified@example.com", true).await;
    assert_eq!(verified.parts(), (200, &view("verified@example.com", true, true)));
    let proved = set_primary(&jane, "proved@example.com", true).await;
    let mut expected = view("proved@example.com", true, false);
    expected["provedAt"] = json!("2026-11-28T12:00:00.123Z");
    assert_eq!(proved.parts(), (200, &expected));
    assert_eq!(set_primary(&jane, "proved@example.com", true).await, proved);
    assert_eq!(jane.send("GET", SELF).await.text("primaryEmail"), "proved@example.com");
    let listed = jane.send("GET", EMAILS).await;
    let primary = listed.body["emails"].as_array().unwrap().iter();
    assert_eq!(primary.filter(|email| email["primary"] == true).collect::<Vec<_>>(), [&expected]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_primary_address_goes_only_when_another_one_takes_its_place() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    add(&jane, "second@example.com").await;

    let deleted = delete(&jane, "janedoe@example.com").await;
    assert_eq!(deleted.parts(), (409, &conflict("the primary address cannot be deleted")));
    let unset = set_primary(&jane, "janedoe@example.com", false).await;
    assert_eq!(unset.parts(), (409, &conflict("make another address the primary one instead")));
    let same = set_primary(&jane, "second@example.com", false).await;
    assert_eq!(same.parts(), (200, &view("second@example.com", false, false)));
    let path = format!("{EMAILS}/second@example.com");
    let missing = jane.send_json("PATCH", &path, &json!({ "verified": true })).await;
    assert_eq!(errors(&missing), ["primary: is required"]);
    let wrong = jane.send_json("PATCH", &path, &json!({ "primary": null })).await;
    assert_eq!(errors(&wrong), ["primary: must be true or false"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_that_two_users_add_at_once_is_the_one_or_the_others() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    let responses = join_all([&jane, &john, &jane, &john].map(|it| add(it, "x@example.com"))).await;

    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409], "{responses:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_that_is_deleted_meanwhile_does_not_become_the_primary_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    add(&jane, "second@example.com").await;
    verify(&jane, "second@example.com").await;
    let headers = [("authorization", jane.token())];
    // Both have read before one writes: while rounds are counted, each call takes its time.
    app.proxy().count();

    let path = format!("{EMAILS}/second@example.com");
    let (made, deleted) = tokio::join!(
        set_primary(&jane, "second@example.com", true),
        app.send("DELETE", &path, &headers, None)
    );

    assert!(
        [(200, 409), (404, 204)].contains(&(made.status, deleted.status)),
        "{made:?} {deleted:?}"
    );
    app.assert_consistent().await;
}
