//! Making tokens, registering clients.

use serde_json::{Value, json};
use shared::model::{Scope, TokenCredential};

use crate::stage::{ALL_SCOPES, Stage, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_printed_once_and_only_its_hash_is_stored() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let id = text(&made, "id");

    let all = stage.done(&["create-token", "--user", id, "--name", " all "]);
    let some = stage.done(&[
        "create-token",
        "--user",
        "janedoe",
        "--name",
        "some",
        "--kind",
        "environment",
        "--scope",
        "email_read",
        "--scope",
        "profile_read",
        "--expires-at",
        "2100-01-01T00:00:00Z",
    ]);

    let (all_kept, some_kept) =
        (stage.token(&all).await.unwrap(), stage.token(&some).await.unwrap());
    assert_eq!(
        all,
        json!({ "id": all_kept.id, "token": all["token"], "userId": id, "kind": "user", "name": "all" })
    );
    assert_eq!((all_kept.scopes.as_ref(), all_kept.expires_at), (None, None));
    assert_eq!(
        some,
        json!({
            "id": some_kept.id,
            "token": some["token"],
            "userId": id,
            "kind": "environment",
            "name": "some",
            "scopes": ["profile_read", "email_read"],
            "expiresAt": "2100-01-01T00:00:00.000Z",
        })
    );
    assert_eq!(some_kept.scopes, Some([Scope::ProfileRead, Scope::EmailRead].into()));
    for (made, stored) in [(&all, &all_kept), (&some, &some_kept)] {
        let token = text(made, "token");
        assert!(token.parse::<TokenCredential>().unwrap().matches(&stored.secret_hash));
        // The last 26 characters hold most of the secret and the checksum.
        assert!(!stage.items().await.contains(&token[token.len() - 26..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_needs_an_existing_enabled_user_and_a_future_expiry() {
    let stage = Stage::new().await;
    stage.jane();
    let token = |user: &'static str| ["create-token", "--user", user, "--name", "x"];

    for nobody in ["johnroe", "john@example.com", "01a20047-bff6-70ba-b3c6-bab4b4b3a41c"] {
        assert_eq!(
            stage.rejected(&token(nobody), "").await,
            format!("error: no user {nobody}: `rollcall list-users` lists them all\n")
        );
    }
    for (wrong, problem) in [
        (["--expires-at", "2020-01-01T00:00:00Z"], "must be in the future"),
        (["--scope", "nix"], "must be one of account_read, account_write, profile_read"),
    ] {
        let output = stage.run(&[&token("janedoe")[..], &wrong].concat(), "");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(problem), "{error}");
    }
    stage.done(&["disable-user", "--user", "janedoe"]);
    let disabled = stage.rejected(&token("janedoe"), "").await;
    assert!(disabled.starts_with("error: the user is disabled: "), "{disabled}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_secret_stored_as_a_hash_and_a_public_one_gets_none() {
    let stage = Stage::new().await;
    let uris = ["https://example.com/callback", "com.example.app:/callback"];
    let register = [
        "register-client",
        "--name",
        "Reader",
        "--redirect-uri",
        uris[0],
        "--redirect-uri",
        uris[1],
    ];

    let registered = stage.done(&register);
    let public = stage.done(&[&register[..], &["--public"]].concat());

    let (id, secret) = (text(&registered, "client_id"), text(&registered, "client_secret"));
    assert_eq!(
        registered,
        json!({
            "client_id": id, "client_secret": secret, "name": "Reader", "redirect_uris": uris,
            "require_pkce": false, "scopes": ALL_SCOPES,
        })
    );
    let stored = stage.table.client(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(
        (stored.name.as_str(), &stored.redirect_uris[..]),
        ("Reader", &uris.map(str::to_owned)[..])
    );
    assert!(stored.secret_hash.as_ref().unwrap().matches(secret.as_bytes()));
    assert!(secret.starts_with("rcs_") && !stage.items().await.contains(&secret[4..]));
    assert!(public.get("client_secret").is_none() && public["require_pkce"] == true, "{public}");
    let public = stage.table.client(text(&public, "client_id").parse().unwrap()).await.unwrap();
    assert!(public.unwrap().secret_hash.is_none());
    let wrong = ["register-client", "--name", "x", "--redirect-uri", "javascript:alert(1)"];
    assert_eq!(stage.run(&wrong, "").status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn port_0_of_a_redirect_uri_means_any_port_and_is_for_public_clients_alone() {
    let stage = Stage::new().await;
    let at = |uri: &'static str| ["register-client", "--name", "App", "--redirect-uri", uri];

    for uri in ["http://127.0.0.1:0/callback", "http://[::1]:0/callback"] {
        let public = stage.done(&[&at(uri)[..], &["--public"]].concat());
        assert_eq!(public["redirect_uris"], json!([uri]));
        let rejected = stage.rejected(&at(uri), "").await;
        let problem = "error: a redirect URI at port 0, which means any port, is for clients";
        assert!(rejected.starts_with(problem), "{rejected}");
    }
    for uri in ["https://example.com:0/", "http://localhost:0/callback"] {
        for options in [&["--public"][..], &[]] {
            let status = stage.run(&[&at(uri)[..], options].concat(), "").status;
            assert_eq!(status.code(), Some(2), "{uri} {options:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_at_most_20_redirect_uris() {
    let stage = Stage::new().await;
    let uris: Vec<String> =
        (0..21).map(|number| format!("https://example.com/{number:0>1980}")).collect();
    let register = |count: usize| {
        let uris = uris[..count].iter().flat_map(|uri| ["--redirect-uri", uri.as_str()]);
        ["register-client", "--name", "App"].into_iter().chain(uris).collect::<Vec<_>>()
    };

    let rejected = stage.rejected(&register(21), "").await;

    assert_eq!(rejected, "error: a client can have at most 20 redirect URIs\n");
    let registered = stage.done(&register(20));
    assert_eq!(registered["redirect_uris"].as_array().unwrap().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_a_list_of_scopes_and_must_use_pkce_as_the_operator_says() {
    let stage = Stage::new().await;
    let register = ["register-client", "--name", "App", "--redirect-uri", "https://example.com/"];
    let limited = ["--require-pkce", "--scope", "profile_read", "--scope", "email_read"];
    let facts = |client: &Value| (client["require_pkce"].clone(), client["scopes"].clone());

    let registered = stage.done(&[&register[..], &limited].concat());

    assert_eq!(facts(&registered), (json!(true), json!(["profile_read", "email_read"])));
    let id = text(&registered, "client_id");
    let set = |options: &[&str]| stage.done(&[&["set-client", "--client", id], options].concat());
    let changed = set(&["--scope", "email_write"]);
    assert_eq!(changed, json!({ "client_id": id, "scopes": ["email_write"] }));
    assert_eq!(facts(&stage.done(&["list-clients"])), (json!(true), json!(["email_write"])));
    set(&["--require-pkce", "off", "--scope", "profile_write"]);
    assert_eq!(facts(&stage.done(&["list-clients"])), (json!(false), json!(["profile_write"])));
    for wrong in [&["--scope", "account_read"][..], &["--scope", ""], &["--require-pkce", "x"], &[]]
    {
        let options = [&["set-client", "--client", id], wrong].concat();
        assert_eq!(stage.run(&options, "").status.code(), Some(2), "{wrong:?}");
    }
    let nothing = stage.run(&["set-client", "--client", id], "");
    let error = String::from_utf8(nothing.stderr).unwrap();
    assert!(error.contains("<--require-pkce <STATE>|--scope <SCOPE>>"), "{error}");
    let public = stage.done(&[&register[..], &["--public"]].concat());
    let without = ["set-client", "--client", text(&public, "client_id"), "--require-pkce", "off"];
    let rejected = stage.rejected(&without, "").await;
    assert!(rejected.starts_with("error: a client without a secret must use PKCE"), "{rejected}");
    let unknown = ["set-client", "--client", "000000000000000000000000", "--require-pkce", "on"];
    assert!(stage.rejected(&unknown, "").await.starts_with("error: client not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_of_a_client_last_as_many_days_as_the_operator_says_up_to_365() {
    let stage = Stage::new().await;
    let register = ["register-client", "--name", "Brief", "--redirect-uri", "https://example.com/"];
    let with_days = |days: &'static str| [&register[..], &["--grant-days", days]].concat();

    let registered = stage.done(&with_days("30"));

    assert_eq!(registered["grant_days"], 30);
    let id = text(&registered, "client_id").parse().unwrap();
    assert_eq!(stage.table.client(id).await.unwrap().unwrap().grant_days, Some(30));
    for wrong in ["0", "366", "-1", "x"] {
        assert_eq!(stage.run(&with_days(wrong), "").status.code(), Some(2), "{wrong}");
    }
}
