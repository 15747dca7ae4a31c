//! Whose proof of an address brings a user back: nobody's who had a token, or the password before
//! the user's own.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::model::{EmailAddress, Timestamp, Undeliverable, UndeliverableCause};
use shared::table::{Actor, NewUser};
use testkit::{PASSWORD, Person, Post, TestApp, basic, token_id};

use super::links::{
    NEW, RESETS, ask_for_proof, emails, ended, mailed_token, open, owned, post_json, proof_token,
    prove,
};
use super::{SELF, conflict};
use crate::mail::set;

const TOKENS: &str = "/rollcall/v1/tokens";
const WRITE: &str = "TransactWriteItems";
/// An address of somebody else than the user.
const THEIRS: &str = "thief@evil.example";
/// What somebody else set.
const GIVEN: &str = "given horse battery";

/// The same person with a token that this one's token makes.
async fn child<'a>(maker: &Person<'a>) -> Person<'a> {
    let new = json!({ "name": "child", "kind": "user" });
    let made = maker.send_json("POST", TOKENS, &new).await;
    assert_eq!(made.status, 201, "{made:?}");
    maker.with_token(made.text("token").to_owned())
}

async fn revoke(by: &Person<'_>, token: &Person<'_>, descendants: bool) {
    let id = token_id(token.token()).unwrap();
    let path = format!("{TOKENS}/{id}?descendants={descendants}");
    assert_eq!(by.send("DELETE", &path).await.status, 204);
}

/// Whether the user who signs in so has the address, and has proved it.
async fn proved(app: &TestApp, authorization: &str, address: &str) -> Option<bool> {
    let emails = emails(app, authorization).await;
    emails.into_iter().find(|(email, ..)| email == address).map(|(.., proved)| proved)
}

/// To how many addresses a reset by this name goes.
async fn resets(app: &TestApp, post: &mut Post, name: &str) -> usize {
    post.deliver().await;
    let asked = post_json(app, RESETS, &json!({ "name": name })).await;
    assert_eq!(asked.parts(), (202, &json!({})));
    post.deliver().await.len()
}

async fn reset_path(app: &TestApp, post: &mut Post, name: &str) -> String {
    post.deliver().await;
    post_json(app, RESETS, &json!({ "name": name })).await;
    format!("{RESETS}/{}", mailed_token(post).await)
}

/// Jane makes Mary, and proves an address of her own as Mary.
async fn given(app: &TestApp, post: &mut Post) -> String {
    let jane = app.person("janedoe").await;
    let new = json!({ "email": "mary@example.com", "first_name": "M", "last_name": "M", "password": GIVEN, "username": "marymajor" });
    let made = jane.send_json("PUT", "/v2/accounts", &new).await;
    assert_eq!(made.status, 200, "{made:?}");
    let given = basic("marymajor", GIVEN);
    let mary = jane.with_token(given.clone());
    for address in [THEIRS, "mary@example.com"] {
        assert_eq!(prove(app, &proof_token(&mary, post, address).await).await, 200);
        post.deliver().await;
    }
    given
}

async fn set_password(app: &TestApp, authorization: &str, body: &Value) {
    let headers = [("authorization", authorization), ("content-type", "application/json")];
    let path = format!("{SELF}/password");
    let changed = app.send("PUT", &path, &headers, Some(&body.to_string())).await;
    assert_eq!(changed.status, 204, "{changed:?}");
}

#[tokio::test]
async fn a_link_ends_with_the_token_that_asked_for_it() {
    for descendants in [false, true] {
        let (app, mut post) = open().await;
        let jane = app.person("janedoe").await;
        let leaked = child(&jane).await;
        let made = child(&leaked).await;
        let token = proof_token(&leaked, &mut post, THEIRS).await;
        let of_child = proof_token(&made, &mut post, "child@evil.example").await;
        let own = proof_token(&jane, &mut post, "jane@work.example").await;

        revoke(&jane, &leaked, descendants).await;

        assert_eq!(prove(&app, &token).await, 410);
        assert_eq!(prove(&app, &of_child).await, if descendants { 410 } else { 200 });
        assert_eq!(prove(&app, &own).await, 200);
        assert_eq!(proved(&app, &jane.basic(), THEIRS).await, None);
        app.assert_consistent().await;
    }
}

