//! What ended since the moment of a restore ends again.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use shared::model::{
    ApiKey, EmailAddress, InvitationState, Role, SecondFactor, SecretHash, ServiceKey, SessionId,
    Timestamp,
};
use shared::table::{Actor, NewInvitation, SignInProof, Stored, fetch};

use crate::second_factor::{add_passkey, turn_on};
use crate::stage::{ALL_SCOPES, Stage, text};
use crate::users::granted;

/// A table, the same as it was before much of it ended, and when that was.
struct Restored {
    old: Stage,
    table: Stage,
    since: String,
    /// Tokens of Jane: the one that was revoked, and another one.
    revoked: Value,
    kept: Value,
    /// Mary's passwords.
    before: String,
    after: String,
    account: String,
}

/// Jane's token, grant, API key and sessions, Mary's password with her keys and her role, John,
/// Ann's access, and a client end after the moment that is restored.
async fn restored() -> Restored {
    let old = Stage::new().await;
    let jane = old.jane();
    let [john, mary, _] = ["johnroe", "maryroe", "annroe"].map(|name| old.other(name));
    let account = text(&jane, "accountId").to_owned();
    old.join(&mary, &account, Role::Admin).await;
    old.join(&john, &account, Role::Member).await;
    let new = ["create-token", "--user", "janedoe", "--name", "x"];
    let (revoked, kept) = (old.done(&new), old.done(&new));
    let client = granted(&old, &old.user(&jane["id"]).await).await.grant().client().to_string();
    let deleted = granted(&old, &old.user(&jane["id"]).await).await.grant().client().to_string();
    let key = api_key(&old, &jane["id"]).await.id;
    let (user, operator) = (old.user(&jane["id"]).await, Actor::operator());
    let session = async |replaced: Option<SessionId>| {
        let counts = old.table.user_and(user.id, fetch::counts()).await.unwrap().1;
        let browser = "Firefox on Linux".to_owned();
        let proof = SignInProof::Password;
        let new =
            old.table.create_session(&operator, &user, counts.as_ref(), browser, replaced, &proof);
        new.unwrap().commit().await.unwrap().id()
    };
    let [ended, replaced, _] = [session(None).await, session(None).await, session(None).await];
    let (table, since) = restored_now(&old).await;
    session(Some(replaced)).await;

    old.done(&["revoke-token", "--user", "janedoe", "--token", text(&revoked, "id")]);
    old.done(&["revoke-grants", "--client", &client]);
    let user = old.user(&jane["id"]).await;
    old.table.delete_api_key(&operator, &user, key).commit().await.unwrap();
    old.table.delete_session(&operator, user.id, ended).commit().await.unwrap();
    let reset = old.done(&["reset-password", "--user", "maryroe", "--revoke-keys"]);
    let role = ["set-role", "--account", &account, "--user", "maryroe", "--role", "member"];
    old.done(&role);
    old.done(&["delete-user", "--user", "johnroe"]);
    old.done(&["disable-user", "--user", "annroe"]);
    old.done(&["delete-client", "--client", &deleted]);
    old.done(&["revoke-invitations", "--user", "maryroe"]);
    let (before, after) = (text(&mary, "password").to_owned(), text(&reset, "password").to_owned());
    Restored { old, table, since, revoked, kept, before, after, account }
}

fn service_key() -> ServiceKey {
    ServiceKey::new("1".to_owned(), "a key of tests".to_owned())
}

/// A new one of this user.
async fn api_key(stage: &Stage, user: &Value) -> ApiKey {
    let user = stage.user(user).await;
    let key = ApiKey::generate(&service_key());
    let counts = stage.table.user_and(user.id, fetch::counts()).await.unwrap().1;
    let (operator, key) = (Actor::operator(), key.unwrap());
    let made = stage.table.create_api_key(&operator, &user, counts.as_ref(), key).unwrap();
    made.commit().await.unwrap()
}

impl Restored {
    /// What a run printed.
    fn replay(&self, source: &[&str], stdin: &str) -> Vec<Value> {
        let command = [&["replay", "--since", &self.since], source].concat();
        let output = self.table.run(&command, stdin);
        assert!(output.status.success(), "{output:?}");
        lines(&output.stdout)
    }

