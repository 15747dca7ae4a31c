//! Whoever may only write the profile holds up no change of a password and no revocation: a write
//! requires what it rests on, and not the whole user.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::model::{EmailAddress, TokenKind, UserId};
use shared::table::{Actor, Table, UserChange, fetch};
use testkit::{ApiResponse, DocumentedOperation, PASSWORD, Person, TestApp, token_id};
use testkit::{basic, user_operations};

use super::links::{
    NEW, RESETS, SIGN_UPS, details, emails, ended, mailed_token, open, owned, post_json,
    proof_token, prove, sign_up_token,
};
use crate::mail::set;

const WRITE: &str = "TransactWriteItems";
const DATA: &str = "/v2/account/data";
const PASSWORD_PATH: &str = "/rollcall/v1/users/self/password";

/// What requires that nothing of the user has changed: writes of the profile and of the current
/// account.
const REST_ON_THE_PROFILE: [&str; 5] = [
    "e24-update-account-data",
    "hub-update-user",
    "quave-set-current-account",
    "rollcall-set-current-account",
    "rollcall-update-user",
];

/// Somebody changes the profile.
async fn change_profile(table: &Table, user: UserId) {
    let read = table.user_and(user, ()).await.unwrap().0.unwrap();
    let change = UserChange { location: Some("Elsewhere".to_owned()), ..UserChange::default() };
    table.change_user(&Actor::operator(), &read, &change).unwrap().commit().await.unwrap();
}

/// Somebody changes the profile between the next request's reads and its write.
fn profile_changes(app: &TestApp, person: &Person<'_>) {
    let (others, user) = (app.others(), person.user().id);
    app.proxy().before(WRITE, async move { change_profile(&others, user).await });
    app.proxy().count();
}

/// How often something was written since, or tried to be.
fn writes(app: &TestApp) -> usize {
    assert_eq!(app.proxy().faults_left(), 0, "nothing was written");
    app.proxy().calls().iter().filter(|call| call.operation == WRITE).count()
}

async fn location(app: &TestApp) -> String {
    let user = app.items_of("user").await.remove(0);
    user["location"]["S"].as_str().unwrap().to_owned()
}

/// A token that a token of the person made, and its maker's.
async fn family<'a>(jane: &Person<'a>) -> (Person<'a>, Person<'a>) {
    let maker = jane.with_token(jane.new_token(TokenKind::User, None, None).await);
    let new = json!({ "name": "made", "kind": "user" });
    let made = maker.send_json("POST", "/rollcall/v1/tokens", &new).await;
    let made = maker.with_token(made.text("token").to_owned());
    (maker, made)
}

async fn revoke_all(jane: &Person<'_>, maker: &Person<'_>) -> ApiResponse {
    let id = token_id(maker.token()).unwrap();
    jane.send("DELETE", &format!("/rollcall/v1/tokens/{id}?descendants=true")).await
}

async fn works(person: &Person<'_>) -> bool {
    person.send("GET", "/rollcall/v1/tokens/self").await.status == 200
}

