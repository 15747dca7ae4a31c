//! What was allowed before is not asked again.

use std::collections::BTreeSet;

use serde_json::json;
use shared::limits::MAX_GRANTS_PER_CLIENT;
use shared::model::{Client, Scope};
use shared::table::{Actor, ClientChange, NewGrant, fetch};
use testkit::{ConsentPage, OAuthClient, Person, Service, TestApp, grant_id, parameter};

use super::{CALLBACK, arranged, change, profile, revoke};

const CHALLENGE: &str = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
                         &code_challenge_method=S256";

/// What comes of a request in a session: a code, an error, or nothing of a page.
async fn outcome(app: &TestApp, path: &str, cookie: &str) -> Option<String> {
    let response = app.send("GET", path, &[("cookie", cookie)], None).await;
    if response.status == 200 {
        assert!(response.body.as_str().unwrap().contains("<h1><bdi>Allow "), "{response:?}");
        return None;
    }
    let place = response.header("location").unwrap_or_else(|| panic!("{response:?}"));
    assert!(!place.starts_with('/'), "{place}");
    let is_code = parameter(place, "code").is_some();
    if is_code { Some("code".to_owned()) } else { parameter(place, "error") }
}

/// Whether a request leads to a code at once.
async fn is_remembered(app: &TestApp, path: &str, cookie: &str) -> bool {
    match outcome(app, path, cookie).await.as_deref() {
        Some("code") => true,
        None => false,
        Some(error) => panic!("{error}"),
    }
}

async fn allow(app: &TestApp, path: &str, cookie: &str) {
    let allowed = ConsentPage::open_in(app, path, cookie).await.decide(app, "allow").await;
    assert!(parameter(allowed.header("location").unwrap(), "code").is_some(), "{allowed:?}");
}

