//! What is done by the links of mails: proofs of addresses, `/rollcall/v1/sign-ups…` and
//! `/rollcall/v1/password-resets…`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{Settings, SignUpPolicy};
use testkit::{ApiResponse, PASSWORD, Person, Post, TestApp};

use super::{SELF, conflict, errors, problem, text};
use crate::mail::set;
use crate::meanwhile::with_meanwhile;

pub(super) const SIGN_UPS: &str = "/rollcall/v1/sign-ups";
pub(super) const RESETS: &str = "/rollcall/v1/password-resets";
pub(super) const NEW: &str = "another horse battery";

/// A service in which anybody can sign up, and its mailer.
pub(super) async fn open() -> (TestApp, Post) {
    let mut app = TestApp::start().await;
    app.configure(Settings { sign_up: SignUpPolicy::Open, ..Settings::default() });
    let post = app.start_mail().await;
    (app, post)
}

async fn send(app: &TestApp, method: &str, path: &str, body: &Value) -> ApiResponse {
    let body = (!body.is_null()).then(|| body.to_string());
    let json = [("content-type", "application/json")];
    app.send(method, path, &json, body.as_deref()).await
}

pub(super) async fn post_json(app: &TestApp, path: &str, body: &Value) -> ApiResponse {
    send(app, "POST", path, body).await
}

pub(super) fn details(username: &str) -> Value {
    json!({ "username": username, "name": "Mary Major", "password": NEW })
}

/// The token of the link in the one mail that was sent.
pub(super) async fn mailed_token(post: &mut Post) -> String {
    let mails = post.deliver().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let [link] = mails[0].message.links.as_slice() else { panic!("{mails:?}") };
    link.rsplit_once('/').unwrap().1.to_owned()
}

pub(super) async fn sign_up_token(app: &TestApp, post: &mut Post, address: &str) -> String {
    let asked = post_json(app, SIGN_UPS, &json!({ "email": address })).await;
    assert_eq!(asked.parts(), (202, &json!({})));
    mailed_token(post).await
}

/// Signs somebody up with a proved address, and gives the header that signs in.
async fn sign_up(app: &TestApp, post: &mut Post, username: &str, address: &str) -> String {
    let token = sign_up_token(app, post, address).await;
    let made = post_json(app, &format!("{SIGN_UPS}/{token}"), &details(username)).await;
    assert_eq!(made.status, 201, "{made:?}");
    testkit::basic(username, NEW)
}

async fn get(app: &TestApp, path: &str, authorization: &str) -> ApiResponse {
    app.send("GET", path, &[("authorization", authorization)], None).await
}

pub(super) async fn emails(app: &TestApp, authorization: &str) -> Vec<(String, bool, bool)> {
    let list = get(app, &format!("{SELF}/emails"), authorization).await;
    let emails = list.body["emails"].as_array().unwrap_or_else(|| panic!("{list:?}")).iter();
    let view = |email: &Value| {
        let is_proved = !email["provedAt"].is_null();
        (text(email, "email").to_owned(), email["primary"] == true, is_proved)
    };
    emails.map(view).collect()
}

pub(super) fn owned(email: &str, primary: bool, proved: bool) -> (String, bool, bool) {
    (email.to_owned(), primary, proved)
}

pub(super) fn ended() -> Value {
    let detail = "this link was used, was replaced by a newer one, or has expired";
    problem(410, "Gone", "link_ended", detail)
}

pub(super) async fn ask_for_proof(jane: &Person<'_>, address: &str) -> ApiResponse {
    jane.send("POST", &format!("{SELF}/emails/{address}/verification")).await
}

pub(super) async fn proof_token(jane: &Person<'_>, post: &mut Post, address: &str) -> String {
    let asked = ask_for_proof(jane, address).await;
    assert_eq!(asked.parts(), (202, &json!({})));
    mailed_token(post).await
}

/// Presses the button of the page that the link opens.
pub(super) async fn prove(app: &TestApp, token: &str) -> u16 {
    let path = format!("/account/emails/verify/{token}");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    app.send("POST", &path, &form, Some("")).await.status
}

async fn actions(app: &TestApp, authorization: &str) -> Vec<String> {
    let log = get(app, &format!("{SELF}/audit"), authorization).await;
    let entries = log.body["entries"].as_array().unwrap_or_else(|| panic!("{log:?}")).iter();
    entries.map(|entry| text(entry, "action").to_owned()).collect()
}

