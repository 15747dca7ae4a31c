//! Tokens: which are taken, and how soon they stop.

use serde_json::json;
use shared::model::TokenKind;
use shared::table::Actor;
use testkit::{Fault, TestApp};

#[tokio::test]
async fn a_token_is_accepted_bare_and_after_bearer() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for value in [
        jane.token().to_owned(),
        format!("Bearer {}", jane.token()),
        format!("bearer {}", jane.token()),
    ] {
        assert_eq!(
            app.send("GET", "/v1/accounts", &[("authorization", &value)], None).await.status,
            200,
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_malformed_token_of_any_length_is_rejected_without_a_read() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let token = jane.token();
    let last = if token.ends_with('A') { "B" } else { "A" };
    let mistyped = format!("{}{last}", &token[..token.len() - 1]);
    app.proxy().record();

    for value in [
        "",
        " ",
        "rcu_",
        "Bearer",
        "Bearer ",
        "Bearer rcu_",
        "Basic amFuZTpkb2U=",
        "Digest x",
        "rcu_YOUR_TOKEN",
        "rca_x",
        "x",
        "é",
        &mistyped,
        &token[..token.len() - 1],
        &format!("{token}x"),
        &format!("{token} {token}"),
        &format!("{token},{token}"),
        &token.to_uppercase(),
        "r",
        &"rcu_".repeat(2_000),
        &format!("rcu_{}", "A".repeat(64)),
        &format!("rcu_{}", "A".repeat(8_000)),
    ] {
        let response = app.send("GET", "/v1/accounts", &[("authorization", value)], None).await;
        assert_eq!(response.status, 401, "{value}");
        assert!(response.header("www-authenticate").unwrap().starts_with("Bearer"), "{value}");
    }
    assert_eq!(app.proxy().calls(), []);
}

#[tokio::test]
async fn a_revoked_token_is_rejected_at_once_like_one_that_never_existed() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let other = jane.with_token(jane.new_token(TokenKind::User, None, None).await);
    let credential: shared::model::TokenCredential = jane.token().parse().unwrap();
    assert_eq!(jane.send("GET", "/v1/accounts").await.status, 200);

    app.table()
        .delete_token(&Actor::operator(), credential.owner(), credential.id())
        .commit()
        .await
        .unwrap();

    let revoked = jane.send("GET", "/v1/accounts").await;
    let stranger = shared::model::TokenCredential::generate(
        TokenKind::User,
        shared::model::UserId::generate(),
    )
    .unwrap();
    assert_eq!(revoked, jane.with_token(stranger.reveal()).send("GET", "/v1/accounts").await);
    assert_eq!(revoked.parts(), (401, &json!({ "error": "the credential is not valid" })));
    assert_eq!(other.send("GET", "/v1/accounts").await.status, 200);
}

#[tokio::test]
async fn an_expired_token_is_rejected_even_while_the_table_still_has_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let valid = jane.new_token(TokenKind::User, None, Some(TestApp::in_seconds(60))).await;
    let expired = jane.new_token(TokenKind::User, None, Some(TestApp::in_seconds(-1))).await;

    assert_eq!(jane.with_token(expired).send("GET", "/v1/accounts").await.status, 401);
    assert_eq!(jane.with_token(valid).send("GET", "/v1/accounts").await.status, 200);
    let ends: Vec<_> = app
        .items()
        .await
        .into_iter()
        .filter(|item| item["type"]["S"] == "token")
        .map(|item| item["ttl"]["N"].clone())
        .collect();
    assert_eq!(
        ends.iter().filter(|end| end.is_string()).count(),
        2,
        "the table deletes what expires: {ends:?}"
    );
}

#[tokio::test]
async fn a_token_with_the_right_ids_and_a_wrong_secret_is_rejected() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let john = app.person("johnroe").await;
    let mut token = app
        .items()
        .await
        .into_iter()
        .find(|item| {
            item["type"]["S"] == "token" && item["user"]["S"] == jane.user().id.to_string()
        })
        .unwrap();
    token["secretHash"] = json!({ "S": "00".repeat(32) });
    app.engine("PutItem", json!({ "Item": token })).await;

    assert_eq!(jane.send("GET", "/v1/accounts").await.status, 401);
    assert_eq!(john.send("GET", "/v1/accounts").await.status, 200);
}

#[tokio::test]
async fn a_disabled_or_deleted_user_is_rejected_with_the_next_request() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);

    app.set(&jane, "disabled", json!({ "BOOL": true })).await;
    app.engine("DeleteItem", json!({ "Key": john.key() })).await;

    assert_eq!(jane.send("GET", "/v1/accounts").await.status, 401);
    assert_eq!(john.send("GET", "/v1/accounts").await.status, 401);
}

#[tokio::test]
async fn the_table_contains_no_usable_token() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let secret = &jane.token()["rcu_".len()..];

    let everything = serde_json::to_string(&app.items().await).unwrap();

    assert!(!everything.contains(&secret[40..]), "the part of the token that holds the secret");
}

#[tokio::test]
async fn a_last_use_that_cannot_be_noted_is_ignored_and_never_restores_a_token() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let fresh = jane.with_token(jane.new_token(TokenKind::User, None, None).await);

    app.proxy().disturb("UpdateItem", Fault::THROTTLED);
    assert_eq!(fresh.send("GET", "/v1/accounts").await.status, 200);
    assert_eq!(app.proxy().faults_left(), 0);

    let credential: shared::model::TokenCredential = fresh.token().parse().unwrap();
    let kept = shared::table::CredentialKey::Token(credential.id());
    let (kept, ..) = app.table().fetch_with_credential(credential.owner(), kept, ()).await.unwrap();
    let shared::table::StoredCredential::Token(Some(mut stored)) = kept else { panic!("{kept:?}") };
    app.table()
        .delete_token(&Actor::operator(), credential.owner(), credential.id())
        .commit()
        .await
        .unwrap();
    let revoked = app.items().await;
    app.table().touch_token(&mut stored, TestApp::in_seconds(0)).await;
    assert_eq!(app.items().await, revoked);
}

#[tokio::test]
async fn an_environment_token_rewritten_as_a_user_token_is_rejected() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let token = jane.new_token(TokenKind::Environment, None, None).await;
    // The checksum is no secret: anybody can compute it.
    let forged =
        token.parse::<shared::model::TokenCredential>().unwrap().as_kind(TokenKind::User).reveal();

    assert!(forged.starts_with("rcu_"));
    assert_eq!(jane.with_token(forged).send("GET", "/v1/accounts").await.status, 401);
}
