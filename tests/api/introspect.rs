//! `/rollcall/v1/introspect`: other services of the team check tokens.

use serde_json::{Value, json};
use shared::Settings;
use shared::model::{Scope, TokenKind};
use shared::table::Actor;
use testkit::{ApiResponse, OAuthClient, Service, TestApp, basic, form, token_id};

const PATH: &str = "/rollcall/v1/introspect";
const CALLBACK: &str = "https://client.example.com/callback";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ALL: &str = "account_read account_write profile_read profile_write email_read email_write \
                   tokens_read tokens_write audit_read members_read members_write";

async fn introspect(app: &TestApp, client: &OAuthClient, token: &str) -> ApiResponse {
    send(app, Some(&client.basic()), &[("token", token)]).await
}

async fn send(app: &TestApp, basic: Option<&str>, fields: &[(&str, &str)]) -> ApiResponse {
    let authorization = basic.map(|basic| ("authorization", basic));
    let headers: Vec<_> = authorization.into_iter().chain([FORM]).collect();
    Service::send(app, "POST", PATH, &headers, Some(&form(fields))).await
}

async fn assert_inactive(app: &TestApp, client: &OAuthClient, token: &str, case: &str) {
    let seen = introspect(app, client, token).await;
    assert_eq!(seen.parts(), (200, &json!({ "active": false })), "{case}");
}

#[tokio::test]
async fn a_working_token_of_each_kind_is_shown_with_its_user_scopes_and_end() {
    let mut app = TestApp::start().await;
    let public_url = Some("https://accounts.example.com".parse().unwrap());
    app.configure(Settings { public_url, ..Settings::default() });
    let (service, client) =
        (app.new_client(CALLBACK, true).await, app.new_client(CALLBACK, true).await);
    let jane = app.person("janedoe").await;
    let end = TestApp::in_seconds(3600);
    let some: &[Scope] = &[Scope::EmailRead, Scope::AccountRead];
    let user = jane.new_token(TokenKind::User, Some(some), Some(end)).await;
    let environment = jane.new_token(TokenKind::Environment, None, None).await;
    let access = client.tokens(&app, &jane.credentials(), "email_read").await.access;
    let common = |scope: &str| {
        json!({
            "active": true,
            "token_type": "Bearer",
            "scope": scope,
            "sub": jane.user().id,
            "username": "janedoe",
            "iss": "https://accounts.example.com",
        })
    };
    let with = |mut view: Value, fields: Value| {
        view.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        view
    };

    for (token, scope, own) in [
        (&user, "account_read email_read", json!({ "exp": end.as_second() })),
        (&environment, ALL, json!({})),
        (&jane.token().to_owned(), ALL, json!({})),
        (&access, "email_read", json!({ "client_id": client.id })),
    ] {
        let seen = introspect(&app, &service, token).await;

        let issued = seen.body["iat"].as_i64().unwrap();
        let own = match token_id(token) {
            Some(id) => with(own, json!({ "jti": id })),
            None => with(own, json!({ "exp": issued + 15_552_000 })),
        };
        let expected = with(with(common(scope), own), json!({ "iat": issued }));
        assert_eq!(seen.parts(), (200, &expected));
        let age = TestApp::in_seconds(0).as_second() - issued;
        assert!((0..60).contains(&age), "{age}");
    }
}

#[tokio::test]
async fn what_does_not_work_is_inactive_and_nothing_else_is_told() {
    let app = TestApp::start().await;
    let service = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let expired = jane.new_token(TokenKind::User, None, Some(TestApp::in_seconds(-1))).await;
    let revoked = jane.new_token(TokenKind::Environment, None, None).await;
    let path = format!("/rollcall/v1/tokens/{}", token_id(&revoked).unwrap());
    assert_eq!(jane.send("DELETE", &path).await.status, 204);
    let code = service.code(&app, &jane.credentials(), "profile_read").await;
    let tokens = service.tokens(&app, &jane.credentials(), "profile_read").await;
    let mistyped = format!("{}x", jane.token());
    let other_kind = jane.token().replace("rcu_", "rce_");

    for (token, case) in [
        (expired.as_str(), "expired"),
        (&revoked, "revoked"),
        (&mistyped, "mistyped"),
        (&other_kind, "under another prefix"),
        (&code, "a code"),
        (&tokens.refresh, "a refresh token"),
        (&service.secret, "a secret of a client"),
        (&jane.api_key().0, "an API key"),
        ("x", "no token"),
    ] {
        assert_inactive(&app, &service, token, case).await;
    }
}

