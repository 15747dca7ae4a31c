//! What each write leaves in audit logs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::Settings;
use shared::model::{AuditAction, Plan, Role};
use shared::table::{AccountFlags, Actor, ClientChange};
use testkit::{Fault, PASSWORD, Person, Service, TestApp, operations};

use crate::mail_feedback::bounce;
use crate::oauth::revoke;
use crate::signatures::Signed;

/// What each operation leaves: `log action`, in order.
const LEFT: &[(&str, &[&str])] = &[
    ("e24-add-ssh-key", &["USER ssh_key.added"]),
    (
        "e24-create-account",
        &[
            "ACCOUNT account.created",
            "ACCOUNT member.added",
            "USER member.added",
            "USER user.created",
        ],
    ),
    ("e24-create-api-key", &["USER api_key.created"]),
    ("e24-delete-api-key", &["USER api_key.deleted"]),
    ("e24-delete-ssh-key", &["USER ssh_key.deleted"]),
    ("e24-renew-api-secret", &["USER api_key.renewed"]),
    ("e24-renew-s3-secret", &["USER s3_key.renewed"]),
    ("e24-update-account-data", &["USER user.updated"]),
    ("golem-create-account", &["ACCOUNT account.created", "USER account.created"]),
    ("golem-delete-account", &["ACCOUNT account.deleted", "USER account.deleted"]),
    ("golem-update-account", &["ACCOUNT account.updated"]),
    ("hub-add-email", &["USER email.added"]),
    ("hub-delete-email", &["USER email.removed"]),
    ("hub-oauth-decide", &["USER grant.created"]),
    ("hub-oauth-revoke", &["USER grant.revoked"]),
    ("hub-oauth-token", &["USER grant.tokens_issued"]),
    ("hub-update-email", &["USER email.updated"]),
    ("hub-update-user", &["USER user.updated"]),
    (
        "pages-accept-invitation",
        &["ACCOUNT invitation.accepted", "ACCOUNT member.added", "USER member.added"],
    ),
    ("pages-add-email", &["USER email.added"]),
    ("pages-add-ssh-key", &["USER ssh_key.added"]),
    ("pages-change-password", &["USER password.changed"]),
    ("pages-complete-sign-in", &["USER session.created"]),
    ("pages-confirm", &["USER session.proved"]),
    ("pages-create-account", &["ACCOUNT account.created", "USER account.created"]),
    ("pages-create-api-key", &["USER api_key.created"]),
    ("pages-create-token", &["USER token.created"]),
    ("pages-decline-invitation", &["ACCOUNT invitation.declined"]),
    ("pages-delete-account", &["ACCOUNT account.deleted", "USER account.deleted"]),
    ("pages-delete-api-key", &["USER api_key.deleted"]),
    ("pages-delete-registry", &["ACCOUNT account.updated"]),
    ("pages-delete-ssh-key", &["USER ssh_key.deleted"]),
    ("pages-end-other-sessions", &["USER session.ended"]),
    ("pages-end-session", &["USER session.ended"]),
    (
        "pages-join-by-invitation",
        &[
            "ACCOUNT account.created",
            "ACCOUNT invitation.accepted",
            "ACCOUNT member.added",
            "USER member.added",
            "USER user.created",
        ],
    ),
    ("pages-prove-email", &["USER email.added", "USER email.proved"]),
    ("pages-remove-email", &["USER email.removed"]),
    ("pages-remove-member", &["ACCOUNT member.removed", "USER member.removed"]),
    ("pages-remove-passkey", &["USER passkey.removed"]),
    ("pages-rename-passkey", &["USER passkey.renamed"]),
    ("pages-renew-api-key", &["USER api_key.renewed"]),
    ("pages-renew-recovery-codes", &["USER recovery_codes.renewed"]),
    ("pages-renew-s3-key", &["USER s3_key.renewed"]),
    ("pages-request-email-proof", &["USER email.proof_requested"]),
    ("pages-reset-password", &["USER password.changed"]),
    ("pages-revoke-app", &["USER grant.revoked"]),
    ("pages-revoke-invitation", &["ACCOUNT invitation.revoked"]),
    ("pages-revoke-token", &["USER token.revoked"]),
    ("pages-rotate-token", &["USER token.rotated"]),
    ("pages-send-invitation", &["ACCOUNT invitation.sent"]),
    ("pages-set-current-account", &["USER user.updated"]),
    (
        "pages-set-owner",
        &[
            "ACCOUNT account.owner_changed",
            "USER account.owner_changed",
            "USER account.owner_changed",
        ],
    ),
    ("pages-set-primary-email", &["USER email.updated"]),
    ("pages-set-registry", &["ACCOUNT account.updated"]),
    ("pages-sign-in", &["USER session.created"]),
    ("pages-sign-out", &["USER session.ended"]),
    ("pages-sign-up", &["ACCOUNT account.created", "USER user.created"]),
    ("pages-turn-off-second-factor", &["USER second_factor.off"]),
    ("pages-turn-on-second-factor", &["USER second_factor.on"]),
    ("pages-update-account", &["ACCOUNT account.updated"]),
    ("pages-update-member", &["ACCOUNT member.role_changed", "USER member.role_changed"]),
    ("pages-update-profile", &["USER user.updated"]),
    ("passkeys-confirm", &["USER session.proved"]),
    ("passkeys-register", &["USER passkey.added"]),
    ("passkeys-sign-in", &["USER session.created"]),
    ("quave-create-account", &["ACCOUNT account.created", "USER account.created"]),
    ("quave-delete-account", &["ACCOUNT account.deleted", "USER account.deleted"]),
    ("quave-set-current-account", &["USER user.updated"]),
    (
        "rollcall-accept-invitation",
        &["ACCOUNT invitation.accepted", "ACCOUNT member.added", "USER member.added"],
    ),
    ("rollcall-add-email", &["USER email.added"]),
    ("rollcall-add-ssh-key", &["USER ssh_key.added"]),
    ("rollcall-create-account", &["ACCOUNT account.created", "USER account.created"]),
    ("rollcall-create-api-key", &["USER api_key.created"]),
    ("rollcall-create-token", &["USER token.created"]),
    ("rollcall-decline-invitation", &["ACCOUNT invitation.declined"]),
    ("rollcall-delete-account", &["ACCOUNT account.deleted", "USER account.deleted"]),
    ("rollcall-delete-api-key", &["USER api_key.deleted"]),
    ("rollcall-delete-email", &["USER email.removed"]),
    ("rollcall-delete-registry", &["ACCOUNT account.updated"]),
    ("rollcall-delete-ssh-key", &["USER ssh_key.deleted"]),
    ("rollcall-end-session", &["USER session.ended"]),
    ("rollcall-end-sessions", &["USER session.ended"]),
    ("rollcall-remove-member", &["ACCOUNT member.removed", "USER member.removed"]),
    ("rollcall-remove-second-factor", &["USER second_factor.off"]),
    ("rollcall-request-email-proof", &["USER email.proof_requested"]),
    ("rollcall-reset-password", &["USER password.changed"]),
    ("rollcall-revoke-grant", &["USER grant.revoked"]),
    ("rollcall-revoke-invitation", &["ACCOUNT invitation.revoked"]),
    ("rollcall-revoke-token", &["USER token.revoked"]),
    ("rollcall-rotate-token", &["USER token.rotated"]),
    ("rollcall-send-invitation", &["ACCOUNT invitation.sent"]),
    ("rollcall-set-current-account", &["USER user.updated"]),
    (
        "rollcall-set-owner",
        &[
            "ACCOUNT account.owner_changed",
            "USER account.owner_changed",
            "USER account.owner_changed",
        ],
    ),
    ("rollcall-set-password", &["USER password.changed"]),
    ("rollcall-set-registry", &["ACCOUNT account.updated"]),
    ("rollcall-sign-up", &["ACCOUNT account.created", "USER user.created"]),
    ("rollcall-update-account", &["ACCOUNT account.updated"]),
    ("rollcall-update-email", &["USER email.updated"]),
    ("rollcall-update-member", &["ACCOUNT member.role_changed", "USER member.role_changed"]),
    ("rollcall-update-user", &["USER user.updated"]),
];