/// The overlap of the rotation of a token is over: it is still counted, until the next one is made.
async fn end_overlap(app: &TestApp, jane: &Person<'_>) {
    let change = json!({
        "Key": { "pk": { "S": format!("USER#{}", jane.user().id) }, "sk": { "S": "COUNTS" } },
        "UpdateExpression": "SET #tokens.#token.expiresAt = :past",
        "ExpressionAttributeNames": {
            "#tokens": "tokens",
            "#token": token_id(jane.token()).unwrap(),
        },
        "ExpressionAttributeValues": { ":past": { "S": TestApp::in_seconds(-1).to_string() } },
    });
    app.engine("UpdateItem", change).await;
}

#[tokio::test]
async fn a_link_works_no_longer_than_the_token_that_asked_for_it_once_that_is_rotated() {
    for end in ["no overlap", "the revocation", "the overlap's end"] {
        let (app, mut post) = open().await;
        let jane = app.person("janedoe").await;
        let first = proof_token(&jane, &mut post, "jane@work.example").await;
        let second = proof_token(&jane, &mut post, THEIRS).await;
        let path = format!("{TOKENS}/{}/rotate", token_id(jane.token()).unwrap());
        let overlap = if end == "no overlap" { 0 } else { 3600 };
        let rotated = jane.send_json("POST", &path, &json!({ "overlapSeconds": overlap })).await;
        assert_eq!(rotated.status, 201, "{rotated:?}");
        let new = jane.with_token(rotated.text("token").to_owned());

        assert_eq!(prove(&app, &first).await, if overlap == 0 { 410 } else { 200 }, "{end}");
        match end {
            "the revocation" => revoke(&new, &jane, false).await,
            "the overlap's end" => end_overlap(&app, &jane).await,
            _ => (),
        }
        assert_eq!(prove(&app, &second).await, 410, "{end}");
        assert_eq!(proved(&app, &jane.basic(), THEIRS).await, None, "{end}");
    }
}

#[tokio::test]
async fn an_address_proved_through_a_token_that_is_revoked_with_all_recovers_nobody() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let made = child(&leaked).await;
    for address in [THEIRS, "janedoe@example.com"] {
        assert_eq!(prove(&app, &proof_token(&made, &mut post, address).await).await, 200);
        post.deliver().await;
    }
    let out = reset_path(&app, &mut post, THEIRS).await;

    revoke(&jane, &leaked, true).await;

    let basic = jane.basic();
    let left = [owned("janedoe@example.com", true, false), owned(THEIRS, false, false)];
    assert_eq!(emails(&app, &basic).await, left);
    let reset = post_json(&app, &out, &json!({ "password": NEW })).await;
    assert_eq!(reset.parts(), (410, &ended()));
    for name in [THEIRS, "janedoe"] {
        assert_eq!(resets(&app, &mut post, name).await, 0, "{name}");
    }
    let log = jane.send("GET", &format!("{SELF}/audit?action=token.revoked")).await;
    assert_eq!(log.body["entries"][0]["changed"], json!(["emailProofs", "invitations"]));
    // Whoever proves it now has it.
    let john = app.person("johnroe").await;
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    post.deliver().await;
    assert_eq!(prove(&app, &proof_token(&john, &mut post, THEIRS).await).await, 200);
    assert_eq!(proved(&app, &john.basic(), THEIRS).await, Some(true));
    assert_eq!(proved(&app, &basic, THEIRS).await, None);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_stays_proved_when_the_token_that_asked_is_revoked_alone() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let other = child(&jane).await;
    assert_eq!(prove(&app, &proof_token(&other, &mut post, THEIRS).await).await, 200);

    revoke(&jane, &other, false).await;

    assert_eq!(proved(&app, &jane.basic(), THEIRS).await, Some(true));
}