/// A token is revoked with what it made, by the first write.
async fn assert_revoked_at_once(app: &TestApp, jane: &Person<'_>, family: [&Person<'_>; 2]) {
    let [maker, made] = family;
    let revoked = revoke_all(jane, maker).await;

    assert_eq!((revoked.status, writes(app)), (204, 1), "{revoked:?}");
    assert!(!works(maker).await && !works(made).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_profile_that_changes_meanwhile_holds_up_only_what_rests_on_it() {
    let mut held_up = BTreeSet::new();
    for operation in user_operations().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        profile_changes(&app, &jane);

        let response = app.send_event(&event).await;

        assert_eq!(response.status, operation.success(), "{operation}: {response:?}");
        if writes(&app) > 1 {
            held_up.insert(operation.name);
        }
        app.assert_consistent().await;
    }
    assert_eq!(held_up, REST_ON_THE_PROFILE.into());
}

#[tokio::test]
async fn a_password_changes_though_the_profile_does_meanwhile_which_stays() {
    for revoke_keys in [false, true] {
        for (method, path, body) in [
            ("PUT", PASSWORD_PATH, json!({ "currentPassword": PASSWORD, "password": NEW })),
            ("POST", DATA, json!({ "password": NEW })),
        ] {
            let app = TestApp::start().await;
            let jane = app.person("janedoe").await;
            let mut body = body;
            let field = if path == DATA { "revoke_keys" } else { "revokeKeys" };
            body[field] = json!(revoke_keys);
            profile_changes(&app, &jane);

            let changed = jane.send_json(method, path, &body).await;

            assert_eq!((changed.status / 100, writes(&app)), (2, 1), "{path}: {changed:?}");
            assert_eq!(location(&app).await, "Elsewhere");
            let own = jane.with_token(basic("janedoe", NEW));
            assert_eq!(own.send("GET", "/rollcall/v1/users/self").await.status, 200);
            let user = app.items_of("user").await.remove(0);
            let keys = user["apiKeys"]["M"].as_object().unwrap().len();
            assert_eq!(keys, usize::from(!revoke_keys));
            app.assert_consistent().await;
        }
    }
}

#[tokio::test]
async fn a_token_is_revoked_with_all_it_made_though_a_grant_is_refreshed_meanwhile() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (maker, made) = family(&jane).await;
    let refreshed = json!({
        "Key": { "pk": { "S": format!("USER#{}", jane.user().id) }, "sk": { "S": "COUNTS" } },
        "UpdateExpression": "SET #version = #version + :one",
        "ExpressionAttributeNames": { "#version": "version" },
        "ExpressionAttributeValues": { ":one": { "N": "1" } },
    });
    app.proxy().before(WRITE, app.engine_later("UpdateItem", refreshed));
    app.proxy().count();

    assert_revoked_at_once(&app, &jane, [&maker, &made]).await;
}

#[tokio::test]
async fn a_link_whose_token_goes_between_its_reads_proves_nothing() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let (leaked, _) = family(&jane).await;
    let address = "their@example.com";
    let token = proof_token(&leaked, &mut post, address).await;
    let (others, id) = (app.others(), jane.user().id);
    let digest = address.parse::<EmailAddress>().unwrap().digest();
    let read = others.email_proof(id, digest).await.unwrap().unwrap();
    let path = format!("/rollcall/v1/tokens/{}", token_id(leaked.token()).unwrap());

    assert_eq!(jane.send("DELETE", &path).await.status, 204);

    let owner = others.email_owner(&read.proof.address, Some(id)).await.unwrap();
    let write = others.prove_email(&Actor::operator(), &read, &owner).unwrap();
    assert!(write.commit().await.is_err(), "its token is gone");
    assert_eq!(prove(&app, &token).await, 410);
}

#[tokio::test]
async fn names_that_are_sent_with_a_password_rest_on_those_that_were_read() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    profile_changes(&app, &jane);

    let body = json!({ "password": NEW, "first_name": "Jane" });
    let changed = jane.send_json("POST", DATA, &body).await;

    assert_eq!((changed.status, writes(&app)), (200, 2), "{changed:?}");
    assert_eq!(location(&app).await, "Elsewhere");
}

#[tokio::test]
async fn a_password_that_changes_meanwhile_is_not_replaced_unseen() {
    for (method, path, body, status) in [
        ("PUT", PASSWORD_PATH, json!({ "currentPassword": PASSWORD, "password": NEW }), 401),
        ("POST", DATA, json!({ "password": NEW }), 401),
    ] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        app.proxy().before(WRITE, app.changing_password(&jane));

        let rejected = jane.send_json(method, path, &body).await;

        assert_eq!((rejected.status, app.proxy().faults_left()), (status, 0), "{rejected:?}");
        let other = jane.with_token(basic("janedoe", "another password"));
        assert_eq!(other.send("GET", "/rollcall/v1/users/self").await.status, 200);
    }
}

