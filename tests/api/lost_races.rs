//! Changes by others between a request's read and its write: the write's own conditions decide.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::model::{AccountId, GrantCredential, GrantTokenKind, Role, Scope, TokenCredential};
use shared::table::{Actor, ClientChange, NewUser, fetch};
use testkit::{
    CredentialKind, DocumentedOperation, Fault, Person, TestApp, operation, sign, user_operations,
};
use tokio::sync::oneshot;

const WRITE: &str = "TransactWriteItems";

/// Somebody makes an admin an ordinary member before the next write.
fn demote_before_write(app: &TestApp, person: &Person<'_>, account: &str) {
    let [side, _] = person.membership_keys(account);
    let change = json!({
        "Key": side,
        "UpdateExpression": "SET #role = :member",
        "ExpressionAttributeNames": { "#role": "role" },
        "ExpressionAttributeValues": { ":member": { "S": "member" } },
    });
    app.proxy().before(WRITE, app.engine_later("UpdateItem", change));
}

fn account_of(person: &Person<'_>) -> AccountId {
    person.account().parse().unwrap()
}

#[tokio::test]
async fn a_former_admin_neither_changes_nor_deletes() {
    for method in ["PUT", "DELETE"] {
        let app = TestApp::start().await;
        let (jane, john) = app.owner_and(Role::Admin).await;
        let path = format!("/v1/accounts/{}", jane.account());
        demote_before_write(&app, &john, &jane.account());

        let rejected = match method {
            "PUT" => {
                john.send_json(
                    "PUT",
                    &path,
                    &json!({ "name": "Mine", "email": "mine@example.com" }),
                )
                .await
            }
            _ => john.send("DELETE", &path).await,
        };

        assert_eq!(
            rejected.parts(),
            (403, &json!({ "error": "this needs an admin of the account" })),
            "{method}"
        );
        assert_eq!(app.proxy().faults_left(), 0);
        assert_eq!(jane.send("GET", &path).await.text("name"), "janedoe");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_former_member_does_not_choose_the_account() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    app.proxy().before(WRITE, app.expelling(&john, &jane.account()));
    let input = json!({ "accountId": jane.account() });

    let rejected = john.send_json("PUT", "/api/public/v1/current-account", &input).await;

    assert_eq!(
        rejected.parts(),
        (403, &json!({ "error": "you are not a member of this account" }))
    );
    assert_eq!(
        john.send("GET", "/api/public/v1/current-account").await.text("accountId"),
        john.account()
    );
    assert_eq!(app.proxy().faults_left(), 0);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_user_is_not_created_in_an_account_that_is_deleted_meanwhile() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let chosen = json!({ "accountId": jane.account() });
    let chosen = john.send_json("PUT", "/api/public/v1/current-account", &chosen).await;
    assert_eq!(chosen.status, 200, "{chosen:?}");
    // The first write is the creation's, the second one the deletion's. Those after it fail, so that
    // John's membership outlives the account for now.
    app.proxy().disturb_from(WRITE, 2, Fault::Rejected("AccessDeniedException"));
    let (arrived, arrival) = oneshot::channel();
    let (release, released) = oneshot::channel();
    app.proxy().before(WRITE, async {
        arrived.send(()).unwrap();
        released.await.unwrap();
    });
    let deletion = async {
        arrival.await.unwrap();
        let deleted = jane.send("DELETE", &format!("/v1/accounts/{}", jane.account())).await;
        release.send(()).unwrap();
        deleted.status
    };
    let mary = json!({
        "email": "mary@example.com", "first_name": "Mary", "last_name": "Roe",
        "password": "correct horse battery",
    });

    let (rejected, deleted) = tokio::join!(john.send_json("PUT", "/v2/accounts", &mary), deletion);

    let error = "you have no usable current account";
    assert_eq!(deleted, 200);
    assert_eq!(rejected.parts(), (403, &json!({ "success": false, "error": error })));
    app.proxy().calm().unwrap();
    assert_eq!(app.sweep().await.unwrap().finished, 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_deleted_account_is_not_chosen_and_not_changed() {
    for method in ["choose", "change"] {
        let app = TestApp::start().await;
        let (jane, john) = app.owner_and(Role::Admin).await;
        let (others, account, user) = (app.others(), account_of(&jane), jane.user().id);
        app.proxy().before(WRITE, async move {
            let access = others.access(user, account).await.unwrap();
            others
                .delete_account(&Actor::operator(), access.admin().unwrap())
                .unwrap()
                .commit()
                .await
                .unwrap();
        });

        let rejected = match method {
            "choose" => {
                john.send_json(
                    "PUT",
                    "/api/public/v1/current-account",
                    &json!({ "accountId": jane.account() }),
                )
                .await
            }
            _ => {
                john.send_json(
                    "PUT",
                    &format!("/v1/accounts/{}", jane.account()),
                    &json!({ "name": "x", "email": "x@example.com" }),
                )
                .await
            }
        };

        assert_eq!(rejected.parts(), (404, &json!({ "error": "account not found" })), "{method}");
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_member_who_joins_just_before_the_deletion_is_cleaned_up_too() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (others, account, user) = (app.others(), account_of(&jane), john.user().id);
    let proxy = app.proxy().clone();
    app.proxy().before(WRITE, async move {
        proxy.responded("Query").await;
        others.add_member(&Actor::operator(), account, user, Role::Member).await.unwrap();
    });

    let deleted = jane.send("DELETE", &format!("/v1/accounts/{}", jane.account())).await;

    assert_eq!(deleted.status, 200, "{deleted:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_change_that_lost_a_race_starts_from_the_winners_result() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let path = format!("/v1/accounts/{}", jane.account());
    let (others, account, user) = (app.others(), account_of(&jane), jane.user().id);
    app.proxy().before(WRITE, async move {
        let (by, access) =
            others.user_and(user, shared::table::fetch::account_access(account)).await.unwrap();
        let change = shared::table::AccountChange {
            name: Some("First".parse().unwrap()),
            email: Some("first@example.com".parse().unwrap()),
        };
        let admin = access.admin().unwrap();
        let shown = others.account_with_email(admin.account(), &by.unwrap()).await.unwrap();
        others
            .change_account(&Actor::operator(), admin, shown, change)
            .unwrap()
            .commit()
            .await
            .unwrap();
    });

    let changed = john
        .send_json("PUT", &path, &json!({ "name": "Second", "email": "second@example.com" }))
        .await;

    assert_eq!((changed.status, changed.text("email")), (200, "second@example.com"));
    // The first one's address is free again.
    assert_eq!(
        john.send_json(
            "POST",
            "/v1/accounts",
            &json!({ "name": "x", "email": "first@example.com" })
        )
        .await
        .status,
        200
    );
    app.assert_consistent().await;
}

#[tokio::test]
async fn of_two_first_accounts_the_one_written_first_becomes_current() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    jane.send("DELETE", &format!("/v1/accounts/{}", jane.account())).await;
    let (others, user) = (app.others(), jane.user().id);
    app.proxy().before(WRITE, async move {
        let name: shared::model::AccountName = "First".parse().unwrap();
        let (owner, (slug, counts)) = others
            .user_and(user, fetch::both(fetch::free_slug(name.clone()), fetch::counts()))
            .await
            .unwrap();
        let account = shared::table::NewAccount { name, contact_email: None, registry: None };
        others
            .create_account(&Actor::operator(), account, slug, &owner.unwrap(), counts.as_ref())
            .await
            .unwrap()
            .commit()
            .await
            .unwrap();
    });

    let second =
        jane.send_json("POST", "/api/public/v1/account", &json!({ "name": "Second" })).await;

    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(jane.send("GET", "/api/public/v1/current-account").await.text("name"), "First");
}

#[tokio::test]
async fn a_user_disabled_meanwhile_writes_nothing() {
    for operation in user_operations().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let (others, user) = (app.others(), jane.user().id);
        let before = all_but_the_user(&app, &jane).await;
        app.proxy().before(WRITE, async move {
            others.set_disabled(&Actor::operator(), user, true).await.unwrap();
        });

        let rejected = app.send_event(&event).await;

        assert_eq!(rejected.status, 401, "{operation}: {rejected:?}");
        assert_eq!(app.proxy().faults_left(), 0, "{operation}");
        assert_eq!(all_but_the_user(&app, &jane).await, before, "{operation}");
    }
}

#[tokio::test]
async fn a_former_admin_creates_no_user() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    demote_before_write(&app, &jane, &jane.account());
    let new = json!({
        "email": "late@example.com",
        "first_name": "L",
        "last_name": "L",
        "password": "correct horse",
    });

    let rejected = jane.send_json("PUT", "/v2/accounts", &new).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (403, 0), "{rejected:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_derived_name_that_is_taken_meanwhile_is_no_conflict() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let others = app.others();
    app.proxy().before(WRITE, async move {
        let email = "mary@else.example".parse().unwrap();
        others
            .create_user(&Actor::operator(), NewUser::new("mary".parse().unwrap(), email))
            .await
            .unwrap();
    });
    let new = json!({
        "email": "mary@example.com",
        "first_name": "M",
        "last_name": "M",
        "password": "correct horse",
    });

    let made = jane.send_json("PUT", "/v2/accounts", &new).await;

    assert_eq!((made.status, app.proxy().faults_left()), (200, 0), "{made:?}");
    let username = made.body["user"]["username"].as_str().unwrap();
    assert!(username.starts_with("mary") && username.len() == 12, "{username}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_token_that_was_revoked_meanwhile_writes_nothing_any_more() {
    for operation in user_operations().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let (others, token) = (app.others(), jane.token().parse::<TokenCredential>().unwrap());
        app.proxy().before(WRITE, async move {
            others
                .delete_token(&Actor::operator(), token.owner(), token.id())
                .commit()
                .await
                .unwrap();
        });

        let rejected = app.send_event(&event).await;

        assert_eq!(
            (rejected.status, app.proxy().faults_left()),
            (401, 0),
            "{operation}: {rejected:?}"
        );
    }
}

#[tokio::test]
async fn an_access_token_that_was_revoked_meanwhile_writes_nothing_any_more() {
    for revoked in ["the client", "its scope", "its grants", "the grant", "the token alone"] {
        let app = TestApp::start().await;
        let client = app.new_client("https://client.example.com/callback", true).await;
        let jane = app.person("janedoe").await;
        let tokens = client.tokens(&app, &jane.credentials(), "profile_write email_read").await;
        let (others, user) = (app.others(), jane.user().id);
        let id = client.id.parse().unwrap();
        let grant = GrantCredential::parse(GrantTokenKind::Access, &tokens.access).unwrap();
        app.proxy().before(WRITE, async move {
            let operator = Actor::operator();
            let found = others.client_and_grant(id, Some((user, grant.grant()))).await.unwrap();
            let grant = found.grant.unwrap();
            let done = match revoked {
                "the client" => others.delete_client(&operator, id).await,
                "its scope" => {
                    let scopes = Some([Scope::EmailRead].into());
                    let change = ClientChange { scopes, ..Default::default() };
                    others.change_client(&operator, id, &change).await
                }
                "its grants" => others.revoke_grants_to(&operator, id).await,
                "the grant" => others.delete_grant(&operator, &grant, None).await,
                _ => others.delete_access(&operator, &grant, &[]).await,
            };
            done.unwrap();
        });
        let bearer = format!("Bearer {}", tokens.access);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = json!({ "company": "late" }).to_string();

        let rejected = app.send("PATCH", "/api/v1.1/users/janedoe/", &headers, Some(&body)).await;

        let status = if revoked == "its scope" { 403 } else { 401 };
        assert_eq!((rejected.status, app.proxy().faults_left()), (status, 0), "{revoked}");
    }
}

#[tokio::test]
async fn a_request_signed_with_a_secret_that_was_renewed_meanwhile_writes_nothing() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let (key, secret) = jane.api_key();
    let mut event = operation("e24-create-account").of(&jane.account(), "");
    sign(&mut event, &key, secret);
    let (others, user) = (app.others(), jane.user().id);
    let service_key = app.service_key().await;
    app.proxy().before(WRITE, async move {
        let (user, counts) = others.user_and(user, fetch::counts()).await.unwrap();
        let user = user.unwrap();
        let renewed = user.api_keys.values().next().unwrap().renewed(&service_key).unwrap();
        let (operator, counts) = (Actor::operator(), counts.as_ref());
        others.renew_api_key(&operator, &user, counts, renewed).unwrap().commit().await.unwrap();
    });

    let rejected = app.send_event(&event).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (401, 0), "{rejected:?}");
}

