//! A new team, from an empty service until its founder has left.

use serde_json::{Value, json};
use testkit::{ApiResponse, PASSWORD, Post, TestApp, basic};

const ACCOUNTS: &str = "/rollcall/v1/accounts";

/// Sends JSON, or nothing; without a credential if `who` is empty.
async fn call(app: &TestApp, who: &str, method: &str, path: &str, body: Value) -> ApiResponse {
    let body = (!body.is_null()).then(|| body.to_string());
    let mut headers = Vec::new();
    headers.extend(body.is_some().then_some(("content-type", "application/json")));
    headers.extend((!who.is_empty()).then_some(("authorization", who)));
    app.send(method, path, &headers, body.as_deref()).await
}

/// The token of the link in the one mail that was sent.
async fn mailed_token(post: &mut Post) -> String {
    let mails = post.deliver().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    mail.message.links[0].rsplit_once('/').unwrap().1.to_owned()
}

/// A token of somebody who signs in by name and password, for all dialects.
async fn token(app: &TestApp, username: &str) -> String {
    let body = json!({ "name": "all", "kind": "user" });
    let who = basic(username, PASSWORD);
    let made = call(app, &who, "POST", "/rollcall/v1/tokens", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    format!("Bearer {}", made.text("token"))
}

/// Whether each dialect lists this account for somebody.
async fn lists(app: &TestApp, who: &str, account: &str) -> Vec<bool> {
    let mut listed = Vec::new();
    for path in [ACCOUNTS, "/api/public/v1/accounts", "/v1/accounts"] {
        let list = call(app, who, "GET", path, Value::Null).await;
        assert_eq!(list.status, 200, "{list:?}");
        listed.push(list.body.to_string().contains(account));
    }
    listed
}

#[tokio::test]
async fn a_colleague_joins_by_mail_and_the_founder_leaves_after_handing_over() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let expect = |response: ApiResponse, status: u16| {
        assert_eq!(response.status, status, "{response:?}");
        response
    };

    let body = json!({ "email": "ada@example.com" });
    expect(call(&app, "", "POST", "/rollcall/v1/sign-ups", body).await, 202);
    let path = format!("/rollcall/v1/sign-ups/{}", mailed_token(&mut post).await);
    let body = json!({ "username": "adadoe", "name": "Ada Doe", "password": PASSWORD });
    let ada_id = expect(call(&app, "", "POST", &path, body).await, 201).text("id").to_owned();
    let ada = token(&app, "adadoe").await;
    let made = call(&app, &ada, "POST", ACCOUNTS, json!({ "name": "Blue Team" })).await;
    let id = expect(made, 201).text("id").to_owned();
    let account = format!("{ACCOUNTS}/{id}");

    post.deliver().await;
    let body = json!({ "email": "mary@example.com", "role": "member" });
    expect(call(&app, &ada, "POST", &format!("{account}/invitations"), body).await, 201);
    let path = format!("/rollcall/v1/invitations/{}/accept", mailed_token(&mut post).await);
    let body = json!({ "username": "marymajor", "name": "Mary Major", "password": PASSWORD });
    let mary_id = expect(call(&app, "", "POST", &path, body).await, 201).text("userId").to_owned();
    let mary = token(&app, "marymajor").await;
    assert_eq!(lists(&app, &mary, &id).await, [true; 3]);
    expect(
        call(&app, &mary, "DELETE", &format!("{account}/members/{ada_id}"), Value::Null).await,
        403,
    );

    let path = format!("{account}/members/{mary_id}");
    expect(call(&app, &ada, "PATCH", &path, json!({ "role": "admin" })).await, 200);
    let leave = format!("{account}/members/{ada_id}");
    expect(call(&app, &ada, "DELETE", &leave, Value::Null).await, 409);
    let body = json!({ "userId": mary_id });
    expect(call(&app, &ada, "POST", &format!("{account}/owner"), body).await, 200);
    expect(call(&app, &ada, "DELETE", &leave, Value::Null).await, 204);

    assert_eq!(lists(&app, &ada, &id).await, [false; 3]);
    assert_eq!(lists(&app, &mary, &id).await, [true; 3]);
    expect(call(&app, &ada, "GET", &account, Value::Null).await, 403);
    let path = format!("{ACCOUNTS}/current");
    expect(call(&app, &mary, "PUT", &path, json!({ "id": id })).await, 200);
    let users = expect(call(&app, &mary, "GET", "/v2/accounts", Value::Null).await, 200);
    let users = users.body["users"].as_array().unwrap();
    assert_eq!((users.len(), &users[0]["username"]), (1, &json!("marymajor")), "{users:?}");
    let log = expect(call(&app, &mary, "GET", &format!("{account}/audit"), Value::Null).await, 200);
    let entries = log.body["entries"].as_array().unwrap().iter();
    let mut actions: Vec<_> = entries.map(|entry| entry["action"].as_str().unwrap()).collect();
    // Those of one write have no order.
    actions.sort_unstable();
    let expected = [
        "account.created",
        "account.owner_changed",
        "invitation.accepted",
        "invitation.sent",
        "member.added",
        "member.removed",
        "member.role_changed",
    ];
    assert_eq!(actions, expected);
    for person in ["adadoe", "marymajor", "Ada", "Mary", "Blue", "example"] {
        assert!(!log.body.to_string().contains(person), "{person}: {log:?}");
    }
    app.assert_consistent().await;
}
