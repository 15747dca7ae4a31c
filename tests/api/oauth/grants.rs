//! Grants: when they end, and how their users see and revoke them.

use serde_json::{Value, json};
use shared::model::{Client, SecretHash, Timestamp};
use shared::table::Actor;
use testkit::{ConsentPage, OAuthClient, Person, TestApp, grant_id, unique};

use super::{CALLBACK, arranged, assert_error, decide, profile, refresh, set};

const GRANTS: &str = "/rollcall/v1/grants";
const DAY: i64 = 86_400;
/// A grant id that does not exist.
const NOBODYS: &str = "0197a1b2c3d4e5f60718293a";

/// A client whose grants last so many days.
async fn client_for_days(app: &TestApp, days: u16) -> OAuthClient {
    let secret = unique("rcs_");
    let client = Client::new("Brief".to_owned(), vec![CALLBACK.to_owned()], None).unwrap();
    let secret_hash = Some(SecretHash::new(secret.as_bytes()));
    let client = Client { secret_hash, grant_days: Some(days), ..client };
    app.table().create_client(&Actor::operator(), &client).await.unwrap();
    OAuthClient { id: client.id.to_string(), secret, redirect_uri: CALLBACK.to_owned() }
}

async fn introspected(app: &TestApp, client: &OAuthClient, token: &str) -> Value {
    let basic = client.basic();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = testkit::form(&[("token", token)]);
    let headers = [("authorization", basic.as_str()), form];
    app.send("POST", "/api/v1.1/o/introspect/", &headers, Some(&body)).await.body
}

async fn listed(person: &Person<'_>) -> Vec<Value> {
    let response = person.send("GET", GRANTS).await;
    assert_eq!((response.status, &response.body["nextCursor"]), (200, &Value::Null));
    response.body["grants"].as_array().unwrap().clone()
}

#[tokio::test]
async fn whatever_is_refreshed_a_grant_ends_when_its_end_is_reached() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let end = TestApp::in_seconds(100 * DAY);
    set(&app, "SET expiresAt = :value", json!({ "S": end.to_string() })).await;

    let second = refresh(&app, &client, &first.refresh).await;

    let left = second.body["expires_in"].as_i64().unwrap();
    assert!((100 * DAY - 5..=100 * DAY).contains(&left), "{left}");
    for token in [second.text("access_token"), second.text("refresh_token")] {
        assert_eq!(introspected(&app, &client, token).await["exp"], end.as_second());
    }
    assert_eq!(app.items_of("grant").await[0]["ttl"]["N"], end.as_second().to_string());
    // The first access token would work for longer by its own end.
    let past = json!({ "S": TestApp::in_seconds(-1).to_string() });
    set(&app, "SET expiresAt = :value", past).await;
    for token in [first.access.as_str(), second.text("access_token")] {
        assert_eq!(profile(&app, token).await, 401);
    }
    let ended = refresh(&app, &client, second.text("refresh_token")).await;
    assert_error(&ended, 400, "invalid_grant");
    assert_eq!(listed(&jane).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_grant_ends_after_365_days_or_as_many_as_its_client_has_and_the_page_says_when() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for (client, days, expires_in) in [
        (app.new_client(CALLBACK, true).await, 365, 180 * DAY),
        (client_for_days(&app, 200).await, 200, 180 * DAY),
        (client_for_days(&app, 30).await, 30, 30 * DAY),
        // Not even the operator's table makes it longer.
        (client_for_days(&app, 10_000).await, 365, 180 * DAY),
    ] {
        let earliest = TestApp::in_seconds(days * DAY);
        let page =
            ConsentPage::open(&app, &client.authorize_path("profile_read"), &jane.credentials())
                .await;
        let latest = TestApp::in_seconds(days * DAY);
        let code = client.code(&app, &jane.credentials(), "profile_read").await;
        let tokens = client.redeem(&app, &code).await;

        assert_eq!(tokens.body["expires_in"], expires_in, "{days}");
        let grant = listed(&jane).await.pop().unwrap();
        let time = |field: &str| grant[field].as_str().unwrap().parse::<Timestamp>().unwrap();
        let life = time("expiresAt").as_second() - time("createdAt").as_second();
        assert_eq!(life, days * DAY);
        let page = page.response.body.as_str().unwrap();
        // A day may begin while the page is opened.
        let ends = [earliest, latest].map(|end| end.strftime("It ends on %-d %B %Y.").to_string());
        assert!(ends.iter().any(|end| page.contains(end)), "{ends:?}: {page}");
    }
}

#[tokio::test]
async fn a_user_sees_each_grant_with_its_client_scopes_times_and_last_use() {
    arranged!(app, client, jane);
    let john = app.person("johnroe").await;
    client.tokens(&app, &john.credentials(), "profile_read").await;
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read email_read").await;
    profile(&app, &tokens.access).await;

    let grants = listed(&jane).await;

    let grant = &grants[0];
    assert_eq!(
        grants,
        [json!({
            "id": grant_id(&tokens.access),
            "client": { "id": client.id, "name": "Example <Client>" },
            "scopes": ["profile_read", "email_read"],
            "createdAt": grant["createdAt"],
            "expiresAt": grant["expiresAt"],
            "lastUsedAt": grant["lastUsedAt"],
        })]
    );
    for time in ["createdAt", "expiresAt", "lastUsedAt"] {
        let time = grant[time].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z') && time.contains('.'), "{time}");
    }
}

