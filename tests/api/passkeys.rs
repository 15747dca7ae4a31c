//! Passkeys: added, used, and taken away. The devices are written after WebAuthn's text, and know
//! nothing of the service.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::Settings;
use testkit::{
    ApiResponse, AskedPasskey, Authenticator, Browser, PASSWORD, Person, Service, TestApp, basic,
    own_last_request_line,
};

use crate::mail::set;
use crate::meanwhile::with_meanwhile;

const PAGE: &str = "/account/passkeys";
const SIGN_IN: &str = "sign-in";
const NEW: &str = "registration";
const CONFIRM: &str = "confirmation";

const HOME: &str = "198.51.100.7";
const ABROAD: &str = "2001:db8:1:2::7";

/// Jane, with a device whose passkey is hers, and the cookie of a session.
async fn jane_with_passkey(app: &TestApp) -> (Person<'_>, Authenticator, String) {
    let jane = app.person("janedoe").await;
    let cookie = app.session(&jane.credentials()).await;
    let device = app.new_passkey(&cookie).await;
    (jane, device, cookie)
}

/// What comes of signing in with a device.
async fn sign_in(app: &TestApp, device: &Authenticator) -> ApiResponse {
    let asked = app.asked_passkey(SIGN_IN, None).await;
    answer(app, &asked, &device.sign(&asked.options)).await
}

async fn answer(app: &TestApp, asked: &AskedPasskey, answer: &Value) -> ApiResponse {
    app.answer_passkey(SIGN_IN, None, asked, answer).await
}

/// The same from this address.
async fn sign_in_from(app: &TestApp, address: &str, device: &Authenticator) -> u16 {
    let client = app.at(address);
    let asked = client.asked_passkey(SIGN_IN, None).await;
    let signed = device.sign(&asked.options);
    client.answer_passkey(SIGN_IN, None, &asked, &signed).await.status
}

/// The status of a sign-in with a password from this address.
async fn password_from(app: &TestApp, address: &str, password: &str) -> u16 {
    let basic = basic("janedoe", password);
    let header = [("authorization", basic.as_str())];
    app.at(address).send("GET", "/rollcall/v1/users/self", &header, None).await.status
}

/// A sign-in is rejected, and says no more than that.
fn assert_rejected(response: &ApiResponse) {
    assert_eq!(response.status, 401, "{response:?}");
    assert_eq!(response.text("code"), "invalid_credential");
    assert_eq!(response.header("set-cookie"), None);
}

/// The passkeys that a person has.
async fn passkeys(person: &Person<'_>) -> Vec<Value> {
    let listed = person.send("GET", "/rollcall/v1/users/self/second-factors").await;
    let mut all = listed.body["secondFactors"].as_array().unwrap().clone();
    all.retain(|factor| factor["kind"] == "passkey");
    all
}

/// The browser of somebody who has signed in there with a password.
async fn signed_in(app: &TestApp) -> Browser<'_> {
    let mut browser = app.browser();
    browser.sign_in("janedoe", PASSWORD).await;
    browser
}

/// The factors with which the last session began, as the log of its user tells.
async fn factors(person: &Person<'_>) -> Value {
    let path = "/rollcall/v1/users/self/audit?action=session.created&limit=1";
    person.send("GET", path).await.body["entries"][0]["details"]["factors"].clone()
}

