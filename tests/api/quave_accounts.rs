//! `/api/public/v1/account` and `/api/public/v1/accounts`.

use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn an_account_is_created_read_listed_and_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    let created = jane
        .send_json("POST", "/api/public/v1/account", &json!({ "name": "My New Account" }))
        .await;
    assert_eq!(created.status, 200, "{created:?}");
    let id = created.text("accountId");
    let path = format!("/api/public/v1/account?accountId={id}");
    let account = json!({
        "accountId": id,
        "name": "My New Account",
        "slug": "my-new-account",
        "isVerified": false,
        "allowAutoScaling": false,
        "isCurrent": false,
    });

    assert_eq!(jane.send("GET", &path).await.parts(), (200, &account));
    let listed = jane.send("GET", "/api/public/v1/accounts").await;
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
