//! Which credential made which, and the revocation of one with everything that came from it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::{Role, TokenKind};
use testkit::{Fault, Person, TestApp, sign, token_id};
use tokio::sync::oneshot;

use crate::meanwhile::before_call;

const TOKENS: &str = "/rollcall/v1/tokens";
const WRITE: &str = "TransactWriteItems";

fn id(token: &str) -> String {
    token_id(token).unwrap()
}

fn path(person: &Person<'_>) -> String {
    format!("{TOKENS}/{}", id(person.token()))
}

/// The path that revokes the person's token with everything that came from it.
fn whole(person: &Person<'_>) -> String {
    format!("{}?descendants=true", path(person))
}

/// The same person with a token that this one's token makes.
async fn child<'a>(maker: &Person<'a>) -> Person<'a> {
    let new = json!({ "name": "child", "kind": "user" });
    let made = maker.send_json("POST", TOKENS, &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    maker.with_token(made.text("token").to_owned())
}

/// The same person with a token that replaces this one's.
async fn rotated<'a>(by: &Person<'a>, old: &Person<'a>, overlap: u64) -> Person<'a> {
    let body = json!({ "overlapSeconds": overlap });
    let rotated = by.send_json("POST", &format!("{}/rotate", path(old)), &body).await;
    assert_eq!(rotated.status, 201, "{rotated:?}");
    by.with_token(rotated.text("token").to_owned())
}

async fn works(person: &Person<'_>) -> bool {
    let status = person.send("GET", "/v1/accounts").await.status;
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

async fn made_by(person: &Person<'_>) -> Value {
    person.send("GET", &format!("{TOKENS}/self")).await.body["madeBy"].clone()
}

/// A new API key of the person: the key and its secret.
async fn new_key(person: &Person<'_>) -> (String, String) {
    let made = person.send("PUT", "/v2/account/api").await;
    assert_eq!(made.status, 200, "{made:?}");
    let text = |name: &str| made.body["api"][name].as_str().unwrap().to_owned();
    (text("api_key"), text("secret_key"))
}

/// Calls an operation of e24 with a key's signature.
async fn signed(app: &TestApp, method: &str, path: &str, key: &(String, String)) -> (u16, Value) {
    let mut event = testkit::operation("e24-get-account").of("", "");
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
    event["requestContext"]["http"]["method"] = json!(method);
    sign(&mut event, &key.0, &key.1);
    let response = app.send_event(&event).await;
    (response.status, response.body)
}

#[tokio::test]
async fn a_token_is_listed_with_the_id_of_the_token_that_made_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let by_password = child(&jane.with_token(jane.basic())).await;
    let by_token = child(&by_password).await;

    let listed = jane.send("GET", TOKENS).await;

    let listed = listed.body["tokens"].as_array().unwrap();
    let makers: Vec<&Value> = listed.iter().map(|token| &token["madeBy"]).collect();
    assert_eq!(makers, [&Value::Null, &Value::Null, &json!(id(by_password.token()))]);
    assert_eq!(made_by(&by_token).await, json!(id(by_password.token())));
}

#[tokio::test]
async fn a_rotated_token_keeps_its_maker_unless_another_token_rotates_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let password = jane.with_token(jane.basic());
    let maker = child(&password).await;
    let token = child(&maker).await;

    let by_itself = rotated(&token, &token, 0).await;
    assert_eq!(made_by(&by_itself).await, json!(id(maker.token())));
    let by_password = rotated(&password, &by_itself, 0).await;
    assert_eq!(made_by(&by_password).await, json!(id(maker.token())));
    let by_another = rotated(&jane, &by_password, 0).await;

    assert_eq!(made_by(&by_another).await, json!(id(jane.token())));
    // Both may have learned it, so both can take it back.
    assert_eq!(jane.send("DELETE", &whole(&maker)).await.status, 204);
    assert!(!works(&by_another).await);
}