#[tokio::test]
async fn an_address_that_the_user_proved_with_the_password_stays_proved() {
    // In this order they prove it; the second time because a mail to it bounced.
    for user_is_first in [true, false] {
        let (app, mut post) = open().await;
        let jane = app.person("janedoe").await;
        let (own, leaked) = (jane.with_token(jane.basic()), child(&jane).await);
        let provers = if user_is_first { [&own, &leaked] } else { [&leaked, &own] };
        let address: EmailAddress = "jane@work.example".parse().unwrap();
        assert_eq!(
            prove(&app, &proof_token(provers[0], &mut post, "jane@work.example").await).await,
            200
        );
        post.deliver().await;
        let again = ask_for_proof(provers[1], "jane@work.example").await;
        assert_eq!(again.parts(), (409, &conflict("the address is proved")));
        bounced(&app, &address).await;
        set(&app, "mailRequests", "times", json!({ "L": [] })).await;
        assert_eq!(
            prove(&app, &proof_token(provers[1], &mut post, "jane@work.example").await).await,
            200
        );

        revoke(&jane, &leaked, true).await;

        assert_eq!(proved(&app, &jane.basic(), "jane@work.example").await, Some(true));
        app.assert_consistent().await;
    }
}

/// Notes that mail to an address bounced.
async fn bounced(app: &TestApp, address: &EmailAddress) {
    let mark = Undeliverable { cause: UndeliverableCause::Bounce, since: Timestamp::now() };
    assert!(app.table().mark_undeliverable(address, mark).await.unwrap());
}

#[tokio::test]
async fn a_proof_at_the_moment_of_the_revocation_does_not_outlive_it() {
    for is_new in [true, false] {
        let (app, mut post) = open().await;
        let jane = app.person("janedoe").await;
        let leaked = child(&jane).await;
        let address = if is_new { THEIRS } else { "janedoe@example.com" };
        let token = proof_token(&leaked, &mut post, address).await;
        let (others, id) = (app.others(), jane.user().id);
        let digest = address.parse::<EmailAddress>().unwrap().digest();
        app.proxy().before(WRITE, async move {
            let found = others.email_proof(id, digest).await.unwrap().unwrap();
            let owner = others.email_owner(&found.proof.address, Some(id)).await.unwrap();
            let write = others.prove_email(&Actor::operator(), &found, &owner);
            write.unwrap().commit().await.unwrap();
        });

        revoke(&jane, &leaked, true).await;

        assert_eq!(proved(&app, &jane.basic(), address).await, Some(false), "{address}");
        assert_eq!(prove(&app, &token).await, 410);
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn a_link_that_is_followed_while_its_token_is_revoked_proves_nothing() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let token = proof_token(&leaked, &mut post, "janedoe@example.com").await;
    let (others, id) = (app.others(), jane.user().id);
    let root = token_id(leaked.token()).unwrap();
    app.proxy().before(WRITE, async move {
        let (read, counts) = others.user_and(id, shared::table::fetch::counts()).await.unwrap();
        let (all, emails) =
            (others.all_tokens(id).await.unwrap(), others.emails(id).await.unwrap());
        let (token, read) =
            (all.iter().find(|token| token.id.to_string() == root).unwrap(), read.unwrap());
        let (operator, counts) = (Actor::operator(), counts.as_ref());
        others
            .delete_token_with_descendants(&operator, &read, counts, token, &all, &emails)
            .unwrap()
            .commit()
            .await
            .unwrap();
    });

    assert_eq!(prove(&app, &token).await, 410);

    assert_eq!(proved(&app, &jane.basic(), "janedoe@example.com").await, Some(false));
    app.assert_consistent().await;
}

#[tokio::test]
async fn proofs_of_all_addresses_that_a_user_can_have_end_in_one_write() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let leaked = child(&jane).await;
    let add = async |number: usize| {
        let body = json!({ "email": format!("jane{number}@example.com") });
        jane.send_json("POST", &format!("{SELF}/emails"), &body).await.status
    };
    for number in 1..50 {
        assert_eq!(add(number).await, 201);
    }
    assert_eq!(add(50).await, 409);
    let maker = json!({ "S": token_id(leaked.token()).unwrap() });
    let lineage = json!({ "M": { "madeBy": maker, "makers": { "L": [maker] } } });
    set(&app, "email", "provedAt", json!({ "S": Timestamp::now().to_string() })).await;
    set(&app, "email", "proofEpoch", json!({ "N": "0" })).await;
    set(&app, "email", "proofLineage", lineage).await;
    let all_proved = async |proved: bool| {
        emails(&app, &jane.basic()).await.iter().filter(|(.., is)| *is == proved).count()
    };
    assert_eq!(all_proved(true).await, 50);
    join_all((0..10).map(|_| child(&leaked))).await;

    revoke(&jane, &leaked, true).await;

    assert_eq!(all_proved(false).await, 50);
    app.assert_consistent().await;
}