const PAGE: &str = include_str!("../../docs/audit.md");

/// The log of an entry and what was done, as `USER user.created`.
fn summary(entry: &Value) -> String {
    let pk = entry["pk"]["S"].as_str().unwrap();
    let log = pk.strip_prefix("AUDIT#").unwrap().split('#').next().unwrap();
    format!("{log} {}", entry["action"]["S"].as_str().unwrap())
}

/// The entries that are not among these.
async fn new_entries(app: &TestApp, before: &[Value]) -> Vec<Value> {
    let mut entries = app.items_of("audit").await;
    entries.retain(|entry| !before.contains(entry));
    entries
}

fn sorted(entries: &[Value]) -> Vec<String> {
    let mut all: Vec<String> = entries.iter().map(summary).collect();
    all.sort();
    all
}

#[tokio::test]
async fn every_write_leaves_its_entries_with_actor_and_request_and_no_read_leaves_one() {
    for operation in operations() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let before = app.items_of("audit").await;

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        let entries = new_entries(&app, &before).await;
        let expected = LEFT.iter().find(|(name, _)| *name == operation.name);
        let expected = expected.map_or(&[][..], |(_, left)| left);
        assert_eq!(sorted(&entries), expected, "{operation}");
        for entry in entries {
            let request = response.header("x-request-id").unwrap();
            assert_eq!(entry["requestId"]["S"], request, "{operation}");
            let dialect = match operation.name.split('-').next().unwrap() {
                "passkeys" => "pages",
                dialect => dialect,
            };
            assert_eq!(entry["dialect"]["S"], dialect, "{operation}");
            let actor = &entry["actor"]["M"];
            if actor["kind"]["S"] == "user" {
                assert_eq!(actor["id"]["S"], jane.user().id.to_string(), "{operation}");
            } else {
                let kind = actor["kind"]["S"].as_str().unwrap();
                let is_oauth = operation.name.starts_with("hub-oauth");
                let expected = if is_oauth { "client" } else { "mailToken" };
                assert_eq!(kind, expected, "{operation}");
            }
            assert!(entry["ttl"]["N"].is_string(), "{operation}");
        }
    }
}

