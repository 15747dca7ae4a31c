//! The most that a user or an account has: each limit driven to its end, by itself and by 64 at
//! once, and the largest items and responses that come of it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::http::Access;
use shared::limits::{
    ACCOUNTS_OWNED, API_KEYS, CAPS, Cap, EMAILS, GRANTS, MAX_GRANTS_PER_CLIENT, MAX_RSA_BITS,
    MAX_SSH_KEY_NAME, MAX_USER_PAGE_BYTES, MEMBERS, MEMBERSHIPS, SSH_KEYS, TOKENS, USERS_MADE,
};
use shared::model::{
    AccountId, GrantCredential, GrantTokenKind, Role, Scope, Timestamp, TokenKind,
};
use shared::table::{Actor, NewGrant, NewUser, fetch};
use shared::{Error, Result, Settings};
use ssh_key::Mpint;
use ssh_key::public::{KeyData, RsaPublicKey};
use testkit::{
    ApiResponse, ConsentPage, OAuthClient, PASSWORD, Person, TestApp, operations, root, sign,
};

use crate::look;

/// How many try for the last free place.
const MANY: usize = 64;
/// `DynamoDB` takes no larger item, in bytes.
const LARGEST_ITEM: usize = 400 * 1024;
/// Lambda sends no larger response, in bytes. The body is a text of it, with quotes and backslashes
/// escaped.
const LARGEST_RESPONSE: usize = 6 * 1024 * 1024;

fn new_token(name: &str) -> Value {
    json!({ "name": name, "kind": "user" })
}

/// The rejections in the dialects' formats.
fn problem(cap: Cap) -> Value {
    json!({ "title": "Conflict", "status": 409, "detail": cap.to_string(), "code": "limit_reached" })
}

fn error(cap: Cap) -> Value {
    json!({ "error": cap.to_string() })
}

fn failure(cap: Cap) -> Value {
    json!({ "success": false, "error": cap.to_string() })
}

/// Sends 64 requests at once for the last free place: no more than one succeeds, the others are told
/// about this limit, and so is a further one.
async fn assert_one_wins(send: impl AsyncFn(usize) -> ApiResponse, rejected: &Value) {
    let responses = join_all((0..MANY).map(|number| patiently(&send, number))).await;

    let lost = responses.iter().filter(|response| response.parts() == (409, rejected)).count();
    let won = responses.iter().filter(|response| response.status < 300).count();
    // Of the one that succeeds, a busy machine may have sent the response too late.
    let other = responses.iter().find(|response| response.parts() != (409, rejected));
    assert!(won <= 1 && lost + 1 >= MANY, "{won} succeeded, {lost} were rejected: {other:?}");
    assert_eq!(patiently(&send, MANY).await.parts(), (409, rejected));
}

/// Sends again what a busy machine did not answer in time, as a client does.
async fn patiently(send: &impl AsyncFn(usize) -> ApiResponse, number: usize) -> ApiResponse {
    loop {
        let response = send(number).await;
        if response.status != 503 {
            return response;
        }
    }
}

/// The same without a function, which would run again what lost a race.
async fn insistently<T>(act: impl AsyncFn() -> Result<T>) -> Result<T> {
    loop {
        match act().await {
            Err(Error::WriteConflict | Error::Unavailable { .. }) => {}
            outcome => return outcome,
        }
    }
}

/// The same of what 64 at once did, as [`assert_one_wins`].
fn assert_one_won<T: std::fmt::Debug>(outcomes: &[Result<T>], cap: Cap) {
    let is_limit =
        |outcome: &&Result<T>| matches!(outcome, Err(Error::LimitReached(own)) if *own == cap);
    let (won, lost) = (
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        outcomes.iter().filter(is_limit).count(),
    );
    assert!(won <= 1 && lost + 1 >= MANY, "{outcomes:?}");
}