#[tokio::test]
async fn a_token_rotated_meanwhile_writes_only_what_the_old_one_of_an_overlap_may() {
    for operation in user_operations().filter(DocumentedOperation::is_write) {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let event = app.event(&operation, &jane).await;
        let (others, user) = (app.others(), jane.user().clone());
        let id = jane.token().parse::<TokenCredential>().unwrap().id();
        app.proxy().before(WRITE, async move {
            let items = fetch::both(fetch::token(id), fetch::counts());
            let (_, (token, counts)) = others.user_and(user.id, items).await.unwrap();
            let (actor, token) = (Actor::operator(), token.unwrap());
            let overlap = std::time::Duration::from_mins(10);
            others
                .rotate_token(&actor, &user, counts.as_ref(), &token, overlap)
                .unwrap()
                .commit()
                .await
                .unwrap();
        });

        let response = app.send_event(&event).await;

        let expected = if operation.takes(CredentialKind::OverlappedToken) {
            operation.success_by(CredentialKind::OverlappedToken)
        } else {
            403
        };
        assert_eq!(
            (response.status, app.proxy().faults_left()),
            (expected, 0),
            "{operation}: {response:?}"
        );
    }
}

#[tokio::test]
async fn no_token_is_created_if_the_password_changes_meanwhile() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    app.proxy().before(WRITE, app.changing_password(&jane));
    let input = json!({ "name": "late", "kind": "user" });

    let rejected = jane.send_json("POST", "/rollcall/v1/tokens", &input).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (401, 0), "{rejected:?}");
}