#[tokio::test]
async fn one_signs_up_by_the_link_in_a_mail_and_has_proved_the_address() {
    let (app, mut post) = open().await;
    let token = sign_up_token(&app, &mut post, "Mary@Example.com").await;
    let path = format!("{SIGN_UPS}/{token}");

    let shown = send(&app, "GET", &path, &Value::Null).await;
    assert_eq!(shown.parts(), (200, &json!({ "email": "Mary@Example.com" })));
    let made = post_json(&app, &path, &details("marymajor")).await;

    assert_eq!((made.status, made.header("location")), (201, Some(SELF)), "{made:?}");
    let basic = testkit::basic("marymajor", NEW);
    assert_eq!(get(&app, SELF, &basic).await.body, made.body);
    assert_eq!(made.body["name"], "Mary Major");
    assert_eq!(emails(&app, &basic).await, [owned("Mary@Example.com", true, true)]);
    let entry = &get(&app, &format!("{SELF}/audit"), &basic).await.body["entries"][0];
    assert_eq!(
        (text(entry, "action"), &entry["actor"]["kind"]),
        ("user.created", &json!("mailToken"))
    );
    assert_eq!(post_json(&app, &path, &details("maryminor")).await.parts(), (410, &ended()));
    assert_eq!(send(&app, "GET", &path, &Value::Null).await.parts(), (410, &ended()));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_sign_up_that_is_refused_leaves_the_link_as_it_was() {
    let (app, mut post) = open().await;
    app.person("janedoe").await;
    let path =
        format!("{SIGN_UPS}/{}", sign_up_token(&app, &mut post, "marymountain@example.com").await);

    let taken = post_json(&app, &path, &details("janedoe")).await;
    assert_eq!(taken.parts(), (409, &conflict("the username is taken")));
    let reserved = post_json(&app, &path, &details("postmaster")).await;
    assert_eq!(reserved.parts(), (409, &conflict("the username is taken")));
    for (change, error) in [
        (json!({ "password": "password" }), "password: is one of the most common passwords"),
        (json!({ "password": "marymajor1" }), "password: must not be the username"),
        (
            json!({ "password": "marymountain42" }),
            "password: must not be part of an e-mail address of the user",
        ),
        (json!({ "username": "mm" }), "username: must be 4 to 30 letters a-z and digits"),
        (json!({ "name": "\u{202e}" }), "name: must have a visible character"),
    ] {
        let mut body = details("marymajor");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(errors(&post_json(&app, &path, &body).await), [error]);
    }

    assert_eq!(post_json(&app, &path, &details("marymajor")).await.status, 201);
}

#[tokio::test]
async fn who_has_proved_an_address_is_told_of_a_sign_up_with_it_and_the_response_is_the_same() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post, "marymajor", "mary@example.com").await;

    let asked = post_json(&app, SIGN_UPS, &json!({ "email": "MARY@example.com" })).await;

    assert_eq!(asked.parts(), (202, &json!({})));
    let mails = post.deliver().await;
    assert_eq!((mails.len(), mails[0].message.links.len()), (1, 0), "{mails:?}");
    assert!(mails[0].message.subject.contains("already signed up"), "{mails:?}");
    assert_eq!(mails[0].recipients, ["mary@example.com"], "to the address as it is stored");
}

#[tokio::test]
async fn nobody_signs_up_where_that_is_closed_and_nothing_is_asked_for_without_mail() {
    let mut app = TestApp::start().await;
    app.configure(Settings::default());
    let email = json!({ "email": "mary@example.com" });
    let closed = problem(403, "Forbidden", "forbidden", "signing up is closed");
    assert_eq!(post_json(&app, SIGN_UPS, &email).await.parts(), (403, &closed));

    app.configure(Settings { sign_up: SignUpPolicy::Open, ..Settings::default() });
    let jane = app.person("janedoe").await;
    let none = problem(501, "Not Implemented", "mail_not_configured", "this service sends no mail");
    assert_eq!(post_json(&app, SIGN_UPS, &email).await.parts(), (501, &none));
    assert_eq!(post_json(&app, RESETS, &json!({ "name": "janedoe" })).await.parts(), (501, &none));
    assert_eq!(ask_for_proof(&jane, "mary@example.com").await.parts(), (501, &none));
}

