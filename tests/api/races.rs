//! Two at once: one wins, or both do, and nobody sees a 500.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::Role;
use shared::table::Actor;
use testkit::{ApiResponse, TestApp};

const RACERS: usize = 12;

fn statuses(answers: &[ApiResponse]) -> Vec<u16> {
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_claim_one_contact_address_exactly_one_wins() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let wishes: Vec<Value> = (0..RACERS)
        .map(|number| json!({ "name": format!("Team {number}"), "email": "team@example.com" }))
        .collect();

    let answers =
        join_all(wishes.iter().map(|wish| jane.send_json("POST", "/v1/accounts", wish))).await;

    let mut expected = vec![409; RACERS];
    expected[0] = 200;
    assert_eq!(statuses(&answers), expected);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_accounts_that_change_to_one_address_exactly_one_wins() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let wish = json!({ "name": "Same", "email": "same@example.com" });
    let (janes, johns) =
        (format!("/v1/accounts/{}", jane.account()), format!("/v1/accounts/{}", john.account()));

    let answers =
        tokio::join!(jane.send_json("PUT", &janes, &wish), john.send_json("PUT", &johns, &wish));

    assert_eq!(statuses(&[answers.0, answers.1]), [200, 409]);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_want_one_slug_get_one_and_all_are_different() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let wish = json!({ "name": "Same name" });

    let answers =
        join_all((0..RACERS).map(|_| jane.send_json("POST", "/api/public/v1/account", &wish)))
            .await;

    assert_eq!(statuses(&answers), [200; RACERS]);
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
async fn changes_of_one_account_follow_one_another_and_none_is_lost_half_way() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let wishes: Vec<Value> = (0..RACERS).map(|number| json!({ "name": format!("N{number}"), "email": format!("n{number}@example.com") })).collect();

    let answers = join_all(wishes.iter().map(|wish| jane.send_json("PUT", &path, wish))).await;

    assert_eq!(statuses(&answers), [200; RACERS]);
    let last = jane.send("GET", &path).await;
    assert!(
        wishes
            .iter()
            .any(|wish| wish["name"] == last.body["name"] && wish["email"] == last.body["email"]),
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
async fn an_account_is_deleted_once_whoever_deletes_or_changes_it_meanwhile() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let quave = format!("/api/public/v1/account?accountId={}", jane.account());
    let golem = format!("/v1/accounts/{}", jane.account());
    let wish = json!({ "name": "Still here", "email": "here@example.com" });

    let (one, other, change) = tokio::join!(
        jane.send("DELETE", &quave),
        john.send("DELETE", &golem),
        john.send_json("PUT", &golem, &wish)
    );

    assert_eq!(statuses(&[one, other]), [200, 404]);
    assert!([200, 404].contains(&change.status), "{change:?}");
    assert_eq!(jane.send("GET", &golem).await.status, 404);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn members_who_join_while_an_account_is_deleted_leave_nothing_behind() {
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
async fn of_first_accounts_made_at_once_one_becomes_current() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.send("DELETE", &format!("/api/public/v1/account?accountId={}", jane.account())).await;
    let wishes: Vec<Value> =
        (0..4).map(|number| json!({ "name": format!("First {number}") })).collect();

    let answers =
        join_all(wishes.iter().map(|wish| jane.send_json("POST", "/api/public/v1/account", wish)))
            .await;

    assert_eq!(statuses(&answers), [200; 4]);
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
async fn of_users_made_at_once_with_one_name_or_address_exactly_one_is_made() {
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