#[tokio::test]
async fn the_same_or_fewer_scopes_are_not_asked_again_and_the_code_works() {
    arranged!(app, client, jane);
    let cookie = app.session(&jane.credentials()).await;
    let path = |scope: &str| client.authorize_path(scope);
    allow(&app, &path("profile_read email_read"), &cookie).await;

    for (scope, expected) in [
        ("profile_read email_read", true),
        ("email_read", true),
        ("", true),
        ("profile_read email_read email_write", false),
        ("email_write", false),
    ] {
        assert_eq!(is_remembered(&app, &path(scope), &cookie).await, expected, "{scope}");
    }
    // In every session of the user.
    let tokens = client.tokens(&app, &jane.credentials(), "email_read profile_read").await;
    assert_eq!(profile(&app, &tokens.access).await, 200);
    // Scopes of two grants are not added up.
    allow(&app, &path("email_write"), &cookie).await;
    assert!(!is_remembered(&app, &path("email_read email_write"), &cookie).await);
    let john = app.person("johnroe").await;
    let cookie = app.session(&john.credentials()).await;
    assert!(!is_remembered(&app, &path("profile_read"), &cookie).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_asks_for_the_page_is_asked_again() {
    arranged!(app, client, jane);
    let cookie = app.session(&jane.credentials()).await;
    let path = client.authorize_path("profile_read");
    allow(&app, &path, &cookie).await;

    for (prompt, expected) in [
        ("&prompt=consent", false),
        ("&prompt=select_account", false),
        ("&prompt=select_account consent", false),
        ("&prompt=", true),
        ("&prompt=none", true),
        ("&max_age=900", true),
    ] {
        let path = format!("{path}{}", prompt.replace(' ', "%20"));
        assert_eq!(is_remembered(&app, &path, &cookie).await, expected, "{prompt}");
    }
}

#[tokio::test]
async fn a_client_that_nothing_tells_from_another_program_is_always_asked() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let cookie = app.session(&jane.credentials()).await;
    let local = "http://127.0.0.1:9010/callback";

    for (redirect_uri, has_secret, expected) in [
        (CALLBACK, true, true),
        (CALLBACK, false, true),
        (local, true, true),
        (local, false, false),
        ("com.example.app:/callback", true, true),
        ("com.example.app:/callback", false, false),
    ] {
        let client = app.new_client(redirect_uri, has_secret).await;
        let path = client.authorize_path("profile_read") + CHALLENGE;
        allow(&app, &path, &cookie).await;
        let case = format!("{redirect_uri} {has_secret}");
        assert_eq!(is_remembered(&app, &path, &cookie).await, expected, "{case}");
        let silent = outcome(&app, &format!("{path}&prompt=none"), &cookie).await;
        let result = if expected { "code" } else { "consent_required" };
        assert_eq!(silent.as_deref(), Some(result), "{case}");
    }
}

/// Sets when every grant ends.
async fn set_ends(app: &TestApp, end: &str) {
    for mut grant in app.items_of("grant").await {
        grant["expiresAt"] = json!({ "S": end });
        app.engine("PutItem", json!({ "Item": grant })).await;
    }
}

#[tokio::test]
async fn what_is_not_asked_again_ends_when_what_the_user_allowed_does() {
    arranged!(app, client, jane);
    let cookie = app.session(&jane.credentials()).await;
    let path = client.authorize_path("profile_read");
    let ends = async || -> Vec<String> {
        let grants = app.items_of("grant").await;
        grants.iter().map(|grant| grant["expiresAt"]["S"].as_str().unwrap().to_owned()).collect()
    };
    allow(&app, &path, &cookie).await;
    let end = TestApp::in_seconds(3600).to_string();
    set_ends(&app, &end).await;

    for _ in 0..2 {
        assert!(is_remembered(&app, &path, &cookie).await);
    }

    assert_eq!(ends().await, [&*end; 3]);
    // What is allowed anew lasts longer, and so does what rests on it.
    allow(&app, &format!("{path}&prompt=consent"), &cookie).await;
    assert!(is_remembered(&app, &path, &cookie).await);
    let longer: Vec<_> = ends().await.into_iter().filter(|own| *own != end).collect();
    assert!(longer.len() == 2 && longer[0] == longer[1], "{longer:?}");
    set_ends(&app, &TestApp::in_seconds(-1).to_string()).await;
    assert!(!is_remembered(&app, &path, &cookie).await);
}

/// How what was allowed comes to an end.
async fn end(app: &TestApp, client: &OAuthClient, refresh: &str, way: &str) {
    let (operator, id) = (Actor::operator(), client.id.parse().unwrap());
    match way {
        "revoked by the client" => {
            assert_eq!(revoke(app, client, refresh).await.status, 200);
        }
        "all grants to the client revoked" => {
            app.table().revoke_grants_to(&operator, id).await.unwrap();
        }
        "a scope taken from the client and given back" => {
            for scopes in [vec![Scope::EmailRead], Client::GRANTABLE.to_vec()] {
                let scopes = Some(scopes.into_iter().collect());
                change(app, client, ClientChange { scopes, ..ClientChange::default() }).await;
            }
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_was_revoked_or_has_ended_is_asked_again() {
    for way in [
        "revoked by the client",
        "all grants to the client revoked",
        "a scope taken from the client and given back",
    ] {
        arranged!(app, client, jane);
        let path = client.authorize_path("profile_read");
        let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
        let cookie = app.session(&jane.credentials()).await;

        end(&app, &client, &tokens.refresh, way).await;

        assert!(!is_remembered(&app, &path, &cookie).await, "{way}");
    }
    // A code that nobody redeemed, after its end.
    arranged!(app, client, jane);
    let path = client.authorize_path("profile_read");
    client.code(&app, &jane.credentials(), "profile_read").await;
    let late = json!({ "S": TestApp::in_seconds(-1).to_string() });
    super::set(&app, "SET code.expiresAt = :value", late).await;
    let cookie = app.session(&jane.credentials()).await;
    assert!(!is_remembered(&app, &path, &cookie).await);
}

#[tokio::test]
async fn once_what_was_allowed_is_revoked_what_came_without_asking_brings_no_more() {
    arranged!(app, client, jane);
    let cookie = app.session(&jane.credentials()).await;
    let path = client.authorize_path("profile_read");
    let allowed = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let unasked = client.tokens(&app, &jane.credentials(), "profile_read").await;

    let grant = format!("/rollcall/v1/grants/{}", grant_id(&allowed.access));
    assert_eq!(jane.send("DELETE", &grant).await.status, 204);

    assert!(!is_remembered(&app, &path, &cookie).await);
    // It goes on by itself.
    assert_eq!(profile(&app, &allowed.access).await, 401);
    assert_eq!(profile(&app, &unasked.access).await, 200);
}

#[tokio::test]
async fn what_was_allowed_is_remembered_when_further_grants_take_its_place() {
    arranged!(app, client, jane);
    let cookie = app.session(&jane.credentials()).await;
    let path = client.authorize_path("profile_read");
    allow(&app, &path, &cookie).await;

    for _ in 0..2 * MAX_GRANTS_PER_CLIENT {
        assert!(is_remembered(&app, &path, &cookie).await);
    }
}

/// Another request for what the user allowed gets its code before the next read of the grants.
fn go_on_before_grants_are_read(app: &TestApp, client: &OAuthClient, jane: &Person<'_>) {
    let (others, user, id) = (app.others(), jane.user().id, client.id.parse().unwrap());
    // The first read is that of the session, with the counts.
    app.proxy().before("BatchGetItem", async {});
    app.proxy().before("BatchGetItem", async move {
        let (user, counts) = others.user_and(user, fetch::counts()).await.unwrap();
        let (user, client) = (user.unwrap(), others.client(id).await.unwrap().unwrap());
        let (counts, scopes) = (counts.as_ref(), BTreeSet::from([Scope::ProfileRead]));
        let allowing = others.allowing_grant(&user, counts, &client, &scopes).await.unwrap();
        assert!(allowing.is_some());
        let new = NewGrant {
            client: &client,
            scopes,
            redirect_uri: CALLBACK.to_owned(),
            names_redirect_uri: true,
            challenge: None,
            rests_on: allowing.as_ref(),
        };
        let write = others.create_grant(&Actor::operator(), &user, counts, new).await.unwrap();
        write.commit().await.unwrap();
    });
}

#[tokio::test]
async fn what_was_allowed_is_not_asked_when_its_place_is_taken_between_two_reads() {
    for prompt in ["", "&prompt=none"] {
        arranged!(app, client, jane);
        let cookie = app.session(&jane.credentials()).await;
        let path = client.authorize_path("profile_read");
        allow(&app, &path, &cookie).await;
        let allowed = app.items_of("grant").await.remove(0);
        for _ in 1..MAX_GRANTS_PER_CLIENT {
            assert!(is_remembered(&app, &path, &cookie).await);
        }
        go_on_before_grants_are_read(&app, &client, &jane);

        let outcome = outcome(&app, &format!("{path}{prompt}"), &cookie).await;

        assert_eq!((outcome.as_deref(), app.proxy().faults_left()), (Some("code"), 0), "{prompt}");
        let grants = app.items_of("grant").await;
        assert!(grants.iter().all(|grant| grant["sk"] != allowed["sk"]), "{grants:?}");
        assert_eq!(grants.len(), MAX_GRANTS_PER_CLIENT);
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn what_is_revoked_meanwhile_is_asked_again() {
    arranged!(app, client, jane);
    let tokens = client.tokens(&app, &jane.credentials(), "profile_read").await;
    let cookie = app.session(&jane.credentials()).await;
    let key = json!({
        "pk": { "S": format!("USER#{}", jane.user().id) },
        "sk": { "S": format!("GRANT#{}", grant_id(&tokens.access)) },
    });
    let revocation = app.engine_later("DeleteItem", json!({ "Key": key }));
    app.proxy().before("TransactWriteItems", revocation);

    assert!(!is_remembered(&app, &client.authorize_path("profile_read"), &cookie).await);

    assert_eq!((app.items_of("grant").await.len(), app.proxy().faults_left()), (0, 0));
}