#[tokio::test]
async fn an_address_gets_three_links_an_hour_and_a_network_is_told_after_a_hundred() {
    let (app, mut post) = open().await;
    let client = app.at("203.0.113.9");
    let ask = async |email: String| {
        let json = [("content-type", "application/json")];
        let body = json!({ "email": email }).to_string();
        testkit::Service::send(&client, "POST", SIGN_UPS, &json, Some(&body)).await
    };
    for _ in 0..5 {
        assert_eq!(ask("mary@example.com".to_owned()).await.status, 202);
    }
    assert_eq!(post.deliver().await.len(), 3);

    for number in 5..100 {
        assert_eq!(ask(format!("mary{number}@example.com")).await.status, 202);
    }
    let refused = ask("another@example.com".to_owned()).await;

    assert_eq!((refused.status, text(&refused.body, "code")), (429, "too_many_mails"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    let json = [("content-type", "application/json")];
    let body = json!({ "name": "janedoe" }).to_string();
    let reset = testkit::Service::send(&client, "POST", RESETS, &json, Some(&body)).await;
    assert_eq!(reset.status, 429, "{reset:?}");
    assert_eq!(post_json(&app, SIGN_UPS, &json!({ "email": "b@example.com" })).await.status, 202);
}

#[tokio::test]
async fn of_two_who_sign_up_by_one_link_one_does() {
    let (app, mut post) = open().await;
    let path = format!("{SIGN_UPS}/{}", sign_up_token(&app, &mut post, "mary@example.com").await);
    let (one, other) = (details("marymajor"), details("maryminor"));

    let (one, other) = tokio::join!(post_json(&app, &path, &one), post_json(&app, &path, &other));

    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_lost_password_is_set_anew_by_the_newest_link_and_nothing_older_works() {
    let (app, mut post) = open().await;
    let basic = sign_up(&app, &mut post, "marymajor", "mary@example.com").await;
    let token = app
        .send(
            "POST",
            "/rollcall/v1/tokens",
            &[("authorization", &basic), ("content-type", "application/json")],
            Some(r#"{"name":"laptop","kind":"user"}"#),
        )
        .await;
    let token = text(&token.body, "token").to_owned();
    let ask = async |post: &mut Post, name: &str| {
        let asked = post_json(&app, RESETS, &json!({ "name": name })).await;
        assert_eq!(asked.parts(), (202, &json!({})));
        mailed_token(post).await
    };
    let older = ask(&mut post, "marymajor").await;
    let newest = ask(&mut post, "MARY@example.com").await;
    let password = json!({ "password": "yet another staple" });

    assert_eq!(post_json(&app, &format!("{RESETS}/{older}"), &password).await.status, 410);
    let path = format!("{RESETS}/{newest}");
    let refused = post_json(&app, &path, &json!({ "password": "marymajor" })).await;
    assert_eq!(errors(&refused), ["password: must not be the username"]);
    assert_eq!(post_json(&app, &path, &password).await.status, 204);

    assert_eq!(post_json(&app, &path, &password).await.parts(), (410, &ended()));
    assert_eq!(get(&app, SELF, &basic).await.status, 401);
    assert_eq!(get(&app, SELF, &token).await.status, 401);
    let basic = testkit::basic("marymajor", "yet another staple");
    assert_eq!(get(&app, SELF, &basic).await.status, 200);
    let told = post.deliver().await;
    assert!(told[0].message.subject.contains("password was changed"), "{told:?}");
    let mut actions = actions(&app, &basic).await;
    actions.retain(|action| action.starts_with("password."));
    assert_eq!(
        actions,
        ["password.changed", "password.reset_requested", "password.reset_requested"]
    );
    app.assert_consistent().await;
}

#[tokio::test]
async fn keys_end_with_a_lost_password_unless_they_are_kept() {
    for (keeps, left) in [(false, 0), (true, 1)] {
        let (app, mut post) = open().await;
        let basic = sign_up(&app, &mut post, "marymajor", "mary@example.com").await;
        let keys = format!("{SELF}/api-keys");
        let made = app.send("POST", &keys, &[("authorization", &basic)], None).await;
        assert_eq!(made.status, 201, "{made:?}");
        post.deliver().await;
        post_json(&app, RESETS, &json!({ "name": "marymajor" })).await;
        let path = format!("{RESETS}/{}", mailed_token(&mut post).await);

        let body = json!({ "password": PASSWORD, "keepApiKeys": keeps });
        assert_eq!(post_json(&app, &path, &body).await.status, 204);

        let list = get(&app, &keys, &testkit::basic("marymajor", PASSWORD)).await;
        assert_eq!(list.body["apiKeys"].as_array().unwrap().len(), left, "{keeps}");
    }
}

#[tokio::test]
async fn what_is_no_name_gets_no_link_and_neither_does_an_address_that_mail_cannot_reach() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;

    for name in [" ", "\u{0}", "jane\ndoe", &"x".repeat(255)] {
        let response = post_json(&app, RESETS, &json!({ "name": name })).await;
        assert_eq!((response.status, text(&response.body, "code")), (400, "invalid_request"));
    }
    let address = "m\u{e4}ry@example.com";
    let error = ["email: must be ASCII before the @ to get mail"];
    let refused = post_json(&app, SIGN_UPS, &json!({ "email": address })).await;
    assert_eq!(errors(&refused), error);
    assert_eq!(errors(&ask_for_proof(&jane, address).await), error);
    let spaced = ask_for_proof(&jane, " mary@example.com").await;
    assert_eq!(errors(&spaced), ["email: must not begin or end with white space"]);
    assert!(post.deliver().await.is_empty());
}

#[tokio::test]
async fn a_reset_is_sent_only_to_an_address_that_is_proved_and_the_response_never_tells() {
    let (app, mut post) = open().await;
    app.person("janedoe").await;
    sign_up(&app, &mut post, "marymajor", "mary@example.com").await;

    for name in ["janedoe", "janedoe@example.com", "nobody", "nobody@example.com", "%", "a@b@c"] {
        let asked = post_json(&app, RESETS, &json!({ "name": name })).await;
        assert_eq!(asked.parts(), (202, &json!({})), "{name}");
    }
    assert_eq!(post.deliver().await.len(), 0);
    set(&app, "user", "disabled", json!({ "BOOL": true })).await;
    post_json(&app, RESETS, &json!({ "name": "marymajor" })).await;
    assert_eq!(post.deliver().await.len(), 0);
    assert_eq!(errors(&post_json(&app, RESETS, &json!({ "name": "" })).await).len(), 1);
}

#[tokio::test]
async fn of_two_resets_by_one_link_one_sets_the_password() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post, "marymajor", "mary@example.com").await;
    post_json(&app, RESETS, &json!({ "name": "marymajor" })).await;
    let path = format!("{RESETS}/{}", mailed_token(&mut post).await);
    let bodies = ["staple of a horse", "battery of a horse"].map(|own| json!({ "password": own }));

    let responses = join_all(bodies.iter().map(|body| post_json(&app, &path, body))).await;

    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410]);
    let set = responses.iter().position(|response| response.status == 204).unwrap();
    let basic = testkit::basic("marymajor", text(&bodies[set], "password"));
    assert_eq!(get(&app, SELF, &basic).await.status, 200);
}