#[tokio::test]
async fn a_key_for_s3_that_is_made_meanwhile_ends_with_the_password() {
    for has_one in [false, true] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let renew = async || {
            let renewed = jane.send("POST", "/v2/account/files-new-secret-key").await;
            assert_eq!(renewed.status, 200, "{renewed:?}");
            app.items_of("user").await.remove(0)["s3Key"]["M"].clone()
        };
        if has_one {
            renew().await;
        }
        let (reached, at_write) = tokio::sync::oneshot::channel::<()>();
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        app.proxy().before(WRITE, async move {
            reached.send(()).unwrap();
            wait.await.unwrap();
        });
        let meanwhile = async {
            at_write.await.unwrap();
            let made = renew().await;
            go.send(()).unwrap();
            made
        };
        let body = json!({ "currentPassword": PASSWORD, "password": NEW, "revokeKeys": true });

        let (changed, made) = tokio::join!(jane.send_json("PUT", PASSWORD_PATH, &body), meanwhile);

        assert_eq!(changed.status, 204, "{changed:?}");
        let left = app.items_of("user").await.remove(0)["s3Key"]["M"].clone();
        assert_eq!((&left["id"], &left["keyVersion"]), (&made["id"], &made["keyVersion"]));
        assert_ne!(left["nonce"], made["nonce"], "the secret works on");
        assert_eq!(left["lineage"], Value::Null);
    }
}

#[tokio::test]
async fn a_token_is_revoked_with_all_it_made_though_the_profile_changes() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (maker, made) = family(&jane).await;
    let key = made.send("PUT", "/v2/account/api").await;
    assert_eq!(key.status, 200, "{key:?}");
    profile_changes(&app, &jane);

    let revoked = revoke_all(&jane, &maker).await;

    assert_eq!((revoked.status, writes(&app)), (204, 1), "{revoked:?}");
    assert!(!works(&maker).await && !works(&made).await);
    let user = app.items_of("user").await.remove(0);
    assert_eq!(user["apiKeys"]["M"].as_object().unwrap().len(), 1);
    assert_eq!(location(&app).await, "Elsewhere");
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_that_is_added_meanwhile_holds_no_revocation_up() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (maker, made) = family(&jane).await;
    let (others, user) = (app.others(), jane.user().id);
    app.proxy().before(WRITE, async move {
        let read = others.user_and(user, ()).await.unwrap().0.unwrap();
        let address = "jane@work.example".parse().unwrap();
        let added = others.add_email(&Actor::operator(), &read, address);
        added.unwrap().commit().await.unwrap();
    });
    app.proxy().count();

    assert_revoked_at_once(&app, &jane, [&maker, &made]).await;
}

#[tokio::test]
async fn a_link_proves_an_address_though_the_profile_changes() {
    for address in ["janedoe@example.com", "jane@work.example", "johnroe@example.com"] {
        let (app, mut post) = open().await;
        let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
        let token = proof_token(&jane, &mut post, address).await;
        let (others, users) = (app.others(), [jane.user().id, john.user().id]);
        app.proxy().before(WRITE, async move {
            for user in users {
                change_profile(&others, user).await;
            }
        });
        app.proxy().count();

        assert_eq!((prove(&app, &token).await, writes(&app)), (200, 1), "{address}");

        let proved = emails(&app, &jane.basic()).await;
        assert!(proved.iter().any(|(own, _, proved)| own == address && *proved), "{proved:?}");
        app.assert_consistent().await;
    }
}

/// The path of a link that sets another password.
async fn reset_path(app: &TestApp, jane: &Person<'_>, post: &mut testkit::Post) -> String {
    assert_eq!(prove(app, &proof_token(jane, post, jane.email()).await).await, 200);
    post.deliver().await;
    post_json(app, RESETS, &json!({ "name": "janedoe" })).await;
    format!("{RESETS}/{}", mailed_token(post).await)
}