#[tokio::test]
async fn a_token_is_revoked_with_all_that_came_from_it_by_the_very_next_request() {
    let app = TestApp::start().await;
    let (jane, john) = app.owner_and(Role::Admin).await;
    let password = jane.with_token(jane.basic());
    let leaked = child(&password).await;
    let child_of_it = child(&leaked).await;
    let grandchild = child(&child_of_it).await;
    let environment = json!({ "name": "environment", "kind": "environment" });
    assert_eq!(grandchild.send_json("POST", TOKENS, &environment).await.status, 201);
    let key = new_key(&grandchild).await;
    let (status, made) = signed(&app, "PUT", "/v2/account/api", &key).await;
    assert_eq!(status, 200, "{made}");
    let text = |name: &str| made["api"][name].as_str().unwrap().to_owned();
    let key_of_key = (text("api_key"), text("secret_key"));
    let others = child(&jane).await;
    let own_key = (jane.api_key().0, jane.api_key().1.to_owned());

    let revoked = password.send("DELETE", &whole(&leaked)).await;

    assert_eq!(revoked.status, 204, "{revoked:?}");
    for gone in [&leaked, &child_of_it, &grandchild] {
        assert!(!works(gone).await);
        assert_eq!(jane.send("DELETE", &path(gone)).await.status, 404);
    }
    for gone in [&key, &key_of_key] {
        assert_eq!(signed(&app, "GET", "/v2/account", gone).await.0, 401);
    }
    assert!(works(&others).await && works(&jane).await && works(&john).await);
    assert_eq!(signed(&app, "GET", "/v2/account", &own_key).await.0, 200);
    // What is not shown is not kept either: the test's own two of Jane and the one of John.
    assert_eq!(app.items_of("token").await.len(), 3);
    assert!(app.items_of("user").await.iter().all(|user| user.get("revokedTokens").is_none()));
    app.assert_consistent().await;
}

#[tokio::test]
async fn descendants_are_revoked_by_every_text_that_a_language_makes_of_true() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;

    for text in ["true", "True", "TRUE"] {
        let maker = child(&jane).await;
        let made = child(&maker).await;

        let revoked = jane.send("DELETE", &format!("{}?descendants={text}", path(&maker))).await;

        assert_eq!(revoked.status, 204, "{revoked:?}");
        assert!(!works(&made).await, "{text}");
    }
}

#[tokio::test]
async fn without_descendants_only_the_token_itself_is_revoked() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let maker = child(&jane).await;
    let made = child(&maker).await;

    for query in ["", "?descendants=false", "?descendants=False", "?descendants=FALSE"] {
        let token = child(&maker).await;
        let revoked = jane.send("DELETE", &format!("{}{query}", path(&token))).await;
        assert_eq!(revoked.status, 204, "{query}");
    }
    let malformed = jane.send("DELETE", &format!("{}?descendants=1", path(&maker))).await;
    let revoked = jane.send("DELETE", &path(&maker)).await;

    assert_eq!((malformed.status, revoked.status), (400, 204), "{malformed:?}");
    assert!(works(&made).await && !works(&maker).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn what_a_token_made_is_found_when_those_between_are_gone() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let first = child(&jane).await;
    let between = child(&first).await;
    let last = child(&between).await;
    let key = new_key(&between).await;
    assert_eq!(jane.send("DELETE", &path(&between)).await.status, 204);

    assert_eq!(jane.send("DELETE", &whole(&first)).await.status, 204);

    assert!(!works(&last).await && works(&jane).await);
    assert_eq!(signed(&app, "GET", "/v2/account", &key).await.0, 401);
}