#[tokio::test]
async fn a_link_ends_with_its_time_with_another_password_and_with_a_disabled_user() {
    let (app, mut post) = open().await;
    let basic = sign_up(&app, &mut post, "marymajor", "mary@example.com").await;
    let ask = async |post: &mut Post| {
        set(&app, "mailRequests", "times", json!({ "L": [] })).await;
        post_json(&app, RESETS, &json!({ "name": "marymajor" })).await;
        format!("{RESETS}/{}", mailed_token(post).await)
    };
    let password = json!({ "password": "yet another staple" });

    let path = ask(&mut post).await;
    set(&app, "passwordReset", "expiresAt", json!({ "S": "2026-01-01T00:00:00Z" })).await;
    assert_eq!(post_json(&app, &path, &password).await.status, 410);

    let path = ask(&mut post).await;
    let change = json!({ "currentPassword": NEW, "password": PASSWORD }).to_string();
    let headers = [("authorization", &*basic), ("content-type", "application/json")];
    let changed = app.send("PUT", &format!("{SELF}/password"), &headers, Some(&change)).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    post.deliver().await;
    assert_eq!(post_json(&app, &path, &password).await.status, 410);

    let path = ask(&mut post).await;
    set(&app, "user", "disabled", json!({ "BOOL": true })).await;
    assert_eq!(post_json(&app, &path, &password).await.status, 410);
    set(&app, "user", "disabled", json!({ "BOOL": false })).await;
    assert_eq!(post_json(&app, &path, &password).await.status, 204);
}

