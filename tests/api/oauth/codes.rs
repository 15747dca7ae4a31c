//! Codes: used once, by whom they were meant for.

use futures_util::future::join_all;
use serde_json::json;
use shared::model::{GrantCredential, GrantTokenKind};
use shared::table::{Actor, ClientChange};
use testkit::{ConsentPage, OAuthClient, Person, TestApp, form, parameter};

use super::{CALLBACK, arranged, assert_error, change, profile, set};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The challenge of the verifier (RFC 7636, appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A code that was requested with the challenge.
async fn challenged_code(app: &TestApp, client: &OAuthClient, jane: &Person<'_>) -> String {
    let challenge = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let path = client.authorize_path("profile_read") + &challenge;
    let shown = ConsentPage::open(app, &path, &jane.credentials()).await;
    let response = shown.decide(app, "allow").await;
    parameter(response.header("location").unwrap(), "code").unwrap()
}

fn redeeming<'a>(code: &'a str, verifier: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let mut fields =
        vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    fields
}

#[tokio::test]
async fn a_code_is_exchanged_for_the_documented_response() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read email_read").await;

    let response = client.redeem(&app, &code).await;

    let (access, refresh) = (response.text("access_token"), response.text("refresh_token"));
    assert_eq!(
        response.parts(),
        (
            200,
            &json!({
                "username": "janedoe",
                "user_id": jane.user().number,
                "access_token": access,
                "expires_in": 15_552_000,
                "token_type": "Bearer",
                "scope": "profile_read email_read",
                "refresh_token": refresh,
            })
        )
    );
    assert!(access.starts_with("rca_") && refresh.starts_with("rcr_"), "{access} {refresh}");
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("pragma"), Some("no-cache"));
    assert_eq!(profile(&app, access).await, 200);
}

#[tokio::test]
async fn the_grant_type_may_be_called_code_and_no_scope_means_the_default() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read").replace("&scope=profile_read", "");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let allowed = shown.decide(&app, "allow").await;
    let code = parameter(allowed.header("location").unwrap(), "code").unwrap();

    let response = client
        .token(&app, &[("grant_type", "code"), ("code", &code), ("redirect_uri", CALLBACK)])
        .await;

    assert_eq!((response.status, response.text("scope")), (200, "profile_read email_read"));
}

#[tokio::test]
async fn a_second_use_of_a_code_revokes_what_the_first_one_issued() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let first = client.redeem(&app, &code).await;
    assert_eq!(profile(&app, first.text("access_token")).await, 200);

    let second = client.redeem(&app, &code).await;

    assert_error(&second, 400, "invalid_grant");
    assert_eq!(profile(&app, first.text("access_token")).await, 401);
    let refreshed = super::refresh(&app, &client, first.text("refresh_token")).await;
    assert_error(&refreshed, 400, "invalid_grant");
    assert_eq!(app.items_of("grant").await.len(), 0);
}

#[tokio::test]
async fn of_concurrent_uses_of_a_code_one_succeeds_and_everything_is_revoked() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;

    let responses = join_all((0..8).map(|_| client.redeem(&app, &code))).await;

    let successes = responses.iter().filter(|response| response.status == 200).count();
    assert_eq!(successes, 1, "{responses:?}");
    for rejected in responses.iter().filter(|response| response.status != 200) {
        assert_error(rejected, 400, "invalid_grant");
    }
    assert_eq!(app.items_of("grant").await.len(), 0, "used twice, it is revoked");
}

