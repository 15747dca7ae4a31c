//! What clients find out by themselves: the metadata, and who answers them.

use serde_json::json;
use shared::Settings;
use testkit::{ConsentPage, TestApp, parameter};

use super::CALLBACK;

const PATH: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn the_metadata_names_the_issuer_every_endpoint_and_all_that_is_offered() {
    let mut app = TestApp::start().await;
    let own = app.send("GET", PATH, &[("host", "evil.example.com")], None).await;
    let public_url = Some("https://accounts.example.com".parse().unwrap());
    app.configure(Settings { public_url, ..Settings::default() });

    let shown = app.send("GET", PATH, &[], None).await;

    let basic_and_post = ["client_secret_basic", "client_secret_post"];
    let all = ["client_secret_basic", "client_secret_post", "none"];
    let expected = json!({
        "issuer": "https://accounts.example.com",
        "authorization_endpoint": "https://accounts.example.com/api/v1.1/o/authorize/",
        "token_endpoint": "https://accounts.example.com/api/v1.1/o/token/",
        "revocation_endpoint": "https://accounts.example.com/api/v1.1/o/revoke_token/",
        "introspection_endpoint": "https://accounts.example.com/rollcall/v1/introspect",
        "scopes_supported": ["profile_read", "profile_write", "email_read", "email_write"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "token_endpoint_auth_methods_supported": all,
        "revocation_endpoint_auth_methods_supported": all,
        "introspection_endpoint_auth_methods_supported": basic_and_post,
        "authorization_response_iss_parameter_supported": true,
    });
    assert_eq!(shown.parts(), (200, &expected));
    // The domain that the gateway names, whatever the request does.
    let domain = "https://api.example.com";
    assert_eq!(own.text("issuer"), domain);
    for (method, path, status, error) in [
        ("POST", PATH.to_owned(), 405, "method not allowed"),
        ("GET", format!("{PATH}/tenant"), 404, "path not found"),
        ("GET", format!("{PATH}/"), 200, ""),
        ("GET", format!("{PATH}?a=1&a=2"), 400, "invalid request: a: is given more than once"),
    ] {
        let response = app.send(method, &path, &[], None).await;
        assert_eq!(response.status, status, "{method} {path}");
        assert!(status == 200 || response.body == json!({ "error": error }), "{response:?}");
    }
}

#[tokio::test]
async fn every_redirect_says_who_answers_it() {
    let mut app = TestApp::start().await;
    let public_url = Some("https://accounts.example.com".parse().unwrap());
    app.configure(Settings { public_url, ..Settings::default() });
    let client = app.new_client(CALLBACK, true).await;
    let jane = app.person("janedoe").await;
    let shown =
        ConsentPage::open(&app, &client.authorize_path("profile_read"), &jane.credentials()).await;

    for (case, response) in [
        ("a code", shown.decide(&app, "allow").await),
        ("a denial", shown.decide(&app, "deny").await),
        ("an error", app.send("GET", &client.authorize_path("x"), &[], None).await),
    ] {
        let place = response.header("location").unwrap();
        let issuer = parameter(place, "iss");
        assert_eq!(issuer.as_deref(), Some("https://accounts.example.com"), "{case}");
    }
}
