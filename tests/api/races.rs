//! Two concurrent requests: one wins, or both do, and there is no 500.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::Role;
use shared::table::Actor;
use testkit::{ApiResponse, TestApp};

const RACERS: usize = 12;

fn statuses(responses: &[ApiResponse]) -> Vec<u16> {
    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_claims_of_one_contact_address_have_one_winner() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let inputs: Vec<Value> = (0..RACERS)
        .map(|number| json!({ "name": format!("Team {number}"), "email": "team@example.com" }))
        .collect();

    let responses =
        join_all(inputs.iter().map(|input| jane.send_json("POST", "/v1/accounts", input))).await;

    let mut expected = vec![409; RACERS];
    expected[0] = 200;
    assert_eq!(statuses(&responses), expected);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_that_change_to_one_address_have_one_winner() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let input = json!({ "name": "Same", "email": "same@example.com" });
    let (janes, johns) =
        (format!("/v1/accounts/{}", jane.account()), format!("/v1/accounts/{}", john.account()));

    let responses =
        tokio::join!(jane.send_json("PUT", &janes, &input), john.send_json("PUT", &johns, &input));

    assert_eq!(statuses(&[responses.0, responses.1]), [200, 409]);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_of_one_name_get_different_slugs() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let input = json!({ "name": "Same name" });

    let responses =
        join_all((0..RACERS).map(|_| jane.send_json("POST", "/api/public/v1/account", &input)))
            .await;

    assert_eq!(statuses(&responses), [200; RACERS]);
    let listed = jane.send("GET", "/api/public/v1/accounts").await;
    let mut slugs: Vec<_> = listed.body["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["slug"].as_str().unwrap().to_owned())
        .collect();
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), RACERS + 1, "{slugs:?}");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_changes_of_one_account_are_serialized_and_none_is_half_lost() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let inputs: Vec<Value> = (0..RACERS)
        .map(|number| {
            json!({
                "name": format!("N{number}"),
                "email": format!("n{number}@example.com"),
            })
        })
        .collect();

    let responses = join_all(inputs.iter().map(|input| jane.send_json("PUT", &path, input))).await;

    assert_eq!(statuses(&responses), [200; RACERS]);
    let last = jane.send("GET", &path).await;
    assert!(
        inputs
            .iter()
            .any(|input| input["name"] == last.body["name"] && input["email"] == last.body["email"]),
        "{last:?}"
    );
    let claims = app
        .items()
        .await
        .into_iter()
        .filter(|item| item["pk"]["S"].as_str().unwrap().starts_with("CLAIM#CONTACT#"))
        .count();
    assert_eq!(claims, 1);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_deleted_once_despite_concurrent_deletions_and_changes() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let quave = format!("/api/public/v1/account?accountId={}", jane.account());
    let golem = format!("/v1/accounts/{}", jane.account());
    let input = json!({ "name": "Still here", "email": "here@example.com" });

    let (one, other, change) = tokio::join!(
        jane.send("DELETE", &quave),
        john.send("DELETE", &golem),
        john.send_json("PUT", &golem, &input)
    );

    assert_eq!(statuses(&[one, other]), [200, 404]);
    assert!([200, 404].contains(&change.status), "{change:?}");
    assert_eq!(jane.send("GET", &golem).await.status, 404);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_who_join_during_a_deletion_leave_nothing_behind() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let others = join_all((0..RACERS).map(|number| {
        app.person(
            [
                "amy1", "bob1", "cat1", "dan1", "eve1", "fay1", "gus1", "hal1", "ivy1", "joy1",
                "kim1", "lea1",
            ][number],
        )
    }))
    .await;
    let account = jane.account().parse().unwrap();
    let path = format!("/api/public/v1/account?accountId={}", jane.account());

    let operator = Actor::operator();
    let joining =
        join_all(others.iter().map(|other| {
            app.table().add_member(&operator, account, other.user().id, Role::Member)
        }));
    let (_, deleted) = tokio::join!(joining, jane.send("DELETE", &path));

    assert_eq!(deleted.status, 200, "{deleted:?}");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_first_accounts_one_becomes_current() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.send("DELETE", &format!("/api/public/v1/account?accountId={}", jane.account())).await;
    let inputs: Vec<Value> =
        (0..4).map(|number| json!({ "name": format!("First {number}") })).collect();

    let responses = join_all(
        inputs.iter().map(|input| jane.send_json("POST", "/api/public/v1/account", input)),
    )
    .await;

    assert_eq!(statuses(&responses), [200; 4]);
    let listed = jane.send("GET", "/api/public/v1/accounts").await;
    assert_eq!(
        listed.body["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|account| account["isCurrent"] == true)
            .count(),
        1
    );
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_users_with_one_name_or_address_have_one_winner() {
    let app = TestApp::start().await;
    let new = |username: &str, email: &str| {
        shared::table::NewUser::new(username.parse().unwrap(), email.parse().unwrap())
    };

    let operator = Actor::operator();

    let names = join_all((0..4).map(|number| {
        app.table().create_user(&operator, new("janedoe", &format!("jane{number}@example.com")))
    }))
    .await;
    let addresses = join_all((0..4).map(|number| {
        app.table().create_user(&operator, new(&format!("jane{number}"), "same@example.com"))
    }))
    .await;

    assert_eq!(names.iter().filter(|made| made.is_ok()).count(), 1);
    assert_eq!(addresses.iter().filter(|made| made.is_ok()).count(), 1);
    app.assert_consistent().await;
}