/// Whether an entry of an audit log tells of the operator, who acts meanwhile.
fn is_of_the_operator(item: &Value) -> bool {
    item["actor"]["M"]["kind"]["S"] == "operator"
}

/// Every item but the person's own.
async fn all_but_the_user(app: &TestApp, person: &Person<'_>) -> BTreeSet<String> {
    let items = app.items().await.into_iter().filter(|item| !is_of_the_operator(item));
    // A current password is attempted before the write.
    let items = items.filter(|item| item["sk"]["S"] != "LOCKOUT");
    let key = |item: &Value| json!({ "pk": item["pk"], "sk": item["sk"] });
    items.filter(|item| key(item) != person.key()).map(|item| item.to_string()).collect()
}

#[tokio::test]
async fn an_address_claimed_by_another_user_meanwhile_is_taken() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let others = app.others();
    app.proxy().before(WRITE, async move {
        let new = shared::table::NewUser::new(
            "latecomer".parse().unwrap(),
            "team@example.com".parse().unwrap(),
        );
        others.create_user(&Actor::operator(), new).await.unwrap();
    });

    let rejected = jane
        .send_json("POST", "/v1/accounts", &json!({ "name": "Team", "email": "TEAM@example.com" }))
        .await;

    assert_eq!(rejected.parts(), (409, &json!({ "error": "the e-mail address is taken" })));
    app.assert_consistent().await;
}