#[tokio::test]
async fn an_entry_names_the_credential_that_acted_and_none_of_a_password() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "name": "ci", "kind": "user" });
    let before = app.items_of("audit").await;
    let by_token = jane.send_json("POST", "/rollcall/v1/tokens", &new).await;
    assert_eq!(by_token.status, 201, "{by_token:?}");
    let left = new_entries(&app, &before).await.remove(0);
    let token = testkit::token_id(jane.token()).unwrap();
    assert_eq!(left["actor"]["M"]["credentialId"]["S"], token);
    assert_eq!(left["target"]["M"]["id"]["S"], by_token.body["id"]);

    let before = app.items_of("audit").await;
    let basic = jane.with_token(jane.basic());
    assert_eq!(basic.send_json("POST", "/rollcall/v1/tokens", &new).await.status, 201);
    let left = new_entries(&app, &before).await.remove(0);
    assert!(left["actor"]["M"]["credentialId"].is_null(), "{left}");
}

#[tokio::test]
async fn what_is_rejected_fails_or_was_done_before_leaves_no_entry() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let john = app.person("johnroe").await;
    let path = format!("/v1/accounts/{}", jane.account());
    let renamed = json!({ "name": "Renamed", "email": "janedoe@example.com" });
    let before = app.items_of("audit").await;

    let taken = json!({ "email": john.email() });
    let taken = jane.send_json("POST", "/api/v1.1/users/janedoe/emails/", &taken).await;
    assert_eq!(taken.status, 400, "{taken:?}");
    assert_eq!(john.send_json("PUT", &path, &renamed).await.status, 403);
    let primary = json!({ "email": jane.email(), "primary": true });
    let keyed = [
        ("authorization", jane.token()),
        ("content-type", "application/json"),
        ("idempotency-key", "a-key"),
    ];
    let addresses = "/api/v1.1/users/janedoe/emails/";
    let unchanged = app.send("PATCH", addresses, &keyed, Some(&primary.to_string())).await;
    assert_eq!(unchanged.status, 200, "{unchanged:?}");
    app.proxy().disturb("TransactWriteItems", Fault::Rejected("ValidationException"));
    assert_eq!(jane.send_json("PUT", &path, &renamed).await.status, 500);

    assert_eq!(new_entries(&app, &before).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_wrong_password_and_the_lock_it_ends_in_leave_entries_and_one_of_nobody_leaves_none() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = app.items_of("audit").await;
    let sign_in = async |name: &str| {
        let wrong = testkit::basic(name, "a wrong password");
        let client = app.at("203.0.113.9");
        let header = [("authorization", &*wrong)];
        client.send("GET", "/rollcall/v1/users/self", &header, None).await
    };

    for _ in 0..12 {
        let rejected = sign_in("janedoe").await;
        assert!([401, 429].contains(&rejected.status), "{rejected:?}");
        sign_in("nobody").await;
    }

    let entries = new_entries(&app, &before).await;
    let mut expected = vec!["USER sign_in.locked"];
    expected.extend(["USER sign_in.rejected"; 10]);
    assert_eq!(sorted(&entries), expected);
    for entry in &entries {
        let of_jane = format!("AUDIT#USER#{}", jane.user().id);
        assert_eq!(entry["pk"]["S"], of_jane, "{entry}");
        assert_eq!(entry["actor"]["M"]["kind"]["S"], "system", "{entry}");
        assert_eq!(entry["dialect"]["S"], "rollcall", "{entry}");
    }
}