#[tokio::test]
async fn a_link_sets_a_password_though_the_profile_changes() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let path = reset_path(&app, &jane, &mut post).await;
    profile_changes(&app, &jane);

    let reset = post_json(&app, &path, &json!({ "password": NEW })).await;

    assert_eq!((reset.status, writes(&app)), (204, 1), "{reset:?}");
    assert_eq!(location(&app).await, "Elsewhere");
    let left = emails(&app, &basic("janedoe", NEW)).await;
    assert_eq!(left, [owned("janedoe@example.com", true, true)]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_link_sets_no_password_once_its_address_is_no_longer_proved_or_there() {
    for removes in [true, false] {
        let (app, mut post) = open().await;
        let jane = app.person("janedoe").await;
        let path = reset_path(&app, &jane, &mut post).await;
        let later = if removes {
            let second = proof_token(&jane, &mut post, "jane@work.example").await;
            assert_eq!(prove(&app, &second).await, 200);
            let emails = "/api/v1.1/users/janedoe/emails/";
            let primary = json!({ "email": "jane@work.example", "primary": true });
            assert_eq!(jane.send_json("PATCH", emails, &primary).await.status, 200);
            jane.email().to_owned()
        } else {
            String::new()
        };
        let (reached, at_write) = tokio::sync::oneshot::channel::<()>();
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        app.proxy().before(WRITE, async move {
            reached.send(()).unwrap();
            wait.await.unwrap();
        });
        let meanwhile = async {
            at_write.await.unwrap();
            if removes {
                let emails = "/api/v1.1/users/janedoe/emails/";
                let gone = jane.send_json("DELETE", emails, &json!({ "email": later })).await;
                assert_eq!(gone.status, 204, "{gone:?}");
            } else {
                // It was this token that asked for the proof.
                let own = jane.with_token(jane.basic());
                assert_eq!(revoke_all(&own, &jane).await.status, 204);
            }
            go.send(()).unwrap();
        };
        let body = json!({ "password": NEW });

        let (reset, ()) = tokio::join!(post_json(&app, &path, &body), meanwhile);

        assert_eq!(reset.parts(), (410, &ended()), "{removes}");
        let own = jane.with_token(jane.basic());
        assert_eq!(own.send("GET", "/rollcall/v1/users/self").await.status, 200);
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn an_address_is_removed_as_it_was_read() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let path = "/api/v1.1/users/janedoe/emails/";
    let second = json!({ "email": "jane@work.example" });
    assert_eq!(jane.send_json("POST", path, &second).await.status, 201);
    post.deliver().await;
    let token = proof_token(&jane, &mut post, "jane@work.example").await;
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    let (others, id) = (app.others(), jane.user().id);
    let digest = "jane@work.example".parse::<EmailAddress>().unwrap().digest();
    app.proxy().before(WRITE, async move {
        let found = others.email_proof(id, digest).await.unwrap().unwrap();
        let owner = others.email_owner(&found.proof.address, Some(id)).await.unwrap();
        let write = others.prove_email(&Actor::operator(), &found, &owner);
        write.unwrap().commit().await.unwrap();
    });

    assert_eq!(jane.send_json("DELETE", path, &second).await.status, 204);

    // It was proved meanwhile, so that the notice goes there too.
    let mails = post.deliver().await;
    let to: Vec<_> = mails.iter().flat_map(|mail| &mail.recipients).collect();
    assert!(to.iter().any(|to| *to == "jane@work.example"), "{to:?}");
    assert_eq!(prove(&app, &token).await, 410);
}

#[tokio::test]
async fn the_operator_deletes_a_user_whose_profile_changes_meanwhile() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let read = app.table().user_and(jane.user().id, ()).await.unwrap().0.unwrap();
    change_profile(&app.others(), jane.user().id).await;

    app.table().begin_user_deletion(&Actor::operator(), &read).await.unwrap();

    assert_eq!(jane.send("GET", "/rollcall/v1/users/self").await.status, 401);
    app.assert_consistent().await;
}

/// Adds an address to a user and removes it, again and again.
async fn change_addresses(table: Table, user: UserId) {
    let (operator, address) = (Actor::operator(), "further@example.com");
    let address: EmailAddress = address.parse().unwrap();
    loop {
        let read = table.user_and(user, fetch::email(address.clone())).await.unwrap();
        let (Some(user), email) = read else { return };
        let written = async {
            if let Some(email) = email {
                return table.remove_email(&operator, &user, &email)?.commit().await;
            }
            table.add_email(&operator, &user, address.clone())?.commit().await.map(|_| ())
        };
        // Others write the user too, and the last address stays.
        drop(written.await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_from_who_changes_others_of_theirs_all_the_time() {
    let (app, mut post) = open().await;
    let john = app.person("johnroe").await;
    let path = format!("{SIGN_UPS}/{}", sign_up_token(&app, &mut post, john.email()).await);
    let changing = tokio::spawn(change_addresses(app.others(), john.user().id));

    let made = post_json(&app, &path, &details("marymajor")).await;

    assert!(!changing.is_finished());
    changing.abort();
    drop(changing.await);
    assert_eq!(made.status, 201, "{made:?}");
    let own = emails(&app, &basic("marymajor", NEW)).await;
    assert_eq!(own, [owned(john.email(), true, true)]);
    app.assert_consistent().await;
}