    /// What of Jane, John, Mary, Ann and the clients has ended.
    async fn assert_ended(&self) {
        let Self { table, revoked, kept, account, .. } = self;
        assert!(table.token(revoked).await.is_none() && table.token(kept).await.is_some());
        let jane = table.done(&["show-user", "--user", "janedoe"]);
        let grants = jane["grants"].as_array().unwrap();
        assert!(grants.iter().all(|grant| grant["active"] == false), "{jane}");
        assert_eq!(jane["apiKeys"], json!([]));
        assert_eq!(jane["sessions"].as_array().unwrap().len(), 1, "{jane}");
        assert_eq!(table.run(&["show-user", "--user", "johnroe"], "").status.code(), Some(1));
        let mary = table.done(&["show-user", "--user", "maryroe"]);
        let accounts = mary["accounts"].as_array().unwrap();
        let shared = accounts.iter().find(|own| own["id"] == **account).unwrap();
        assert_eq!(shared["role"], "member");
        assert!(!table.signs_in(&mary["id"], &self.before).await);
        assert_eq!(table.done(&["show-user", "--user", "annroe"])["disabled"], true);
        assert_eq!(count_lines(&table.run(&["list-clients"], "").stdout), 1);
    }
}

/// Entries tell time to the millisecond: what follows is of a later one.
async fn later() {
    let now = Timestamp::now().as_millisecond();
    while Timestamp::now().as_millisecond() <= now {
        tokio::task::yield_now().await;
    }
}

/// A table that is restored to this moment, and the moment.
async fn restored_now(old: &Stage) -> (Stage, String) {
    later().await;
    let table = old.restored().await;
    let since = Timestamp::now().to_string();
    later().await;
    (table, since)
}

