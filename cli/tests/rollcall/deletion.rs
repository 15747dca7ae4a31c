//! Deleting users and clients, and revoking tokens and grants.

use serde_json::json;
use shared::model::Role;

use crate::stage::{Stage, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_users_address_is_free_and_the_username_stays_taken() {
    let stage = Stage::new().await;
    let (jane, john) = (stage.jane(), stage.other("johnroe"));
    let (own, shared) = (text(&jane, "accountId"), text(&john, "accountId"));
    stage.join(&jane, shared, Role::Admin).await;
    stage.done(&["create-token", "--user", "janedoe", "--name", "x"]);

    let deleted = stage.done(&["delete-user", "--user", "Jane.Doe@example.com"]);

    assert_eq!(deleted, json!({ "id": jane["id"], "username": "janedoe" }));
    let items = stage.items().await;
    // One item stays for half an hour, which rejects passwords, and the notice until it is sent.
    let left = (items.matches(text(&jane, "id")).count(), items.contains(own));
    assert_eq!(left, (2, false), "{items}");
    let nobody = "error: no user janedoe: `rollcall list-users` lists them all\n";
    assert_eq!(stage.rejected(&["delete-user", "--user", "janedoe"], "").await, nobody);
    let new =
        |name: &'static str| ["create-user", "--username", name, "--email", "jane.doe@example.com"];
    let taken = stage.rejected(&new("janedoe"), "").await;
    assert!(taken.starts_with("error: the username is taken: choose another"), "{taken}");
    stage.done(&new("janeroe"));
    let left = stage.done(&["show-user", "--user", "johnroe"]);
    assert_eq!(left["accounts"][0]["memberCount"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_not_deleted_while_an_account_has_no_other_admin_to_own_it() {
    let stage = Stage::new().await;
    let (jane, john, mary) = (stage.jane(), stage.other("johnroe"), stage.other("maryroe"));
    let account = text(&jane, "accountId");
    stage.join(&john, account, Role::Member).await;
    stage.join(&mary, account, Role::Admin).await;
    stage.done(&["disable-user", "--user", "maryroe"]);
    let delete = ["delete-user", "--user", "janedoe"];

    let rejected = stage.rejected(&delete, "").await;
    assert!(rejected.contains(account) && rejected.contains("rollcall set-role"), "{rejected}");
    stage.done(&["set-role", "--account", account, "--user", "johnroe", "--role", "admin"]);
    stage.done(&delete);

    let shown = stage.done(&["show-user", "--user", "johnroe"]);
    let passed = shown["accounts"].as_array().unwrap().iter().find(|own| own["id"] == account);
    assert_eq!(
        (&passed.unwrap()["isOwner"], &passed.unwrap()["memberCount"]),
        (&json!(true), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_admin_who_is_enabled_as_the_command_says_can_own_the_account() {
    let stage = Stage::new().await;
    let (jane, mary) = (stage.jane(), stage.other("maryroe"));
    stage.join(&mary, text(&jane, "accountId"), Role::Admin).await;
    stage.done(&["disable-user", "--user", "maryroe"]);
    let delete = ["delete-user", "--user", "janedoe"];

    let rejected = stage.rejected(&delete, "").await;
    assert!(rejected.contains("`rollcall enable-user --user WHO`"), "{rejected}");
    stage.done(&["enable-user", "--user", "maryroe"]);

    stage.done(&delete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whose_deletion_has_begun_is_not_enabled_and_gets_no_token() {
    let stage = Stage::new().await;
    let jane = stage.jane();
    let user = stage.user(&jane["id"]).await;
    let operator = shared::table::Actor::operator();
    stage.table.begin_user_deletion(&operator, &user).await.unwrap();

    let shown = stage.done(&["show-user", "--user", "janedoe"]);
    assert_eq!((&shown["disabled"], &shown["isBeingDeleted"]), (&json!(true), &json!(true)));
    let expected =
        "error: the user is being deleted: `rollcall delete-user --user WHO` finishes it\n";
    for command in [
        &["enable-user", "--user", "janedoe"][..],
        &["create-token", "--user", "janedoe", "--name", "x"],
    ] {
        assert_eq!(stage.rejected(command, "").await, expected);
    }
    stage.done(&["delete-user", "--user", "janedoe"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_lost_its_last_successor_is_taken_back_with_the_accounts() {
    let stage = Stage::new().await;
    let (jane, john, mary) = (stage.jane(), stage.other("johnroe"), stage.other("maryroe"));
    let account = text(&jane, "accountId");
    stage.join(&john, account, Role::Admin).await;
    stage.join(&mary, account, Role::Member).await;
    let operator = shared::table::Actor::operator();
    for user in [&jane, &john] {
        let user = stage.user(&user["id"]).await;
        stage.table.begin_user_deletion(&operator, &user).await.unwrap();
    }

    let output = stage.run(&["delete-user", "--user", "janedoe"], "");

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(account) && error.contains("rollcall set-role"), "{error}");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let shown = stage.done(&["show-user", "--user", "janedoe"]);
    assert_eq!((&shown["disabled"], &shown["isBeingDeleted"]), (&json!(false), &json!(false)));
    stage.done(&["delete-user", "--user", "johnroe"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_either_kind_is_revoked_by_its_id() {
    let stage = Stage::new().await;
    let jane = stage.jane();
    for (kind, more) in [("user", &[][..]), ("environment", &[]), ("user", &["--descendants"])] {
        let new = ["create-token", "--user", "janedoe", "--name", "x", "--kind", kind];
        let (token, kept) = (stage.done(&new), stage.done(&new));
        let id = text(&token, "id");
        let revoke = ["revoke-token", "--user", "janedoe", "--token", id];

        let done = stage.done(&[&revoke[..], more].concat());

        let expected = json!({
            "userId": jane["id"], "id": id, "descendants": !more.is_empty(),
        });
        assert_eq!(done, expected);
        assert!(stage.token(&token).await.is_none() && stage.token(&kept).await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_are_revoked_of_a_user_or_of_a_client_and_clients_deleted() {
    let stage = Stage::new().await;
    let made = stage.jane();
    let user = stage.user(&made["id"]).await;
    let active = |stage: &Stage| {
        let shown = stage.done(&["show-user", "--user", "janedoe"]);
        let grants = shown["grants"].as_array().unwrap().clone();
        grants.iter().map(|grant| grant["active"] == true).collect::<Vec<_>>()
    };
    let revoke = ["revoke-grants", "--user", "janedoe"];

    let grant = crate::users::granted(&stage, &user).await.grant();
    assert_eq!(stage.done(&revoke), json!({ "userId": made["id"], "grants": [grant.to_string()] }));
    assert_eq!(active(&stage), Vec::<bool>::new());
    assert_eq!(stage.done(&revoke)["grants"], json!([]));

    for command in ["revoke-grants", "delete-client"] {
        let client = crate::users::granted(&stage, &user).await.grant().client().to_string();
        assert_eq!(active(&stage).last(), Some(&true));
        let done = stage.done(&[command, "--client", &client]);
        assert_eq!(done, json!({ "client_id": client }));
        assert!(active(&stage).iter().all(|active| !active), "{command}");
    }
    for arguments in [&["revoke-grants"][..], &["revoke-grants", "--user", "x", "--client", "y"]] {
        assert_eq!(stage.run(arguments, "").status.code(), Some(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_revoked_of_a_user_or_of_an_account_also_where_none_waits() {
    let stage = Stage::new().await;
    let jane = stage.jane();
    let account = text(&jane, "accountId");
    for _ in 0..2 {
        let of_user = stage.done(&["revoke-invitations", "--user", "janedoe"]);
        assert_eq!(of_user, json!({ "userId": jane["id"] }));
        let of_account = stage.done(&["revoke-invitations", "--account", account]);
        assert_eq!(of_account, json!({ "accountId": account, "invitations": [] }));
    }
    let unknown = ["revoke-invitations", "--account", "0123456789abcdef01234567"];
    assert!(stage.rejected(&unknown, "").await.starts_with("error: account not found: "));
    assert_eq!(stage.run(&["revoke-invitations"], "").status.code(), Some(2));
}