/// Which proofs of addresses ended with the last change of the password, as the log has it.
async fn ended_proofs(app: &TestApp, authorization: &str) -> Vec<String> {
    let path = format!("{SELF}/audit?action=password.changed");
    let log = app.send("GET", &path, &[("authorization", authorization)], None).await;
    let revoked = log.body["entries"][0]["details"]["revoked"].as_array();
    let revoked = revoked.unwrap_or_else(|| panic!("{log:?}")).iter();
    let kinds = revoked.map(|kind| kind.as_str().unwrap().to_owned());
    kinds.filter(|kind| kind.starts_with("emailProofs")).collect()
}

#[tokio::test]
async fn what_tokens_proved_ends_with_what_else_they_made_when_a_user_revokes_the_keys() {
    for revoke_keys in [false, true] {
        let (app, mut post) = open().await;
        let jane = app.person("janedoe").await;
        let own = jane.with_token(jane.basic());
        assert_eq!(prove(&app, &proof_token(&jane, &mut post, THEIRS).await).await, 200);
        post.deliver().await;
        assert_eq!(
            prove(&app, &proof_token(&own, &mut post, "jane@work.example").await).await,
            200
        );

        let body =
            json!({ "currentPassword": PASSWORD, "password": NEW, "revokeKeys": revoke_keys });
        set_password(&app, &jane.basic(), &body).await;

        let basic = basic("janedoe", NEW);
        assert_eq!(proved(&app, &basic, THEIRS).await, Some(!revoke_keys));
        assert_eq!(proved(&app, &basic, "jane@work.example").await, Some(true));
        let named: &[&str] = if revoke_keys { &["emailProofsByTokens"] } else { &[] };
        assert_eq!(ended_proofs(&app, &basic).await, named);
    }
}

#[tokio::test]
async fn the_first_password_a_user_sets_ends_what_who_made_the_user_proved() {
    let (app, mut post) = open().await;
    let given = given(&app, &mut post).await;
    let out = reset_path(&app, &mut post, THEIRS).await;

    let body = json!({ "currentPassword": GIVEN, "password": NEW });
    set_password(&app, &given, &body).await;

    let own = basic("marymajor", NEW);
    let left = [owned("mary@example.com", true, false), owned(THEIRS, false, false)];
    assert_eq!(emails(&app, &own).await, left);
    assert_eq!(ended_proofs(&app, &own).await, ["emailProofs"]);
    assert_eq!(post_json(&app, &out, &json!({ "password": PASSWORD })).await.status, 410);
    for name in [THEIRS, "marymajor"] {
        assert_eq!(resets(&app, &mut post, name).await, 0, "{name}");
    }
    // What the user proves from now on stays, whatever the password becomes.
    let mary = app.person("johnroe").await.with_token(own.clone());
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    assert_eq!(prove(&app, &proof_token(&mary, &mut post, "mary@example.com").await).await, 200);
    let body = json!({ "currentPassword": NEW, "password": PASSWORD, "revokeKeys": true });
    set_password(&app, &own, &body).await;
    let own = basic("marymajor", PASSWORD);
    assert_eq!(proved(&app, &own, "mary@example.com").await, Some(true));
    app.assert_consistent().await;
}