fn count_lines(output: &[u8]) -> usize {
    str::from_utf8(output).unwrap().lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_since_ends_again_from_the_old_table_once_and_nothing_else() {
    let restored = restored().await;
    let source = ["--from-table", &restored.old.table_name];

    let done = restored.replay(&source, "");

    assert!(done.iter().all(|line| line["outcome"] == "done"), "{done:?}");
    let mut actions: Vec<&str> = done.iter().map(|line| text(line, "action")).collect();
    actions.sort_unstable();
    let expected = [
        "account.deleted",
        "api_key.deleted",
        "client.deleted",
        "client.grants_revoked",
        "invitation.revoked",
        "member.removed",
        "member.role_changed",
        "password.changed",
        "session.created",
        "session.ended",
        "token.revoked",
        "user.deleted",
        "user.deleted",
        "user.disabled",
    ];
    assert_eq!(actions, expected, "{done:?}");
    restored.assert_ended().await;
    let mary = restored.table.done(&["show-user", "--user", "maryroe"]);
    assert!(restored.table.signs_in(&mary["id"], &restored.after).await);

    let items = restored.table.items().await;
    assert_eq!(restored.replay(&source, ""), Vec::<Value>::new());
    assert_eq!(restored.table.items().await, items);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_ends_again_also_if_nobody_reads_what_a_run_prints() {
    let restored = restored().await;
    let source = ["--from-table", &restored.old.table_name];

    let command = [&["replay", "--since", &restored.since], &source[..]].concat();
    let (status, error) = restored.table.unread(&command);

    assert!(status == Some(1) && error.contains("run the command again"), "{error}");
    restored.assert_ended().await;
    assert_eq!(restored.replay(&source, ""), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_replayed_wherever_an_earlier_run_was_cut_off() {
    let restored = restored().await;
    let export = restored.old.run(&["audit", "export", "--all"], "").stdout;
    let export = String::from_utf8(export).unwrap();
    let lines: Vec<&str> = export.lines().collect();
    let source = ["--from-export", "-"];

    for cut_off in (0..lines.len()).step_by(4) {
        restored.replay(&source, &lines[..cut_off].join("\n"));
    }
    restored.replay(&source, &export);

    restored.assert_ended().await;
    // Only the old table has the hash.
    let mary = restored.table.done(&["show-user", "--user", "maryroe"]);
    assert!(!restored.table.signs_in(&mary["id"], &restored.after).await);
    assert_eq!(restored.replay(&source, &export), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_in_the_restored_table_meanwhile_stays() {
    let restored = restored().await;
    let source = ["--from-table", &restored.old.table_name];
    let table = &restored.table;
    let reset = table.done(&["reset-password", "--user", "maryroe"]);
    for user in ["annroe", "johnroe"] {
        table.done(&["disable-user", "--user", user]);
        table.done(&["enable-user", "--user", user]);
    }

    let lines = restored.replay(&source, "");

    let [mary, ann, john] =
        ["maryroe", "annroe", "johnroe"].map(|user| table.done(&["show-user", "--user", user]));
    assert!(table.signs_in(&mary["id"], text(&reset, "password")).await);
    assert_eq!((&ann["disabled"], &john["disabled"]), (&json!(false), &json!(false)));
    let left: Vec<&Value> = lines.iter().filter(|line| line["outcome"] == "left").collect();
    let [left] = left.as_slice() else { panic!("{lines:?}") };
    assert_eq!(left["action"], "user.deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_before_the_moment_that_was_restored_does_not_end_again() {
    let old = Stage::new().await;
    let jane = old.jane();
    let since = Timestamp::now().to_string();
    later().await;
    old.done(&["reset-password", "--user", "janedoe", "--revoke-keys"]);
    old.done(&["revoke-invitations", "--user", "janedoe"]);
    let key = api_key(&old, &jane["id"]).await;
    let user = old.user(&jane["id"]).await;
    let counts = old.table.user_and(user.id, fetch::counts()).await.unwrap().1;
    let renewed = key.renewed(&service_key()).unwrap();
    let renewal = old.table.renew_api_key(&Actor::operator(), &user, counts.as_ref(), renewed);
    renewal.unwrap().commit().await.unwrap();
    let client = granted(&old, &old.user(&jane["id"]).await).await.grant().client().to_string();
    old.done(&["revoke-grants", "--client", &client]);
    old.done(&["create-token", "--user", "janedoe", "--name", "x"]);
    let table = old.restored().await;
    let items = table.items().await;

    let replay = ["replay", "--since", &since, "--from-table", &old.table_name];
    let output = table.run(&replay, "");

    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(table.items().await, items);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_restored_a_moment_before_its_entry_ends_all_the_same() {
    let restored = restored().await;
    restored.table.put_entries_of(&restored.old).await;

    restored.replay(&["--from-table", &restored.old.table_name], "");

    restored.assert_ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_again_after_a_run_is_replayed_by_the_next_one() {
    let restored = restored().await;
    let source = ["--from-table", &restored.old.table_name];
    restored.replay(&source, "");
    later().await;
    let reset = restored.old.done(&["reset-password", "--user", "maryroe"]);

    let done = restored.replay(&source, "");

    let actions: Vec<&str> = done.iter().map(|line| text(line, "action")).collect();
    assert_eq!(actions, ["password.changed"], "{done:?}");
    let mary = restored.table.done(&["show-user", "--user", "maryroe"]);
    assert!(!restored.table.signs_in(&mary["id"], &restored.after).await);
    assert!(restored.table.signs_in(&mary["id"], text(&reset, "password")).await);
    assert_eq!(restored.replay(&source, ""), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_a_client_that_changed_is_left_until_it_is_set_again() {
    let old = Stage::new().await;
    let uri = "https://reader.example.com/callback";
    let client = old.done(&["register-client", "--name", "Reader", "--redirect-uri", uri]);
    let set = ["set-client", "--client", text(&client, "client_id"), "--require-pkce", "on"];
    let (table, since) = restored_now(&old).await;
    old.done(&set);
    let replay = ["replay", "--since", &since, "--from-table", &old.table_name];

    let output = table.run(&replay, "");

    let left: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&left["outcome"], &left["action"]), (&json!("left"), &json!("client.updated")));
    table.done(&set);
    assert_eq!(count_lines(&table.run(&replay, "").stdout), 0);
}

/// What a run printed.
fn lines(output: &[u8]) -> Vec<Value> {
    let lines = str::from_utf8(output).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn factor(stage: &Stage, user: &Value) -> Option<SecondFactor> {
    let id = text(user, "id").parse().unwrap();
    let found = stage.table.user_and(id, fetch::second_factor()).await.unwrap();
    found.1.map(Stored::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_that_of_the_old_table_and_without_it_goes_off_if_it_is_off_since() {
    let old = Stage::new().await;
    let (jane, john, mary) = (old.jane(), old.other("johnroe"), old.other("maryroe"));
    turn_on(&old, &john["id"]).await;
    turn_on(&old, &mary["id"]).await;
    let (table, since) = restored_now(&old).await;
    let without = old.restored().await;
    turn_on(&old, &jane["id"]).await;
    for user in ["johnroe", "maryroe"] {
        old.done(&["reset-second-factor", "--user", user]);
    }
    turn_on(&old, &mary["id"]).await;
    let replay = ["replay", "--since", &since, "--from-table", &old.table_name];

    let done = lines(&table.run(&replay, "").stdout);

    assert_eq!(done.len(), 3, "{done:?}");
    assert!(done.iter().all(|line| line["outcome"] == "done"), "{done:?}");
    for user in [&jane, &john, &mary] {
        assert!(factor(&table, user).await == factor(&old, user).await, "{user}");
        let [own, there] = [table.user(&user["id"]).await, old.user(&user["id"]).await];
        assert_eq!(own.second_factor_since, there.second_factor_since, "{user}");
    }
    assert_eq!(count_lines(&table.run(&replay, "").stdout), 0);

    let export = old.run(&["audit", "export", "--all"], "").stdout;
    let export = String::from_utf8(export).unwrap();
    let from_export = ["replay", "--since", &since, "--from-export", "-"];
    let output = without.run(&from_export, &export);
    let (off, left): (Vec<_>, Vec<_>) =
        lines(&output.stdout).into_iter().partition(|line| line["outcome"] == "done");
    assert_eq!((off.len(), left.len()), (1, 2), "{output:?}");
    assert_eq!(
        (&off[0]["action"], &off[0]["target"]["id"]),
        (&json!("second_factor.off"), &john["id"])
    );
    assert!(factor(&without, &john).await.is_none() && factor(&without, &mary).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_that_was_the_only_way_in_is_removed_once_there_is_the_password() {
    let old = Stage::new().await;
    let jane = old.jane();
    let passkey = add_passkey(&old, &jane["id"], "laptop").await;
    old.remove_password(&jane["id"]).await;
    let (table, since) = restored_now(&old).await;
    old.done(&["reset-password", "--user", "janedoe"]);
    let user = old.user(&jane["id"]).await;
    old.table.remove_passkey(&Actor::operator(), &user, passkey).commit().await.unwrap();

    let output = table.run(&["replay", "--since", &since, "--from-table", &old.table_name], "");

    let done = lines(&output.stdout);
    let actions: Vec<_> = done.iter().map(|line| text(line, "action")).collect();
    assert_eq!(actions, ["password.changed", "passkey.removed"], "{output:?}");
    assert!(done.iter().all(|line| line["outcome"] == "done"), "{output:?}");
    assert!(table.table.passkeys(user.id).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_of_addresses_that_ended_with_the_first_own_password_end_again() {
    let old = Stage::new().await;
    let jane = old.jane();
    let (table, since) = restored_now(&old).await;
    let later = old.restored().await;
    old.done(&["reset-password", "--user", "janedoe"]);
    let export = old.run(&["audit", "export", "--all"], "").stdout;
    // As hub's PATCH does, which ends no proofs.
    let user = table.user(&jane["id"]).await;
    let address = fetch::email(user.primary_email.clone());
    let email = table.table.user_and(user.id, address).await.unwrap().1.unwrap();
    let write = table.table.change_email(&Actor::operator(), &user, email, true, false);
    write.unwrap().commit().await.unwrap();
    // As if it were the user's own.
    let export = String::from_utf8(export).unwrap();
    let export = export.replace(r#""sessions"]"#, r#""sessions","emailProofs"]"#);
    let replay = ["replay", "--since", &since, "--from-export", "-"];

    let done = lines(&table.run(&replay, &export).stdout);

    assert_eq!(done.len(), 2, "{done:?}");
    assert!(done.iter().all(|line| line["outcome"] == "done"), "{done:?}");
    let user = table.user(&jane["id"]).await;
    assert_eq!((user.credential_epoch, user.proof_epoch), (1, 1));
    let log = table.run(&["audit", "export", "--user", "janedoe"], "").stdout;
    let mut log = lines(&log);
    log.retain(|entry| entry["action"] == "email.updated");
    let changed: Vec<_> = log.iter().map(|entry| &entry["changed"]).collect();
    assert_eq!(changed, [&json!(["verified"]), &json!(["provedAt"])]);
    assert_eq!(count_lines(&table.run(&replay, &export).stdout), 0);
    // And once more, if the table that was replayed onto is lost too.
    let export = table.run(&["audit", "export", "--all"], "").stdout;
    later.run(&replay, str::from_utf8(&export).unwrap());
    let user = later.user(&jane["id"]).await;
    assert_eq!((user.credential_epoch, user.proof_epoch), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_ends_with_what_came_from_it_and_one_that_was_made_since_is_not_missed() {
    let old = Stage::new().await;
    let jane = old.jane();
    let new = ["create-token", "--user", "janedoe", "--name", "x"];
    let rotated = old.done(&new);
    let (table, since) = restored_now(&old).await;
    let (user, operator) = (old.user(&jane["id"]).await, Actor::operator());
    let counts = old.table.user_and(user.id, fetch::counts()).await.unwrap().1;
    let token = old.token(&rotated).await.unwrap();
    let overlap = Duration::from_mins(1);
    let write = old.table.rotate_token(&operator, &user, counts.as_ref(), &token, overlap);
    let (_, successor) = write.unwrap().commit().await.unwrap();
    let id = successor.id.to_string();
    old.done(&["revoke-token", "--user", "janedoe", "--token", &id, "--descendants"]);
    old.done(&["revoke-token", "--user", "janedoe", "--token", text(&old.done(&new), "id")]);

    let output = table.run(&["replay", "--since", &since, "--from-table", &old.table_name], "");

    assert!(output.status.success(), "{output:?}");
    assert!(table.token(&rotated).await.is_none());
    assert_eq!(count_lines(&output.stdout), 1, "{output:?}");
    assert_eq!(table.user(&jane["id"]).await.invitation_epoch, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_that_ended_with_a_token_that_was_made_since_end_again_once() {
    let old = Stage::new().await;
    let jane = old.jane();
    let (table, since) = restored_now(&old).await;
    let token = old.done(&["create-token", "--user", "janedoe", "--name", "x"]);
    let id = text(&token, "id");
    old.done(&["revoke-token", "--user", "janedoe", "--token", id, "--descendants"]);
    let replay = ["replay", "--since", &since, "--from-table", &old.table_name];

    let output = table.run(&replay, "");

    assert_eq!(count_lines(&output.stdout), 1, "{output:?}");
    assert_eq!(count_lines(&table.run(&replay, "").stdout), 0);
    assert_eq!(table.user(&jane["id"]).await.invitation_epoch, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_a_client_lost_and_got_back_does_not_come_back_to_its_earlier_grants() {
    let old = Stage::new().await;
    let user = old.user(&old.jane()["id"]).await;
    let client = async || granted(&old, &user).await.grant().client().to_string();
    let [back, gone, kept] = [client().await, client().await, client().await];
    let (table, since) = restored_now(&old).await;
    let [from_export, again] = [old.restored().await, old.restored().await];
    let set = |client: &str, scopes: &[&str]| {
        let scopes = scopes.iter().flat_map(|scope| ["--scope", *scope]);
        let command = ["set-client", "--client", client].into_iter().chain(scopes);
        old.done(&command.collect::<Vec<_>>());
    };
    set(&back, &["email_read"]);
    set(&back, &ALL_SCOPES);
    set(&gone, &["profile_read"]);
    set(&gone, &["email_read"]);
    set(&kept, &["profile_read", "email_read"]);
    set(&kept, &["profile_read"]);
    let grants = |stage: &Stage| stage.done(&["show-user", "--user", "janedoe"])["grants"].clone();
    let scopes = |stage: &Stage| {
        let clients = lines(&stage.run(&["list-clients"], "").stdout);
        let own = clients.iter().map(|own| format!("{} {}", own["client_id"], own["scopes"]));
        own.collect::<BTreeSet<_>>()
    };
    let export = old.run(&["audit", "export", "--all"], "").stdout;
    let export = String::from_utf8(export).unwrap();

    for (restored, source, stdin) in [
        (&table, ["--from-table", old.table_name.as_str()], ""),
        (&from_export, ["--from-export", "-"], export.as_str()),
    ] {
        let replay = [&["replay", "--since", &since], &source[..]].concat();
        let output = restored.run(&replay, stdin);

        assert_eq!(count_lines(&output.stdout), 3, "{output:?}");
        assert_eq!(grants(restored), grants(&old));
        assert_eq!(scopes(restored), scopes(&old));
        let items = restored.items().await;
        assert_eq!(count_lines(&restored.run(&replay, stdin).stdout), 0);
        assert_eq!(restored.items().await, items);
    }
    // And once more, if the table that was replayed onto is lost too.
    let export = table.run(&["audit", "export", "--all"], "").stdout;
    let replay = ["replay", "--since", &since, "--from-export", "-"];
    again.run(&replay, str::from_utf8(&export).unwrap());
    assert_eq!(grants(&again), grants(&old));
}

/// Sends an invitation to an account.
async fn invite(stage: &Stage, by: &Value, account: &str, address: &str) {
    let user = stage.user(&by["id"]).await;
    let address: EmailAddress = address.parse().unwrap();
    let emails = stage.table.emails(user.id).await.unwrap();
    let wanted = fetch::invitation_request(account.parse().unwrap(), address.clone());
    let fetched = stage.table.user_and(user.id, wanted).await.unwrap().1;
    let new = NewInvitation {
        secret_hash: SecretHash::new(address.as_entered().as_bytes()),
        address,
        role: Role::Member,
        hours: 24,
        mail: None,
    };
    let sent = stage.table.invite(&Actor::operator(), &user, &emails, new, fetched).await;
    sent.unwrap().commit().await.unwrap();
}

/// The addresses that somebody can still join by.
async fn invited(stage: &Stage, account: &str) -> BTreeSet<String> {
    let all = stage.table.invitations(account.parse().unwrap()).await.unwrap();
    let mut all = stage.table.invitations_with_states(all).await.unwrap();
    all.retain(|(_, state)| *state == InvitationState::Pending);
    all.iter().map(|(own, _)| own.address.as_entered().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_end_again_of_who_was_no_admin_for_a_time_and_is_one_again() {
    let old = Stage::new().await;
    let jane = old.jane();
    let account = text(&jane, "accountId");
    let admins = ["johnroe", "maryroe", "annroe"].map(|name| {
        let email = format!("{name}@example.com");
        old.done(&["create-user", "--username", name, "--email", &email, "--verified"])
    });
    for (admin, address) in
        admins.iter().zip(["of.john@example.com", "of.mary@example.com", "of.ann@example.com"])
    {
        old.join(admin, account, Role::Admin).await;
        invite(&old, admin, account, address).await;
    }
    let [john, mary, _] = &admins;
    let (table, since) = restored_now(&old).await;
    for role in ["member", "admin"] {
        old.done(&["set-role", "--account", account, "--user", "johnroe", "--role", role]);
    }
    old.done(&["remove-member", "--account", account, "--user", "maryroe"]);
    old.join(mary, account, Role::Admin).await;
    // That of a disabled user would wait again once the user is enabled.
    old.done(&["disable-user", "--user", "maryroe"]);
    let replay = ["replay", "--since", &since, "--from-table", &old.table_name];

    let done = lines(&table.run(&replay, "").stdout);

    let mut actions: Vec<&str> = done.iter().map(|line| text(line, "action")).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["member.removed", "member.role_changed", "user.disabled"], "{done:?}");
    assert!(done.iter().all(|line| line["outcome"] == "done"), "{done:?}");
    table.done(&["enable-user", "--user", "maryroe"]);
    assert_eq!(invited(&table, account).await, ["of.ann@example.com".to_owned()].into());
    invite(&table, john, account, "later@example.com").await;
    let items = table.items().await;
    assert_eq!(count_lines(&table.run(&replay, "").stdout), 0);
    assert_eq!(table.items().await, items);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_replayed_on_itself_nor_from_what_is_no_export() {
    let stage = Stage::new().await;
    stage.jane();
    let since = ["replay", "--since", "2026-11-01T00:00:00Z"];

    let itself = [&since[..], &["--from-table", &stage.table_name]].concat();
    assert!(stage.rejected(&itself, "").await.contains("the one that it replaces"));
    let export = [&since[..], &["--from-export", "-"]].concat();
    let without_logs = stage.run(&["audit", "export", "--user", "janedoe"], "").stdout;
    let without_logs = String::from_utf8(without_logs).unwrap();
    let rejected = stage.rejected(&export, &without_logs).await;
    assert!(rejected.contains("line 1 is not of `rollcall audit export --all`"), "{rejected}");
    let folder = tempfile::tempdir().unwrap();
    let (no_text, missing) = (folder.path().join("copy"), folder.path().join("missing"));
    std::fs::write(&no_text, [0xff, b'\n']).unwrap();
    for (path, reason) in [
        (folder.path().to_owned(), "Is a directory"),
        (no_text, "UTF-8"),
        (missing, "No such file"),
    ] {
        let path = path.to_str().unwrap();
        let rejected = stage.rejected(&[&since[..], &["--from-export", path]].concat(), "").await;
        let said = format!("error: cannot read {path}: give what `rollcall audit export --all` ");
        assert!(rejected.starts_with(&said) && rejected.contains(reason), "{rejected}");
    }
    assert_eq!(stage.run(&since, "").status.code(), Some(2));
}
