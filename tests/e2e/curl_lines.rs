//! The curl lines of the three documents, with their responses.

use serde_json::json;

use testkit::unique;

use crate::service::{get, json, user};

const ACCOUNT: &str = "/api/public/v1/account";
const CURRENT: &str = "/api/public/v1/current-account";

#[tokio::test]
async fn quave_clouds_curl_lines_respond_as_documented() {
    let name = unique("My New Account ");
    let slug = name.to_lowercase().replace(' ', "-");
    let body = json!({
        "name": name,
        "registryServer": "https://registry.example.com",
        "registryEmail": "user@example.com",
        "registryUsername": "registryuser",
        "registryPassword": "dckr_pat_00000",
    });

    let created = json(0, "POST", ACCOUNT, &body).await;
    assert_eq!((created.status, created.body.as_object().unwrap().len()), (200, 1), "{created:?}");
    let path = format!("{ACCOUNT}?accountId={}", created.text("accountId"));
    let seen = get(0, "GET", &path).await;
    for (field, value) in [
        ("accountId", json!(created.text("accountId"))),
        ("name", json!(name)),
        ("slug", json!(slug)),
        ("isVerified", json!(false)),
    ] {
        assert_eq!(seen.body[field], value, "{field}");
    }
    assert_eq!(
        get(0, "DELETE", &path).await.parts(),
        (200, &json!({ "message": "Account deleted successfully" }))
    );
    assert_eq!(get(0, "GET", &path).await.status, 404);
}

#[tokio::test]
async fn quave_ones_curl_lines_respond_as_documented() {
    let name = unique("One ");
    let created = json(1, "POST", ACCOUNT, &json!({ "name": name })).await;
    let id = created.text("accountId");
    let view = |current: bool| {
        json!({
            "accountId": id,
            "name": name,
            "slug": name.to_lowercase().replace(' ', "-"),
            "isVerified": false,
            "allowAutoScaling": false,
            "isCurrent": current,
        })
    };

    assert_eq!(
        get(1, "GET", &format!("{ACCOUNT}?accountId={id}")).await.parts(),
        (200, &view(false))
    );
    let listed = get(1, "GET", "/api/public/v1/accounts").await;
    assert!(listed.body["accounts"].as_array().unwrap().contains(&view(false)), "{listed:?}");
    assert_eq!(get(1, "GET", CURRENT).await.text("accountId"), user(1, "account_id"));
    let mut chosen = view(true);
    chosen["message"] = json!("Current account updated successfully");
    assert_eq!(json(1, "PUT", CURRENT, &json!({ "accountId": id })).await.parts(), (200, &chosen));
    assert_eq!(get(1, "GET", CURRENT).await.parts(), (200, &view(true)));
    let back = json(1, "PUT", CURRENT, &json!({ "accountId": user(1, "account_id") })).await;
    assert_eq!(back.status, 200);
}

#[tokio::test]
async fn golems_operations_respond_as_documented() {
    let (name, email) = (unique("golem"), unique("golem") + "@example.com");
    let created = json(0, "POST", "/v1/accounts", &json!({ "name": name, "email": email })).await;
    let path = format!("/v1/accounts/{}", created.text("id"));
    let account = json!({
        "id": created.text("id"),
        "name": name,
        "email": email,
        "planId": "00000000-0000-0000-0000-000000000000",
    });

    assert_eq!(created.parts(), (200, &account));
    assert_eq!(get(0, "GET", &path).await.parts(), (200, &account));
    assert_eq!(
        get(0, "GET", &format!("/v1/accounts?email={email}")).await.parts(),
        (200, &json!({ "values": [account] }))
    );
    let renamed = json(0, "PUT", &path, &json!({ "name": "Renamed", "email": email })).await;
    assert_eq!((renamed.status, renamed.text("name")), (200, "Renamed"));
    let plan = get(0, "GET", &format!("{path}/plan")).await;
    assert_eq!((plan.status, &plan.body["planData"]["workerLimit"]), (200, &json!(10_000)));
    assert_eq!(get(1, "GET", &path).await.status, 403);
    assert_eq!(get(0, "DELETE", &path).await.parts(), (200, &json!({})));
    assert_eq!(get(0, "DELETE", &path).await.status, 404);
}

#[tokio::test]
async fn an_account_created_through_quave_is_listed_by_golem_and_vice_versa() {
    let quaves = json(0, "POST", ACCOUNT, &json!({ "name": unique("quave") })).await;
    let golems = json(
        0,
        "POST",
        "/v1/accounts",
        &json!({ "name": unique("g"), "email": unique("both") + "@example.com" }),
    )
    .await;

    let by_golem = get(0, "GET", "/v1/accounts").await.body.to_string();
    let by_quave = get(0, "GET", "/api/public/v1/accounts").await.body.to_string();

    assert!(by_golem.contains(quaves.text("accountId")) && by_quave.contains(golems.text("id")));
}

#[tokio::test]
async fn e24s_operations_respond_as_documented() {
    let email = unique("mary") + "@example.com";
    let body = json!({ "email": email, "first_name": "Mary", "last_name": "Major", "phone": "48123456789", "password": "correct horse" });

    let created = json(0, "PUT", "/v2/accounts", &body).await;

    assert_eq!((created.status, &created.body["success"]), (200, &json!(true)), "{created:?}");
    let user = &created.body["user"];
    assert_eq!(
        (&user["state"], &user["name"], &user["email"]),
        (&json!("created"), &json!("Mary Major"), &json!(email))
    );
    let listed = get(0, "GET", "/v2/accounts?limit=1000&offset=0").await;
    let ids: Vec<_> =
        listed.body["users"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
    assert!(ids.contains(&user["id"]) && ids.contains(&json!(self::user(0, "id"))), "{listed:?}");
    assert_eq!(json(1, "PUT", "/v2/accounts", &body).await.status, 409);
}