#[tokio::test]
async fn a_wrong_current_password_names_the_credential_and_its_lock_the_service() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let before = app.items_of("audit").await;
    let wrong =
        json!({ "currentPassword": "a wrong password", "password": "another horse battery" });

    for _ in 0..10 {
        let rejected = jane.send_json("PUT", "/rollcall/v1/users/self/password", &wrong).await;
        assert_eq!(rejected.status, 403, "{rejected:?}");
    }

    let mut entries = new_entries(&app, &before).await;
    entries.sort_by_key(summary);
    let [lock, rejections @ ..] = &entries[..] else { panic!() };
    assert_eq!(summary(lock), "USER sign_in.locked");
    assert_eq!(lock["actor"]["M"]["kind"]["S"], "system", "{lock}");
    assert_eq!(lock["dialect"]["S"], "rollcall", "{lock}");
    assert_eq!(rejections.len(), 10);
    for entry in rejections {
        assert_eq!(summary(entry), "USER sign_in.rejected");
        let actor = &entry["actor"]["M"];
        assert_eq!(
            (&actor["kind"]["S"], &actor["id"]["S"]),
            (&json!("user"), &json!(jane.user().id.to_string()))
        );
        assert_eq!(actor["credentialId"]["S"], testkit::token_id(jane.token()).unwrap());
    }
}

#[tokio::test]
async fn a_wrong_current_password_uses_no_signature_up() {
    let mut app = TestApp::start().await;
    app.configure(Settings { require_current_password: true, ..Settings::default() });
    let jane = app.person("janedoe").await;
    let before = app.items_of("audit").await;
    let body =
        json!({ "password": "another horse battery", "current_password": "a wrong password" });
    let signed = Signed::new("POST", "/v2/account/data", body.to_string());
    let (key, secret) = jane.api_key();
    let header = signed.with(&key, secret);

    for _ in 0..2 {
        assert_eq!(signed.send(&app, &header).await.status, 403);
    }

    let entries = new_entries(&app, &before).await;
    assert_eq!(sorted(&entries), ["USER sign_in.rejected"; 2]);
    for entry in &entries {
        let credential = entry["actor"]["M"]["credentialId"]["S"].as_str().unwrap();
        assert!(jane.user().api_keys.contains_key(credential), "{entry}");
    }
}

#[tokio::test]
async fn members_of_a_deleted_account_find_its_end_in_their_logs() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let before = app.items_of("audit").await;

    assert_eq!(jane.send("DELETE", &format!("/v1/accounts/{}", jane.account())).await.status, 200);

    let entries = new_entries(&app, &before).await;
    let of_john =
        |entry: &&Value| entry["pk"]["S"].as_str().unwrap().ends_with(&john.user().id.to_string());
    let left: Vec<&Value> = entries.iter().filter(of_john).collect();
    assert_eq!(left.len(), 1, "{entries:?}");
    assert_eq!(summary(left[0]), "USER member.removed");
    assert_eq!(left[0]["actor"]["M"]["kind"]["S"], "system");
    assert_eq!(left[0]["details"]["M"]["account"]["S"], jane.account());
}

