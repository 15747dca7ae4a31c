//! Listing users and clients, and showing one user.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::model::{Role, S3Key};

use crate::stage::{ALL_SCOPES, Stage, text};

/// The objects that a list prints, one a line.
fn lines(stage: &Stage, command: &str) -> Vec<Value> {
    let output = stage.run(&command.split(' ').collect::<Vec<_>>(), "");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_clients_are_listed_one_a_line_and_without_a_secret() {
    let stage = Stage::new().await;
    assert_eq!((lines(&stage, "list-users"), lines(&stage, "list-clients")), (vec![], vec![]));
    let (jane, john) = (stage.jane(), stage.other("johnroe"));
    stage.done(&["disable-user", "--user", "johnroe"]);
    let register = ["register-client", "--name", "App", "--redirect-uri", "https://example.com/"];
    let client = stage.done(&register);

    let users = lines(&stage, "list-users");
    let clients = lines(&stage, "list-clients");

    let facts =
        |user: &Value| ["id", "username", "email", "disabled"].map(|field| user[field].to_string());
    let of = |made: &Value, disabled: bool| {
        facts(&json!({
            "id": made["id"], "username": made["username"], "email": made["email"],
            "disabled": disabled,
        }))
    };
    let listed: BTreeSet<_> = users.iter().map(facts).collect();
    assert_eq!(listed, BTreeSet::from([of(&jane, false), of(&john, true)]));
    assert_eq!(
        clients,
        [json!({
            "client_id": client["client_id"], "name": "App", "public": false,
            "redirect_uris": ["https://example.com/"], "require_pkce": false,
            "scopes": ALL_SCOPES, "created_at": clients[0]["created_at"],
        })]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_is_printed_an_entry_a_line_the_oldest_first_beyond_its_user() {
    let stage = Stage::new().await;
    let jane = stage.jane();
    let (id, account) = (text(&jane, "id"), text(&jane, "accountId"));
    stage.done(&["disable-user", "--user", "janedoe"]);
    let register = ["register-client", "--name", "App", "--redirect-uri", "https://example.com/"];
    let client = stage.done(&register);
    stage.done(&["delete-user", "--user", "janedoe"]);

    let user = lines(&stage, &format!("audit export --user {id}"));

    let actions: Vec<&str> = user.iter().map(|entry| text(entry, "action")).collect();
    let expected =
        ["user.created", "user.disabled", "user.deletion_begun", "account.deleted", "user.deleted"];
    assert_eq!(actions, expected);
    let entry = json!({
        "id": user[0]["id"], "at": user[0]["at"], "action": "user.created",
        "actor": { "kind": "operator" }, "target": { "kind": "user", "id": id },
        "changed": [], "details": { "account": account }, "requestId": null, "dialect": null,
    });
    assert_eq!(user[0], entry);
    let of_account = lines(&stage, &format!("audit export --account {account}"));
    assert_eq!(of_account.last().unwrap()["action"], "account.deleted");
    let of_service = lines(&stage, "audit export --service");
    assert_eq!(of_service[0]["target"]["id"], client["client_id"]);
    assert_eq!(stage.run(&["audit", "export"], "").status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_is_printed_by_action_actor_and_time() {
    let stage = Stage::new().await;
    let (jane, john) = (stage.jane(), stage.other("johnroe"));
    let account = text(&jane, "accountId");
    stage.join(&john, account, Role::Member).await;
    stage.done(&["set-role", "--account", account, "--user", "johnroe", "--role", "admin"]);
    stage.done(&["remove-member", "--account", account, "--user", "johnroe"]);
    let export = |filter: &str| lines(&stage, &format!("audit export --account {account}{filter}"));

    let all = export("");

    let actions: Vec<&str> = all.iter().map(|entry| text(entry, "action")).collect();
    let expected = ["account.created", "member.added", "member.role_changed", "member.removed"];
    assert_eq!(actions, expected);
    let changed_at = text(&all[2], "at");
    assert_eq!(export(" --action member.removed"), all[3..]);
    assert_eq!(export(&format!(" --from {changed_at}")), all[2..]);
    assert_eq!(export(&format!(" --to {changed_at}")), all[..2]);
    assert_eq!(export(&format!(" --from {changed_at} --action member.added")), all[..0]);
    assert_eq!(export(" --from 0001-01-01T00:00:00Z --to 9999-12-31T23:59:59.9999999Z"), all);
    assert_eq!(export(" --from 9999-12-31T23:59:59Z"), all[..0]);
    // The operator did it all.
    assert_eq!(export(&format!(" --actor {}", text(&jane, "id"))), all[..0]);
    for wrong in [
        ["--action", "nothing"],
        ["--actor", "janedoe"],
        ["--from", "today"],
        ["--to", "9999-12-32T00:00:00Z"],
    ] {
        let command = [&["audit", "export", "--account", account], &wrong[..]].concat();
        assert_eq!(stage.run(&command, "").status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_goes_through_all_pages_of_the_table() {
    let stage = Stage::new().await;
    let made: BTreeSet<String> = (0..4)
        .map(|number| text(&stage.other(&format!("user{number}")), "id").to_owned())
        .collect();
    // A page is a megabyte.
    for number in 0..6 {
        stage.put_filler(&format!("FILLER#{number}"), 350_000).await;
    }

    let listed = lines(&stage, "list-users");

    assert_eq!(listed.len(), 4);
    assert_eq!(
        listed.iter().map(|user| text(user, "id").to_owned()).collect::<BTreeSet<_>>(),
        made
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_whose_reader_stops_ends_without_an_error_and_a_lost_secret_is_one() {
    let stage = Stage::new().await;
    stage.jane();

    for list in [
        &["list-users"][..],
        &["list-plans"],
        &["show-user", "--user", "janedoe"],
        &["audit", "export", "--user", "janedoe"],
    ] {
        assert_eq!(stage.unread(list), (Some(0), String::new()), "{list:?}");
    }
    let (status, error) = stage.unread(&["create-token", "--user", "janedoe", "--name", "x"]);
    assert!(status == Some(1) && error.contains("Broken pipe"), "{error}");
    // The secret is lost, but the token is there: whoever runs the command again has two.
    assert!(error.contains("is done; do not run it again"), "{error}");
    let shown = stage.done(&["show-user", "--user", "janedoe"]);
    assert_eq!(shown["tokens"].as_array().unwrap().len(), 1);
    // Of a pair of keys there is no other copy of the public one.
    let folder = tempfile::tempdir().unwrap();
    let (status, error) =
        stage.unread(&["sealing-key", folder.path().join("key").to_str().unwrap()]);
    assert!(status == Some(1) && error.contains("delete FILE"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_shown_by_any_name_with_all_that_it_has_and_no_secret() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let token = stage.done(&["create-token", "--user", "janedoe", "--name", "laptop"]);
    let user = stage.user(&made["id"]).await;
    let grant = crate::users::granted(&stage, &user).await;
    for _ in 0..10 {
        let seen = stage.attempts(&user).await;
        let attempt = Box::pin(stage.table.reserve_attempt(seen)).await.unwrap();
        Box::pin(stage.table.record_failed_attempt(&shared::table::Actor::operator(), attempt))
            .await
            .unwrap();
    }

    let shown = stage.done(&["show-user", "--user", "janedoe"]);

    for who in [text(&made, "id"), "JANE.doe@example.com"] {
        assert_eq!(stage.done(&["show-user", "--user", who]), shown);
    }
    for (field, expected) in [
        ("id", made["id"].clone()),
        ("number", made["number"].clone()),
        ("disabled", json!(false)),
        ("isBeingDeleted", json!(false)),
        ("currentAccount", made["accountId"].clone()),
        ("s3Key", json!({ "id": S3Key::id_of(user.id, None), "madeBy": null, "createdAt": null })),
        (
            "emails",
            json!([{
                "email": "jane.doe@example.com", "verified": false, "primary": true,
                "provedAt": null,
            }]),
        ),
        (
            "accounts",
            json!([{
                "id": made["accountId"], "name": "janedoe", "role": "admin", "isOwner": true,
                "memberCount": 1, "adminCount": 1,
            }]),
        ),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    assert_eq!(
        (&shown["tokens"][0]["id"], &shown["tokens"][0]["active"]),
        (&token["id"], &json!(true))
    );
    let expected = (&json!(grant.grant().to_string()), &json!(true), &json!("App"));
    let grant = &shown["grants"][0];
    assert_eq!((&grant["id"], &grant["active"], &grant["clientName"]), expected);
    assert!(text(grant, "expiresAt") > text(grant, "createdAt"), "{grant}");
    for (case, times) in [
        ("show-user", vec![&shown["createdAt"], &shown["password"]["lockedUntil"]]),
        ("token", vec![&shown["tokens"][0]["createdAt"]]),
        ("grant", vec![&grant["createdAt"], &grant["expiresAt"]]),
        ("list-users", vec![&lines(&stage, "list-users")[0]["createdAt"]]),
        ("list-clients", vec![&lines(&stage, "list-clients")[0]["created_at"]]),
    ] {
        for time in times {
            let fraction = time.as_str().unwrap().split_once('.').unwrap().1;
            assert_eq!(fraction.len(), "000Z".len(), "{case}: {time}");
        }
    }
    let password = &shown["password"];
    assert_eq!((&password["isSet"], &password["isOwn"]), (&json!(true), &json!(false)));
    assert!(password["lockedUntil"].is_string(), "{password}");
    let whole = shown.to_string();
    for secret in ["argon2", "ecretHash", "nonce", "challenge", "redirectUri"] {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_shown_with_the_scopes_that_are_left_and_active_while_there_are_any() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let user = stage.user(&made["id"]).await;
    let client = crate::users::granted(&stage, &user).await.grant().client().to_string();

    for (scope, active, scopes) in [
        ("profile_read", true, json!(["profile_read"])),
        ("email_read", false, json!([])),
        ("profile_read", false, json!([])),
    ] {
        stage.done(&["set-client", "--client", &client, "--scope", scope]);
        let grant = stage.done(&["show-user", "--user", "janedoe"])["grants"][0].clone();
        assert_eq!((&grant["active"], &grant["scopes"]), (&json!(active), &scopes), "{scope}");
    }
}
