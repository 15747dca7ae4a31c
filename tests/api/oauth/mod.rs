//! Docker Hub's OAuth endpoints: `/api/v1.1/o/…`.

mod clients;
mod codes;
mod grants;
mod metadata;
mod page;
mod prompt;
mod refresh;
mod remembered;
mod scopes;
mod tokens;

use serde_json::{Value, json};
use shared::table::{Actor, ClientChange};
use testkit::{ApiResponse, OAuthClient, Person, TestApp};

const CALLBACK: &str = "https://client.example.com/callback";

/// A service with one client and one person.
macro_rules! arranged {
    ($app:ident, $client:ident, $jane:ident) => {
        let $app = testkit::TestApp::start().await;
        let $client = $app.new_client($crate::oauth::CALLBACK, true).await;
        let $jane = $app.person("janedoe").await;
    };
}
use arranged;
pub(crate) use tokens::revoke;

/// The status of hub's profile for an access token.
async fn profile(app: &TestApp, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    app.send("GET", "/api/v1.1/users/janedoe/", &[("authorization", &authorization)], None)
        .await
        .status
}

/// A request for tokens by a refresh token.
async fn refresh(app: &TestApp, client: &OAuthClient, token: &str) -> ApiResponse {
    client.token(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

fn assert_error(response: &ApiResponse, status: u16, code: &str) {
    assert_eq!((response.status, response.text("error")), (status, code), "{response:?}");
    assert!(!response.text("error_description").is_empty());
}

/// Changes a client, as the operator's command does.
async fn change(app: &TestApp, client: &OAuthClient, change: ClientChange) {
    let id = client.id.parse().unwrap();
    app.table().change_client(&Actor::operator(), id, &change).await.unwrap();
}

/// Sets something of the only grant, as time would.
async fn set(app: &TestApp, expression: &str, value: Value) {
    let grant = app.items_of("grant").await.remove(0);
    let key = json!({ "pk": grant["pk"], "sk": grant["sk"] });
    let change = json!({
        "Key": key,
        "UpdateExpression": expression,
        "ExpressionAttributeValues": { ":value": value },
    });
    app.engine("UpdateItem", change).await;
}

/// Sends the form of the page for these scopes.
async fn decide(
    app: &TestApp,
    client: &OAuthClient,
    person: &Person<'_>,
    decision: &str,
) -> ApiResponse {
    let path = client.authorize_path("profile_read");
    testkit::ConsentPage::open(app, &path, &person.credentials()).await.decide(app, decision).await
}