#[tokio::test]
async fn a_new_password_and_a_new_user_leave_the_credentials_that_end_and_begin() {
    const TOKENS: [&str; 3] = ["userTokens", "grants", "sessions"];
    const KEYS: [&str; 6] = [
        "environmentTokens",
        "apiKeys",
        "sshKeys",
        "passkeys",
        "invitations",
        "emailProofsByTokens",
    ];
    let texts = |value: &Value| -> Vec<String> {
        let all = value["L"].as_array().unwrap();
        all.iter().map(|text| text["S"].as_str().unwrap().to_owned()).collect()
    };
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({
        "email": "mary@example.com",
        "first_name": "M",
        "last_name": "M",
        "password": "correct horse battery",
    });
    let made = jane.send_json("PUT", "/v2/accounts", &new).await;
    assert_eq!(made.status, 200, "{made:?}");
    let of_mary = format!("AUDIT#USER#{}", made.body["user"]["id"].as_str().unwrap());
    let entries = app.items_of("audit").await;
    let is_created = |entry: &&Value| {
        entry["pk"]["S"] == of_mary.as_str() && entry["action"]["S"] == "user.created"
    };
    let created = entries.iter().find(is_created).unwrap();
    assert_eq!(texts(&created["details"]["M"]["apiKeys"]).len(), 1, "{created}");

    for (password, revoke_keys, revoked) in [
        ("another horse battery", false, TOKENS.to_vec()),
        ("one more horse battery", true, [&TOKENS[..], &KEYS].concat()),
    ] {
        let before = app.items_of("audit").await;
        let body = json!({ "password": password, "revoke_keys": revoke_keys });
        assert_eq!(jane.send_json("POST", "/v2/account/data", &body).await.status, 200);
        let left = new_entries(&app, &before).await;
        let changed = left.iter().find(|entry| entry["action"]["S"] == "password.changed");
        assert_eq!(texts(&changed.unwrap()["details"]["M"]["revoked"]), revoked);
    }
}

#[tokio::test]
async fn the_revocation_of_a_token_names_the_keys_that_end_with_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "name": "leaked", "kind": "user" });
    let made = jane.send_json("POST", "/rollcall/v1/tokens", &new).await;
    let leaked = jane.with_token(made.text("token").to_owned());
    assert_eq!(leaked.send("PUT", "/v2/account/api").await.status, 200);
    let secret = leaked.send("POST", "/v2/account/files-new-secret-key").await;
    assert_eq!(secret.status, 200, "{secret:?}");
    let before = app.items_of("audit").await;

    let path = format!("/rollcall/v1/tokens/{}?descendants=true", made.text("id"));
    assert_eq!(jane.send("DELETE", &path).await.status, 204);

    let left = new_entries(&app, &before).await.remove(0);
    assert_eq!(summary(&left), "USER token.revoked");
    let keys = left["details"]["M"]["apiKeys"]["L"].as_array();
    assert_eq!(keys.map(Vec::len), Some(1), "{left}");
    assert_eq!(left["changed"]["L"], json!([{ "S": "s3Key" }, { "S": "invitations" }]));
}

#[tokio::test]
async fn a_plan_that_is_put_leaves_the_names_of_its_limits() {
    let app = TestApp::start().await;
    let before = app.items_of("audit").await;
    let plan = Plan::default_plan();

    app.table().put_plan(&Actor::operator(), &plan, false).await.unwrap();

    let left = new_entries(&app, &before).await.remove(0);
    assert_eq!(summary(&left), "SERVICE plan.updated");
    let changed = left["changed"]["L"].as_array().unwrap().iter();
    let changed: BTreeSet<&str> = changed.map(|name| name["S"].as_str().unwrap()).collect();
    let limits = serde_json::to_value(&plan.limits).unwrap();
    assert_eq!(changed, limits.as_object().unwrap().keys().map(String::as_str).collect());
}

/// Everything that only the operator's command does.
async fn operate(app: &TestApp, jane: &Person<'_>, john: &Person<'_>) {
    let (table, operator) = (app.table(), Actor::operator());
    let (account, user) = (jane.account().parse().unwrap(), john.user().id);
    let stored = async || table.user_and(user, ()).await.unwrap().0.unwrap();
    table.add_member(&operator, account, user, Role::Member).await.unwrap();
    table.set_role(&operator, account, user, Role::Admin).await.unwrap();
    table.remove_member(&operator, account, user).await.unwrap();
    let flags = AccountFlags { is_verified: Some(true), allow_auto_scaling: None };
    table.set_account_flags(&operator, account, flags).await.unwrap();
    let plan = Plan::default_plan();
    table.put_plan(&operator, &plan, false).await.unwrap();
    table.assign_plan(&operator, account, plan.id).await.unwrap();
    table.set_disabled(&operator, user, true).await.unwrap();
    table.set_disabled(&operator, user, false).await.unwrap();
    let client = app.new_client("https://client.example.com/callback", true).await;
    let change = ClientChange { requires_pkce: Some(true), ..ClientChange::default() };
    table.change_client(&operator, client.id.parse().unwrap(), &change).await.unwrap();
    table.revoke_grants_to(&operator, client.id.parse().unwrap()).await.unwrap();
    table.delete_client(&operator, client.id.parse().unwrap()).await.unwrap();
    let own = john.account().parse().unwrap();
    table.add_member(&operator, own, jane.user().id, Role::Member).await.unwrap();
    table.begin_user_deletion(&operator, &stored().await).await.unwrap();
    assert!(table.take_user_deletion_back(&operator, user, own).await.unwrap());
    table.set_role(&operator, own, jane.user().id, Role::Admin).await.unwrap();
    table.begin_user_deletion(&operator, &stored().await).await.unwrap();
    table.finish_user_deletion(&operator, user).await.unwrap();
}

