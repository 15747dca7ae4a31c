//! What the operator does to users, members and clients, as rules of the table: it may be cut off
//! between two steps, and others act meanwhile.

use std::collections::BTreeSet;

use serde_json::json;
use shared::model::{Role, TokenKind, UserId};
use shared::table::{Actor, Table, UserDeletion};
use shared::{Error, Result};
use testkit::{OAuthClient, PASSWORD, Person, TestApp, basic};

const WRITE: &str = "TransactWriteItems";

/// The steps of the command, which may be run again.
async fn delete(table: &Table, id: UserId) -> Result<()> {
    loop {
        let Some(user) = table.user_and(id, ()).await?.0 else { return Ok(()) };
        match table.begin_user_deletion(&Actor::operator(), &user).await {
            Err(Error::WriteConflict) => {}
            begun => {
                begun?;
                let ended = table.finish_user_deletion(&Actor::operator(), id).await?;
                assert_eq!(ended, UserDeletion::Finished);
                return Ok(());
            }
        }
    }
}

const EMAILS: &str = "/api/v1.1/users/janedoe/emails/";

/// Jane, who has some of everything: an account of her own, one with Mary and John, a membership in
/// John's, a second address, tokens and a grant.
struct Deletion {
    jane: UserId,
    token: String,
    shared_account: String,
    heir: UserId,
}

impl Deletion {
    async fn arrange(app: &TestApp) -> Self {
        let [jane, john, mary] =
            [app.person("janedoe").await, app.person("johnroe").await, app.person("maryroe").await];
        let body = json!({ "name": "Team", "email": "team@example.com" });
        let made = jane.send_json("POST", "/v1/accounts", &body).await;
        let shared_account = made.text("id").to_owned();
        // Mary joins first, though John is the older user.
        app.join(&mary, &shared_account, Role::Admin).await;
        app.join(&john, &shared_account, Role::Admin).await;
        app.join(&jane, &john.account(), Role::Admin).await;
        let second = json!({ "email": "jane@work.example.com" });
        let added = jane.send_json("POST", EMAILS, &second).await;
        assert_eq!(added.status, 201, "{added:?}");
        jane.new_token(TokenKind::Environment, None, None).await;
        let client = app.new_client("https://client.example.com/callback", true).await;
        client.tokens(app, &jane.credentials(), "profile_read").await;
        let (token, heir) = (jane.token().to_owned(), mary.user().id);
        Self { jane: jane.user().id, token, shared_account, heir }
    }

    /// Whether her token works; if not, she can never do anything again.
    async fn is_alive(&self, app: &TestApp) -> bool {
        let accounts =
            app.send("GET", "/v1/accounts", &[("authorization", &self.token)], None).await;
        assert!([200, 401].contains(&accounts.status), "{accounts:?}");
        accounts.status == 200
    }