/// Sets what is at this path in an item, such as one of the counts.
async fn set(app: &TestApp, pk: &str, sk: &str, path: &str, value: Value) {
    let names: serde_json::Map<String, Value> = path
        .split('.')
        .enumerate()
        .map(|(place, name)| (format!("#part{place}"), json!(name)))
        .collect();
    let path = names.keys().map(String::as_str).collect::<Vec<_>>().join(".");
    let change = json!({
        "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
        "UpdateExpression": format!("SET {path} = :value"),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": { ":value": value },
    });
    app.engine("UpdateItem", change).await;
}

async fn set_count(app: &TestApp, person: &Person<'_>, attribute: &str, count: u32) {
    let pk = format!("USER#{}", person.user().id);
    set(app, &pk, "COUNTS", attribute, json!({ "N": count.to_string() })).await;
}

async fn set_members(app: &TestApp, person: &Person<'_>, count: u32) {
    let pk = format!("ACCOUNT#{}", person.account());
    set(app, &pk, "ACCOUNT", "memberCount", json!({ "N": count.to_string() })).await;
}

#[test]
fn the_documentation_lists_every_limit_with_its_number() {
    let page = std::fs::read_to_string(root().join("docs/api.md")).unwrap();
    for cap in CAPS {
        assert!(page.contains(&cap.to_string()), "docs/api.md does not say: {cap}");
    }
}

#[tokio::test]
async fn a_user_has_at_most_100_working_tokens_and_ended_ones_do_not_count() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = async || jane.send_json("POST", "/rollcall/v1/tokens", &new_token("x")).await;
    let mut last = String::new();
    for number in 1..TOKENS.max {
        let created = create().await;
        assert_eq!(created.status, 201, "{number}: {created:?}");
        last = created.text("id").to_owned();
    }

    assert_eq!(create().await.parts(), (409, &problem(TOKENS)));

    // A rotation needs a place as long as the old token works beside the new one.
    let rotation = format!("/rollcall/v1/tokens/{last}/rotate");
    let overlapping = jane.send_json("POST", &rotation, &json!({ "overlapSeconds": 60 })).await;
    assert_eq!(overlapping.parts(), (409, &problem(TOKENS)));
    let rotated = jane.send_json("POST", &rotation, &json!({})).await;
    assert_eq!(rotated.status, 201, "{rotated:?}");
    assert_eq!(create().await.status, 409);
    let revoked = format!("/rollcall/v1/tokens/{}", rotated.text("id"));
    assert_eq!(jane.send("DELETE", &revoked).await.status, 204);
    let created = create().await;
    assert_eq!((created.status, create().await.status), (201, 409));
    // One that has ended leaves its place.
    let (id, past) = (created.text("id"), json!({ "S": "2026-01-01T00:00:00Z" }));
    let pk = format!("USER#{}", jane.user().id);
    set(&app, &pk, &format!("TOKEN#{id}"), "expiresAt", past.clone()).await;
    set(&app, &pk, "COUNTS", &format!("tokens.{id}.expiresAt"), past).await;
    assert_eq!((create().await.status, create().await.status), (201, 409));
    app.assert_consistent().await;
}

#[tokio::test]
async fn tokens_that_ended_are_gone_once_another_one_is_created() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let create = async || jane.send_json("POST", "/rollcall/v1/tokens", &new_token("x")).await;
    let pk = format!("USER#{}", jane.user().id);
    for _ in 0..3 {
        let ended = create().await.text("id").to_owned();
        let past = json!({ "S": "2026-01-01T00:00:00Z" });
        set(&app, &pk, &format!("TOKEN#{ended}"), "expiresAt", past.clone()).await;
        set(&app, &pk, "COUNTS", &format!("tokens.{ended}.expiresAt"), past).await;
    }

    let created = create().await;

    // Whoever makes tokens that end at once makes no list longer.
    let left = app.items_of("token").await;
    let mut left: Vec<_> = left.iter().map(|token| token["id"]["S"].as_str().unwrap()).collect();
    left.sort_unstable();
    let own = testkit::token_id(jane.token()).unwrap();
    assert_eq!(left, [own.as_str(), created.text("id")]);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_tokens_at_the_last_free_place_one_is_created() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for _ in 2..TOKENS.max {
        jane.new_token(TokenKind::Environment, None, None).await;
    }
    let body = new_token("x");

    let send = async |_| jane.send_json("POST", "/rollcall/v1/tokens", &body).await;
    assert_one_wins(send, &problem(TOKENS)).await;

    app.assert_consistent().await;
}