#[tokio::test]
async fn a_reset_ends_with_the_address_that_it_was_sent_to() {
    let (app, mut post) = open().await;
    let basic = sign_up(&app, &mut post, "marymajor", "mary@example.com").await;
    let headers = [("authorization", &*basic), ("content-type", "application/json")];
    let ask = format!("{SELF}/emails/mary@work.example/verification");
    assert_eq!(app.send("POST", &ask, &headers[..1], None).await.status, 202);
    assert_eq!(prove(&app, &mailed_token(&mut post).await).await, 200);
    let chosen = format!("{SELF}/emails/mary@work.example");
    let primary = app.send("PATCH", &chosen, &headers, Some(r#"{"primary":true}"#)).await;
    assert_eq!(primary.status, 200, "{primary:?}");
    post.deliver().await;
    post_json(&app, RESETS, &json!({ "name": "mary@example.com" })).await;
    let path = format!("{RESETS}/{}", mailed_token(&mut post).await);

    let gone = format!("{SELF}/emails/mary@example.com");
    assert_eq!(app.send("DELETE", &gone, &headers[..1], None).await.status, 204);

    let reset = post_json(&app, &path, &json!({ "password": PASSWORD })).await;
    assert_eq!(reset.parts(), (410, &ended()));
}

#[tokio::test]
async fn a_link_that_is_out_signs_nobody_up_once_that_is_closed() {
    let (mut app, mut post) = open().await;
    let path = format!("{SIGN_UPS}/{}", sign_up_token(&app, &mut post, "mary@example.com").await);
    app.configure(Settings { sends_mail: true, ..Settings::default() });

    assert_eq!(send(&app, "GET", &path, &Value::Null).await.status, 403);
    assert_eq!(post_json(&app, &path, &details("marymajor")).await.status, 403);
}

#[tokio::test]
async fn nobody_can_claim_a_placeholder_before_the_service_does() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let placeholder = format!("{}@users.invalid", john.user().id);
    let problem = "email: must be an address that mail can reach";

    let added = json!({ "email": placeholder });
    let added = jane.send_json("POST", &format!("{SELF}/emails"), &added).await;
    assert_eq!(errors(&added), [problem]);
    assert_eq!(errors(&ask_for_proof(&jane, &placeholder).await), [problem]);
    let asked = post_json(&app, SIGN_UPS, &json!({ "email": placeholder })).await;
    assert_eq!(errors(&asked), [problem]);

    let token = proof_token(&jane, &mut post, "johnroe@example.com").await;
    assert_eq!(prove(&app, &token).await, 200);
    assert_eq!(emails(&app, &john.basic()).await, [owned(&placeholder, true, false)]);
}

#[tokio::test]
async fn a_reset_lifts_the_lock_of_a_user() {
    let (app, mut post) = open().await;
    sign_up(&app, &mut post, "marymajor", "mary@example.com").await;
    for _ in 0..10 {
        get(&app, SELF, &testkit::basic("marymajor", "a wrong password")).await;
    }
    assert_eq!(get(&app, SELF, &testkit::basic("marymajor", NEW)).await.status, 429);
    post_json(&app, RESETS, &json!({ "name": "marymajor" })).await;
    let path = format!("{RESETS}/{}", mailed_token(&mut post).await);

    assert_eq!(post_json(&app, &path, &json!({ "password": PASSWORD })).await.status, 204);

    assert_eq!(get(&app, SELF, &testkit::basic("marymajor", PASSWORD)).await.status, 200);
}

#[tokio::test]
async fn malformed_and_unknown_links_are_410() {
    let (app, mut post) = open().await;
    let token = sign_up_token(&app, &mut post, "mary@example.com").await;
    let mut other = token.clone();
    other.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });

    let twice = send(&app, "GET", &format!("{SIGN_UPS}/{token}?a=1&a=2"), &Value::Null).await;
    assert_eq!(errors(&twice), ["a: is given more than once"]);
    for token in ["x", "rcn_", &token[..token.len() - 1], &other, &token.replace("rcn_", "rcw_")] {
        let sign_up = post_json(&app, &format!("{SIGN_UPS}/{token}"), &details("marymajor")).await;
        assert_eq!(sign_up.parts(), (410, &ended()), "{token}");
        let shown = send(&app, "GET", &format!("{SIGN_UPS}/{token}"), &Value::Null).await;
        assert_eq!(shown.status, 410, "{token}");
        let reset =
            post_json(&app, &format!("{RESETS}/{token}"), &json!({ "password": NEW })).await;
        assert_eq!(reset.status, 410, "{token}");
        assert_eq!(prove(&app, token).await, 410, "{token}");
    }
}

#[tokio::test]
async fn an_address_is_proved_by_its_link_which_may_be_followed_again() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let token = proof_token(&jane, &mut post, "janedoe@example.com").await;

    assert_eq!(prove(&app, &token).await, 200);
    assert_eq!(prove(&app, &token).await, 200);

    let basic = jane.basic();
    assert_eq!(emails(&app, &basic).await, [owned("janedoe@example.com", true, true)]);
    let again = ask_for_proof(&jane, "JaneDoe@example.com").await;
    assert_eq!(again.parts(), (409, &conflict("the address is proved")));
    assert_eq!(actions(&app, &basic).await[..2], ["email.proved", "email.proof_requested"]);
}