#[tokio::test]
async fn a_passkey_signs_in_by_no_name_and_no_password() {
    let app = TestApp::start().await;
    let (jane, device, _) = jane_with_passkey(&app).await;
    assert_eq!(passkeys(&jane).await[0]["lastUsedAt"], Value::Null);

    let signed_in = sign_in(&app, &device).await;

    assert_eq!(signed_in.parts(), (200, &json!({})));
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    // It was proved a moment ago: it has full access.
    let asked = app.asked_passkey(NEW, Some(&cookie)).await;
    assert_eq!(asked.options["user"]["name"], "janedoe");
    assert_eq!(factors(&jane).await, "passkey");
    let own = passkeys(&jane).await;
    assert_eq!((own.len(), own[0]["name"].as_str()), (1, Some("Phone")));
    assert!(own[0]["lastUsedAt"].is_string(), "{own:?}");
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_device_is_asked_to_keep_the_passkey_and_to_verify_who_uses_it() {
    let app = TestApp::start().await;
    let (_, device, cookie) = jane_with_passkey(&app).await;

    let new = app.asked_passkey(NEW, Some(&cookie)).await.options;
    let signs = app.asked_passkey(SIGN_IN, None).await.options;

    assert_eq!(new["rp"], json!({ "id": "api.example.com", "name": "Rollcall" }));
    let chosen = &new["authenticatorSelection"];
    assert_eq!(chosen["residentKey"], "required");
    assert_eq!(chosen["requireResidentKey"], true);
    assert_eq!(chosen["userVerification"], "required");
    assert_eq!(
        (new["attestation"].as_str(), new["timeout"].as_u64()),
        (Some("none"), Some(300_000))
    );
    let known = new["excludeCredentials"].as_array().unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0]["id"], device.sign(&signs)["id"]);
    assert_eq!(
        (&signs["userVerification"], &signs["allowCredentials"]),
        (&json!("required"), &json!([]))
    );
}

#[tokio::test]
async fn whatever_is_wrong_with_an_answer_nobody_signs_in_and_no_attempt_is_taken() {
    let app = TestApp::start().await;
    let (jane, mut device, _) = jane_with_passkey(&app).await;
    let mary = app.person("marymajor").await;
    let marys = app.new_passkey(&app.session(&mary.credentials()).await).await;
    let own = Some(jane.user().id);

    // Of a page of another site.
    device.origin = "https://api.example.com.evil.example".to_owned();
    assert_rejected(&sign_in(&app, &device).await);
    device.origin = app.origin();
    // Nobody was verified.
    device.verifies = false;
    assert_rejected(&sign_in(&app, &device).await);
    device.verifies = true;
    // The passkey of another user, as that of this one; of somebody who does not exist; of nobody.
    for user in [Some(mary.user().id), Some(shared::model::UserId::generate()), None] {
        device.user = user;
        assert_rejected(&sign_in(&app, &device).await);
    }
    device.user = own;
    // One that was never added.
    let mut unknown = Authenticator::new(&app.origin());
    unknown.user = own;
    assert_rejected(&sign_in(&app, &unknown).await);
    // The answer to another challenge, and that of another passkey with a signature of this one.
    let (asked, other) =
        (app.asked_passkey(SIGN_IN, None).await, app.asked_passkey(SIGN_IN, None).await);
    assert_rejected(&answer(&app, &asked, &device.sign(&other.options)).await);
    let mut mixed = marys.sign(&asked.options);
    mixed["response"]["signature"] = device.sign(&asked.options)["response"]["signature"].clone();
    assert_rejected(&answer(&app, &asked, &mixed).await);

    assert_eq!(app.items_of("session").await.len(), 2);
    assert!(app.items().await.iter().all(|item| item["sk"]["S"] != "LOCKOUT"));
    // None of it has used the challenges up.
    assert_eq!(answer(&app, &asked, &device.sign(&asked.options)).await.status, 200);
    assert_eq!(sign_in(&app, &marys).await.status, 200);
}

/// The entries of sign-ins with this passkey that were rejected, newest first.
async fn rejections(person: &Person<'_>, device: &Authenticator) -> Vec<Value> {
    let path = "/rollcall/v1/users/self/audit?action=sign_in.rejected";
    let entries = person.send("GET", path).await.body["entries"].as_array().unwrap().clone();
    let target = json!({ "kind": "passkey", "id": device.passkey_id().to_string() });
    assert!(entries.iter().all(|entry| entry["target"] == target), "{entries:?}");
    entries
}