#[tokio::test]
async fn a_changed_password_frees_the_places_of_the_tokens_that_it_revokes() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    for _ in 1..TOKENS.max {
        jane.new_token(TokenKind::User, None, None).await;
    }
    let changed = json!({ "password": "another correct horse" });
    assert_eq!(jane.send_json("POST", "/v2/account/data", &changed).await.status, 200);

    let created = jane.send_json("POST", "/rollcall/v1/tokens", &new_token("x")).await;

    assert_eq!(created.status, 201, "{created:?}");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_owns_at_most_100_accounts_and_a_deleted_one_leaves_its_place() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let quave = json!({ "name": "One more" });
    for number in 2..ACCOUNTS_OWNED.max {
        let golem = json!({ "name": "x", "email": format!("a{number}@example.org") });
        assert_eq!(jane.send_json("POST", "/v1/accounts", &golem).await.status, 200, "{number}");
    }

    let send = async |_| jane.send_json("POST", "/api/public/v1/account", &quave).await;
    assert_one_wins(send, &error(ACCOUNTS_OWNED)).await;

    let golem = json!({ "name": "x", "email": "one.more@example.org" });
    let rejected = jane.send_json("POST", "/v1/accounts", &golem).await;
    assert_eq!(rejected.parts(), (409, &error(ACCOUNTS_OWNED)));
    let path = format!("/v1/accounts/{}", jane.account());
    assert_eq!(jane.send("DELETE", &path).await.status, 200);
    assert_eq!(jane.send_json("POST", "/v1/accounts", &golem).await.status, 200);
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_belongs_to_at_most_1000_accounts() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    set_count(&app, &jane, "memberships", MEMBERSHIPS.max - 1).await;
    let body = json!({ "name": "One more" });

    let send = async |_| jane.send_json("POST", "/api/public/v1/account", &body).await;
    assert_one_wins(send, &error(MEMBERSHIPS)).await;

    let added = app
        .table()
        .add_member(
            &Actor::operator(),
            john.account().parse().unwrap(),
            jane.user().id,
            Role::Member,
        )
        .await;
    assert_limit(added, MEMBERSHIPS);
    set_count(&app, &jane, "memberships", 2).await;
    app.assert_consistent().await;
}