#[tokio::test]
async fn a_rotation_is_one_token_to_what_it_made() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let old = child(&jane).await;
    let before = child(&old).await;
    let new = rotated(&old, &old, 600).await;
    let after = child(&new).await;
    assert!(works(&old).await && works(&new).await);

    assert_eq!(jane.send("DELETE", &whole(&new)).await.status, 204);

    for gone in [&old, &new, &before, &after] {
        assert!(!works(gone).await);
    }
    assert!(works(&jane).await);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_key_whose_secret_a_token_renewed_is_revoked_with_the_token() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let key = new_key(&jane).await;
    let renewal = json!({ "api_key": key.0 });
    let renewed = leaked.send_json("POST", "/v2/account/api-new-secret-key", &renewal).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let secret = renewed.body["api"]["secret_key"].as_str().unwrap().to_owned();
    assert_eq!(signed(&app, "GET", "/v2/account", &(key.0.clone(), secret.clone())).await.0, 200);

    assert_eq!(jane.send("DELETE", &whole(&leaked)).await.status, 204);

    assert_eq!(signed(&app, "GET", "/v2/account", &(key.0, secret)).await.0, 401);
}

/// The ids of the person's SSH keys, and the S3 secret, which nobody is shown again.
async fn ssh_keys_and_s3_secret(app: &TestApp, person: &Person<'_>) -> (Vec<u64>, String) {
    let id = person.user().id;
    let user = app.table().user_and(id, ()).await.unwrap().0.unwrap();
    let secret = user.s3_key.as_ref().unwrap().secret(id, &*app.service_key().await).unwrap();
    (user.ssh_keys.iter().map(|key| key.id).collect(), secret)
}