#[tokio::test]
async fn a_code_is_valid_for_60_seconds() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let stored = app.items_of("grant").await.remove(0);
    let end: shared::model::Timestamp =
        stored["code"]["M"]["expiresAt"]["S"].as_str().unwrap().parse().unwrap();
    assert!((55..=60).contains(&(end.as_second() - TestApp::in_seconds(0).as_second())));
    assert_eq!(stored["ttl"]["N"], end.as_second().to_string(), "the table deletes it");

    let late = json!({ "S": TestApp::in_seconds(-1).to_string() });
    set(&app, "SET code.expiresAt = :value", late).await;

    assert_error(&client.redeem(&app, &code).await, 400, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_its_client_and_redirect_uri_and_stays_valid_for_them() {
    arranged!(app, client, jane);
    let other = app.new_client(CALLBACK, true).await;
    let code = client.code(&app, &jane.credentials(), "profile_read").await;

    assert_error(&other.redeem(&app, &code).await, 400, "invalid_grant");
    let elsewhere = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "https://client.example.com/callback/"),
    ];
    assert_error(&client.token(&app, &elsewhere).await, 400, "invalid_grant");
    for wrong in ["x", "rco_x", &format!("{code}x"), &code.replace("rco_", "rca_")] {
        assert_error(&client.redeem(&app, wrong).await, 400, "invalid_grant");
    }
    assert_eq!(client.redeem(&app, &code).await.status, 200);
}

#[tokio::test]
async fn a_redirect_uri_that_is_left_out_is_the_first_registered_and_not_demanded_later() {
    arranged!(app, client, jane);
    let named = client.authorize_path("profile_read") + "&prompt=consent";
    let unnamed = named.replace(&form(&[("redirect_uri", CALLBACK)]), "redirect_uri=");
    assert_ne!(named, unnamed);
    let elsewhere = "https://client.example.com/callback/";

    for (path, redirect_uri, status) in [
        (&unnamed, None, 200),
        (&unnamed, Some(CALLBACK), 200),
        (&unnamed, Some(elsewhere), 400),
        (&named, None, 400),
        (&named, Some(""), 400),
    ] {
        let shown = ConsentPage::open(&app, path, &jane.credentials()).await;
        let allowed = shown.decide(&app, "allow").await;
        let place = allowed.header("location").unwrap();
        assert!(place.starts_with(&format!("{CALLBACK}?code=")), "{place}");
        let code = parameter(place, "code").unwrap();
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
        fields.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        let response = client.token(&app, &fields).await;
        assert_eq!(response.status, status, "{path} {redirect_uri:?}: {response:?}");
        assert!(status == 200 || response.text("error") == "invalid_grant", "{response:?}");
    }
}

#[tokio::test]
async fn a_made_up_code_of_a_real_grant_is_invalid() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let real = GrantCredential::parse(GrantTokenKind::Code, &code).unwrap();
    let made_up =
        GrantCredential::generate(GrantTokenKind::Code, real.owner(), real.grant()).unwrap();

    assert_error(&client.redeem(&app, &made_up.reveal()).await, 400, "invalid_grant");

    assert_eq!(client.redeem(&app, &code).await.status, 200);
}

#[tokio::test]
async fn a_code_is_invalid_if_the_password_changes_while_it_is_used() {
    arranged!(app, client, jane);
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    app.proxy().before("TransactWriteItems", app.changing_password(&jane));

    assert_error(&client.redeem(&app, &code).await, 400, "invalid_grant");

    assert_eq!(app.proxy().faults_left(), 0);
}

#[tokio::test]
async fn a_code_with_a_challenge_accepts_only_its_verifier() {
    arranged!(app, client, jane);
    let code = challenged_code(&app, &client, &jane).await;

    let long = "x".repeat(129);
    for (verifier, error) in [
        (None, "invalid_grant"),
        (Some(""), "invalid_grant"),
        (Some(CHALLENGE), "invalid_grant"),
        (Some("x"), "invalid_request"),
        (Some(&long), "invalid_request"),
        (Some(&VERIFIER.replace('-', "+")), "invalid_request"),
    ] {
        let response = client.token(&app, &redeeming(&code, verifier)).await;
        assert_error(&response, 400, error);
    }
    assert_eq!(client.token(&app, &redeeming(&code, Some(VERIFIER))).await.status, 200);
    let plain = client.code(&app, &jane.credentials(), "profile_read").await;
    let response = client.token(&app, &redeeming(&plain, Some(VERIFIER))).await;
    assert_error(&response, 400, "invalid_grant");
}