/// Nothing tells the password of who made the user from that of the user, once it is not the given
/// one: what remains to the user is the notice and the list of addresses.
#[tokio::test]
async fn what_a_maker_proves_under_a_second_password_that_it_hands_over_stays_until_it_is_removed()
{
    let (app, mut post) = open().await;
    let given = given(&app, &mut post).await;
    set_password(&app, &given, &json!({ "currentPassword": GIVEN, "password": NEW })).await;
    let told = post.deliver().await;
    assert!(told.iter().any(|mail| mail.recipients == ["mary@example.com"]), "the user is told");
    let maker = app.person("johnroe").await.with_token(basic("marymajor", NEW));
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    assert_eq!(prove(&app, &proof_token(&maker, &mut post, THEIRS).await).await, 200);

    let body = json!({ "currentPassword": NEW, "password": PASSWORD, "revokeKeys": true });
    set_password(&app, maker.token(), &body).await;

    let own = basic("marymajor", PASSWORD);
    assert_eq!(proved(&app, &own, THEIRS).await, Some(true));
    assert_eq!(resets(&app, &mut post, THEIRS).await, 1);
    let path = format!("{SELF}/emails/{THEIRS}");
    assert_eq!(maker.with_token(own).send("DELETE", &path).await.status, 204);
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    assert_eq!(resets(&app, &mut post, THEIRS).await, 0);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_first_password_by_a_link_leaves_the_address_proved_that_the_link_went_to() {
    let (app, mut post) = open().await;
    given(&app, &mut post).await;
    let path = reset_path(&app, &mut post, "mary@example.com").await;

    assert_eq!(post_json(&app, &path, &json!({ "password": NEW })).await.status, 204);

    let left = [owned("mary@example.com", true, true), owned(THEIRS, false, false)];
    assert_eq!(emails(&app, &basic("marymajor", NEW)).await, left);
    assert_eq!(resets(&app, &mut post, THEIRS).await, 0);
    assert_eq!(resets(&app, &mut post, "marymajor").await, 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn mail_about_an_address_goes_to_the_form_that_its_user_entered() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let other_form = "JANEDOE@example.com";
    let recipients = async |post: &mut Post| {
        set(&app, "mailRequests", "times", json!({ "L": [] })).await;
        let mails = post.deliver().await;
        mails.iter().flat_map(|mail| mail.recipients.clone()).collect::<Vec<_>>()
    };

    assert_eq!(ask_for_proof(&jane, other_form).await.status, 202);
    assert_eq!(recipients(&mut post).await, ["janedoe@example.com"]);
    let token = proof_token(&jane, &mut post, "janedoe@example.com").await;
    assert_eq!(prove(&app, &token).await, 200);
    recipients(&mut post).await;
    assert_eq!(ask_for_proof(&john, other_form).await.status, 202);
    assert_eq!(recipients(&mut post).await, ["janedoe@example.com"]);
    let asked = json!({ "email": other_form });
    assert_eq!(post_json(&app, "/rollcall/v1/sign-ups", &asked).await.status, 202);
    assert_eq!(recipients(&mut post).await, ["janedoe@example.com"]);
}

#[tokio::test]
async fn a_reset_outlives_the_removal_of_an_address_that_it_did_not_go_to() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let own = jane.with_token(jane.basic());
    assert_eq!(prove(&app, &proof_token(&own, &mut post, jane.email()).await).await, 200);
    let path = reset_path(&app, &mut post, "janedoe").await;
    let other = json!({ "email": "other@example.com" });
    assert_eq!(jane.send_json("POST", &format!("{SELF}/emails"), &other).await.status, 201);
    let other = format!("{SELF}/emails/other@example.com");
    assert_eq!(jane.send("DELETE", &other).await.status, 204);

    assert_eq!(post_json(&app, &path, &json!({ "password": NEW })).await.status, 204);
}

#[tokio::test]
async fn nothing_is_sent_to_a_placeholder() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let token = proof_token(&john, &mut post, "janedoe@example.com").await;
    assert_eq!(prove(&app, &token).await, 200);
    post.deliver().await;
    let token = proof_token(&jane, &mut post, "jane@work.example").await;
    assert_eq!(prove(&app, &token).await, 200);
    post.deliver().await;
    let placeholder = format!("{}@users.invalid", jane.user().id);
    let path = |address: &str| format!("{SELF}/emails/{address}");

    let primary = json!({ "primary": true });
    let chosen = jane.send_json("PATCH", &path("jane@work.example"), &primary).await;
    assert_eq!(chosen.status, 200, "{chosen:?}");
    assert_eq!(jane.send("DELETE", &path(&placeholder)).await.status, 204);

    let mails = post.deliver().await;
    let recipients: Vec<_> = mails.iter().flat_map(|mail| mail.recipients.clone()).collect();
    assert_eq!(recipients, ["jane@work.example", "jane@work.example"]);
}

