//! Access tokens: what they open, and how they end.

use serde_json::json;
use shared::model::{GrantCredential, GrantTokenKind};
use shared::table::Actor;
use testkit::{OAuthClient, Service, TestApp, form, own_last_request_line};

use super::{CALLBACK, arranged, assert_error, profile, refresh, set};

async fn post(
    app: &TestApp,
    client: &OAuthClient,
    path: &str,
    token: &str,
) -> testkit::ApiResponse {
    let basic = client.basic();
    let headers =
        [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    Service::send(app, "POST", path, &headers, Some(&form(&[("token", token)]))).await
}

pub(crate) async fn revoke(
    app: &TestApp,
    client: &OAuthClient,
    token: &str,
) -> testkit::ApiResponse {
    post(app, client, "/api/v1.1/o/revoke_token/", token).await
}

async fn introspect(app: &TestApp, client: &OAuthClient, token: &str) -> testkit::ApiResponse {
    post(app, client, "/api/v1.1/o/introspect/", token).await
}

#[tokio::test]
async fn a_member_given_twice_is_400_at_every_endpoint_for_clients() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let basic = client.basic();
    let ids = format!(r#""client_id":"{}","client_secret":"x""#, client.id);

    for (path, field, body) in [
        ("token", "grant_type", r#"{"grant_type":"x","grant_type":"refresh_token"}"#.to_owned()),
        (
            "token",
            "a.b",
            r#"{"grant_type":"refresh_token","refresh_token":"x","a":{"b":1,"b":1}}"#.to_owned(),
        ),
        ("token", "client_id", format!(r#"{{{ids},"client_id":"x"}}"#)),
        ("token", "client_secret", format!(r#"{{{ids},"client_secret":"x"}}"#)),
        ("revoke_token", "token", format!(r#"{{"token":"x","token":"{}"}}"#, tokens.access)),
        ("introspect", "token", format!(r#"{{"token":"x","token":"{}"}}"#, tokens.access)),
        ("token", "redirect_uri", "grant_type=refresh_token&redirect_uri=a&redirect_uri=b".into()),
        ("token", "scope", "grant_type=authorization_code&code=x&scope=a&scope=b".into()),
        (
            "token",
            "client_secret",
            format!("client_id={}&client_secret=x&client_secret=y", client.id),
        ),
        ("revoke_token", "token_type_hint", "token=x&token_type_hint=a&token_type_hint=b".into()),
        ("introspect", "other", format!("token={}&other=a&other=b", tokens.access)),
    ] {
        let is_json = body.starts_with('{');
        let content_type =
            if is_json { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut headers = vec![("content-type", content_type)];
        headers.extend((!body.contains("client_id")).then_some(("authorization", basic.as_str())));
        let path = format!("/api/v1.1/o/{path}/");
        let rejected = Service::send(&app, "POST", &path, &headers, Some(&body)).await;

        assert_error(&rejected, 400, "invalid_request");
        let problem = format!("{field}: is given more than once");
        assert!(rejected.text("error_description").contains(&problem), "{rejected:?}");
    }
    assert_eq!(profile(&app, &tokens.access).await, 200);
}

#[tokio::test]
async fn a_hint_is_ignored_but_must_be_a_text() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let basic = client.basic();
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];

    for (hint, status) in [(json!("refresh_token"), 200), (json!(""), 200), (json!(1), 400)] {
        let body = json!({ "token": tokens.access, "token_type_hint": hint }).to_string();
        for path in ["introspect", "revoke_token"] {
            let path = format!("/api/v1.1/o/{path}/");
            let response = Service::send(&app, "POST", &path, &headers, Some(&body)).await;

            assert_eq!(response.status, status, "{path} {hint}");
        }
    }
}

#[tokio::test]
async fn an_expired_access_token_is_rejected() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    assert_eq!(profile(&app, &tokens.access).await, 200);

    let late = json!({ "S": TestApp::in_seconds(-1).to_string() });
    set(&app, "SET access[0].expiresAt = :value", late).await;

    assert_eq!(profile(&app, &tokens.access).await, 401);
    assert_eq!(introspect(&app, &client, &tokens.access).await.body, json!({ "active": false }));
    assert_eq!(refresh(&app, &client, &tokens.refresh).await.status, 200);
}

#[tokio::test]
async fn codes_and_refresh_tokens_are_no_access_tokens() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;

    for wrong in [
        &code,
        &tokens.refresh,
        &tokens.refresh.replace("rcr_", "rca_"),
        &tokens.access.replace("rca_", "rcu_"),
    ] {
        assert_eq!(profile(&app, wrong).await, 401);
    }
}

#[tokio::test]
async fn a_changed_password_or_a_disabled_user_ends_all_tokens_with_the_next_request() {
    arranged!(app, client, jane);
    let john = app.person("johnroe").await;
    let janes = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let johns = client.tokens(&app, &john.credentials(), "profile_read").await;

    app.changing_password(&jane).await;
    app.table().set_disabled(&Actor::operator(), john.user().id, true).await.unwrap();

    for tokens in [janes, johns] {
        assert_eq!(profile(&app, &tokens.access).await, 401);
        assert_error(&refresh(&app, &client, &tokens.refresh).await, 400, "invalid_grant");
        assert_eq!(
            introspect(&app, &client, &tokens.access).await.body,
            json!({ "active": false })
        );
    }
}

#[tokio::test]
async fn revoking_an_access_token_ends_it_alone_and_a_refresh_token_the_whole_family() {
    arranged!(app, client, jane);
    let first = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let next = refresh(&app, &client, &first.refresh).await;

    let one = revoke(&app, &client, &first.access).await;

    assert_eq!(one.parts(), (200, &json!({})));
    assert_eq!(profile(&app, &first.access).await, 401);
    assert_eq!(profile(&app, next.text("access_token")).await, 200);
    let all = revoke(&app, &client, next.text("refresh_token")).await;
    assert_eq!(all.parts(), (200, &json!({})));
    assert_eq!(profile(&app, next.text("access_token")).await, 401);
    assert_eq!(app.items_of("grant").await.len(), 0);
    assert_eq!(revoke(&app, &client, &first.access).await.status, 200, "as good as revoked");
}

#[tokio::test]
async fn what_is_revoked_or_replayed_while_its_user_is_disabled_stays_revoked() {
    let app = TestApp::start().await;
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let (table, operator, id) = (app.table(), Actor::operator(), jane.user().id);
    let last_event = || own_last_request_line().unwrap()["event"].clone();

    for is_deletion in [false, true] {
        for (case, event) in [
            ("revoked", "grant_revoked"),
            ("access revoked", "grant_revoked"),
            ("code replayed", "code_replayed"),
            ("refresh token replayed", "refresh_token_replayed"),
        ] {
            let code = client.code(&app, &jane.credentials(), "profile_read").await;
            let first = client.redeem(&app, &code).await;
            let next = refresh(&app, &client, first.text("refresh_token")).await;
            let access = next.text("access_token");
            assert_eq!(profile(&app, access).await, 200);
            let past = json!({ "S": TestApp::in_seconds(-60).to_string() });
            set(&app, "SET refresh.spent[0].spentAt = :value", past).await;
            if is_deletion {
                let user = table.user_and(id, ()).await.unwrap().0.unwrap();
                table.begin_user_deletion(&operator, &user).await.unwrap();
            } else {
                table.set_disabled(&operator, id, true).await.unwrap();
            }

            match case {
                "revoked" => {
                    assert_eq!(revoke(&app, &client, next.text("refresh_token")).await.status, 200);
                }
                "access revoked" => assert_eq!(revoke(&app, &client, access).await.status, 200),
                "code replayed" => {
                    assert_error(&client.redeem(&app, &code).await, 400, "invalid_grant");
                }
                _ => {
                    let spent = refresh(&app, &client, first.text("refresh_token")).await;
                    assert_error(&spent, 400, "invalid_grant");
                }
            }

            assert_eq!(last_event(), event, "{case}");
            if is_deletion {
                let blocking = jane.account().parse().unwrap();
                let back = table.take_user_deletion_back(&operator, id, blocking).await;
                assert!(back.unwrap());
            } else {
                table.set_disabled(&operator, id, false).await.unwrap();
            }
            assert_eq!(profile(&app, access).await, 401, "{case}, deletion: {is_deletion}");
            let kept = usize::from(case == "access revoked");
            assert_eq!(app.items_of("grant").await.len(), kept, "{case}");
            revoke(&app, &client, next.text("refresh_token")).await;
        }
    }
}

#[tokio::test]
async fn a_made_up_refresh_token_revokes_nothing() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let real = GrantCredential::parse(GrantTokenKind::Refresh, &tokens.refresh).unwrap();
    let made_up =
        GrantCredential::generate(GrantTokenKind::Refresh, real.owner(), real.grant()).unwrap();

    assert_eq!(revoke(&app, &client, &made_up.reveal()).await.status, 200);

    assert_eq!(profile(&app, &tokens.access).await, 200);
}

#[tokio::test]
async fn an_expired_refresh_token_is_invalid_and_inactive() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let late = json!({ "S": TestApp::in_seconds(-1).to_string() });
    set(&app, "SET expiresAt = :value", late).await;

    assert_error(&refresh(&app, &client, &tokens.refresh).await, 400, "invalid_grant");

    let seen = introspect(&app, &client, &tokens.refresh).await;
    assert_eq!(seen.body, json!({ "active": false }));
}

#[tokio::test]
async fn the_table_keeps_a_grant_until_it_ends_and_notes_its_use() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;

    assert_eq!(profile(&app, &tokens.access).await, 200);

    let grant = app.items_of("grant").await.remove(0);
    let end = grant["expiresAt"]["S"].as_str().unwrap();
    let end: shared::model::Timestamp = end.parse().unwrap();
    assert_eq!(grant["ttl"]["N"], end.as_second().to_string());
    let year = end.as_second() - TestApp::in_seconds(0).as_second();
    assert!((364 * 86_400..=365 * 86_400).contains(&year), "{year}");
    assert!(grant["lastUsedAt"]["S"].as_str().unwrap().ends_with(":00:00Z"), "{grant}");
}

#[tokio::test]
async fn an_access_token_is_accepted_after_bearer_only() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;

    let bare = [("authorization", tokens.access.as_str())];
    let response = app.send("GET", "/api/v1.1/users/janedoe/", &bare, None).await;

    assert_eq!(response.status, 401);
}

#[tokio::test]
async fn a_client_revokes_and_sees_its_own_tokens_only() {
    arranged!(app, client, jane);
    let other = app.new_client(CALLBACK, true).await;
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;

    for token in [&tokens.access, &tokens.refresh, &"x".to_owned(), &jane.token().to_owned()] {
        assert_eq!(revoke(&app, &other, token).await.parts(), (200, &json!({})));
        let seen = introspect(&app, &other, token).await;
        assert_eq!(seen.parts(), (200, &json!({ "active": false })));
    }

    assert_eq!(profile(&app, &tokens.access).await, 200);
    assert_eq!(introspect(&app, &client, &tokens.refresh).await.body["active"], true);
}

#[tokio::test]
async fn introspection_shows_a_client_the_scopes_of_its_token() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "email_read profile_read").await;

    let seen = introspect(&app, &client, &tokens.access).await;

    let issued = seen.body["iat"].as_i64().unwrap();
    assert_eq!(
        seen.parts(),
        (
            200,
            &json!({
                "active": true,
                "client_id": client.id,
                "username": "janedoe",
                "user_id": jane.user().number,
                "scope": "profile_read email_read",
                "token_type": "Bearer",
                "iat": issued,
                "exp": issued + 15_552_000,
            })
        )
    );
    let next = refresh(&app, &client, &tokens.refresh).await;
    assert_eq!(introspect(&app, &client, &tokens.refresh).await.body, json!({ "active": false }));
    let kind = introspect(&app, &client, next.text("refresh_token")).await;
    assert_eq!(kind.text("token_type"), "Bearer");
}

#[tokio::test]
async fn introspection_requires_a_client_with_a_secret() {
    let app = TestApp::start().await;
    let public = app.new_client(CALLBACK, false).await;
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let body = form(&[("client_id", &public.id), ("token", "x")]);

    let seen = app.send("POST", "/api/v1.1/o/introspect/", &headers, Some(&body)).await;

    assert_error(&seen, 401, "invalid_client");
}

#[tokio::test]
async fn a_request_without_a_token_is_invalid_after_client_authentication() {
    arranged!(app, client, _jane);
    let stranger = OAuthClient { secret: "wrong".to_owned(), ..client.clone() };

    for path in ["/api/v1.1/o/revoke_token/", "/api/v1.1/o/introspect/"] {
        for (client, status, code) in
            [(&client, 400, "invalid_request"), (&stranger, 401, "invalid_client")]
        {
            let basic = client.basic();
            let headers = [
                ("authorization", basic.as_str()),
                ("content-type", "application/x-www-form-urlencoded"),
            ];
            assert_error(&app.send("POST", path, &headers, Some("")).await, status, code);
        }
    }
}

#[tokio::test]
async fn an_access_token_changes_the_name_through_hub_alone() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_write").await;
    let bearer = format!("Bearer {}", tokens.access);
    let headers = [("authorization", bearer.as_str())];

    let body = Some(r#"{"first_name":"Mary"}"#);
    let elsewhere = app.send("POST", "/v2/account/data", &headers, body).await;
    let body = Some(r#"{"full_name":"Jane"}"#);
    let hub = app.send("PATCH", "/api/v1.1/users/janedoe/", &headers, body).await;

    let text = "an OAuth access token is accepted by the hub API alone";
    assert_eq!(elsewhere.parts(), (403, &json!({ "success": false, "error": text })));
    let challenge = r#"Bearer realm="rollcall", error="insufficient_scope""#;
    assert_eq!(elsewhere.header("www-authenticate"), Some(challenge));
    assert_eq!((hub.status, hub.text("full_name")), (200, "Jane"));
}