fn assert_limit<T: std::fmt::Debug>(outcome: Result<T>, cap: Cap) {
    match outcome {
        Err(Error::LimitReached(reached)) => assert_eq!(reached, cap),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_at_most_10000_members() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut users = Vec::new();
    for number in 0..MANY {
        let name = format!("user{number}");
        let email = format!("{name}@example.com").parse().unwrap();
        let new = NewUser::new(name.parse().unwrap(), email);
        users.push(app.table().create_user(&Actor::operator(), new).await.unwrap().id);
    }
    set_members(&app, &jane, MEMBERS.max - 1).await;
    let (operator, account) = (Actor::operator(), jane.account().parse().unwrap());

    let (table, operator) = (app.table(), &operator);
    let add = async |user| table.add_member(operator, account, user, Role::Member).await;
    let all = users.iter().map(|user| insistently(async || add(*user).await));
    assert_one_won(&join_all(all).await, MEMBERS);

    let rejected = create_user(&jane, "mary").await;
    assert_eq!(rejected.parts(), (409, &failure(MEMBERS)));
    set_members(&app, &jane, 2).await;
    app.assert_consistent().await;
}

async fn create_user(person: &Person<'_>, name: &str) -> ApiResponse {
    let body = json!({
        "email": format!("{name}@example.net"),
        "first_name": name,
        "last_name": "x",
        "password": "correct horse battery",
    });
    person.send_json("PUT", "/v2/accounts", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_makes_at_most_1000_users_a_day_those_included_whom_they_make() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let made = create_user(&jane, "mary").await;
    assert_eq!(made.status, 200, "{made:?}");
    let made_today = app.items_of("made").await.remove(0);
    assert_eq!(made_today["users"]["N"], "1");
    assert!(made_today["ttl"]["N"].is_string(), "{made_today}");
    let (pk, sk) =
        (made_today["pk"]["S"].as_str().unwrap(), made_today["sk"]["S"].as_str().unwrap());
    let nearly = (USERS_MADE.max - 1).to_string();
    set(&app, pk, sk, "users", json!({ "N": nearly })).await;

    let names: Vec<String> = (0..=MANY).map(|number| format!("amy{number}")).collect();
    let send = async |number: usize| create_user(&jane, &names[number]).await;
    assert_one_wins(send, &failure(USERS_MADE)).await;

    // Whom she made makes on her account, wherever that is.
    let mut event = testkit::operation("e24-create-account").of("", "");
    event["body"] = json!({
        "email": "grandchild@example.net",
        "first_name": "Grand",
        "last_name": "Child",
        "password": "correct horse battery",
    })
    .to_string()
    .into();
    let api = &made.body["user"]["api"][0];
    sign(&mut event, api["api_key"].as_str().unwrap(), api["secret_key"].as_str().unwrap());
    assert_eq!(app.send_event(&event).await.parts(), (409, &failure(USERS_MADE)));
    // The operator makes as many as are wanted.
    app.person("johnroe").await;
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_api_keys_or_ssh_keys_at_the_last_free_place_one_is_created() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let generate = json!({ "name": "x", "method": "generate" });
    for (path, body, cap, there) in
        [("/v2/account/api", json!({}), API_KEYS, 1), ("/v2/account/sshkey", generate, SSH_KEYS, 0)]
    {
        for _ in there + 1..cap.max {
            assert_eq!(jane.send_json("PUT", path, &body).await.status, 200);
        }

        let send = async |_| jane.send_json("PUT", path, &body).await;
        assert_one_wins(send, &failure(cap)).await;
    }
    app.assert_consistent().await;
}

async fn grant(app: &TestApp, person: &Person<'_>, client: &OAuthClient) -> Result<String> {
    let (user, counts) = app.table().user_and(person.user().id, fetch::counts()).await?;
    let client_id = client.id.parse().unwrap();
    let stored = app.table().client(client_id).await?.unwrap();
    let new = NewGrant {
        client: &stored,
        scopes: [Scope::ProfileRead].into(),
        redirect_uri: client.redirect_uri.clone(),
        names_redirect_uri: true,
        challenge: None,
        rests_on: None,
    };
    let (operator, user) = (Actor::operator(), user.unwrap());
    let granted = app.table().create_grant(&operator, &user, counts.as_ref(), new).await?;
    Ok(granted.commit().await?.reveal())
}

async fn profile(app: &TestApp, access: &str) -> u16 {
    let bearer = format!("Bearer {access}");
    app.send("GET", "/api/v1.1/users/janedoe/", &[("authorization", &bearer)], None).await.status
}

#[tokio::test]
async fn an_eleventh_grant_to_a_client_replaces_the_one_not_used_for_longest() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let other = app.new_client("https://other.example.com/callback", true).await;
    let others = other.tokens(&app, &jane.credentials(), "profile_read").await;
    let mut all = Vec::new();
    for _ in 0..MAX_GRANTS_PER_CLIENT {
        all.push(client.tokens(&app, &jane.credentials(), "profile_read").await.access);
    }
    // Of all but the third a use is noted.
    let pk = format!("USER#{}", jane.user().id);
    for (number, access) in all.iter().enumerate().filter(|(number, _)| *number != 2) {
        let id = grant_id(access);
        let used = format!("2999-01-01T{number:02}:00:00Z");
        set(&app, &pk, &format!("GRANT#{id}"), "lastUsedAt", json!({ "S": used })).await;
    }

    let eleventh = client.tokens(&app, &jane.credentials(), "profile_read").await.access;

    for (number, access) in all.iter().enumerate() {
        let expected = if number == 2 { 401 } else { 200 };
        assert_eq!(profile(&app, access).await, expected, "{number}");
    }
    assert_eq!((profile(&app, &eleventh).await, profile(&app, &others.access).await), (200, 200));
    assert_eq!(app.items_of("grant").await.len(), MAX_GRANTS_PER_CLIENT + 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_grant_made_a_moment_ago_is_not_replaced_by_the_next_one() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    for _ in 0..MAX_GRANTS_PER_CLIENT {
        client.tokens(&app, &jane.credentials(), "profile_read").await;
    }
    // They are older, and a use of each within this hour is noted.
    let earlier = json!({ "S": "2026-01-01T00:00:00.000Z" });
    for grant in app.items_of("grant").await {
        let [pk, sk] = ["pk", "sk"].map(|key| grant[key]["S"].as_str().unwrap());
        let mut access = grant["access"].clone();
        access["L"][0]["M"]["createdAt"] = earlier.clone();
        set(&app, pk, sk, "access", access).await;
        set(&app, pk, sk, "createdAt", earlier.clone()).await;
        set(&app, pk, sk, "lastUsedAt", json!({ "S": Timestamp::now().to_string() })).await;
    }

    let one = client.tokens(&app, &jane.credentials(), "profile_read").await.access;
    let other = client.tokens(&app, &jane.credentials(), "profile_read").await.access;

    assert_eq!((profile(&app, &one).await, profile(&app, &other).await), (200, 200));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_grant_in_use_is_not_replaced_by_newer_ones_that_were_never_used() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let client = app.new_client("https://client.example.com/callback", true).await;
    let mut all = Vec::new();
    for _ in 0..MAX_GRANTS_PER_CLIENT {
        all.push(client.tokens(&app, &jane.credentials(), "profile_read").await.access);
    }
    assert_eq!(profile(&app, &all[0]).await, 200);

    client.tokens(&app, &jane.credentials(), "profile_read").await;

    assert_eq!((profile(&app, &all[0]).await, profile(&app, &all[1]).await), (200, 401));
}

fn grant_id(access: &str) -> String {
    GrantCredential::parse(GrantTokenKind::Access, access).unwrap().grant().to_string()
}

/// A user with so many grants to ten clients, and an eleventh client without one.
async fn with_grants(app: &TestApp, count: usize) -> (Person<'_>, Vec<OAuthClient>) {
    let jane = app.person("janedoe").await;
    let mut clients = Vec::new();
    for number in 0..=GRANTS.max as usize / MAX_GRANTS_PER_CLIENT {
        let redirect_uri = format!("https://client{number}.example.com/");
        clients.push(app.new_client(&redirect_uri, true).await);
    }
    for number in 0..count {
        grant(app, &jane, &clients[number % 10]).await.unwrap();
    }
    (jane, clients)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_at_most_100_grants_and_ended_ones_do_not_count() {
    let app = TestApp::start().await;
    let (jane, clients) = with_grants(&app, GRANTS.max as usize - 1).await;

    let further = async || grant(&app, &jane, &clients[10]).await;
    let all = (0..MANY).map(|_| insistently(&further));
    assert_one_won(&join_all(all).await, GRANTS);

    let path = clients[10].authorize_path("profile_read");
    let again = format!("{path}&prompt=consent");
    let page = ConsentPage::open(&app, &again, &jane.credentials()).await;
    let own = [("cookie", page.cookie())];
    // Where nobody is asked, since the last grant is to the same client, there is no room either.
    let unasked = app.send("GET", &path, &own, None).await;
    for rejected in [page.decide(&app, "allow").await, unasked] {
        assert_eq!(rejected.status, 409, "{rejected:?}");
        assert!(rejected.body.as_str().unwrap().contains(&GRANTS.to_string()), "{rejected:?}");
    }
    let silent = app.send("GET", &format!("{path}&prompt=none"), &own, None).await;
    let place = silent.header("location").unwrap();
    assert_eq!(testkit::parameter(place, "error").as_deref(), Some("access_denied"), "{place}");
    app.assert_consistent().await;
    // A code that nobody redeemed in time leaves its place.
    let pk = format!("USER#{}", jane.user().id);
    let counts = app.items_of("counts").await.remove(0);
    let entries = counts["grants"]["M"].as_object().unwrap();
    let (id, past) = (entries.keys().next().unwrap(), json!({ "S": "2026-01-01T00:00:00Z" }));
    set(&app, &pk, "COUNTS", &format!("grants.{id}.expiresAt"), past.clone()).await;
    set(&app, &pk, &format!("GRANT#{id}"), "code.expiresAt", past).await;
    assert_eq!(page.decide(&app, "allow").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_that_their_clients_no_longer_accept_give_their_places_up() {
    let app = TestApp::start().await;
    let (jane, clients) = with_grants(&app, GRANTS.max as usize).await;
    let id = |client: &OAuthClient| client.id.parse().unwrap();
    let further = async || grant(&app, &jane, &clients[10]).await;
    assert!(matches!(further().await, Err(Error::LimitReached(GRANTS))));

    app.table().revoke_grants_to(&Actor::operator(), id(&clients[0])).await.unwrap();
    for client in &clients[1..10] {
        app.table().delete_client(&Actor::operator(), id(client)).await.unwrap();
    }

    let path = clients[10].authorize_path("profile_read");
    let page = ConsentPage::open(&app, &path, &jane.credentials()).await;
    assert_eq!(page.decide(&app, "allow").await.status, 303);
    // One write deletes 90 of them.
    assert_eq!(app.items_of("grant").await.len(), 11);
    // Those to the same client go even if there is room.
    app.table().revoke_grants_to(&Actor::operator(), id(&clients[10])).await.unwrap();
    further().await.unwrap();
    assert_eq!(app.items_of("grant").await.len(), 11);
    app.assert_consistent().await;
}

/// The longest RSA key that may be added, in OpenSSH's form.
fn longest_ssh_key() -> String {
    let mut modulus = shared::random::bytes::<{ MAX_RSA_BITS / 8 }>().unwrap();
    modulus[0] |= 0x80;
    modulus[MAX_RSA_BITS / 8 - 1] |= 1;
    let (e, n) = (Mpint::from_positive_bytes(&[1, 0, 1]), Mpint::from_positive_bytes(&modulus));
    let key = RsaPublicKey { e: e.unwrap(), n: n.unwrap() };
    ssh_key::PublicKey::from(KeyData::Rsa(key)).to_openssh().unwrap()
}

/// A text of so many characters, of four bytes each.
fn long(characters: usize) -> String {
    "\u{1f600}".repeat(characters)
}

/// A text of so many characters, each of which takes four bytes in a response of Lambda's: it is
/// escaped in the body, and both are again in the response.
fn quotes(characters: usize) -> String {
    "\"".repeat(characters)
}

/// Gives a user as long a name as is allowed, of such a text.
async fn set_names(person: &Person<'_>, text: fn(usize) -> String) {
    let data = json!({ "first_name": text(127), "last_name": text(127), "phone": text(50) });
    let changed = person.send_json("POST", "/v2/account/data", &data).await;
    assert_eq!(changed.status, 200, "{changed:?}");
}

/// Sends an operation of e24, signed with a key.
async fn signed(app: &TestApp, operation: &str, body: Option<&Value>, key: &Value) -> ApiResponse {
    let mut event = testkit::operation(operation).of("", "");
    event["body"] = body.map(ToString::to_string).into();
    sign(&mut event, key["api_key"].as_str().unwrap(), key["secret_key"].as_str().unwrap());
    let response = app.send_event(&event).await;
    assert_eq!(response.status, 200, "{response:?}");
    response
}

/// Gives a user as many credentials as are allowed, each made by the one before: tokens, then API
/// keys; the last of these makes the SSH keys and the S3 secret.
async fn add_credentials(app: &TestApp, jane: &Person<'_>) {
    let mut maker = jane.with_token(jane.token().to_owned());
    for _ in 1..TOKENS.max {
        let made = maker.send_json("POST", "/rollcall/v1/tokens", &new_token(&long(100))).await;
        maker = jane.with_token(made.text("token").to_owned());
    }
    // The key that she has from the start was made by none, and gives its place to another.
    let old = json!({ "api_key": jane.api_key().0 });
    assert_eq!(maker.send_json("DELETE", "/v2/account/api", &old).await.status, 200);
    let mut key = maker.send("PUT", "/v2/account/api").await.body["api"].clone();
    for _ in 1..API_KEYS.max {
        key = signed(app, "e24-create-api-key", None, &key).await.body["api"].clone();
    }
    for _ in 0..SSH_KEYS.max {
        let name = long(MAX_SSH_KEY_NAME);
        let new = json!({ "name": name, "method": "upload", "content": longest_ssh_key() });
        signed(app, "e24-add-ssh-key", Some(&new), &key).await;
    }
    signed(app, "e24-renew-s3-secret", None, &key).await;
}

/// A user who has as much as is allowed of everything that stands in items that hold others.
async fn with_everything(app: &TestApp) -> Person<'_> {
    let jane = app.person("janedoe").await;
    add_credentials(app, &jane).await;
    set_names(&jane, long).await;
    let profile = json!({
        "location": long(255),
        "company": long(255),
        "profile_url": format!("https://example.com/{}", "x".repeat(235)),
        "gravatar_email": format!("{}@example.com", "x".repeat(64)),
    });
    let changed = jane.send_json("PATCH", "/api/v1.1/users/janedoe/", &profile).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let mut clients = Vec::new();
    for number in 0..10 {
        clients.push(app.new_client(&format!("https://client{number}.example.com/"), true).await);
    }
    for number in 0..GRANTS.max as usize {
        grant(app, &jane, &clients[number % 10]).await.unwrap();
    }
    jane
}

#[tokio::test(flavor = "multi_thread")]
async fn no_item_comes_near_what_the_table_takes() {
    let app = TestApp::start().await;
    with_everything(&app).await;

    let items = app.items().await;
    let largest = items.iter().max_by_key(|item| item.to_string().len()).unwrap();
    let (kind, size) = (largest["type"]["S"].as_str().unwrap(), largest.to_string().len());

    eprintln!("the largest item is a {kind} of {size} bytes");
    assert!((LARGEST_ITEM / 3..LARGEST_ITEM / 2).contains(&size), "{kind}: {size}");
    app.assert_consistent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_whoever_has_everything_is_shown_and_none_is_too_large() {
    let mut app = TestApp::start().await;
    app.configure(Settings { look: look::largest(), ..Settings::default() });
    let jane = with_everything(&app).await;
    for number in 1..EMAILS.max {
        let body = json!({ "email": format!("{}{number}@example.com", "x".repeat(60)) });
        let added = jane.send_json("POST", "/rollcall/v1/users/self/emails", &body).await;
        assert_eq!(added.status, 201, "{added:?}");
    }
    let account = jane.account();
    for number in 0..30 {
        let member = app.person(&format!("member{number:02}")).await;
        set_names(&member, long).await;
        app.join(&member, &account, Role::Member).await;
    }
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;

    let pages = operations().into_iter();
    let pages = pages.filter(|own| own.access() == Access::Session && own.method() == "GET");
    for operation in pages {
        // Of an event the account is an example.
        let path = operation.path().replace("5f7b1b7b7b7b7b7b7b7b7b7b", &account);
        // The browser of the tests takes none that is too large.
        let page = browser.open(&path).await;

        assert_eq!((page.status, page.path.as_str()), (200, path.as_str()), "{operation}");
        assert!(page.response.body.as_str().unwrap().contains("class=\"logo\""), "{operation}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_users_ends_before_4_mb_and_says_where_it_goes_on() {
    let app = TestApp::start().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    // The list shows names, and of what makes an item large little.
    set_names(&jane, quotes).await;
    for _ in 0..SSH_KEYS.max {
        let new = json!({ "name": quotes(MAX_SSH_KEY_NAME), "method": "generate" });
        assert_eq!(jane.send_json("PUT", "/v2/account/sshkey", &new).await.status, 200);
    }
    app.join(&john, &jane.account(), Role::Member).await;
    app.crowd(&jane.account(), &john, 550).await;
    let items = app.items().await;
    let full = items.iter().find(|item| item["username"]["S"] == "janedoe").unwrap().to_string();
    let account = format!("ACCOUNT#{}", jane.account());
    let copies = items
        .iter()
        .filter(|item| item["pk"]["S"] == account && item["type"]["S"] == "membership")
        .map(|member| member["user"]["S"].as_str().unwrap())
        .filter(|member| *member != jane.user().id.to_string())
        .map(|member| full.replace(&jane.user().id.to_string(), member));
    app.import(copies.collect()).await.unwrap();

    let (mut offset, mut pages, mut shown, mut largest) = (Some(0), 0, Vec::new(), 0);
    while let Some(next) = offset {
        let path = format!("/v2/accounts?offset={next}");
        let page = patiently(&async |_| jane.send("GET", &path).await, 0).await;
        assert_eq!(page.status, 200, "{page:?}");
        let users = page.body["users"].as_array().unwrap();
        shown.extend(users.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        (offset, pages) = (page.body["next_offset"].as_u64(), pages + 1);
        largest = largest.max(page.bytes_in_response());
    }

    eprintln!("the largest list of users has {largest} bytes");
    assert!(pages > 1 && largest <= MAX_USER_PAGE_BYTES + 100, "{pages}, {largest}");
    assert!(largest < LARGEST_RESPONSE / 4 * 3);
    shown.sort();
    shown.dedup();
    assert_eq!(shown.len(), 552);
}

#[tokio::test]
async fn a_list_of_users_says_at_which_offset_the_next_ones_are() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Member).await;
    let next = async |query: &str| {
        jane.send("GET", &format!("/v2/accounts{query}")).await.body.get("next_offset").cloned()
    };

    assert_eq!(next("").await, None);
    assert_eq!(next("?limit=2").await, None);
    assert_eq!(next("?limit=1").await, Some(json!(1)));
    assert_eq!(next("?limit=1&offset=1").await, None);
    assert_eq!(next("?offset=7").await, None);
    app.crowd(&jane.account(), &john, 1100).await;
    assert_eq!(next("").await, Some(json!(1000)));
    assert_eq!(next("?offset=1000").await, None);
    // Who is no admin is shown alone.
    let john = john.send("GET", "/v2/accounts?limit=1").await;
    assert_eq!(john.body.get("next_offset"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_list_of_accounts_is_far_below_what_lambda_sends() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let body = json!({ "name": quotes(100), "email": format!("{}@example.com", "x".repeat(64)) });
    let made = jane.send_json("POST", "/v1/accounts", &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    let id = made.text("id");
    let items = app.items().await;
    let of_it = items.iter().filter(|item| {
        matches!(item["type"]["S"].as_str(), Some("account" | "membership"))
            && item.to_string().contains(id)
    });
    let of_it: Vec<String> = of_it.map(Value::to_string).collect();
    let copies = (2..MEMBERSHIPS.max).flat_map(|_| {
        let copy = AccountId::generate().unwrap().to_string();
        of_it.iter().map(|item| item.replace(id, &copy)).collect::<Vec<_>>()
    });
    app.import(copies.collect()).await.unwrap();

    for path in ["/v1/accounts", "/api/public/v1/accounts"] {
        let list = jane.send("GET", path).await;
        assert_eq!(list.status, 200, "{path}");
        let size = list.bytes_in_response();
        eprintln!("{path} answers with {size} bytes");
        assert!((LARGEST_RESPONSE / 20..LARGEST_RESPONSE / 4).contains(&size), "{path}: {size}");
    }
}