#[tokio::test]
async fn ssh_keys_go_and_the_s3_secret_is_replaced_with_the_token_that_they_came_from() {
    let new_pair = json!({ "name": "laptop", "method": "generate" });
    let renewal = "/v2/account/files-new-secret-key";
    let shown =
        |renewed: &Value| renewed["e24files"]["s3"]["secret_key"].as_str().unwrap().to_owned();
    for renewed_again in [false, true] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let leaked = child(&jane).await;
        let descendant = child(&leaked).await;
        let key = new_key(&descendant).await;
        for person in [&jane, &leaked, &descendant] {
            let added = person.send_json("PUT", "/v2/account/sshkey", &new_pair).await;
            assert_eq!(added.status, 200, "{added:?}");
        }
        let (status, renewed) = signed(&app, "POST", renewal, &key).await;
        assert_eq!(status, 200, "{renewed}");
        let mut known = shown(&renewed);
        if renewed_again {
            known = shown(&jane.send("POST", renewal).await.body);
        }
        let (before, secret) = ssh_keys_and_s3_secret(&app, &jane).await;
        assert_eq!((before.len(), &secret), (3, &known));

        assert_eq!(jane.send("DELETE", &whole(&leaked)).await.status, 204);

        let (after, secret) = ssh_keys_and_s3_secret(&app, &jane).await;
        assert_eq!(after, before[..1], "{renewed_again}");
        assert_eq!(secret == known, renewed_again);
        app.assert_consistent().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tokens_each_made_by_the_one_before_are_revoked_in_one_write() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let mut all = vec![child(&jane).await];
    for _ in 2..100 {
        all.push(child(all.last().unwrap()).await);
    }

    app.proxy().record();
    let revoked = all[0].send("DELETE", &whole(&all[0])).await;

    assert_eq!(revoked.status, 204, "{revoked:?}");
    let calls = app.proxy().calls();
    assert_eq!(calls.iter().filter(|call| call.operation == WRITE).count(), 1, "{calls:?}");
    for gone in &all {
        assert!(!works(gone).await);
    }
    assert_eq!(app.items_of("token").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_token_is_revoked_with_its_descendants_though_other_tokens_ended_before() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = jane.with_token(jane.new_token(TokenKind::Environment, None, None).await);
    let expired = jane.new_token(TokenKind::User, None, Some(TestApp::in_seconds(-1))).await;
    // As the table's expiry does.
    let sk = json!({ "S": format!("TOKEN#{}", id(&expired)) });
    let key = json!({ "Key": { "pk": jane.key()["pk"], "sk": sk } });
    app.engine("DeleteItem", key).await;
    child(&jane).await;
    let change = json!({ "password": "another correct horse" });
    assert_eq!(jane.send_json("POST", "/v2/account/data", &change).await.status, 200);

    let revoked = jane.send("DELETE", &whole(&leaked)).await;

    assert_eq!(revoked.status, 204, "{revoked:?}");
    assert_eq!(jane.send("GET", &path(&leaked)).await.status, 404);
}

#[tokio::test]
async fn what_a_descendant_makes_at_the_same_time_is_revoked_too() {
    for path_of_new in [TOKENS, "/v2/account/api"] {
        let app = TestApp::start().await;
        let jane = app.person("janedoe").await;
        let leaked = child(&jane).await;
        let descendant = child(&leaked).await;
        let (arrived, arrival) = oneshot::channel();
        let (release, released) = oneshot::channel();
        // The revocation has read everything, and has not written yet.
        app.proxy().before(WRITE, async {
            arrived.send(()).unwrap();
            released.await.unwrap();
        });
        let made = async {
            arrival.await.unwrap();
            let new = json!({ "name": "meanwhile", "kind": "user" });
            let method = if path_of_new == TOKENS { "POST" } else { "PUT" };
            let made = descendant.send_json(method, path_of_new, &new).await;
            release.send(()).unwrap();
            made
        };

        let whole = whole(&leaked);
        let (revoked, made) = tokio::join!(jane.send("DELETE", &whole), made);

        assert_eq!((revoked.status, made.status / 100), (204, 2), "{revoked:?} {made:?}");
        if path_of_new == TOKENS {
            assert!(!works(&jane.with_token(made.text("token").to_owned())).await);
        }
        assert_eq!(app.items_of("token").await.len(), 1);
        let user = app.items_of("user").await.remove(0);
        assert_eq!(user["apiKeys"]["M"].as_object().unwrap().len(), 1);
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn what_a_descendant_writes_meanwhile_is_rejected() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let descendant = child(&leaked).await;
    let others = app.others();
    let (user, root) = (jane.user().id, id(leaked.token()));
    // The items stay, as if the work were interrupted after its one write.
    app.proxy().before(WRITE, async move {
        let (read, counts) = others.user_and(user, shared::table::fetch::counts()).await.unwrap();
        let all = others.all_tokens(user).await.unwrap();
        let emails = others.emails(user).await.unwrap();
        let token = all.iter().find(|token| token.id.to_string() == root).unwrap();
        let (operator, read) = (shared::table::Actor::operator(), read.unwrap());
        let counts = counts.as_ref();
        let revocation =
            others.delete_token_with_descendants(&operator, &read, counts, token, &all, &emails);
        revocation.unwrap().commit().await.unwrap();
    });

    let made =
        descendant.send_json("POST", TOKENS, &json!({ "name": "late", "kind": "user" })).await;

    assert_eq!(made.status, 401, "{made:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_revocation_cut_short_counts_and_the_sweep_completes_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let made = join_all((0..3).map(|_| child(&leaked))).await;
    app.proxy().disturb("BatchWriteItem", Fault::Rejected("ValidationException"));

    assert_eq!(jane.send("DELETE", &whole(&leaked)).await.status, 204);

    assert_eq!(app.items_of("token").await.len(), 4);
    for gone in &made {
        assert!(!works(gone).await);
        assert_eq!(jane.send("DELETE", &path(gone)).await.status, 404);
    }
    assert_eq!(jane.send("GET", TOKENS).await.body["tokens"].as_array().unwrap().len(), 1);
    app.assert_consistent().await;
    assert_eq!(app.sweep().await.unwrap().finished, 1);
    assert_eq!(app.items_of("token").await.len(), 1);
    assert_eq!(app.items_of("cleanup").await.len(), 0);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_revoked_token_passes_no_read_during_which_the_sweep_forgets_it() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let gone = child(&leaked).await;
    app.proxy().disturb("BatchWriteItem", Fault::Rejected("ValidationException"));
    assert_eq!(jane.send("DELETE", &whole(&leaked)).await.status, 204);
    // The first call reads the token alone, the second one comes when the sweep is done.
    app.proxy().disturb("BatchGetItem", Fault::Unprocessed);
    app.proxy().before("BatchGetItem", async {});
    let sweep = Box::pin(async { assert_eq!(app.sweep().await.unwrap().finished, 1) });

    assert!(!before_call(&app, "BatchGetItem", works(&gone), sweep).await);

    assert_eq!(app.proxy().faults_left(), 0);
    assert_eq!(app.items_of("token").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn unprocessed_deletions_are_requested_again() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    join_all((0..4).map(|_| child(&leaked))).await;
    for _ in 0..3 {
        app.proxy().disturb("BatchWriteItem", Fault::Unprocessed);
    }

    assert_eq!(jane.send("DELETE", &whole(&leaked)).await.status, 204);

    assert_eq!(app.proxy().faults_left(), 0);
    assert_eq!(app.items_of("token").await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_api_key_knows_its_maker_when_it_was_made_and_the_hour_of_its_last_use() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let key = new_key(&jane).await;
    let version = async || app.items_of("user").await[0]["version"].clone();
    let before = version().await;

    assert_eq!(signed(&app, "GET", "/v2/account", &key).await.0, 200);

    assert_eq!(version().await, before);
    let user = app.items_of("user").await.remove(0);
    let keys = user["apiKeys"]["M"].as_object().unwrap();
    let made = keys.values().find(|key| !key["M"]["lineage"].is_null()).unwrap();
    assert_eq!(made["M"]["lineage"]["M"]["madeBy"]["S"], json!(id(jane.token())));
    // Its user sees the maker, which is the token here and the first key there.
    let (_, by_key) = signed(&app, "PUT", "/v2/account/api", &key).await;
    let shown = jane.send("GET", "/v2/account").await;
    let shown = shown.body["account"]["api"].as_array().unwrap();
    let makers: Vec<Option<&Value>> = shown.iter().map(|key| key.get("made_by")).collect();
    let (token, first) = (json!(id(jane.token())), json!(key.0));
    assert_eq!(makers, [Some(&Value::Null), Some(&token), Some(&first)]);
    assert_eq!(by_key["api"].get("made_by"), None);
    assert!(made["M"]["createdAt"]["S"].is_string());
    assert!(made["M"]["lastUsedAt"]["S"].as_str().unwrap().ends_with(":00:00Z"));
}

#[tokio::test]
async fn ssh_keys_and_the_s3_key_are_listed_with_what_made_them() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let maker = child(&jane).await;
    let key = new_key(&maker).await;
    let new_pair = json!({ "name": "laptop", "method": "generate" });
    let renewal = "/v2/account/files-new-secret-key";
    let makers = async || {
        let shown = jane.send("GET", "/v2/account").await.body["account"].clone();
        let listed = jane.send("GET", "/v2/accounts").await.body["users"][0].clone();
        assert_eq!(listed, shown);
        let ssh_keys = shown["sshkeys"].as_array().unwrap();
        let of_ssh_keys: Vec<Value> = ssh_keys.iter().map(|key| key["made_by"].clone()).collect();
        (of_ssh_keys, shown["e24files"]["s3"]["made_by"].clone())
    };
    assert_eq!(makers().await, (vec![], Value::Null));

    let token = json!(id(maker.token()));
    assert_eq!(maker.send_json("PUT", "/v2/account/sshkey", &new_pair).await.status, 200);
    assert_eq!(maker.send("POST", renewal).await.status, 200);
    assert_eq!(makers().await, (vec![token.clone()], token.clone()));

    assert_eq!(signed(&app, "POST", renewal, &key).await.0, 200);
    assert_eq!(makers().await, (vec![token], json!(key.0)));
}