    /// Nothing is left of her but the claims of nobody to her name and her number, the audit logs, and
    /// for half an hour what rejects a password.
    async fn assert_gone(&self, app: &TestApp) {
        let id = self.jane.to_string();
        let own = |item: &serde_json::Value| {
            item["type"]["S"] != "audit" && item.to_string().contains(&id)
        };
        let left: Vec<_> = app.items().await.into_iter().filter(own).collect();
        let ttl: i64 = left[0]["ttl"]["N"].as_str().unwrap().parse().unwrap();
        let closed = json!({
            "pk": { "S": format!("USER#{id}") },
            "sk": { "S": "LOCKOUT" },
            "epoch": { "N": u64::MAX.to_string() },
            "ttl": { "N": ttl.to_string() },
        });
        assert_eq!(left, [closed]);
        assert!(ttl <= TestApp::in_seconds(30 * 60).as_second(), "{ttl}");
        let account = app.items_of("account").await.into_iter();
        let account = account.filter(|item| item["id"]["S"] == self.shared_account);
        let owners: Vec<_> = account.map(|item| item["owner"]["S"].clone()).collect();
        assert_eq!(owners, [json!(self.heir.to_string())]);
        assert_eq!(app.items_of("cleanup").await.len(), 0);
        app.assert_consistent().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_deletion_cut_off_anywhere_is_finished_by_the_sweep_or_another_one() {
    let mut begun = 0;
    for calls in 0.. {
        let mut app = TestApp::start().await;
        let deletion = Deletion::arrange(&app).await;
        let cutoff = app.cutoff().await;
        cutoff.after(calls);
        let ended = tokio::select! {
            ended = delete(app.table(), deletion.jane) => Some(ended),
            () = cutoff.reached() => None,
        };
        cutoff.quiet().await;
        app.mend();
        if ended.is_none() && deletion.is_alive(&app).await {
            app.sweep().await.unwrap();
            assert!(deletion.is_alive(&app).await, "nothing was begun after {calls} calls");
            continue;
        }
        begun += 1;
        match ended {
            Some(ended) => {
                ended.unwrap();
                deletion.assert_gone(&app).await;
                assert!(begun > 15, "{begun}");
                return;
            }
            None if calls % 2 == 0 => drop(app.sweep().await.unwrap()),
            None => delete(app.table(), deletion.jane).await.unwrap(),
        }
        // An account that went may have left its own note.
        app.sweep().await.unwrap();
        deletion.assert_gone(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_of_one_user_and_the_sweep_may_run_at_once() {
    let app = TestApp::start().await;
    let deletion = Deletion::arrange(&app).await;

    let (one, other, swept) = tokio::join!(
        delete(app.table(), deletion.jane),
        delete(app.table(), deletion.jane),
        app.sweep()
    );

    one.unwrap();
    other.unwrap();
    swept.unwrap();
    app.sweep().await.unwrap();
    deletion.assert_gone(&app).await;
}

#[tokio::test]
async fn a_user_with_as_many_addresses_as_are_allowed_is_deleted() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for number in 1..50 {
        let another = json!({ "email": format!("jane{number}@example.com") });
        assert_eq!(jane.send_json("POST", EMAILS, &another).await.status, 201);
    }

    delete(app.table(), jane.user().id).await.unwrap();

    assert_eq!(app.items_of("email").await, [] as [serde_json::Value; 0]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_number_of_users_that_a_user_made_goes_with_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let new = json!({ "email": "mary@example.com", "first_name": "Mary", "last_name": "Roe", "password": PASSWORD });
    let made = jane.send_json("PUT", "/v2/accounts", &new).await;
    assert_eq!((made.status, app.items_of("made").await.len()), (200, 1), "{made:?}");
    let id = made.body["user"]["id"].as_str().unwrap().parse().unwrap();
    let account = jane.account().parse().unwrap();
    app.table().remove_member(&Actor::operator(), account, id).await.unwrap();

    delete(app.table(), jane.user().id).await.unwrap();

    assert_eq!(app.items_of("made").await, [] as [serde_json::Value; 0]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_user_whose_deletion_begins_meanwhile_writes_nothing() {
    let app = TestApp::start().await;
    let deletion = Deletion::arrange(&app).await;
    let (others, id) = (app.others(), deletion.jane);
    app.proxy().before(WRITE, async move { delete(&others, id).await.unwrap() });
    let body = json!({ "name": "Late", "email": "late@example.com" });

    let headers =
        [("authorization", deletion.token.as_str()), ("content-type", "application/json")];
    let rejected = app.send("POST", "/v1/accounts", &headers, Some(&body.to_string())).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (401, 0));
    deletion.assert_gone(&app).await;
}

#[tokio::test]
async fn a_password_that_is_checked_while_its_user_is_deleted_is_rejected_without_a_trace() {
    let app = TestApp::start().await;
    let deletion = Deletion::arrange(&app).await;
    let (others, id) = (app.others(), deletion.jane);
    app.proxy().before("UpdateItem", async move { delete(&others, id).await.unwrap() });

    let right = basic("janedoe", PASSWORD);
    let headers = [("authorization", right.as_str())];
    let rejected = app.send("GET", "/rollcall/v1/tokens", &headers, None).await;

    assert_eq!((rejected.status, app.proxy().faults_left()), (401, 0));
    deletion.assert_gone(&app).await;
}

#[tokio::test]
async fn an_account_passes_to_nobody_who_is_demoted_or_disabled_meanwhile() {
    for demotes in [true, false] {
        let app = TestApp::start().await;
        let deletion = Deletion::arrange(&app).await;
        let jane = app.table().user_and(deletion.jane, ()).await.unwrap().0.unwrap();
        let account = deletion.shared_account.parse().unwrap();
        let own = jane.current_account.unwrap();
        app.table().begin_user_deletion(&Actor::operator(), &jane).await.unwrap();
        // Only the account that passes on is left.
        let operator = Actor::operator();
        for membership in app.table().memberships(jane.id).await.unwrap() {
            if membership.account != account && membership.account != own {
                app.table().remove_member(&operator, membership.account, jane.id).await.unwrap();
            }
        }
        let (others, heir) = (app.others(), deletion.heir);
        let overtake = async move {
            let operator = Actor::operator();
            if demotes {
                others.set_role(&operator, account, heir, Role::Member).await.unwrap();
            } else {
                others.set_disabled(&operator, heir, true).await.unwrap();
            }
        };
        app.proxy().before(WRITE, overtake);

        app.table().finish_user_deletion(&operator, jane.id).await.unwrap();

        let items = app.items_of("account").await;
        let owner = |item: &&serde_json::Value| item["id"]["S"] == deletion.shared_account;
        let john = app.table().user_id_by_username(&"johnroe".parse().unwrap()).await.unwrap();
        let owner = items.iter().find(owner).unwrap()["owner"]["S"].clone();
        assert_eq!(owner, json!(john.unwrap().to_string()), "{demotes}");
        app.sweep().await.unwrap();
        app.assert_consistent().await;
    }
}

/// The only two admins of an account with a third member, both of whom the operator deletes: each
/// deletion began when the other one still was to own it.
#[tokio::test]
async fn of_two_deletions_that_block_each_other_the_owners_is_taken_back() {
    for by_the_sweep in [false, true] {
        for was_disabled in [false, true] {
            let app = TestApp::start().await;
            let (jane, john) = app.owner_and(Role::Admin).await;
            let account = jane.account();
            app.join(&app.person("maryroe").await, &account, Role::Member).await;
            let (table, operator) = (app.table(), Actor::operator());
            let stored = async |id| table.user_and(id, ()).await.unwrap().0;
            let [jane_id, john_id] = [&jane, &john].map(|person| person.user().id);
            table.set_disabled(&operator, jane_id, was_disabled).await.unwrap();
            for id in [jane_id, john_id] {
                assert_eq!(table.accounts_without_successor(id).await.unwrap(), []);
                table.begin_user_deletion(&operator, &stored(id).await.unwrap()).await.unwrap();
            }

            if by_the_sweep {
                app.sweep().await.unwrap();
                let account = account.parse().unwrap();
                let back = table.take_user_deletion_back(&operator, jane_id, account).await;
                assert!(!back.unwrap(), "the sweep did");
            } else {
                let blocking = vec![account.parse().unwrap()];
                let ended = table.finish_user_deletion(&operator, jane_id).await.unwrap();
                assert_eq!(ended, UserDeletion::Blocked(blocking.clone()));
                // A second begin does not forget what the user was.
                let again = stored(jane_id).await.unwrap();
                table.begin_user_deletion(&operator, &again).await.unwrap();
                let back = table.take_user_deletion_back(&operator, jane_id, blocking[0]).await;
                assert!(back.unwrap());
                let ended = table.finish_user_deletion(&operator, jane_id).await.unwrap();
                assert_eq!(ended, UserDeletion::NotBegun);
                app.sweep().await.unwrap();
            }

            let kept = stored(jane_id).await.unwrap();
            assert_eq!(kept.disabled, by_the_sweep || was_disabled, "{by_the_sweep}");
            assert!(stored(john_id).await.is_none());
            assert_eq!(app.items_of("cleanup").await.len(), 0);
            table.set_disabled(&operator, jane_id, false).await.unwrap();
            assert_eq!(jane.send("GET", "/v1/accounts").await.status, 200);
            app.assert_consistent().await;
        }
    }
}

#[tokio::test]
async fn a_user_who_is_disabled_while_being_deleted_stays_so_if_that_is_taken_back() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let (table, operator, id) = (app.table(), Actor::operator(), jane.user().id);
    let stored = async || table.user_and(id, ()).await.unwrap().0.unwrap();
    table.begin_user_deletion(&operator, &stored().await).await.unwrap();

    table.set_disabled(&operator, id, true).await.unwrap();

    let blocking = jane.account().parse().unwrap();
    table.take_user_deletion_back(&operator, id, blocking).await.unwrap();
    assert!(stored().await.disabled);
    assert_eq!(john.send("GET", "/v1/accounts").await.status, 200);
}

#[tokio::test]
async fn accounts_that_one_admin_has_no_room_for_together_keep_their_owner_from_deletion() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let made = jane.send_json("POST", "/api/public/v1/account", &json!({ "name": "B" })).await;
    app.join(&john, made.text("accountId"), Role::Admin).await;
    let (table, id) = (app.table(), jane.user().id);
    assert_eq!(table.accounts_without_successor(id).await.unwrap(), []);
    let key = json!({ "pk": john.key()["pk"], "sk": { "S": "COUNTS" } });
    let change = json!({
        "Key": key,
        "UpdateExpression": "SET accountsOwned = :owned",
        "ExpressionAttributeValues": { ":owned": { "N": "99" } },
    });
    app.engine("UpdateItem", change).await;

    let blocking = table.accounts_without_successor(id).await.unwrap();

    assert_eq!(blocking.len(), 1, "{blocking:?}");
}

#[tokio::test]
async fn an_account_is_left_by_nobody_whose_deletion_is_taken_back_meanwhile() {
    let app = TestApp::start().await;
    let deletion = Deletion::arrange(&app).await;
    let (jane, account) = (deletion.jane, deletion.shared_account.parse().unwrap());
    let stored = app.table().user_and(jane, ()).await.unwrap().0.unwrap();
    app.table().begin_user_deletion(&Actor::operator(), &stored).await.unwrap();
    let others = app.others();
    let overtake = async move {
        let operator = Actor::operator();
        others.take_user_deletion_back(&operator, jane, account).await.unwrap();
    };
    app.proxy().before(WRITE, overtake);

    let ended = app.table().finish_user_deletion(&Actor::operator(), jane).await.unwrap();

    assert_eq!(ended, UserDeletion::NotBegun);
    assert_eq!(app.table().memberships(jane).await.unwrap().len(), 3);
    assert!(deletion.is_alive(&app).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn of_two_admins_who_go_at_once_one_stays() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let mary = app.person("maryroe").await;
    let account = jane.account();
    app.join(&mary, &account, Role::Admin).await;
    // An owner who is no admin, as no operation leaves one: only the count protects the others.
    for key in jane.membership_keys(&account) {
        let plain = json!({
            "Key": key,
            "UpdateExpression": "SET #role = :member",
            "ExpressionAttributeNames": { "#role": "role" },
            "ExpressionAttributeValues": { ":member": { "S": "member" } },
        });
        app.engine("UpdateItem", plain).await;
    }
    let counted = json!({
        "Key": { "pk": { "S": format!("ACCOUNT#{account}") }, "sk": { "S": "ACCOUNT" } },
        "UpdateExpression": "ADD adminCount :less",
        "ExpressionAttributeValues": { ":less": { "N": "-1" } },
    });
    app.engine("UpdateItem", counted).await;
    let account = account.parse().unwrap();
    let (others, other) = (app.others(), mary.user().id);
    app.proxy().before(WRITE, async move {
        others.set_role(&Actor::operator(), account, other, Role::Member).await.unwrap();
    });
    let operator = Actor::operator();
    let remove = || app.table().remove_member(&operator, account, john.user().id);

    assert!(matches!(remove().await, Err(Error::WriteConflict)));
    let again = remove().await.unwrap_err();

    assert_eq!(again.to_string(), "the user is the only admin of the account");
    app.table().set_role(&operator, account, jane.user().id, Role::Admin).await.unwrap();
    app.assert_consistent().await;
}

async fn profile(app: &TestApp, access: &str) -> u16 {
    let bearer = format!("Bearer {access}");
    app.send("GET", "/api/v1.1/users/janedoe/", &[("authorization", &bearer)], None).await.status
}

async fn refreshed(app: &TestApp, client: &OAuthClient, token: &str) -> u16 {
    client.token(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await.status
}

async fn granted() -> (TestApp, OAuthClient, OAuthClient) {
    let app = TestApp::start().await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let other = app.new_client("https://other.example.com/callback", true).await;
    (app, client, other)
}

async fn tokens(app: &TestApp, jane: &Person<'_>, client: &OAuthClient) -> (String, String) {
    let tokens = client.tokens(app, &jane.credentials(), "profile_read").await;
    (tokens.access, tokens.refresh)
}

#[tokio::test]
async fn all_that_a_client_was_granted_ends_at_once_when_it_is_deleted_or_revoked() {
    for deletes in [true, false] {
        let (app, client, other) = granted().await;
        let jane = app.person("janedoe").await;
        let (access, refresh) = tokens(&app, &jane, &client).await;
        let (kept, _) = tokens(&app, &jane, &other).await;
        let code = client.code(&app, &jane.credentials(), "profile_read").await;
        let (id, operator) = (client.id.parse().unwrap(), Actor::operator());

        if deletes {
            app.table().delete_client(&operator, id).await.unwrap();
        } else {
            app.table().revoke_grants_to(&operator, id).await.unwrap();
        }

        assert_eq!((profile(&app, &access).await, profile(&app, &kept).await), (401, 200));
        let expected = if deletes { 401 } else { 400 };
        assert_eq!(refreshed(&app, &client, &refresh).await, expected);
        assert_eq!(client.redeem(&app, &code).await.status, expected);
        let listed = jane.send("GET", "/rollcall/v1/grants").await.body["grants"].take();
        assert_eq!(listed.as_array().unwrap().len(), 1, "the other client's alone: {listed}");
        if !deletes {
            let (later, _) = tokens(&app, &jane, &client).await;
            assert_eq!(profile(&app, &later).await, 200, "the client itself stays");
        }
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn the_grants_of_a_user_are_revoked_and_counted_no_more() {
    let (app, client, other) = granted().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let (one, _) = tokens(&app, &jane, &client).await;
    let (two, _) = tokens(&app, &jane, &other).await;
    let (kept, _) = tokens(&app, &john, &client).await;
    let id = jane.user().id;

    let all = app.table().all_grants(id).await.unwrap();
    app.table().delete_grants(&Actor::operator(), id, &all).await.unwrap();
    app.table().delete_grants(&Actor::operator(), id, &all).await.unwrap();

    assert_eq!((profile(&app, &one).await, profile(&app, &two).await), (401, 401));
    assert_eq!(profile(&app, &kept).await, 403, "John's is another user's");
    let left: BTreeSet<_> = app.items_of("grant").await.iter().map(ToString::to_string).collect();
    assert_eq!(left.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_account_passes_on_though_others_write_it_meanwhile() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let (operator, id) = (Actor::operator(), jane.user().id);
    let stored = app.table().user_and(id, ()).await.unwrap().0.unwrap();
    app.table().begin_user_deletion(&operator, &stored).await.unwrap();
    let renamed = json!({
        "Key": { "pk": { "S": format!("ACCOUNT#{}", jane.account()) }, "sk": { "S": "ACCOUNT" } },
        "UpdateExpression": "SET #name = :name, #version = #version + :one",
        "ExpressionAttributeNames": { "#name": "name", "#version": "version" },
        "ExpressionAttributeValues": { ":name": { "S": "Renamed" }, ":one": { "N": "1" } },
    });
    app.proxy().before(WRITE, app.engine_later("UpdateItem", renamed));
    app.proxy().record();

    let ended = app.table().finish_user_deletion(&operator, id).await.unwrap();

    let writes = app.proxy().calls().into_iter().filter(|call| call.operation == WRITE);
    // The account, and the user itself.
    assert_eq!((ended, writes.count()), (UserDeletion::Finished, 2));
    let account = john.send("GET", &format!("/rollcall/v1/accounts/{}", jane.account())).await;
    let owner = json!(john.user().id.to_string());
    assert_eq!((account.text("name"), &account.body["ownerId"]), ("Renamed", &owner));
    app.assert_consistent().await;
}

#[tokio::test]
async fn each_run_of_a_deletion_leaves_less_to_the_next_however_much_there_is() {
    let mut app = TestApp::start().await;
    let id = app.person("janedoe").await.user().id;
    // More than a megabyte, of which a page has one, for each call of a run.
    let text = "x".repeat(100_000);
    let response = |number: usize| {
        let sk = format!("RESPONSE#{number:03}");
        json!({ "pk": { "S": format!("USER#{id}") }, "sk": { "S": sk }, "body": { "S": text } })
    };
    app.import((0..160).map(|number| response(number).to_string()).collect()).await.unwrap();
    let stored = app.table().user_and(id, ()).await.unwrap().0.unwrap();
    app.table().begin_user_deletion(&Actor::operator(), &stored).await.unwrap();
    for run in 0..20 {
        let cutoff = app.cutoff().await;
        cutoff.after(16);
        let operator = Actor::operator();
        let ended = tokio::select! {
            ended = app.table().finish_user_deletion(&operator, id) => Some(ended.unwrap()),
            () = cutoff.reached() => None,
        };
        cutoff.quiet().await;
        app.mend();
        if let Some(ended) = ended {
            assert_eq!(ended, UserDeletion::Finished);
            assert!(run > 1, "{run}");
            app.assert_consistent().await;
            return;
        }
    }
    panic!("no run came to the end");
}