/// Somebody who has a second factor signs in without the app.
async fn sign_in_by_recovery_code(app: &TestApp) {
    let mary = app.person("marymajor").await;
    let (_, codes) = app.turn_on_second_factor(mary.user().id, 1).await.unwrap();
    let mut browser = app.browser();
    let page = browser.open("/account/sign-in").await;
    let fields = [("username", "marymajor"), ("password", PASSWORD)];
    let page = browser.submit(&page, "/account/sign-in", &fields).await;
    browser.submit(&page, "/account/sign-in/code", &[("code", &codes[0])]).await;
    assert!(browser.session().is_some());
}

/// Somebody else proves a person's address, and resets a password.
async fn lose_address(app: &TestApp, jane: &Person<'_>) {
    let john = app.person("johndoe").await;
    let path = format!("/rollcall/v1/users/self/emails/{}/verification", jane.email());
    assert_eq!(john.send("POST", &path).await.status, 202);
    let tokens = app.waiting_tokens().await;
    let token = tokens.first().unwrap();
    let proved = app.send("POST", &format!("/account/emails/verify/{token}"), &[], Some("")).await;
    assert_eq!(proved.status, 200, "{proved:?}");
    let json = [("content-type", "application/json")];
    let name = json!({ "name": "johndoe" }).to_string();
    let asked = app.send("POST", "/rollcall/v1/password-resets", &json, Some(&name)).await;
    assert_eq!(asked.status, 202, "{asked:?}");
}

#[tokio::test]
async fn no_entry_has_personal_data_and_the_page_lists_every_action() {
    let mut seen = BTreeSet::new();
    let mut check = |entries: &[Value]| {
        for entry in entries {
            let text = entry.to_string();
            let names = ["janedoe", "johnroe", "Jane", "marymajor", "@", "192.0.2.", PASSWORD];
            for personal in names {
                assert!(!text.contains(personal), "{personal} in {text}");
            }
            assert!(!text.contains("rcu_") && !text.contains("rck_"), "{text}");
            seen.insert(entry["action"]["S"].as_str().unwrap().to_owned());
        }
    };
    for operation in operations() {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        app.send_event(&event).await;
        check(&app.items_of("audit").await);
    }
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    operate(&app, &jane, &john).await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let code = client.code(&app, &jane.credentials(), "profile_read").await;
    let access = client.redeem(&app, &code).await;
    assert_eq!(revoke(&app, &client, access.text("access_token")).await.status, 200);
    for _ in 0..10 {
        let wrong = [("authorization", &*testkit::basic("janedoe", "a wrong password"))];
        assert_eq!(app.send("GET", "/rollcall/v1/users/self", &wrong, None).await.status, 401);
    }
    let password = json!({ "password": "another horse battery", "first_name": "Jane" });
    assert_eq!(jane.send_json("POST", "/v2/account/data", &password).await.status, 200);
    app.mail_feedback(&bounce(&[jane.email()])).await.unwrap();
    lose_address(&app, &jane).await;
    sign_in_by_recovery_code(&app).await;
    check(&app.items_of("audit").await);

    let all: BTreeSet<String> =
        AuditAction::ALL.iter().map(|action| action.as_str().to_owned()).collect();
    assert_eq!(seen, all);
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: BTreeSet<String> =
        rows.map(|(name, _)| name.to_owned()).filter(|name| name.contains('.')).collect();
    assert_eq!(listed, all);
}