#[tokio::test]
async fn an_address_that_nobody_has_is_added_by_proving_it() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let token = proof_token(&jane, &mut post, "jane@work.example").await;
    assert_eq!(emails(&app, &jane.basic()).await.len(), 1);

    assert_eq!(prove(&app, &token).await, 200);

    let all = [owned("janedoe@example.com", true, false), owned("jane@work.example", false, true)];
    assert_eq!(emails(&app, &jane.basic()).await, all);
    let mut told: Vec<_> =
        post.deliver().await.iter().flat_map(|mail| mail.recipients.clone()).collect();
    told.sort();
    assert_eq!(told, ["jane@work.example", "janedoe@example.com"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn who_proves_an_address_takes_it_from_one_who_has_not() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let added = json!({ "email": "john@work.example" });
    assert_eq!(john.send_json("POST", &format!("{SELF}/emails"), &added).await.status, 201);
    post.deliver().await;

    // The primary one, beside another: that one becomes primary.
    let token = proof_token(&jane, &mut post, "johnroe@example.com").await;
    assert_eq!(prove(&app, &token).await, 200);
    assert_eq!(emails(&app, &john.basic()).await, [owned("john@work.example", true, false)]);
    let told = post.deliver().await;
    let lost = told.iter().find(|mail| mail.recipients == ["john@work.example"]).unwrap();
    assert!(lost.message.text.contains("johnroe@example.com"), "{lost:?}");

    // The last one: a placeholder takes its place, and no mail is sent to it.
    let token = sign_up_token(&app, &mut post, "john@work.example").await;
    let made = post_json(&app, &format!("{SIGN_UPS}/{token}"), &details("marymajor")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let placeholder = format!("{}@users.invalid", john.user().id);
    assert_eq!(emails(&app, &john.basic()).await, [owned(&placeholder, true, false)]);
    assert_eq!(post.deliver().await.len(), 0);
    assert_eq!(actions(&app, &john.basic()).await[..2], ["email.lost", "email.lost"]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn an_address_that_somebody_else_has_proved_stays_theirs_and_they_are_told() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let first = proof_token(&jane, &mut post, "shared@example.com").await;
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    let second = proof_token(&john, &mut post, "shared@example.com").await;

    let (one, other) = tokio::join!(prove(&app, &first), prove(&app, &second));
    let mut statuses = [one, other];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    post.deliver().await;
    let loser = if one == 200 { &john } else { &jane };
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    assert_eq!(ask_for_proof(loser, "shared@example.com").await.parts(), (202, &json!({})));

    let mails = post.deliver().await;
    assert_eq!((mails.len(), mails[0].message.links.len()), (1, 0), "{mails:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_request_for_a_proof_takes_the_same_calls_whoever_has_the_address() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    assert_eq!(prove(&app, &proof_token(&john, &mut post, john.email()).await).await, 200);
    post.deliver().await;
    let mary = app.person("maryroe").await;
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    let calls = async |address: &str| {
        app.proxy().count();
        assert_eq!(ask_for_proof(&jane, address).await.parts(), (202, &json!({})));
        (app.proxy().calls(), app.proxy().rounds())
    };

    let nobodys = calls("nobody@example.com").await;

    assert_eq!(calls(mary.email()).await, nobodys, "somebody has it");
    assert_eq!(calls(john.email()).await, nobodys, "somebody has proved it");
    let sent = post.deliver().await;
    let links: Vec<_> = sent.iter().map(|mail| mail.message.links.len()).collect();
    assert_eq!(links.iter().sum::<usize>(), 2, "{sent:?}");
    assert_eq!(app.items_of("decoy").await.len(), 1);
    app.assert_consistent().await;
}

/// Somebody adds an address, unproved, past all functions.
async fn claim(app: &TestApp, person: &Person<'_>, address: &str) {
    let user = person.user().id.to_string();
    let item = |pk: String, sk: String, rest: Value| {
        let mut item = json!({ "pk": { "S": pk }, "sk": { "S": sk }, "version": { "N": "1" } });
        item.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({ "Item": item })
    };
    let rest = json!({ "type": { "S": "claim" }, "user": { "S": user } });
    app.engine("PutItem", item(format!("CLAIM#EMAIL#{address}"), "CLAIM".to_owned(), rest)).await;
    let rest = json!({
        "type": { "S": "email" },
        "user": { "S": user },
        "address": { "M": { "typed": { "S": address }, "normal": { "S": address } } },
        "verified": { "BOOL": false },
        "addedAt": { "S": TestApp::in_seconds(0).to_string() },
    });
    app.engine("PutItem", item(format!("USER#{user}"), format!("EMAIL#{address}"), rest)).await;
    let count = json!({
        "Key": { "pk": { "S": format!("USER#{user}") }, "sk": { "S": "USER" } },
        "UpdateExpression": "SET emailCount = :two, #version = #version + :one ADD emailVersion :one",
        "ExpressionAttributeNames": { "#version": "version" },
        "ExpressionAttributeValues": { ":two": { "N": "2" }, ":one": { "N": "1" } },
    });
    app.engine("UpdateItem", count).await;
}

#[tokio::test]
async fn who_claims_an_address_between_the_read_and_the_proof_loses_it() {
    for signs_up in [false, true] {
        let (app, mut post) = open().await;
        let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
        let address = "shared@example.com";
        let path = if signs_up {
            format!("{SIGN_UPS}/{}", sign_up_token(&app, &mut post, address).await)
        } else {
            format!("/account/emails/verify/{}", proof_token(&jane, &mut post, address).await)
        };
        let body = details("marymajor");
        let request = async {
            if signs_up {
                post_json(&app, &path, &body).await.status
            } else {
                prove(&app, path.rsplit('/').next().unwrap()).await
            }
        };

        let status = with_meanwhile(&app, request, claim(&app, &john, address)).await;

        assert_eq!(status, if signs_up { 201 } else { 200 });
        let own = [owned("johnroe@example.com", true, false)];
        assert_eq!(emails(&app, &john.basic()).await, own);
        app.assert_consistent().await;
    }
}

#[tokio::test]
async fn who_proves_an_address_before_another_takes_it_keeps_it() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let address = john.email();
    let taking = proof_token(&jane, &mut post, address).await;
    set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    let keeping = proof_token(&john, &mut post, address).await;

    let keeps = async { assert_eq!(prove(&app, &keeping).await, 200) };
    assert_eq!(with_meanwhile(&app, prove(&app, &taking), keeps).await, 409);

    assert_eq!(emails(&app, &john.basic()).await, [owned(address, true, true)]);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_link_that_is_used_between_the_read_and_the_write_signs_nobody_up() {
    let (app, mut post) = open().await;
    let path = format!("{SIGN_UPS}/{}", sign_up_token(&app, &mut post, "mary@example.com").await);
    let used = async {
        let link = app.items_of("signUp").await.remove(0);
        app.engine("DeleteItem", json!({ "Key": { "pk": link["pk"], "sk": link["sk"] } })).await;
    };

    let body = details("marymajor");
    let made = with_meanwhile(&app, post_json(&app, &path, &body), used).await;

    assert_eq!(made.parts(), (410, &ended()));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_link_that_is_replaced_between_the_read_and_the_write_is_410() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let again = async || set(&app, "mailRequests", "times", json!({ "L": [] })).await;

    let proof = proof_token(&jane, &mut post, jane.email()).await;
    let newer = async {
        again().await;
        assert_eq!(ask_for_proof(&jane, jane.email()).await.status, 202);
    };
    assert_eq!(with_meanwhile(&app, prove(&app, &proof), newer).await, 410);
    assert_eq!(prove(&app, &mailed_token(&mut post).await).await, 200);

    let name = json!({ "name": "janedoe" });
    post_json(&app, RESETS, &name).await;
    let path = format!("{RESETS}/{}", mailed_token(&mut post).await);
    let newer = async { assert_eq!(post_json(&app, RESETS, &name).await.status, 202) };
    let password = json!({ "password": NEW });
    let reset = with_meanwhile(&app, post_json(&app, &path, &password), newer).await;
    assert_eq!(reset.parts(), (410, &ended()));
    let path = format!("{RESETS}/{}", mailed_token(&mut post).await);
    assert_eq!(post_json(&app, &path, &password).await.status, 204);
}

#[tokio::test]
async fn a_reset_that_is_sent_to_an_address_while_it_is_deleted_does_not_work() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let address = "jane@work.example";
    assert_eq!(prove(&app, &proof_token(&jane, &mut post, address).await).await, 200);
    post.deliver().await;

    let gone = async {
        let gone = jane.send("DELETE", &format!("{SELF}/emails/{address}")).await;
        assert_eq!(gone.status, 204, "{gone:?}");
    };
    let name = json!({ "name": address });
    let asked = with_meanwhile(&app, post_json(&app, RESETS, &name), gone).await;

    assert_eq!(asked.parts(), (202, &json!({})));
    let mails = post.deliver().await;
    let [link] = &mails.iter().flat_map(|mail| &mail.message.links).collect::<Vec<_>>()[..] else {
        panic!("{mails:?}")
    };
    let path = format!("{RESETS}/{}", link.rsplit_once('/').unwrap().1);
    let reset = post_json(&app, &path, &json!({ "password": NEW })).await;
    assert_eq!(reset.parts(), (410, &ended()));
}

#[tokio::test]
async fn of_two_who_ask_for_a_mail_to_one_address_at_once_one_is_told_to_wait() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    let address = "shared@example.com";
    let other = async { assert_eq!(ask_for_proof(&john, address).await.status, 202) };

    let asked = with_meanwhile(&app, ask_for_proof(&jane, address), other).await;

    assert_eq!((asked.status, text(&asked.body, "code")), (429, "too_many_mails"));
    assert_eq!(post.deliver().await.len(), 1);
}

#[tokio::test]
async fn proofs_of_one_address_are_a_minute_apart_and_five_a_day_over_all_users() {
    let (app, mut post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    proof_token(&jane, &mut post, "shared@example.com").await;

    let soon = ask_for_proof(&john, "shared@example.com").await;
    assert_eq!((soon.status, text(&soon.body, "code")), (429, "too_many_mails"));
    let wait: u64 = soon.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");

    let hours: Vec<_> = (1..=5)
        .map(|hours| json!({ "S": TestApp::in_seconds(-3600 * (6 - hours)).to_string() }))
        .collect();
    set(&app, "mailRequests", "times", json!({ "L": hours })).await;
    let today = ask_for_proof(&john, "shared@example.com").await;
    let wait: u64 = today.header("retry-after").unwrap().parse().unwrap();
    assert!((18 * 3600..=19 * 3600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_user_can_ask_for_fifty_proofs_a_day_over_all_addresses() {
    let (app, _post) = open().await;
    let (jane, john) = (app.person("janedoe").await, app.person("johnroe").await);
    assert_eq!(ask_for_proof(&jane, "first@example.com").await.status, 202);
    let hour_ago = json!({ "S": TestApp::in_seconds(-3600).to_string() });
    set(&app, "mailRequests", "times", json!({ "L": vec![&hour_ago; 49] })).await;

    assert_eq!(ask_for_proof(&jane, "second@example.com").await.status, 202);
    let refused = ask_for_proof(&jane, "third@example.com").await;

    assert_eq!((refused.status, text(&refused.body, "code")), (429, "too_many_mails"));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((22 * 3600..=23 * 3600).contains(&wait), "{wait}");
    assert_eq!(ask_for_proof(&john, "third@example.com").await.status, 202);
}

#[tokio::test]
async fn a_proof_ends_with_a_later_one_with_the_address_and_with_another_password() {
    let (app, mut post) = open().await;
    let jane = app.person("janedoe").await;
    let again = async || set(&app, "mailRequests", "times", json!({ "L": [] })).await;
    let path = format!("{SELF}/emails");

    let earlier = proof_token(&jane, &mut post, "jane@work.example").await;
    again().await;
    let later = proof_token(&jane, &mut post, "jane@work.example").await;
    assert_eq!((prove(&app, &earlier).await, prove(&app, &later).await), (410, 200));
    let gone = jane.send("DELETE", &format!("{path}/jane@work.example")).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(prove(&app, &later).await, 410);

    post.deliver().await;
    again().await;
    let token = proof_token(&jane, &mut post, "jane@work.example").await;
    let password = json!({ "currentPassword": PASSWORD, "password": NEW });
    assert_eq!(jane.send_json("PUT", &format!("{SELF}/password"), &password).await.status, 204);
    assert_eq!(prove(&app, &token).await, 410);
}

#[tokio::test]
async fn a_link_in_a_mail_is_below_the_public_url_of_the_service() {
    let mut app = TestApp::start().await;
    app.configure(Settings {
        sign_up: SignUpPolicy::Open,
        public_url: Some("https://accounts.example.com".parse().unwrap()),
        ..Settings::default()
    });
    let mut post = app.start_mail().await;
    post_json(&app, SIGN_UPS, &json!({ "email": "mary@example.com" })).await;

    let mails = post.deliver().await;

    let link = &mails[0].message.links[0];
    assert!(link.starts_with("https://accounts.example.com/account/sign-up/rcn_"), "{link}");
}