#[tokio::test]
async fn a_wrong_signature_by_a_known_passkey_is_in_its_users_log_ten_times_in_15_minutes() {
    let app = TestApp::start().await;
    let (jane, mut device, cookie) = jane_with_passkey(&app).await;
    device.verifies = false;

    for _ in 0..11 {
        assert_rejected(&sign_in(&app, &device).await);
        let line = own_last_request_line().unwrap();
        let named = (line["event"].as_str(), &line["user"]);
        assert_eq!(named, (Some("sign_in_rejected"), &json!(jane.user().id)));
    }
    let entries = rejections(&jane, &device).await;
    assert_eq!(entries.len(), 10);
    assert!(entries.iter().all(|entry| entry["actor"]["kind"] == "system"), "{entries:?}");

    let ago = json!({ "S": TestApp::in_seconds(-15 * 60 - 1).to_string() });
    set(&app, "passkey", "rejectedAt", json!({ "L": vec![ago; 10] })).await;
    assert_rejected(&sign_in(&app, &device).await);
    // Neither one of another challenge, nor one that the user does not have.
    let asked = app.asked_passkey(CONFIRM, Some(&cookie)).await;
    let mut unknown = Authenticator::new(&app.origin());
    unknown.user = Some(jane.user().id);
    assert_rejected(&answer(&app, &asked, &device.sign(&asked.options)).await);
    assert_rejected(&sign_in(&app, &unknown).await);
    assert_eq!(own_last_request_line().unwrap()["user"], Value::Null);
    assert_eq!(rejections(&jane, &device).await.len(), 11);
    device.verifies = true;
    assert_eq!(sign_in(&app, &device).await.status, 200);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_wrong_signature_that_was_to_prove_a_session_is_in_the_log_with_the_session() {
    let app = TestApp::start().await;
    let (jane, mut device, cookie) = jane_with_passkey(&app).await;
    device.verifies = false;

    let asked = app.asked_passkey(CONFIRM, Some(&cookie)).await;
    let signed = device.sign(&asked.options);
    assert_eq!(app.answer_passkey(CONFIRM, Some(&cookie), &asked, &signed).await.status, 403);

    let line = own_last_request_line().unwrap();
    let named = (line["event"].as_str(), &line["user"]);
    assert_eq!(named, (Some("sign_in_rejected"), &json!(jane.user().id)));
    let session = app.items_of("session").await.remove(0);
    let actor = json!({ "kind": "user", "id": jane.user().id, "credentialId": session["id"]["S"] });
    let entries = rejections(&jane, &device).await;
    assert_eq!((entries.len(), &entries[0]["actor"]), (1, &actor));
}

#[tokio::test]
async fn what_a_passkey_signed_counts_once_also_if_it_comes_twice_at_once() {
    let app = TestApp::start().await;
    let (_, device, _) = jane_with_passkey(&app).await;
    let asked = app.asked_passkey(SIGN_IN, None).await;
    let signed = device.sign(&asked.options);

    let both = join_all([answer(&app, &asked, &signed), answer(&app, &asked, &signed)]).await;

    let mut statuses: Vec<_> = both.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{both:?}");
    assert_rejected(&answer(&app, &asked, &signed).await);
    assert_eq!(app.items_of("session").await.len(), 2);
    assert_eq!(app.items_of("passkeyChallenge").await.len(), 0);
}

#[tokio::test]
async fn a_sign_in_with_a_passkey_from_another_network_is_told_as_one_with_a_password_is() {
    let mut app = TestApp::start().await;
    let mut post = app.start_mail().await;
    let (jane, device, _) = jane_with_passkey(&app).await;
    let mut told = async || {
        let mut mails = post.deliver().await;
        mails.retain(|mail| mail.message.subject.starts_with("New sign-in"));
        assert!(mails.iter().all(|mail| mail.recipients == [jane.email()]), "{mails:?}");
        mails.len()
    };

    assert_eq!(sign_in_from(&app, HOME, &device).await, 200);
    assert_eq!(told().await, 0, "the first one");
    for address in [ABROAD, ABROAD, HOME] {
        assert_eq!(sign_in_from(&app, address, &device).await, 200);
    }
    assert_eq!(told().await, 1);
    assert_eq!(password_from(&app, ABROAD, PASSWORD).await, 200);
    assert_eq!(told().await, 0, "the password finds it known");
    // A changed password forgets attempts, and no network.
    let body = json!({ "currentPassword": PASSWORD, "password": "another horse battery" });
    let changed = jane.send_json("PUT", "/rollcall/v1/users/self/password", &body).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    for address in ["192.0.2.1", ABROAD] {
        assert_eq!(sign_in_from(&app, address, &device).await, 200);
    }
    // The new one, and this machine, from which the password was changed.
    assert_eq!(told().await, 2);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_passkey_signs_in_while_the_password_is_locked_and_lifts_no_lock() {
    let app = TestApp::start().await;
    let (_, device, _) = jane_with_passkey(&app).await;

    // Nowhere known, then known at home.
    for abroad in [429, 200] {
        for _ in 0..10 {
            assert_eq!(password_from(&app, HOME, "a wrong password").await, 401);
        }
        assert_eq!(password_from(&app, HOME, PASSWORD).await, 429);
        for _ in 0..2 {
            assert_eq!(sign_in_from(&app, HOME, &device).await, 200);
            assert_eq!(password_from(&app, HOME, PASSWORD).await, 429);
        }
        assert_eq!(password_from(&app, ABROAD, PASSWORD).await, abroad);
        app.let_attempts_age(15 * 60 + 1).await;
        assert_eq!(password_from(&app, HOME, PASSWORD).await, 200);
    }
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_challenge_ends_after_five_minutes() {
    let app = TestApp::start().await;
    let (_, device, cookie) = jane_with_passkey(&app).await;
    let asked = app.asked_passkey(SIGN_IN, None).await;
    let new = app.asked_passkey(NEW, Some(&cookie)).await;
    let ended = TestApp::in_seconds(-1);
    set(&app, "passkeyChallenge", "expiresAt", json!({ "S": ended.to_string() })).await;

    assert_rejected(&answer(&app, &asked, &device.sign(&asked.options)).await);
    let made = Authenticator::new(&app.origin()).register(&new.options);
    let late = app.answer_passkey(NEW, Some(&cookie), &new, &made).await;
    assert_eq!((late.status, late.text("code")), (400, "invalid_request"));
    assert_eq!(app.items_of("passkey").await.len(), 1);
}

#[tokio::test]
async fn a_challenge_is_for_one_thing_and_in_one_session() {
    let app = TestApp::start().await;
    let (jane, device, cookie) = jane_with_passkey(&app).await;
    let other = app.session(&jane.credentials()).await;
    let new = app.asked_passkey(NEW, Some(&cookie)).await;
    let proof = app.asked_passkey(CONFIRM, Some(&cookie)).await;

    let made = Authenticator::new(&app.origin()).register(&new.options);
    assert_eq!(app.answer_passkey(NEW, Some(&other), &new, &made).await.status, 400);
    let signed = device.sign(&proof.options);
    assert_eq!(app.answer_passkey(CONFIRM, Some(&other), &proof, &signed).await.status, 403);
    assert_rejected(&answer(&app, &proof, &signed).await);

    assert_eq!(app.answer_passkey(NEW, Some(&cookie), &new, &made).await.status, 200);
    assert_eq!(app.answer_passkey(NEW, Some(&cookie), &new, &made).await.status, 400);
    assert_eq!(app.answer_passkey(CONFIRM, Some(&cookie), &proof, &signed).await.status, 200);
}

#[tokio::test]
async fn a_device_that_counts_less_than_before_is_a_copy_and_does_not_sign_in() {
    let app = TestApp::start().await;
    let (_, mut device, _) = jane_with_passkey(&app).await;
    // One that does not count.
    assert_eq!(sign_in(&app, &device).await.status, 200);
    assert_eq!(sign_in(&app, &device).await.status, 200);

    for (counter, status) in [(5, 200), (5, 401), (4, 401), (0, 401), (6, 200)] {
        device.counter = counter;
        assert_eq!(sign_in(&app, &device).await.status, status, "{counter}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_a_passkey_is_judged_as_well() {
    let app = TestApp::start().await;
    let (jane, mut device, cookie) = jane_with_passkey(&app).await;
    let add = async |device: &mut Authenticator| {
        let asked = app.asked_passkey(NEW, Some(&cookie)).await;
        let made = device.register(&asked.options);
        app.answer_passkey(NEW, Some(&cookie), &asked, &made).await
    };

    let mut other = Authenticator::new("https://evil.example");
    assert_eq!(add(&mut other).await.status, 400);
    let mut other = Authenticator::new(&app.origin());
    other.verifies = false;
    assert_eq!(add(&mut other).await.status, 400);
    // A browser that lets a device make the same one again.
    assert_eq!(add(&mut device).await.status, 400);
    let (one, two) =
        (app.asked_passkey(NEW, Some(&cookie)).await, app.asked_passkey(NEW, Some(&cookie)).await);
    let mixed = Authenticator::new(&app.origin()).register(&one.options);
    assert_eq!(app.answer_passkey(NEW, Some(&cookie), &two, &mixed).await.status, 400);

    assert_eq!(passkeys(&jane).await.len(), 1);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_passkey_takes_full_access_a_form_of_the_session_and_a_page_of_the_service() {
    let app = TestApp::start().await;
    let jane = app.person("janedoe").await;
    let cookie = app.session(&jane.credentials()).await;
    let path = "/account/webauthn/registration/challenge";
    let form = ("content-type", "application/x-www-form-urlencoded");

    let strange = app.send("POST", path, &[form, ("cookie", &cookie)], Some("form_token=x")).await;
    assert_eq!((strange.status, strange.text("code")), (403, "forbidden"));
    let foreign = [form, ("sec-fetch-site", "cross-site")];
    let path = "/account/webauthn/sign-in/challenge";
    assert_eq!(app.send("POST", path, &foreign, Some("form_token=")).await.status, 403);
    assert_eq!(testkit::own_last_request_line().unwrap()["event"], "form_rejected");
    let long_ago = TestApp::in_seconds(-60 * 60);
    set(&app, "session", "provedAt", json!({ "S": long_ago.to_string() })).await;
    let page = Browser::open(&mut app.browser(), "/account/passkeys").await;
    assert_eq!(page.heading(), "Sign in");
    let asked = AskedPasskey { challenge: "0".repeat(32), options: Value::Null };
    let late = app.answer_passkey(NEW, Some(&cookie), &asked, &json!({})).await;
    assert_eq!((late.status, late.text("code")), (403, "insufficient_scope"));
}

#[tokio::test]
async fn a_passkey_proves_a_session_in_place_of_the_password() {
    let app = TestApp::start().await;
    let (_, device, cookie) = jane_with_passkey(&app).await;
    let mary = app.person("marymajor").await;
    let marys = app.new_passkey(&app.session(&mary.credentials()).await).await;
    let long_ago = TestApp::in_seconds(-60 * 60);
    set(&app, "session", "provedAt", json!({ "S": long_ago.to_string() })).await;

    let asked = app.asked_passkey(CONFIRM, Some(&cookie)).await;
    let wrong = marys.sign(&asked.options);
    assert_eq!(app.answer_passkey(CONFIRM, Some(&cookie), &asked, &wrong).await.status, 403);
    let right = device.sign(&asked.options);
    let proved = app.answer_passkey(CONFIRM, Some(&cookie), &asked, &right).await;

    assert_eq!(proved.status, 200, "{proved:?}");
    let cookie = proved.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    app.asked_passkey(NEW, Some(&cookie)).await;
}

#[tokio::test]
async fn an_answer_that_proved_a_session_meanwhile_is_rejected_as_a_wrong_one() {
    let app = TestApp::start().await;
    let (_, device, cookie) = jane_with_passkey(&app).await;
    let asked = app.asked_passkey(CONFIRM, Some(&cookie)).await;
    let signed = device.sign(&asked.options);
    let answer = async || app.answer_passkey(CONFIRM, Some(&cookie), &asked, &signed).await;

    let meanwhile = async { assert_eq!(answer().await.status, 200) };
    let late = Box::pin(with_meanwhile(&app, answer(), meanwhile)).await;

    assert_eq!((late.status, late.text("code")), (403, "forbidden"));
    assert_eq!(late.text("detail"), "the passkey is not accepted");
}

#[tokio::test]
async fn nobody_who_is_disabled_signs_in_with_a_passkey_and_a_new_password_ends_none() {
    let app = TestApp::start().await;
    let (jane, device, _) = jane_with_passkey(&app).await;
    app.changing_password(&jane).await;
    assert_eq!(sign_in(&app, &device).await.status, 200);

    app.set(&jane, "disabled", json!({ "BOOL": true })).await;

    assert_rejected(&sign_in(&app, &device).await);
}

#[tokio::test]
async fn a_change_of_the_password_that_revokes_keys_ends_passkeys_and_later_ones_work() {
    let app = TestApp::start().await;
    let (jane, device, _) = jane_with_passkey(&app).await;
    let new = "another horse battery";
    let body = json!({ "currentPassword": PASSWORD, "password": new, "revokeKeys": true });
    let changed = jane.send_json("PUT", "/rollcall/v1/users/self/password", &body).await;
    assert_eq!(changed.status, 204, "{changed:?}");

    assert_rejected(&sign_in(&app, &device).await);
    assert_eq!(app.items_of("passkey").await, Vec::<Value>::new());
    let new = app.new_passkey(&app.session(&jane.credentials()).await).await;
    assert_eq!(sign_in(&app, &new).await.status, 200);
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_first_own_password_ends_a_passkey_that_who_gave_the_one_before_may_have_added() {
    let app = TestApp::start().await;
    let (jane, device, _) = jane_with_passkey(&app).await;
    app.set(&jane, "passwordIsOwn", json!({ "BOOL": false })).await;
    let body = json!({ "currentPassword": PASSWORD, "password": "another horse battery" });
    let changed = jane.send_json("PUT", "/rollcall/v1/users/self/password", &body).await;
    assert_eq!(changed.status, 204, "{changed:?}");

    assert_rejected(&sign_in(&app, &device).await);
    assert_eq!(app.items_of("passkey").await, Vec::<Value>::new());
    app.assert_consistent().await;
}

#[tokio::test]
async fn the_page_names_renames_and_removes_passkeys() {
    let app = TestApp::start().await;
    let (jane, device, cookie) = jane_with_passkey(&app).await;
    let other = app.new_passkey(&cookie).await;
    let mut browser = signed_in(&app).await;
    let page = browser.open(PAGE).await;
    assert!(page.has("Phone") && page.has("Never"), "{}", page.text());
    // The id is for programs and logs.
    assert!(!page.has(&device.passkey_id().to_string()), "{}", page.text());
    let path = format!("{PAGE}/{}", device.passkey_id());

    let rename = format!("{path}/rename");
    let wrong = browser.submit(&page, &rename, &[("name", " ")]).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    let page = browser.submit(&page, &rename, &[("name", "Jane's <key> & \"more\"")]).await;
    assert!(page.has("Jane's <key> & \"more\"") && page.has("Phone"), "{}", page.text());
    let listed = passkeys(&jane).await;
    let names: Vec<_> = listed.iter().map(|own| own["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Jane's <key> & \"more\"", "Phone"]);
    let remove = format!("{path}/remove");
    let after = browser.submit(&page, &remove, &[]).await;
    assert!(after.has("The passkey is removed."), "{}", after.text());
    assert!(after.has("Browsers that are signed in stay so."), "{}", after.text());
    assert!(!page.has("Browsers that are signed in stay so."), "{}", page.text());

    assert_eq!(passkeys(&jane).await, listed[1..]);
    assert_rejected(&sign_in(&app, &device).await);
    assert_eq!(sign_in(&app, &other).await.status, 200);
    let again = browser.post(&remove, &[("form_token", &token(&page, &remove))]).await;
    assert_eq!(again.status, 404, "{}", again.text());
    app.assert_consistent().await;
}

/// The token of a form.
fn token(page: &testkit::Page, action: &str) -> String {
    let fields = page.form(action, &[]).as_shown();
    fields.into_iter().find(|(name, _)| name == "form_token").unwrap().1
}

#[tokio::test]
async fn the_last_way_in_stays_also_if_two_are_removed_at_once() {
    let app = TestApp::start().await;
    let (jane, first, cookie) = jane_with_passkey(&app).await;
    let second = app.new_passkey(&cookie).await;
    let without_password = json!({ "Key": jane.key(), "UpdateExpression": "REMOVE passwordHash" });
    app.engine("UpdateItem", without_password).await;
    let mut browser = app.browser();
    let (name, value) = cookie.split_once('=').unwrap();
    browser.cookies.insert(name.to_owned(), value.to_owned());
    let page = browser.open(PAGE).await;
    let paths = [&first, &second].map(|own| format!("{PAGE}/{}/remove", own.passkey_id()));
    let form = ("content-type", "application/x-www-form-urlencoded");
    let headers = [form, ("cookie", cookie.as_str())];
    let bodies = paths.each_ref().map(|path| testkit::form(&[("form_token", &token(&page, path))]));

    let both = paths.iter().zip(&bodies);
    let both = both.map(|(path, body)| app.send("POST", path, &headers, Some(body)));
    let both = join_all(both).await;

    let mut statuses: Vec<_> = both.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "{both:?}");
    let page = browser.open(PAGE).await;
    let left: Vec<_> =
        paths.iter().filter(|path| page.forms().iter().any(|own| own.action == **path)).collect();
    assert_eq!(left.len(), 1);
    let kept = browser.submit(&page, left[0], &[]).await;
    assert_eq!(kept.status, 409, "{}", kept.text());
    assert!(kept.has("This passkey stays"), "{}", kept.text());
    // By rollcall's own API, too.
    let id = left[0].split('/').nth(3).unwrap();
    let path = format!("/rollcall/v1/users/self/second-factors/{id}");
    let kept = jane.send("DELETE", &path).await;
    assert_eq!((kept.status, kept.text("code")), (409, "last_way_in"));
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_user_has_at_most_twenty_passkeys() {
    let app = TestApp::start().await;
    let (_, _, cookie) = jane_with_passkey(&app).await;
    let last = app.asked_passkey(NEW, Some(&cookie)).await;
    for _ in 1..20 {
        app.new_passkey(&cookie).await;
    }

    let made = Authenticator::new(&app.origin()).register(&last.options);
    let over = app.answer_passkey(NEW, Some(&cookie), &last, &made).await;

    assert_eq!((over.status, over.text("code")), (409, "limit_reached"));
    assert_eq!(app.items_of("passkey").await.len(), 20);
    app.assert_consistent().await;
}

#[tokio::test]
async fn a_service_that_is_reached_by_an_address_offers_no_passkeys() {
    let mut app = TestApp::start().await;
    app.person("janedoe").await;
    let public_url = Some("http://127.0.0.1:9000".parse().unwrap());
    app.configure(Settings { public_url, ..Settings::default() });
    let mut browser = signed_in(&app).await;

    let page = browser.open(PAGE).await;

    assert!(page.has("they take a service with a domain name"), "{}", page.text());
    let path = "/account/webauthn/sign-in/challenge";
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(app.send("POST", path, &[form], Some("form_token=")).await.status, 403);
}

#[tokio::test]
async fn after_a_passkey_the_form_goes_on_to_where_the_person_was_going() {
    let app = TestApp::start().await;
    let (_, device, _) = jane_with_passkey(&app).await;
    let mut browser = app.browser();
    let asked = browser.open("/account/sessions").await;
    // One of the two buttons is the main one: that of the password.
    let shown = asked.response.body.as_str().unwrap();
    assert_eq!(shown.matches("<button class=\"first\"").count(), 1);
    assert!(shown.contains("<button type=\"submit\">Sign in with a passkey"), "{shown}");
    let form = asked.form("/account/sign-in", &[("signed_in", "true")]).as_shown();
    let form: Vec<_> = form.iter().map(|(name, value)| (&**name, &**value)).collect();

    // Without a session it is a form that lacks a name and a password.
    assert_eq!(browser.post("/account/sign-in", &form).await.status, 400);
    // Without any cookie the browser blocks that of the session.
    let mut blocking = browser.clone();
    blocking.cookies.clear();
    let shown = blocking.post("/account/sign-in", &form).await;
    assert_eq!((shown.status, shown.heading().as_str()), (403, "Sign in"));
    assert!(shown.has("Signing in needs cookies."), "{}", shown.text());
    assert!(!shown.response.body.as_str().unwrap().contains("<div role=\"alert\""), "no error");
    let signed_in = sign_in(&app, &device).await;
    let cookie = signed_in.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let (name, value) = cookie.split_once('=').unwrap();
    browser.cookies.insert(name.to_owned(), value.to_owned());
    let page = browser.post("/account/sign-in", &form).await;

    assert_eq!((page.status, page.path.as_str()), (200, "/account/sessions"));
}