#[tokio::test]
async fn a_link_ends_when_somebody_else_proves_the_address() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let token = proof_token(&jane, &mut post, "janedoe@example.com").await;
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    let theirs = proof_token(&john, &mut post, "janedoe@example.com").await;
    assert_eq!(prove(&app, &theirs).await, 200);
    let gone = format!("{SELF}/emails/janedoe@example.com");
    assert_eq!(john.send("DELETE", &gone).await.status, 204);

    assert_eq!(prove(&app, &token).await, 410);
}

#[tokio::test]
async fn the_given_password_set_again_by_a_link_is_not_the_users_own() {
    let (app, mut post) = open().await;
    let given = given(&app, &mut post).await;
    let path = reset_path(&app, &mut post, THEIRS).await;
    let same = json!({ "password": GIVEN, "keepApiKeys": true });
    assert_eq!(post_json(&app, &path, &same).await.status, 204);

    first_own_password_ends_a_new_key(&app, &given).await;

    assert_eq!(proved(&app, &basic("marymajor", NEW), THEIRS).await, Some(false));
}

/// Whoever gave the password makes an API key by it, which the user's own password ends.
async fn first_own_password_ends_a_new_key(app: &TestApp, given: &str) {
    let keys = format!("{SELF}/api-keys");
    let made = app.send("POST", &keys, &[("authorization", given)], None).await;
    assert_eq!(made.status, 201, "{made:?}");

    let body = json!({ "currentPassword": GIVEN, "password": NEW });
    set_password(app, given, &body).await;

    let own = basic("marymajor", NEW);
    let listed = app.send("GET", &keys, &[("authorization", &own)], None).await;
    assert_eq!(listed.body["apiKeys"], json!([]), "{listed:?}");
}

#[tokio::test]
async fn the_given_password_that_comes_back_after_another_is_not_the_users_own() {
    let (app, mut post) = open().await;
    let given = given(&app, &mut post).await;
    for (current, next) in [(GIVEN, NEW), (NEW, PASSWORD), (PASSWORD, GIVEN)] {
        let body = json!({ "currentPassword": current, "password": next });
        set_password(&app, &basic("marymajor", current), &body).await;
    }

    first_own_password_ends_a_new_key(&app, &given).await;
}

#[tokio::test]
async fn the_operators_word_for_an_address_outlives_the_first_password() {
    let (app, mut post) = open().await;
    let new = NewUser {
        proved_at: Some(Timestamp::now()),
        password_hash: Some(shared::password::hash(GIVEN).unwrap()),
        ..NewUser::new("marymajor".parse().unwrap(), "mary@example.com".parse().unwrap())
    };
    app.table().create_user(&Actor::operator(), new).await.unwrap();

    let body = json!({ "currentPassword": GIVEN, "password": NEW });
    set_password(&app, &basic("marymajor", GIVEN), &body).await;

    assert_eq!(proved(&app, &basic("marymajor", NEW), "mary@example.com").await, Some(true));
    assert_eq!(resets(&app, &mut post, "marymajor").await, 1);
}