#[tokio::test]
async fn grants_are_listed_oldest_first_page_by_page_without_those_that_ended() {
    arranged!(app, client, jane);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
        ids.push(grant_id(&tokens.access));
    }
    // Codes that were never redeemed.
    for _ in 0..2 {
        client.code(&app, &jane.credentials(), "profile_read").await;
    }
    for mut item in app.items_of("grant").await {
        if item.get("refresh").is_none() {
            let past = json!({ "S": TestApp::in_seconds(-1).to_string() });
            item["code"]["M"]["expiresAt"] = past;
            app.engine("PutItem", json!({ "Item": item })).await;
        }
    }

    let first = jane.send("GET", &format!("{GRANTS}?limit=2")).await;
    let cursor = first.text("nextCursor");
    let second = jane.send("GET", &format!("{GRANTS}?limit=2&cursor={cursor}")).await;

    let of = |page: &Value| -> Vec<String> {
        let grants = page["grants"].as_array().unwrap();
        grants.iter().map(|grant| grant["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of(&first.body), ids[..2]);
    assert_eq!((of(&second.body), &second.body["nextCursor"]), (ids[2..].to_vec(), &Value::Null));
    for query in ["limit=0", "limit=101", "cursor=x"] {
        assert_eq!(jane.send("GET", &format!("{GRANTS}?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_revoked_grant_ends_its_code_and_tokens_with_the_next_request() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let others = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let unredeemed = listed(&jane).await.pop().unwrap()["id"].as_str().unwrap().to_owned();

    for id in [grant_id(&tokens.access), unredeemed] {
        assert_eq!(jane.send("DELETE", &format!("{GRANTS}/{id}")).await.status, 204);
    }

    assert_eq!(profile(&app, &tokens.access).await, 401);
    assert_error(&refresh(&app, &client, &tokens.refresh).await, 400, "invalid_grant");
    assert_eq!(introspected(&app, &client, &tokens.access).await, json!({ "active": false }));
    assert_error(&client.redeem(&app, &code).await, 400, "invalid_grant");
    assert_eq!(profile(&app, &others.access).await, 200, "another grant stands");
    assert_eq!(listed(&jane).await.len(), 1);
}

#[tokio::test]
async fn a_grant_that_ended_is_malformed_or_is_another_users_is_not_found() {
    arranged!(app, client, jane);
    let john = app.person("johnroe").await;
    let johns = grant_id(&client.tokens(&app, &john.credentials(), "profile_read").await.access);
    let own = grant_id(&client.tokens(&app, &jane.credentials(), "profile_read").await.access);
    let revoke = async |id: &str| jane.send("DELETE", &format!("{GRANTS}/{id}")).await;

    let nobodys = revoke(NOBODYS).await;
    assert_eq!((nobodys.status, nobodys.text("detail")), (404, "grant not found"));
    for id in [johns.as_str(), "x"] {
        assert_eq!(revoke(id).await.parts(), nobodys.parts(), "{id}");
    }
    assert_eq!(revoke(&own).await.status, 204);
    assert_eq!(revoke(&own).await.parts(), nobodys.parts());
    let theirs = listed(&john).await;
    assert_eq!((theirs.len(), theirs[0]["id"].as_str()), (1, Some(johns.as_str())));
    // As a change of the password does, but for the cleanup.
    app.set(&john, "credentialEpoch", json!({ "N": "1" })).await;
    let basic = john.basic();
    let headers = [("authorization", basic.as_str())];
    let ended = app.send("DELETE", &format!("{GRANTS}/{johns}"), &headers, None).await;
    assert_eq!(ended.parts(), nobodys.parts());
    // One that its client no longer accepts is not listed either.
    let own = grant_id(&client.tokens(&app, &jane.credentials(), "profile_read").await.access);
    let id = client.id.parse().unwrap();
    app.table().revoke_grants_to(&Actor::operator(), id).await.unwrap();
    assert_eq!(revoke(&own).await.parts(), nobodys.parts());
    assert_eq!(listed(&jane).await, Vec::<Value>::new());
}

#[tokio::test]
async fn of_a_refresh_and_a_revocation_at_once_the_revocation_has_the_last_word() {
    arranged!(app, client, jane);
    for _ in 0..4 {
        let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
        let path = format!("{GRANTS}/{}", grant_id(&tokens.access));

        let (refreshed, revoked) =
            tokio::join!(refresh(&app, &client, &tokens.refresh), jane.send("DELETE", &path));

        assert_eq!(revoked.status, 204, "{revoked:?}");
        assert!(matches!(refreshed.status, 200 | 400), "{refreshed:?}");
        if refreshed.status == 200 {
            assert_eq!(profile(&app, refreshed.text("access_token")).await, 401);
        }
        assert_eq!(app.items_of("grant").await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_denied_request_leaves_no_grant() {
    arranged!(app, client, jane);

    decide(&app, &client, &jane, "deny").await;

    assert_eq!(listed(&jane).await, Vec::<Value>::new());
}
