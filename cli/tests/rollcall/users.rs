//! Making users, resetting their passwords, disabling them.

use serde_json::json;
use shared::model::{GrantCredential, GrantTokenKind, Scope, User};
use shared::table::{Actor, CredentialKey, NewGrant, Stored, StoredCredential, fetch};

use crate::stage::{Stage, text};

const PASSWORD: &str = " correct horse ü";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_has_an_account_and_a_password_that_is_printed_once_and_never_stored() {
    let stage = Stage::new().await;

    let made = stage.done(&[
        "create-user",
        "--username",
        "JaneDoe",
        "--email",
        "Jane.Doe@example.com",
        "--full-name",
        "Jane Doe",
        "--verified",
    ]);

    let user = stage.user(&made["id"]).await;
    let password = text(&made, "password");
    assert_eq!(
        made,
        json!({
            "id": user.id,
            "number": user.number,
            "username": "janedoe",
            "email": "Jane.Doe@example.com",
            "accountId": user.current_account.unwrap(),
            "password": password,
        })
    );
    assert_eq!((user.full_name.as_str(), user.disabled), ("Jane Doe", false));
    let email = stage.table.emails(user.id).await.unwrap().remove(0);
    assert!(email.verified && user.has_proved(&email));
    assert!(password.len() >= 24 && !stage.items().await.contains(password));
    assert!(stage.signs_in(&made["id"], password).await);
    assert!(!stage.signs_in(&made["id"], "correct horse").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_from_standard_input_is_used_unchanged_and_not_printed() {
    let stage = Stage::new().await;
    let new = |name: &str, password: &str| {
        let email = format!("{name}@example.com");
        let new = ["create-user", "--username", name, "--email", &email, "--password-stdin"];
        stage.run(&new, password)
    };

    let made = Stage::printed(&new("janedoe", &format!("{PASSWORD}\n")));

    assert!(made.get("password").is_none(), "{made}");
    assert!(stage.signs_in(&made["id"], PASSWORD).await);
    assert!(!stage.user(&made["id"]).await.password_hash.as_deref().unwrap().contains(PASSWORD));
    let before = stage.items().await;
    for (weak, problem) in [
        ("", "error: the password must be at least 8 characters long\n"),
        ("seven77\n", "error: the password must be at least 8 characters long\n"),
        ("PassWord\n", "error: the password is one of the most common passwords\n"),
        ("JohnRoe-7\n", "error: the password must not be the username\n"),
        (&"x".repeat(100_000), "error: the password must be at most 256 characters long\n"),
    ] {
        let output = new("johnroe", weak);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), problem);
    }
    assert_eq!(stage.items().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_or_address_is_rejected_and_changes_nothing() {
    let stage = Stage::new().await;
    stage.jane();

    for (username, email, problem) in [
        ("janedoe", "other@example.com", "error: the username is taken: "),
        ("other", "JANE.DOE@example.com", "error: the e-mail address is taken: "),
    ] {
        let again = ["create-user", "--username", username, "--email", email];
        let rejected = stage.rejected(&again, "").await;
        assert!(rejected.starts_with(problem), "{rejected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_the_operator_vouches_for_is_taken_from_who_has_not_proved_it() {
    let stage = Stage::new().await;
    let (jane, address) = (stage.jane(), "Jane.Doe@example.com");
    let new =
        |name: &'static str| ["create-user", "--username", name, "--email", address, "--verified"];

    let mary = stage.done(&new("marymajor"));

    let shown = |name: &str| stage.done(&["show-user", "--user", name])["emails"].clone();
    let (own, lost) = (shown("marymajor"), shown("janedoe"));
    assert_eq!((&own[0]["email"], &own[0]["verified"]), (&json!(address), &json!(true)));
    assert!(own[0]["provedAt"].is_string(), "{own}");
    let placeholder = format!("{}@users.invalid", text(&jane, "id"));
    assert_eq!((&lost[0]["email"], &lost[1]), (&json!(placeholder), &json!(null)));
    assert_eq!(stage.done(&["show-user", "--user", address])["id"], mary["id"]);
    let taken = stage.rejected(&new("johnroe"), "").await;
    assert!(taken.starts_with("error: the e-mail address is taken"), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_changes_the_password_and_revokes_tokens_and_grants_and_lifts_the_lock() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let token = stage.done(&["create-token", "--user", "janedoe", "--name", "old"]);
    let user = stage.user(&made["id"]).await;
    let grant = granted(&stage, &user).await;
    for _ in 0..10 {
        let seen = stage.attempts(&user).await;
        let attempt = stage.table.reserve_attempt(seen).await.unwrap();
        stage.table.record_failed_attempt(&Actor::operator(), attempt).await.unwrap();
    }
    assert!(stage.attempts(&user).await.check_not_locked().is_err());

    let reset = stage.done(&["reset-password", "--user", "Jane.Doe@example.com"]);

    let password = text(&reset, "password");
    assert_eq!(reset, json!({ "id": made["id"], "username": "janedoe", "password": password }));
    assert!(stage.signs_in(&made["id"], password).await);
    assert!(!stage.signs_in(&made["id"], text(&made, "password")).await);
    assert!(stage.token(&token).await.is_none());
    let stored = stage
        .table
        .fetch_with_credential(user.id, CredentialKey::Grant(grant.grant()), ())
        .await
        .unwrap()
        .0;
    assert!(matches!(stored, StoredCredential::Grant(None)), "{stored:?}");
    assert!(stage.user(&made["id"]).await.credential_epoch > user.credential_epoch);
    assert!(stage.attempts(&user).await.check_not_locked().is_ok());
    assert!(!stage.items().await.contains(password));
}

/// A grant of a user to a new client.
pub(crate) async fn granted(stage: &Stage, user: &Stored<User>) -> GrantCredential {
    let registered =
        stage.done(&["register-client", "--name", "App", "--redirect-uri", "https://example.com/"]);
    let client = stage.table.client(text(&registered, "client_id").parse().unwrap()).await;
    let new = NewGrant {
        client: &client.unwrap().unwrap(),
        scopes: [Scope::ProfileRead].into(),
        redirect_uri: "https://example.com/".to_owned(),
        names_redirect_uri: true,
        challenge: None,
        rests_on: None,
    };
    let counts = stage.table.user_and(user.id, fetch::counts()).await.unwrap().1;
    let operator = Actor::operator();
    let granted = stage.table.create_grant(&operator, user, counts.as_ref(), new).await;
    let code = granted.unwrap().commit().await.unwrap();
    GrantCredential::parse(GrantTokenKind::Code, &code.reveal()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_takes_a_password_from_standard_input_under_the_same_rules() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let reset = ["reset-password", "--user", "janedoe", "--password-stdin"];

    assert_eq!(
        stage.rejected(&reset, "short").await,
        "error: the password must be at least 8 characters long\n"
    );
    let done = Stage::printed(&stage.run(&reset, PASSWORD));

    assert!(done.get("password").is_none(), "{done}");
    assert!(stage.signs_in(&made["id"], PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_compares_the_password_with_the_names_of_the_user() {
    let stage = Stage::new().await;
    stage.jane();
    let reset = ["reset-password", "--user", "janedoe", "--password-stdin"];

    for (password, problem) in [
        ("janedoe2026", "error: the password must not be the username\n"),
        ("Jane.Doe!", "error: the password must not be part of an e-mail address of the user\n"),
    ] {
        assert_eq!(stage.rejected(&reset, password).await, problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_environment_tokens_and_keys_on_request() {
    for revoke_keys in [false, true] {
        let stage = Stage::new().await;
        let made = stage.jane();
        let token = ["create-token", "--user", "janedoe", "--name", "x", "--kind", "environment"];
        let token = stage.done(&token);
        let reset = ["reset-password", "--user", "janedoe"];
        let asked: &[&str] = if revoke_keys { &["--revoke-keys"] } else { &[] };

        stage.done(&[&reset[..], asked].concat());

        assert_eq!(stage.token(&token).await.is_none(), revoke_keys);
        assert!(!stage.user(&made["id"]).await.password_is_own);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_disabled_and_enabled_by_any_name() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let id = text(&made, "id");

    for (command, who, disabled) in [
        ("disable-user", "janedoe", true),
        ("disable-user", id, true),
        ("enable-user", "JANE.doe@example.com", false),
    ] {
        let done = stage.done(&[command, "--user", who]);

        assert_eq!(done, json!({ "id": id, "username": "janedoe", "disabled": disabled }));
        assert_eq!(stage.user(&made["id"]).await.disabled, disabled, "{command} {who}");
    }
    assert_eq!(
        stage.rejected(&["disable-user", "--user", "johnroe"], "").await,
        "error: no user johnroe: `rollcall list-users` lists them all\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_waits_is_put_into_the_outbox_again_as_something_new() {
    let stage = Stage::new().await;
    let jane = stage.jane();
    assert_eq!(stage.done(&["mail", "retry"]), json!({ "retried": 0 }));
    let id = text(&jane, "id");
    stage.run(&["reset-password", "--user", id, "--password-stdin"], "another horse battery");
    let waiting = |items: &str| {
        let (_, item) = items.split_once("\"OUTBOX#").unwrap();
        item.split_once("MAIL#").unwrap().1[..24].to_owned()
    };
    let before = waiting(&stage.items().await);

    // Several times, for each chooses a shard, which is read before or after the one that it had.
    for _ in 0..8 {
        assert_eq!(stage.done(&["mail", "retry"]), json!({ "retried": 1 }));
    }

    let items = stage.items().await;
    assert_ne!(waiting(&items), before);
    assert_eq!(items.matches("OUTBOX#").count(), 1, "{items}");
}
