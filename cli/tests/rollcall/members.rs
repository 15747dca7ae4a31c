//! Members, their roles, and the flags of accounts.

use serde_json::{Value, json};
use shared::model::Role;

use crate::stage::{Stage, text};

async fn arrange() -> (Stage, Value, Value) {
    let stage = Stage::new().await;
    let (jane, john) = (stage.jane(), stage.other("johnroe"));
    stage.join(&john, text(&jane, "accountId"), Role::Member).await;
    (stage, jane, john)
}

/// The role of a user in an account.
fn role(stage: &Stage, user: &str, account: &Value) -> Option<String> {
    let shown = stage.done(&["show-user", "--user", user]);
    let accounts = shown["accounts"].as_array().unwrap();
    let account = accounts.iter().find(|own| own["id"] == *account)?;
    Some(text(account, "role").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_gets_another_role_and_is_removed() {
    let (stage, jane, john) = arrange().await;
    let account = text(&jane, "accountId");

    for wanted in ["admin", "admin", "member"] {
        let set = ["set-role", "--account", account, "--user", "johnroe", "--role", wanted];
        assert_eq!(
            stage.done(&set),
            json!({ "accountId": account, "userId": john["id"], "role": wanted })
        );
        assert_eq!(role(&stage, "johnroe", &jane["accountId"]).as_deref(), Some(wanted));
    }
    let remove = ["remove-member", "--account", account, "--user", "johnroe"];
    assert_eq!(stage.done(&remove), json!({ "accountId": account, "userId": john["id"] }));

    assert_eq!(role(&stage, "johnroe", &jane["accountId"]), None);
    assert!(stage.rejected(&remove, "").await.starts_with("error: member not found: "));
    let shown = stage.done(&["show-user", "--user", "janedoe"]);
    let counts = (&shown["accounts"][0]["memberCount"], &shown["accounts"][0]["adminCount"]);
    assert_eq!(counts, (&json!(1), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_neither_removed_nor_demoted() {
    let (stage, jane, _) = arrange().await;
    let account = text(&jane, "accountId");
    stage.done(&["set-role", "--account", account, "--user", "johnroe", "--role", "admin"]);

    for command in [
        &["remove-member", "--account", account, "--user", "janedoe"][..],
        &["set-role", "--account", account, "--user", "janedoe", "--role", "member"],
    ] {
        let expected = "error: the user owns the account, and must hand it over first: ";
        let rejected = stage.rejected(command, "").await;
        assert!(rejected.starts_with(expected), "{rejected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flags_of_an_account_are_set_one_by_one() {
    let (stage, jane, _) = arrange().await;
    let account = text(&jane, "accountId");
    let set =
        |flags: &[&str]| stage.done(&[&["set-account", "--account", account], flags].concat());

    assert_eq!(set(&["--verified", "on"]), json!({ "accountId": account, "isVerified": true }));
    assert_eq!(
        set(&["--verified", "off", "--auto-scaling", "on"]),
        json!({ "accountId": account, "isVerified": false, "allowAutoScaling": true })
    );

    let memberships = stage.table.memberships(stage.user(&jane["id"]).await.id).await.unwrap();
    let stored = stage.table.accounts(&memberships).await.unwrap();
    assert_eq!((stored[0].is_verified, stored[0].allow_auto_scaling), (false, true));
    let nothing = stage.run(&["set-account", "--account", account], "");
    let error = String::from_utf8_lossy(&nothing.stderr);
    assert!(error.contains("<--verified <STATE>|--auto-scaling <STATE>>"), "{error}");
    assert_eq!(nothing.status.code(), Some(2));
}