#[tokio::test]
async fn a_verifier_of_fewer_than_43_characters_is_refused_though_it_is_the_challenges() {
    arranged!(app, client, jane);
    // The S256 of `x`.
    let challenge = "LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE";
    let path = client.authorize_path("profile_read")
        + &format!("&code_challenge={challenge}&code_challenge_method=S256");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;
    let allowed = shown.decide(&app, "allow").await;
    let code = parameter(allowed.header("location").unwrap(), "code").unwrap();

    let response = client.token(&app, &redeeming(&code, Some("x"))).await;

    assert_error(&response, 400, "invalid_request");
    assert!(response.text("error_description").contains("code_verifier"), "{response:?}");
}

#[tokio::test]
async fn a_client_that_must_use_pkce_gets_no_code_without_a_challenge() {
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    let shown = ConsentPage::open(&app, &path, &jane.credentials()).await;

    change(&app, &client, ClientChange { requires_pkce: Some(true), ..ClientChange::default() })
        .await;

    let asked = app.send("GET", &path, &[], None).await;
    let decided = shown.decide(&app, "allow").await;
    for response in [asked, decided] {
        let place = response.header("location").unwrap();
        assert_eq!(parameter(place, "error").as_deref(), Some("invalid_request"), "{place}");
        assert_eq!(parameter(place, "code"), None);
    }
    let code = challenged_code(&app, &client, &jane).await;
    assert_eq!(client.token(&app, &redeeming(&code, Some(VERIFIER))).await.status, 200);
}

#[tokio::test]
async fn no_code_is_issued_to_a_client_that_is_changed_meanwhile_as_it_was_before() {
    arranged!(app, client, jane);
    let shown =
        ConsentPage::open(&app, &client.authorize_path("profile_read"), &jane.credentials()).await;
    let key = json!({ "S": format!("CLIENT#{}", client.id) });
    let change = app.engine_later(
        "UpdateItem",
        json!({
            "Key": { "pk": key, "sk": { "S": "CLIENT" } },
            "UpdateExpression": "SET requiresPkce = :yes ADD #version :one",
            "ExpressionAttributeNames": { "#version": "version" },
            "ExpressionAttributeValues": { ":yes": { "BOOL": true }, ":one": { "N": "1" } },
        }),
    );
    app.proxy().before("TransactWriteItems", change);

    let decided = shown.decide(&app, "allow").await;

    let place = decided.header("location").unwrap();
    assert_eq!(parameter(place, "error").as_deref(), Some("invalid_request"), "{place}");
    assert_eq!((app.items_of("grant").await.len(), app.proxy().faults_left()), (0, 0));
}

#[tokio::test]
async fn a_client_without_a_secret_gets_tokens_by_its_verifier() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let public = app.new_client(CALLBACK, false).await;
    let code = challenged_code(&app, &public, &jane).await;
    let mut fields = redeeming(&code, Some(VERIFIER));
    fields.push(("client_id", &public.id));
    let headers = [("content-type", "application/x-www-form-urlencoded")];

    let body = testkit::form(&fields);
    let response = app.send("POST", "/api/v1.1/o/token/", &headers, Some(&body)).await;

    assert_eq!(response.status, 200, "{response:?}");
    let body = testkit::form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", response.text("refresh_token")),
        ("client_id", &public.id),
    ]);
    let next = app.send("POST", "/api/v1.1/o/token/", &headers, Some(&body)).await;
    assert_eq!(next.status, 200, "{next:?}");
}

#[tokio::test]
async fn a_code_of_a_user_who_is_disabled_or_changed_the_password_is_invalid() {
    arranged!(app, client, jane);
    let john = app.person("johnroe").await;
    let codes = [
        client.code(&app, &jane.credentials(), "profile_read").await,
        client.code(&app, &john.credentials(), "profile_read").await,
    ];

    app.table().set_disabled(&Actor::operator(), jane.user().id, true).await.unwrap();
    app.changing_password(&john).await;

    for code in codes {
        assert_error(&client.redeem(&app, &code).await, 400, "invalid_grant");
    }
}
