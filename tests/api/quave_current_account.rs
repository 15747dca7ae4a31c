//! `/api/public/v1/current-account`.

use serde_json::json;
use shared::model::Role;
use testkit::TestApp;

const CURRENT: &str = "/api/public/v1/current-account";

#[tokio::test]
async fn the_personal_account_is_current_from_the_start() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let current = jane.send("GET", CURRENT).await;

    let expected = json!({
        "accountId": jane.account(),
        "name": "janedoe",
        "slug": "janedoe",
        "isVerified": false,
        "allowAutoScaling": false,
        "isCurrent": true,
    });
    assert_eq!(current.parts(), (200, &expected));
}

#[tokio::test]
async fn a_member_chooses_another_account_and_every_view_follows() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;

    let chosen = john.send_json("PUT", CURRENT, &json!({ "accountId": jane.account() })).await;

    let expected = json!({
        "accountId": jane.account(),
        "name": "janedoe",
        "slug": "janedoe",
        "isVerified": false,
        "allowAutoScaling": false,
        "isCurrent": true,
        "message": "Current account updated successfully",
    });
    assert_eq!(chosen.parts(), (200, &expected));
    assert_eq!(john.send("GET", CURRENT).await.text("accountId"), jane.account());
    let listed = john.send("GET", "/api/public/v1/accounts").await;
    let current: Vec<_> = listed.body["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["isCurrent"].clone())
        .collect();
    assert_eq!(current, [json!(true), json!(false)]);
    let again = john.send_json("PUT", CURRENT, &json!({ "accountId": jane.account() })).await;
    assert_eq!(again, chosen);
}

#[tokio::test]
async fn an_account_id_is_required_well_formed_known_and_of_a_member() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    for (body, status, error) in [
        (json!({}), 400, "invalid request: accountId: is required"),
        (
            json!({ "accountId": "x" }),
            400,
            "invalid request: accountId: must be 24 lower-case hexadecimal digits",
        ),
        (json!({ "accountId": crate::NOBODYS }), 404, "account not found"),
        (json!({ "accountId": jane.account() }), 403, "you are not a member of this account"),
    ] {
        let rejected = john.send_json("PUT", CURRENT, &body).await;
        assert_eq!((rejected.status, rejected.text("error")), (status, error), "{body}");
    }
    assert_eq!(john.send("GET", CURRENT).await.text("accountId"), john.account());
}

#[tokio::test]
async fn the_current_account_is_404_once_deleted_and_403_for_a_former_member() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    john.send_json("PUT", CURRENT, &json!({ "accountId": jane.account() })).await;
    app.expelling(&john, &jane.account()).await;

    assert_eq!(
        john.send("GET", CURRENT).await.parts(),
        (403, &json!({ "error": "you are not a member of this account" }))
    );
    jane.send("DELETE", &format!("/api/public/v1/account?accountId={}", jane.account())).await;
    assert_eq!(
        john.send("GET", CURRENT).await.parts(),
        (404, &json!({ "error": "account not found" }))
    );
    assert_eq!(jane.send("GET", CURRENT).await.status, 404);
    app.unset_current_account(&jane).await;
    assert_eq!(
        jane.send("GET", CURRENT).await.parts(),
        (404, &json!({ "error": "current account not found" }))
    );
}