#[tokio::test]
async fn a_token_that_a_password_change_or_a_disabled_user_ended_is_inactive() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let environments = [
        jane.new_token(TokenKind::Environment, None, None).await,
        john.new_token(TokenKind::Environment, None, None).await,
    ];
    let access = [
        client.tokens(&app, &jane.credentials(), "profile_read").await.access,
        client.tokens(&app, &john.credentials(), "profile_read").await.access,
    ];

    app.changing_password(&jane).await;
    app.table().set_disabled(&Actor::operator(), john.user().id, true).await.unwrap();

    let [janes, johns] = &environments;
    for (token, case) in [
        (jane.token(), "a user token of before the change"),
        (&access[0], "an access token of before the change"),
        (john.token(), "a user token of a disabled user"),
        (johns, "an environment token of a disabled user"),
        (&access[1], "an access token of a disabled user"),
    ] {
        assert_inactive(&app, &client, token, case).await;
    }
    // Not each change of the password ends these.
    assert_eq!(introspect(&app, &client, janes).await.body["active"], true);
    app.set(&jane, "environmentEpoch", json!({ "N": "1" })).await;
    assert_inactive(&app, &client, janes, "an environment token that the change ended").await;
}

#[tokio::test]
async fn introspection_is_for_clients_that_prove_themselves_with_a_secret() {
    let app = TestApp::start().await;
    let (client, public) =
        (app.new_client(CALLBACK, true).await, app.new_client(CALLBACK, false).await);
    let jane = app.person("janedoe").await;
    let token = ("token", jane.token());
    // As a form may write it.
    let encoded = client.secret.replace('_', "%5F").replace('r', "%72");
    let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str()), token];
    let wrong = [("client_id", client.id.as_str()), ("client_secret", "rcs_wrong"), token];

    for (basic, fields) in [
        (Some(client.basic()), &[token][..]),
        (Some(basic(&client.id, &encoded)), &[token, ("token_type_hint", "refresh_token")]),
        (None, &own),
    ] {
        let seen = send(&app, basic.as_deref(), fields).await;
        assert_eq!((seen.status, &seen.body["active"]), (200, &json!(true)), "{seen:?}");
    }
    for (basic, fields) in [
        (None, &[token][..]),
        (None, &wrong),
        (None, &[("client_id", public.id.as_str()), token]),
        (None, &[("client_id", public.id.as_str()), ("token", "x")]),
        (Some(jane.basic()), &[token]),
        (Some(basic(&client.id, "rcs_wrong")), &[token]),
        (Some(basic(NOBODY, &client.secret)), &[token]),
        // Before what is wrong with the body.
        (Some(basic(&client.id, "rcs_wrong")), &[]),
    ] {
        let seen = send(&app, basic.as_deref(), fields).await;
        assert_eq!((seen.status, seen.text("error")), (401, "invalid_client"), "{fields:?}");
        let challenge = r#"Basic realm="rollcall", charset="UTF-8""#;
        assert_eq!(seen.header("www-authenticate"), Some(challenge));
    }
}

/// The id of no client.
const NOBODY: &str = "000000000000000000000000";

#[tokio::test]
async fn a_body_that_is_no_form_with_a_token_is_an_error_as_oauth_writes_it() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let basic = client.basic();
    let post = async |content_type: &str, body: &str| {
        let headers = [("authorization", basic.as_str()), ("content-type", content_type)];
        app.send("POST", PATH, &headers, Some(body)).await
    };

    for (content_type, body, status) in [
        (FORM.1, "", 400),
        (FORM.1, "token=", 400),
        (FORM.1, "token=x&token=y", 400),
        ("application/json", r#"{"token":"x"}"#, 415),
    ] {
        let seen = post(content_type, body).await;
        let parts = (seen.status, seen.text("error"));
        assert_eq!(parts, (status, "invalid_request"), "{content_type} {body}");
        assert!(!seen.text("error_description").is_empty());
    }
    let other = app.send("GET", PATH, &[], None).await;
    assert_eq!((other.status, other.text("code")), (405, "method_not_allowed"));
}

#[tokio::test]
async fn a_token_that_is_introspected_counts_as_used_and_costs_one_round_trip() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let environment = jane.new_token(TokenKind::Environment, None, None).await;
    let path = format!("/rollcall/v1/tokens/{}", token_id(&environment).unwrap());
    assert_eq!(jane.send("GET", &path).await.body["lastUsedAt"], Value::Null);

    introspect(&app, &client, &environment).await;

    assert!(jane.send("GET", &path).await.body["lastUsedAt"].is_string());
    app.proxy().record();
    introspect(&app, &client, &environment).await;
    let calls = app.proxy().calls();
    assert_eq!((calls.len(), calls[0].operation.as_str()), (1, "BatchGetItem"), "{calls:?}");
}
